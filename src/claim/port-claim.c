/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The claim mode `device`.
 */
#include "port-claim.h"

SerialPort *
port_claim_open_device (MmPorts *mm_ports, const SerialPortSettings *settings, GError **error)
{
  g_autofree char *modem = NULL;

  if (mm_ports_uses (mm_ports, settings->device, &modem)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "%s is used by ModemManager (%s): keep ModemManager off it by a udev rule that sets "
                 "ID_MM_PORT_IGNORE",
                 settings->device, modem);
    return NULL;
  }
  return serial_port_open (settings, error);
}
