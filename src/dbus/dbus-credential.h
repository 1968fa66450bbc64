/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * org.modemssl1.Credential: one exported object for each credential of the store. Arguments and errors only.
 */
#pragma once

#include <gio/gio.h>

#include "context-store.h"
#include "credential-store.h"
#include "dbus-clients.h"
#include "mssl-skeletons.h"

/** Calls of ImportCredential, Replace and Delete that may be under way at a time. */
#define DBUS_CREDENTIAL_CALLS_MAX 16

typedef struct DBusCredential DBusCredential;

typedef void (*DBusCredentialErasedFunc) (gpointer done_data);

/**
 * Overwrites the copies that the ledger has marked, in every module that can be reached now, then calls
 * @done exactly once, also when nothing could be done, inside the call or later. It must come within some
 * seconds, since a client of Credential.Delete waits.
 */
typedef void (*DBusCredentialEraseFunc) (DBusCredentialErasedFunc done, gpointer done_data,
                                         gpointer user_data);

/**
 * Exports every credential on @objects, and follows the store from then on (it becomes the store's listener).
 * @contexts is asked whether a context names a credential. @store, @contexts, @objects and @clients must
 * outlive it.
 * @erase may be NULL: Delete then answers at once.
 */
DBusCredential *
dbus_credential_new (CredentialStore *store, ContextStore *contexts, GDBusObjectManagerServer *objects,
                     DBusClients *clients, DBusCredentialEraseFunc erase, gpointer erase_data);

/** Unexports all. Calls that are under way end with MSSL_ERROR_FAILED. */
void dbus_credential_free (DBusCredential *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusCredential, dbus_credential_free)

/**
 * Handlers for the Manager's signals "handle-import-credential", "handle-get-credential" and
 * "handle-get-credentials": connect them with the DBusCredential as user data. Always TRUE.
 */
gboolean dbus_credential_handle_import (MsslDBusManager *manager, GDBusMethodInvocation *invocation,
                                        const char *name, GVariant *parts, gpointer user_data);
gboolean dbus_credential_handle_get (MsslDBusManager *manager, GDBusMethodInvocation *invocation,
                                     const char *name, gpointer user_data);
gboolean
dbus_credential_handle_list (MsslDBusManager *manager, GDBusMethodInvocation *invocation, gpointer user_data);
