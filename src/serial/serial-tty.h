/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A tty, opened as a serial port and closed as it was found. The only place that knows termios.
 */
#pragma once

#include <termios.h>

#include "serial-port.h"

/** Whether it can be set to @baud_rate. */
gboolean serial_tty_knows_rate (guint baud_rate);

/** As serial_port_open() says, non-blocking. Returns the descriptor, or -1 with @error. */
int serial_tty_open (const SerialPortSettings *settings, struct termios *ret_former, GError **error);

/** Gives the tty its @former settings, drops what is not yet written, closes. */
void serial_tty_close (int fd, const struct termios *former);
