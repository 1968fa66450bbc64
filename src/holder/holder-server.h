/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Daemons that ask for ports, and the ports that are held.
 */
#pragma once

#include <gio/gio.h>

#include "holder-port.h"

typedef struct HolderServer HolderServer;

/** Nothing is held any more and nobody is connected. Runs from the main loop, at each such moment. */
typedef void (*HolderServerIdleFunc) (gpointer user_data);

/** Serves @socket, which listens. @bus: where ModemManager is, or NULL. @timing must outlive it. */
HolderServer *holder_server_new (GSocket *socket, GDBusConnection *bus, const HolderPortTiming *timing,
                                 HolderServerIdleFunc idle, gpointer user_data);

/** Closes all ports as they are. */
void holder_server_free (HolderServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderServer, holder_server_free)

/** Whether nothing is held and nobody is connected. */
gboolean holder_server_is_idle (HolderServer *self);

/** Takes nobody any more, and says the farewell to each module that no daemon has. */
void holder_server_stop (HolderServer *self);
