/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A port that the holder has opened and writes for us: we read it ourselves. When the link to the holder
 * breaks, the port hangs up.
 */
#pragma once

#include "serial-port.h"

/**
 * Asks the holder at @socket_path for the port. The result is a port, which was opened or was held over from
 * an earlier life of ours. Errors: those of serial_port_open(), and G_IO_ERROR_CONNECTION_REFUSED when there
 * is no holder.
 */
void held_port_open_async (const char *socket_path, const SerialPortSettings *settings,
                           GAsyncReadyCallback callback, gpointer user_data);
SerialPort *held_port_open_finish (GAsyncResult *result, GError **error);
