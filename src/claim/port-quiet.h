/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waits until nobody touches a device any more: no open, write or close of its node for a while. It sees the
 * other users through the kernel's file notification, without opening the device itself.
 */
#pragma once

#include "timer.h"

/** ModemManager was measured to write 5 ms after it has let go of a port, and to close it 22 ms after. */
#define PORT_QUIET_MS 100
#define PORT_QUIET_LIMIT_MS 5000

typedef struct PortQuiet PortQuiet;

/** @quiet: FALSE when somebody still touched it after PORT_QUIET_LIMIT_MS. From the main loop, once. It may
 * free the object. */
typedef void (*PortQuietFunc) (gboolean quiet, gpointer user_data);

/** Begins to wait. A device that is not there counts as quiet. */
PortQuiet *port_quiet_new (const char *device, TimerClock *clock, PortQuietFunc func, gpointer user_data);
void port_quiet_free (PortQuiet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PortQuiet, port_quiet_free)
