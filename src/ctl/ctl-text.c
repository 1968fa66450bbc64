/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-text.h.
 */
#include "ctl-text.h"

#include "ctl-kind.h"

char *
ctl_text_escape (const char *text)
{
  GString *escaped = g_string_new (NULL);

  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c)) {
    gunichar character = g_utf8_get_char (c);
    if (g_unichar_iscntrl (character) || g_unichar_type (character) == G_UNICODE_FORMAT)
      g_string_append_printf (escaped, "\\x%02X", character);
    else
      g_string_append_unichar (escaped, character);
  }
  return g_string_free (escaped, FALSE);
}

static char *
get_last_element (const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *element = slash != NULL ? slash + 1 : path;
  g_autofree guint8 *bytes = g_dbus_unescape_object_path (element);
  g_autofree char *label = bytes != NULL ? g_utf8_make_valid ((const char *) bytes, -1) : g_strdup (element);

  return ctl_text_escape (label);
}

char *
ctl_text_get_label (const char *path)
{
  return get_last_element (path);
}

char *
ctl_text_get_title (const char *path)
{
  for (guint id = 0; id <= CTL_KIND_LAST; id++) {
    const CtlKind *kind = ctl_kind_get (id);
    gsize n_parent = strlen (kind->parent_path);

    if (g_str_has_prefix (path, kind->parent_path) && path[n_parent] == '/') {
      g_autofree char *label = get_last_element (path);
      return g_strconcat (kind->name, " ", label, NULL);
    }
  }
  return g_strdup (path);
}

static char *
format_time (guint64 unix_s)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc ((gint64) unix_s);

  if (time == NULL)
    return g_strdup_printf ("%" G_GUINT64_FORMAT, unix_s);
  return g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");
}

static gboolean
is_time_key (const char *key)
{
  return g_str_has_suffix (key, "not-before") || g_str_has_suffix (key, "not-after")
         || g_str_has_suffix (key, "-until");
}

static char *
join_array (const char *key, GVariant *array)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  gsize n_items = g_variant_n_children (array);

  for (gsize i = 0; i < n_items; i++) {
    g_autoptr (GVariant) item = g_variant_get_child_value (array, i);
    g_ptr_array_add (texts, ctl_text_from_value (key, item));
  }
  g_ptr_array_add (texts, NULL);
  return g_strjoinv (", ", (char **) texts->pdata);
}

static char *
format_value (const char *key, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    return get_last_element (g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return ctl_text_escape (g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) && is_time_key (key))
    return format_time (g_variant_get_uint64 (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("as"))
      || g_variant_is_of_type (value, G_VARIANT_TYPE ("ao")))
    return join_array (key, value);

  g_autofree char *text = g_variant_print (value, FALSE);
  return ctl_text_escape (text);
}

char *
ctl_text_from_value (const char *key, GVariant *value)
{
  g_autofree char *text = value != NULL ? format_value (key, value) : NULL;

  return text != NULL && *text != '\0' ? g_steal_pointer (&text) : g_strdup ("-");
}
