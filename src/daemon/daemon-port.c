/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts claim and driver together.
 */
#include "daemon-port.h"

#include "bc660k-driver.h"
#include "port-claim.h"

typedef struct {
  DaemonConfigModule *config; /* a reference */
  MmPorts *mm_ports;
  AtTrace *trace;
} Port;

static void
port_free (gpointer data)
{
  Port *port = data;

  daemon_config_module_unref (port->config);
  g_free (port);
}

static ModuleDriver *
open_driver (gpointer user_data, GError **error)
{
  const Port *port = user_data;
  const SerialPortSettings settings = {
    .device = port->config->device,
    .baud_rate = port->config->baud_rate,
    .flow_control = port->config->flow_control,
  };
  const Bc660kConfig driver_config = {
    .name = port->config->name,
    .prompt_delay_ms = port->config->prompt_delay_ms,
    .trace = port->trace,
  };
  SerialPort *serial_port = port_claim_open_device (port->mm_ports, &settings, error);

  return serial_port != NULL ? bc660k_driver_new (serial_port, &driver_config) : NULL;
}

Module *
daemon_port_new_module (DaemonConfigModule *config, MmPorts *mm_ports, Ledger *ledger, AtTrace *trace)
{
  Port *port = g_new (Port, 1);
  const ModuleConfig module_config = {
    .name = config->name,
    .device = config->device,
    .claim_mode = config->claim,
    .open_driver = open_driver,
    .user_data = port,
    .free_user_data = port_free,
  };

  *port = (Port){ daemon_config_module_ref (config), mm_ports, trace };
  return module_new (&module_config, ledger, timer_clock_get_system ());
}
