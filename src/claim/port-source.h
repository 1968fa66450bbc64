/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where an open port comes from: the holder, which keeps port and inhibition when we die, or, where there is
 * no holder, this process. Knows nothing of why a port is wanted.
 */
#pragma once

#include <gio/gio.h>

#include "serial-port.h"
#include "timer.h"

typedef struct PortSource PortSource;

/** @holder_path: the holder's socket, NULL for none. @bus: where ModemManager is, NULL for none. */
PortSource *port_source_new (const char *holder_path, GDBusConnection *bus, TimerClock *clock);

/** A call under way ends with G_IO_ERROR_CANCELLED. What was inhibited by this process is no more. */
void port_source_free (PortSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PortSource, port_source_free)

/**
 * Opens the port. With @uid, which needs a bus, the device of that uid is inhibited in ModemManager before,
 * unless it is already. Errors: those of mm_inhibitor_take_async() and serial_port_open(). One at a time.
 */
void port_source_take_async (PortSource *self, const char *uid, const SerialPortSettings *settings,
                             GAsyncReadyCallback callback, gpointer user_data);
SerialPort *port_source_take_finish (GAsyncResult *result, GError **error);

/** Ends the inhibition; the port must be closed. Without one it ends at once. */
void port_source_give_async (PortSource *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean port_source_give_finish (GAsyncResult *result, GError **error);

/** ModemManager ended and took the inhibition with it. */
void port_source_forget (PortSource *self);
