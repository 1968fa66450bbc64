/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Takes one modem away from ModemManager and opens its port: inhibit, wait until the port is quiet, open,
 * lock; and the way back. It knows a bus, a device's uid and a port, and nothing of why; so it can live in
 * another process. The inhibition belongs to the bus connection and ends with it.
 */
#pragma once

#include <gio/gio.h>

#include "serial-port.h"
#include "timer.h"

/** A silent module keeps ModemManager waiting for 15.7 s (measured) before it lets go; an enable under way,
 * and a search for networks, for longer. */
#define MM_INHIBITOR_TIMEOUT_MS 120000

/** How long an open is tried again that finds the port in use. */
#define MM_INHIBITOR_BUSY_MS 5000

typedef struct MmInhibitor MmInhibitor;

MmInhibitor *mm_inhibitor_new (GDBusConnection *bus, TimerClock *clock);

/** A call under way ends with G_IO_ERROR_CANCELLED. The inhibition is given up. */
void mm_inhibitor_free (MmInhibitor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MmInhibitor, mm_inhibitor_free)

/**
 * Inhibits the device @uid and opens the port. After a failure nothing is inhibited. Errors: those of the bus
 * as ModemManager sent them, those of serial_port_open(), G_IO_ERROR_BUSY. One at a time.
 */
void mm_inhibitor_take_async (MmInhibitor *self, const char *uid, const SerialPortSettings *port,
                              GAsyncReadyCallback callback, gpointer user_data);
SerialPort *mm_inhibitor_take_finish (MmInhibitor *self, GAsyncResult *result, GError **error);

/** Gives the device back; its port must be closed. Without an inhibition it ends at once. */
void mm_inhibitor_give_async (MmInhibitor *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean mm_inhibitor_give_finish (MmInhibitor *self, GAsyncResult *result, GError **error);

/** ModemManager ended and took the inhibition with it. */
void mm_inhibitor_forget (MmInhibitor *self);
