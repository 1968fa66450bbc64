/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state directory: small files, written so that a crash at any instant leaves the old or the new one.
 * Knows nothing of what the files mean. The only place of core that touches the file system.
 *
 * All names are relative to the open directory and never followed through a symbolic link. A file name is 1
 * to 100 of the characters [A-Za-z0-9._-] and does not begin with a dot. @subdir is such a name too, or NULL
 * for the directory itself. Every error is MSSL_ERROR_STORAGE and says what to do, unless said otherwise. All
 * calls are synchronous.
 */
#pragma once

#include <glib.h>

/** The largest file that is written or read. */
#define STATE_DIR_FILE_MAX_BYTES 65536

/** Appended by state_dir_set_aside(). */
#define STATE_DIR_DAMAGED_SUFFIX ".damaged"

typedef struct StateDir StateDir;

/**
 * Opens the directory @path, which is made with mode 0700 if it is not there (its parent must be), and locks
 * it. Refused when it is a symbolic link, belongs to another user, can be written by others, or is
 * locked by another process. Free it after everything that was given it.
 */
StateDir *state_dir_open (const char *path, GError **error);
void state_dir_free (StateDir *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StateDir, state_dir_free)

/** Replaces or makes the file with mode 0600; on the disk when it returns TRUE. @subdir is made if needed. */
gboolean
state_dir_write (StateDir *self, const char *subdir, const char *name, GBytes *content, GError **error);

/** The whole file, in memory that is wiped. MSSL_ERROR_NOT_FOUND when there is none. Caller unrefs. */
GBytes *state_dir_read (StateDir *self, const char *subdir, const char *name, GError **error);

/** Removes the file, for good when it returns TRUE. No error when there is none. */
gboolean state_dir_remove (StateDir *self, const char *subdir, const char *name, GError **error);

/** Renames a file that cannot be understood to its name with STATE_DIR_DAMAGED_SUFFIX, over an earlier one.
 */
gboolean state_dir_set_aside (StateDir *self, const char *subdir, const char *name, GError **error);

/**
 * The names of all regular files, sorted; a missing @subdir has none. Removes temporary files that a crash
 * left over. Caller frees with g_strfreev().
 */
char **state_dir_list (StateDir *self, const char *subdir, GError **error);
