/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Context.Open: finds out who calls, then lets the manager open.
 */
#pragma once

#include <gio/gio.h>

#include "dbus-clients.h"
#include "manager.h"
#include "mssl-skeletons.h"

typedef struct DBusOpen DBusOpen;

/** Both must outlive it; free @clients before @manager, since that ends the calls under way. */
DBusOpen *dbus_open_new (Manager *manager, DBusClients *clients);
void dbus_open_free (DBusOpen *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusOpen, dbus_open_free)

/** A DBusContextOpenFunc; @user_data is a DBusOpen. */
void dbus_open_handle (GDBusMethodInvocation *invocation, MsslDBusContext *skeleton, Context *context,
                       const char *host, guint16 port, GVariant *options, gpointer user_data);
