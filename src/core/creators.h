/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which user made which of the things in one directory of the state: a file of names and user ids beside
 * them. What is not in it is root's.
 */
#pragma once

#include "quotas.h"
#include "state-dir.h"

typedef struct Creators Creators;

/** Loads the file; a damaged one is set aside with a warning. @state_dir must outlive it; @directory is
 * static. */
Creators *creators_new (StateDir *state_dir, const char *directory);
void creators_free (Creators *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Creators, creators_free)

/** Forgets those whose name is no key of @present: they were never made. */
void creators_keep (Creators *self, GHashTable *present);

/** How many are @uid's. */
guint creators_count (const Creators *self, guint uid);

/** @name is about to be made by @uid: on the disk when it returns TRUE. Error: STORAGE. */
gboolean creators_add (Creators *self, const char *name, guint uid, GError **error);

/** @name is no more. What cannot be written then is a warning. */
void creators_remove (Creators *self, const char *name);

/** Whether @uid may make one more, when there are @n of all users. Error: LIMIT_EXCEEDED. */
gboolean creators_check (const Creators *self, const Quotas *quotas, QuotasKey total, QuotasKey per_user,
                         guint n, guint uid, GError **error);
