/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rule for names.
 */
#include "mssl-name.h"

#include <gio/gio.h>
#include <string.h>

#include "mssl-error.h"

gboolean
mssl_name_is_valid (const char *name)
{
  gsize size = strlen (name);

  if (size < 1 || size > MSSL_NAME_MAX_BYTES || !g_ascii_isalnum (name[0]))
    return FALSE;
  for (gsize i = 1; i < size; i++) {
    if (!g_ascii_isalnum (name[i]) && strchr ("._-", name[i]) == NULL)
      return FALSE;
  }
  return TRUE;
}

gboolean
mssl_name_check (const char *name, const char *what, GError **error)
{
  if (mssl_name_is_valid (name))
    return TRUE;
  g_set_error (
      error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
      "The name of a %s must be 1 to %d letters, digits, dots, underscores and hyphens and begin with "
      "a letter or digit.",
      what, MSSL_NAME_MAX_BYTES);
  return FALSE;
}

char *
mssl_name_to_path (const char *parent, const char *name)
{
  g_autofree char *element = g_dbus_escape_object_path (name);

  return g_strconcat (parent, "/", element, NULL);
}
