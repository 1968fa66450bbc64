/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * org.modemssl1.Context: one exported object for each context of the store. Arguments and errors only.
 */
#pragma once

#include <gio/gio.h>

#include "context-store.h"
#include "dbus-clients.h"
#include "mssl-skeletons.h"

typedef struct DBusContext DBusContext;

/**
 * Handles Context.Open on @context: ends @invocation (taken), now or later. Runs from the main loop. Who
 * called is g_dbus_method_invocation_get_sender().
 */
typedef void (*DBusContextOpenFunc) (GDBusMethodInvocation *invocation, MsslDBusContext *skeleton,
                                     Context *context, const char *host, guint16 port, GVariant *options,
                                     gpointer user_data);

/**
 * Exports every context on @objects, and follows the store from then on (it becomes the store's listener).
 * @store, @objects and @clients must outlive it.
 */
DBusContext *dbus_context_new (ContextStore *store, GDBusObjectManagerServer *objects, DBusClients *clients,
                               DBusContextOpenFunc open, gpointer open_data);

/** Unexports all. */
void dbus_context_free (DBusContext *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusContext, dbus_context_free)

/**
 * Handlers for the Manager's signals "handle-create-context", "handle-get-context" and "handle-get-contexts":
 * connect them with the DBusContext as user data. Always TRUE.
 */
gboolean dbus_context_handle_create (MsslDBusManager *manager, GDBusMethodInvocation *invocation,
                                     const char *name, GVariant *settings, gpointer user_data);
gboolean dbus_context_handle_get (MsslDBusManager *manager, GDBusMethodInvocation *invocation,
                                  const char *name, gpointer user_data);
gboolean
dbus_context_handle_list (MsslDBusManager *manager, GDBusMethodInvocation *invocation, gpointer user_data);
