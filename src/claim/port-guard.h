/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells when somebody opens a device. Costs nothing until that happens.
 */
#pragma once

#include <glib.h>

typedef struct PortGuard PortGuard;

/** From the main loop, for each time. It may free the guard. */
typedef void (*PortGuardFunc) (gpointer user_data);

/** Watches the node that @device leads to now. */
PortGuard *port_guard_new (const char *device, PortGuardFunc func, gpointer user_data);
void port_guard_free (PortGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PortGuard, port_guard_free)
