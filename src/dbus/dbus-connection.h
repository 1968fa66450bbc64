/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * org.modemssl1.Connection: one exported connection. Arguments, who may, replies, signals; no policy.
 */
#pragma once

#include <gio/gio.h>

#include "connection.h"
#include "dbus-clients.h"

typedef struct DBusConnection DBusConnection;

/** Exports @connection on @objects. All arguments must outlive it. */
DBusConnection *dbus_connection_new (Connection *connection, GDBusObjectManagerServer *objects,
                                     GDBusConnection *bus, DBusClients *clients);

/** Unexports it. */
void dbus_connection_free (DBusConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusConnection, dbus_connection_free)

/** The object path of the connection @number. Caller frees. */
char *dbus_connection_make_path (guint64 number);

/** The client @name has left the bus: it may be the owner, the receiver, both or none. May free @self. */
void dbus_connection_client_left (DBusConnection *self, const char *name);
