/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A directory of a test's own, to be looked into and spoilt.
 */
#pragma once

#include <glib.h>

/** A new empty directory. Free with scratch_free(), which removes it with all that it holds. */
char *scratch_new (void);
void scratch_free (char *path);

/** Makes the file @name, in a directory that is made if needed. */
void scratch_write (const char *path, const char *name, const char *content);

/** The content; NULL when there is no such file. Caller frees. */
char *scratch_read (const char *path, const char *name);

gboolean scratch_has (const char *path, const char *name);
