/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts claim and driver together: what the claim hands out goes to the driver, what it says to the module,
 * and what it wants back the module is told to close.
 */
#include "daemon-port.h"

#include "bc660k-driver.h"
#include "claim.h"

typedef struct {
  DaemonConfigModule *config; /* a reference */
  AtTrace *trace;
  Claim *claim;
  SerialPort *open;                /* between the claim and the driver */
  Module *module;                  /* not owned: it owns us */
  ModuleRegistration registration; /* that the module was told, and is by each new driver */
  int signal_dbm;
} Port;

static void
port_claim_async (gpointer user_data, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer callback_data)
{
  const Port *self = user_data;

  claim_take_async (self->claim, cancellable, callback, callback_data);
}

static gboolean
port_claim_finish (gpointer user_data, GAsyncResult *result, GError **error)
{
  Port *self = user_data;

  g_clear_pointer (&self->open, serial_port_free);
  self->open = claim_take_finish (self->claim, result, error);
  return self->open != NULL;
}

static void
port_release_async (gpointer user_data, GAsyncReadyCallback callback, gpointer callback_data)
{
  const Port *self = user_data;

  claim_give_async (self->claim, callback, callback_data);
}

static const ModuleDoor door = { port_claim_async, port_claim_finish, port_release_async };

static ModuleDriver *
open_driver (gpointer user_data, GError **error)
{
  Port *self = user_data;
  const Bc660kConfig driver_config = {
    .name = self->config->name,
    .prompt_delay_ms = self->config->prompt_delay_ms,
    .trace = self->trace,
  };

  ModuleDriver *driver = bc660k_driver_new (g_steal_pointer (&self->open), &driver_config);

  if (self->registration != MODULE_REGISTRATION_UNTOLD)
    module_driver_tell_network (driver, self->registration, self->signal_dbm);
  return driver;
}

static void
tell_network (Port *self)
{
  ModuleRegistration registration = claim_get_registration (self->claim);
  int signal_dbm = claim_get_signal_dbm (self->claim);

  if (registration == self->registration && signal_dbm == self->signal_dbm)
    return;
  self->registration = registration;
  self->signal_dbm = signal_dbm;
  module_tell_network (self->module, registration, signal_dbm);
}

static void
on_claim_changed (gpointer user_data)
{
  Port *self = user_data;
  const ModuleClaimFacts facts = {
    .state = claim_state_get_name (claim_get_state (self->claim)),
    .text = claim_get_text (self->claim),
    .modem_path = claim_get_modem_path (self->claim),
    .device = claim_get_device (self->claim),
  };

  module_set_claim_facts (self->module, &facts);
  tell_network (self);
}

/* As soon as ModemManager has the port it is asked for again. */
static void
on_claim_revoked (guint within_ms, gpointer user_data)
{
  const Port *self = user_data;

  module_release_async (self->module, CLOSE_REASON_PORT_RELEASED, claim_get_text (self->claim), within_ms,
                        NULL, NULL);
  module_claim (self->module);
}

static const ClaimListener claim_listener = { on_claim_changed, on_claim_revoked };

static void
port_free (gpointer data)
{
  Port *self = data;

  g_clear_pointer (&self->open, serial_port_free);
  claim_free (self->claim);
  daemon_config_module_unref (self->config);
  g_free (self);
}

static void
cycle_async (gpointer power_data, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  const Port *self = power_data;
  const DaemonConfigModule *config = self->config;
  const PowerCycle cycle = {
    .command = config->recovery.power_command,
    .module = config->name,
    .device = claim_get_device (self->claim),
    .timeout_s = config->recovery.power_timeout_s,
  };

  power_cycle_run_async (&cycle, cancellable, callback, user_data);
}

static gboolean
cycle_finish (gpointer power_data, GAsyncResult *result, GError **error)
{
  return power_cycle_run_finish (result, error);
}

static const ModulePower power = { cycle_async, cycle_finish };

Module *
daemon_port_new_module (DaemonConfigModule *config, MmModems *modems, Ledger *ledger, const char *holder_path,
                        AtTrace *trace)
{
  Port *port = g_new0 (Port, 1);
  const ClaimConfig claim_config = {
    .mode = config->claim,
    .port = { .device = config->device,
              .baud_rate = config->baud_rate,
              .flow_control = config->flow_control },
    .equipment_id = config->imei,
    .holder_path = holder_path,
  };
  const ModuleConfig module_config = {
    .name = config->name,
    .device = config->device,
    .claim_mode = claim_mode_get_name (config->claim),
    .release_when_idle_s = config->release_when_idle_s,
    .sync_clock = config->sync_clock,
    .allow_commands = config->allow_commands,
    .open_driver = open_driver,
    .user_data = port,
    .free_user_data = port_free,
    .door = &door,
    .recovery = daemon_recovery_make_config (&config->recovery, &power),
  };

  port->config = daemon_config_module_ref (config);
  port->trace = trace;
  port->claim = claim_new (&claim_config, modems, timer_clock_get_system (), &claim_listener, port);
  port->module = module_new (&module_config, ledger, timer_clock_get_system ());
  on_claim_changed (port);
  return port->module;
}
