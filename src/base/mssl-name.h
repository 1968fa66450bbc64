/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a context, credential or module may be called, and how such a name stands in an object path.
 */
#pragma once

#include <glib.h>

#define MSSL_NAME_MAX_BYTES 63

/** Whether @name matches [A-Za-z0-9][A-Za-z0-9._-]{0,62}. Such a name is also safe as a file name. */
gboolean mssl_name_is_valid (const char *name);

/** Like mssl_name_is_valid(); sets MSSL_ERROR_INVALID_ARGUMENT with the rule and @what ("context") if not. */
gboolean mssl_name_check (const char *name, const char *what, GError **error);

/** The object path of @name below @parent (such as MSSL_PATH_CONTEXTS). Caller frees. */
char *mssl_name_to_path (const char *parent, const char *name);
