/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where no module is configured: the modules that ModemManager has found, as if each had a group of its own.
 * One that was seen stays, since ModemManager does not show it while it is taken away.
 */
#pragma once

#include "daemon-config.h"
#include "mm-modems.h"

typedef struct DaemonDiscovery DaemonDiscovery;

/** The list is another one now. Runs from the main loop. */
typedef void (*DaemonDiscoveryFunc) (gpointer user_data);

/** @modems must outlive it. @held_over: the IMEIs of modules that an earlier life of ours had, and that
 * ModemManager does not show for that reason; may be NULL. */
DaemonDiscovery *daemon_discovery_new (MmModems *modems, const char *const *held_over,
                                       DaemonDiscoveryFunc changed, gpointer user_data);
void daemon_discovery_free (DaemonDiscovery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DaemonDiscovery, daemon_discovery_free)

/** Element type DaemonConfigModule*; borrowed until the next change. */
const GPtrArray *daemon_discovery_get_modules (DaemonDiscovery *self);
