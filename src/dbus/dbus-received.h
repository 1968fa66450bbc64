/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A receiver of Received signals: sends them to that client alone, and asks its library (Peer.Ping) whether
 * it has read them. How much may be under way is the inbox's business.
 */
#pragma once

#include <gio/gio.h>

#include "connection.h"

typedef struct DBusReceived DBusReceived;

/**
 * Makes the client @receiver (unique bus name) the receiver of @connection, which is exported at @path.
 * Error: MSSL_ERROR_RECEIVE_MODE. Call connection_deliver() when the client was answered. @connection must
 * outlive it.
 */
DBusReceived *dbus_received_new (GDBusConnection *bus, const char *path, const char *receiver,
                                 Connection *connection, GError **error);

/** Nobody receives any more. */
void dbus_received_free (DBusReceived *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusReceived, dbus_received_free)

/** Whether it sends to @name. FALSE once that was found to be gone. */
gboolean dbus_received_is_for (DBusReceived *self, const char *name);

/** Its client has left the bus; another receiver may be made. */
void dbus_received_client_left (DBusReceived *self);

/** Whether its client is gone. */
gboolean dbus_received_is_gone (DBusReceived *self);
