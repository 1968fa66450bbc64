/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-print.h.
 */
#include "ctl-print.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "ctl-error.h"
#include "ctl-record.h"
#include "ctl-table.h"
#include "ctl-text.h"

static char *
generate_json (GVariant *value, gboolean pretty)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (value);
  JsonNode *root = json_gvariant_serialize (held);
  char *text = json_to_string (root, pretty);

  json_node_unref (root);
  return text;
}

char *
ctl_print_to_json (GVariant *value)
{
  return generate_json (value, FALSE);
}

void
ctl_print_json (GVariant *value, gboolean one_line)
{
  g_autofree char *text = generate_json (value, !one_line);

  printf ("%s\n", text);
}

static void
print_line (const char *prefix, const char *key, GVariant *value)
{
  g_autofree char *text = ctl_text_from_value (key, value);
  g_autofree char *safe_key = ctl_text_escape (key);

  printf ("%s%s%s: %s\n", prefix, *prefix != '\0' ? "." : "", safe_key, text);
}

/* A list of sentences reads best with each on its own line. */
static void
print_lines (const char *key, GVariant *values)
{
  gsize n_values = g_variant_n_children (values);

  for (gsize i = 0; i < n_values; i++) {
    g_autoptr (GVariant) value = g_variant_get_child_value (values, i);
    print_line ("", key, value);
  }
}

static void
print_dictionary (const char *prefix, GVariant *dictionary)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    print_line (prefix, key, value);
}

/* One whose values are all of one kind, which the name of the whole tells. */
static void
print_simple_dictionary (const char *name, GVariant *dictionary)
{
  gsize n_entries = g_variant_n_children (dictionary);

  for (gsize i = 0; i < n_entries; i++) {
    g_autoptr (GVariant) entry = g_variant_get_child_value (dictionary, i);
    g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
    g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);
    g_autofree char *safe_key = ctl_text_escape (g_variant_get_string (key, NULL));
    g_autofree char *text = ctl_text_from_value (name, value);

    printf ("%s.%s: %s\n", name, safe_key, text);
  }
}

void
ctl_print_record (const CtlKind *kind, GVariant *record)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value)) {
    gboolean is_dictionary = g_variant_is_of_type (value, G_VARIANT_TYPE ("a{s*}"));
    gboolean is_simple = !g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT);
    if (is_dictionary && is_simple && g_variant_n_children (value) > 0)
      print_simple_dictionary (key, value);
    else if (is_dictionary && g_variant_n_children (value) > 0)
      print_dictionary (g_strcmp0 (key, kind->flat_key) == 0 ? "" : key, value);
    else if (is_dictionary)
      printf ("%s: -\n", key);
    else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY) && g_variant_n_children (value) > 0)
      print_lines (key, value);
    else if (g_str_equal (key, "path"))
      printf ("%s: %s\n", key, g_variant_get_string (value, NULL));
    else
      print_line ("", key, value);
  }
}

/* A list of sentences would tear the table apart; how many there are says whether to look at the whole. */
static char *
format_cell (const char *key, GVariant *value)
{
  gsize n_sentences;

  if (value == NULL || !g_str_equal (key, "warnings"))
    return ctl_text_from_value (key, value);
  n_sentences = g_variant_n_children (value);
  return n_sentences > 0 ? g_strdup_printf ("%" G_GSIZE_FORMAT, n_sentences) : g_strdup ("-");
}

static guint
count_columns (const CtlKind *kind)
{
  guint n_columns = 0;

  while (kind->columns[n_columns].heading != NULL)
    n_columns++;
  return n_columns;
}

void
ctl_print_table (const CtlKind *kind, GPtrArray *records)
{
  guint n_columns = count_columns (kind);
  g_autoptr (CtlTable) table = ctl_table_new (n_columns);

  for (guint column = 0; column < n_columns; column++)
    ctl_table_take (table, g_strdup (kind->columns[column].heading));

  for (guint i = 0; i < records->len; i++) {
    for (guint column = 0; column < n_columns; column++) {
      const char *key = kind->columns[column].key;
      g_autoptr (GVariant) value = ctl_record_lookup (records->pdata[i], key);
      ctl_table_take (table, format_cell (key, value));
    }
  }

  g_autofree char *text = ctl_table_format (table);
  fputs (text, stdout);
}

GVariant *
ctl_print_to_array (GPtrArray *records)
{
  return g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant **) records->pdata, records->len);
}

gboolean
ctl_print_flush (GError **error)
{
  errno = 0;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  /* A reader that has seen enough, such as head, needs no message. */
  g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "%s%s",
               errno == EPIPE ? "" : "cannot write standard output: ",
               errno == EPIPE ? "" : g_strerror (errno != 0 ? errno : EIO));
  return FALSE;
}
