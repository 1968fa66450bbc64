/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A port that the holder has opened and writes for us: we read it ourselves. When the link to the holder
 * breaks, the port hangs up.
 */
#pragma once

#include "serial-port.h"

/**
 * Asks the holder at @socket_path for the port. The result is a port, which was opened or was held over from
 * an earlier life of ours. @uid: what ModemManager has to let go of before, or NULL. Errors: those of
 * serial_port_open(), what ModemManager says (a remote error), and G_IO_ERROR_CONNECTION_REFUSED when there
 * is no holder.
 */
void held_port_open_async (const char *socket_path, const char *uid, const SerialPortSettings *settings,
                           GAsyncReadyCallback callback, gpointer user_data);
SerialPort *held_port_open_finish (GAsyncResult *result, GError **error);

/** ModemManager gets @device back, which nobody has open. Errors: as above. */
void held_port_give_async (const char *socket_path, const char *device, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean held_port_give_finish (GAsyncResult *result, GError **error);
