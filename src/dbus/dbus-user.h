/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user of a call whose service depends on it.
 */
#pragma once

#include <gio/gio.h>

#include "dbus-clients.h"

/** Serves @invocation (taken) for the user @uid. */
typedef void (*DBusUserFunc) (GDBusMethodInvocation *invocation, guint uid, gpointer user_data);

/** Runs @func, inside this call where the user is known already, else later from the main loop; or ends
 * @invocation (taken) with MSSL_ERROR_FAILED, also when @freed is cancelled, as it is when @user_data goes.
 */
void dbus_user_find (DBusClients *clients, GDBusMethodInvocation *invocation, DBusUserFunc func,
                     gpointer user_data, GCancellable *freed);
