/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All credentials: in memory and in the state directory, one file each, so that one rename replaces all
 * parts. Sees to it that copies in modules which no credential has any more are marked in the ledger. Knows
 * no context.
 */
#pragma once

#include <glib.h>

#include "credential.h"
#include "ledger.h"
#include "quotas.h"
#include "state-dir.h"

typedef struct CredentialStore CredentialStore;

/** All run inside the call that caused them, when the change is on the disk. All are required. */
typedef struct {
  void (*added) (Credential *credential, gpointer user_data);
  void (*removed) (Credential *credential, gpointer user_data);
} CredentialStoreListener;

/**
 * Loads all credentials. A damaged file is set aside with a warning and does not fail the call. @state_dir
 * and
 * @ledger must outlive the store.
 */
CredentialStore *credential_store_new (StateDir *state_dir, Ledger *ledger, GError **error);
void credential_store_free (CredentialStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CredentialStore, credential_store_free)

/** Limits other than the defaults; what there is already stays. */
void credential_store_set_quotas (CredentialStore *self, const Quotas *quotas);

/** @listener must outlive the store; NULL ends it. There is one. What is there already is not announced. */
void credential_store_set_listener (CredentialStore *self, const CredentialStoreListener *listener,
                                    gpointer user_data);

/** Whether @name could be imported now by the user @uid. Errors: INVALID_ARGUMENT, EXISTS, LIMIT_EXCEEDED. */
gboolean credential_store_check_new (CredentialStore *self, const char *name, guint uid, GError **error);

/**
 * Saves a new credential of the user @uid; @parts is taken in any case. Returns it, borrowed. Errors:
 * INVALID_ARGUMENT (name), EXISTS, LIMIT_EXCEEDED, STORAGE.
 */
Credential *credential_store_import (CredentialStore *self, const char *name, CredentialParts *parts,
                                     guint uid, GError **error);

/** Saves @parts, taken in any case, in place of all that @credential has. Errors: NOT_FOUND (it was deleted
 * meanwhile), STORAGE. */
gboolean credential_store_replace (CredentialStore *self, Credential *credential, CredentialParts *parts,
                                   GError **error);

/**
 * Marks the copies in modules for erasure and removes the credential for good; whether a context still names
 * it is the caller's to check. Errors: NOT_FOUND (it was deleted already), STORAGE.
 */
gboolean credential_store_delete (CredentialStore *self, Credential *credential, GError **error);

/** Borrowed; NULL when there is none. */
Credential *credential_store_lookup (CredentialStore *self, const char *name);

/** Sorted by name. Caller frees the array (g_ptr_array_unref()), which holds a reference to each. */
GPtrArray *credential_store_list (CredentialStore *self);

/**
 * The IMEIs of all modules that hold, or may hold, a copy of any of its parts, sorted; of a deleted
 * credential only the copies that are to be overwritten. Caller frees with g_strfreev().
 */
char **credential_store_list_modules (CredentialStore *self, Credential *credential);
