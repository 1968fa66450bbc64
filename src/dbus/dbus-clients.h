/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The clients of the bus that have to do with us: which user each one is, and when it leaves. Asks the bus
 * once for each, and forgets it when it leaves, since a unique name is never given again.
 */
#pragma once

#include <gio/gio.h>

typedef struct DBusClients DBusClients;

/** Runs from the main loop, once for each client that was looked up and has left the bus. */
typedef void (*DBusClientsLeftFunc) (const char *name, gpointer user_data);

DBusClients *dbus_clients_new (GDBusConnection *bus, DBusClientsLeftFunc left, gpointer user_data);

/** Lookups under way fail; @left does not run any more. */
void dbus_clients_free (DBusClients *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusClients, dbus_clients_free)

/** The user id of the unique name @name, if the answer is known already. */
gboolean dbus_clients_get_uid (DBusClients *self, const char *name, guint *ret_uid);

/**
 * Asks for it. From then on the client is watched. The callback runs once, from the main loop; callbacks for
 * the same name run in the order of the calls. Error: MSSL_ERROR_FAILED (it has left, or we end).
 */
void dbus_clients_lookup_async (DBusClients *self, const char *name, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean dbus_clients_lookup_finish (GAsyncResult *result, guint *ret_uid, GError **error);
