/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may use a connection: the client that opened it; root; and, when it persists, every client of the same
 * user. The one place that decides this.
 */
#pragma once

#include <gio/gio.h>

#include "connection.h"
#include "dbus-clients.h"

/** Serves @invocation (taken). */
typedef void (*DBusCallerFunc) (GDBusMethodInvocation *invocation, Connection *connection, gpointer adapter);

/**
 * Runs @func if the caller of @invocation (taken) may use @connection, inside this call where that is known,
 * else later from the main loop; or ends the call with MSSL_ERROR_ACCESS_DENIED. Calls of one client stay in
 * order. @connection is kept alive until then; @adapter is given to @free_adapter in any case.
 */
void dbus_caller_check (DBusClients *clients, GDBusMethodInvocation *invocation, Connection *connection,
                        DBusCallerFunc func, gpointer adapter, GDestroyNotify free_adapter);
