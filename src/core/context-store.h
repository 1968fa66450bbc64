/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All contexts: in memory and in the state directory, one file each.
 */
#pragma once

#include <glib.h>

#include "context.h"
#include "credential-store.h"
#include "quotas.h"
#include "state-dir.h"

typedef struct ContextStore ContextStore;

/** All run inside the call that caused them, when the change is on the disk. All are required. */
typedef struct {
  void (*added) (Context *context, gpointer user_data);
  void (*removed) (Context *context, gpointer user_data);
} ContextStoreListener;

/**
 * Loads all contexts. A damaged file is set aside with a warning and does not fail the call; a context that
 * names a credential which is no more is loaded all the same. @state_dir and @credentials must outlive the
 * store.
 */
ContextStore *context_store_new (StateDir *state_dir, CredentialStore *credentials, GError **error);
void context_store_free (ContextStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ContextStore, context_store_free)

/** Limits other than the defaults; what there is already stays. */
void context_store_set_quotas (ContextStore *self, const Quotas *quotas);

/** @listener must outlive the store; NULL ends it. There is one. What is there already is not announced. */
void
context_store_set_listener (ContextStore *self, const ContextStoreListener *listener, gpointer user_data);

/**
 * Saves a new context of the user @uid with the defaults and, over them, @settings (a{sv}). Returns it,
 * borrowed. Errors: INVALID_ARGUMENT (name, settings), NOT_FOUND (a credential), EXISTS, LIMIT_EXCEEDED,
 * STORAGE.
 */
Context *
context_store_create (ContextStore *self, const char *name, GVariant *settings, guint uid, GError **error);

/** Removes it for good. Errors: IN_USE, NOT_FOUND (it was deleted already), STORAGE. */
gboolean context_store_delete (ContextStore *self, Context *context, GError **error);

/** Borrowed; NULL when there is none. */
Context *context_store_lookup (ContextStore *self, const char *name);

/** Sorted by name. Caller frees the array (g_ptr_array_unref()), which holds a reference to each. */
GPtrArray *context_store_list (ContextStore *self);

/** A context whose settings name this credential, borrowed; NULL when there is none. */
Context *context_store_find_user_of_credential (ContextStore *self, const char *credential_name);
