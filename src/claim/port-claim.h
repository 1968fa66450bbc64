/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may use a port. One way to claim so far: `device`, a port named in the configuration that is simply
 * opened, and refused when ModemManager uses it: root may open a tty that another process has locked, and
 * then each would read the other's answers.
 */
#pragma once

#include "mm-ports.h"
#include "serial-port.h"

/** Opens the port for us alone. The errors of serial_port_open(), or G_IO_ERROR_BUSY with what to do about
 * ModemManager. */
SerialPort *port_claim_open_device (MmPorts *mm_ports, const SerialPortSettings *settings, GError **error);
