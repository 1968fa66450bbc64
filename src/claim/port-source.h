/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where an open port comes from: the holder, which keeps port and inhibition when we die, or, where there is
 * no holder, this process. Knows nothing of why a port is wanted.
 */
#pragma once

#include <gio/gio.h>

#include "held-port.h"
#include "timer.h"

typedef struct PortSource PortSource;

/** @holder_path: the holder's socket, NULL for none. @bus: where ModemManager is, NULL for none. */
PortSource *port_source_new (const char *holder_path, GDBusConnection *bus, TimerClock *clock);

/** A call under way ends with G_IO_ERROR_CANCELLED. What was inhibited by this process is no more. */
void port_source_free (PortSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PortSource, port_source_free)

/**
 * A port that an earlier life of ours has left with the holder, its device that of @settings, or any when
 * that is NULL, and its note beginning with @note. G_IO_ERROR_NOT_FOUND when there is none. One at a time.
 */
void port_source_resume_async (PortSource *self, const char *note, const SerialPortSettings *settings,
                               GAsyncReadyCallback callback, gpointer user_data);

/** The device, the uid that is inhibited (or an empty text), and the note of the port that was resumed last.
 */
const HeldPortFacts *port_source_get_resumed (PortSource *self);

/**
 * Opens the port. With @uid, which needs a bus, the device of that uid is inhibited in ModemManager before,
 * unless it is already. @note: what our next life is told by port_source_get_resumed(). Errors: those of
 * mm_inhibitor_take_async() and serial_port_open(). One at a time.
 */
void
port_source_take_async (PortSource *self, const char *uid, const char *note,
                        const SerialPortSettings *settings, GAsyncReadyCallback callback, gpointer user_data);

/** The end of either. */
SerialPort *port_source_take_finish (GAsyncResult *result, GError **error);

/** Ends the inhibition; the port must be closed. Without one it ends at once. */
void port_source_give_async (PortSource *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean port_source_give_finish (GAsyncResult *result, GError **error);

/** ModemManager ended and took the inhibition with it. */
void port_source_forget (PortSource *self);
