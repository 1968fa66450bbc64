/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the daemon's properties to records. Knows nothing of how they are printed.
 */
#include "ctl-record.h"

#include "ctl-bus.h"
#include "mssl-names.h"

#define OBJECTS_TYPE "a{oa{sa{sv}}}"

/* Key to value, with the daemon's names turned into keys. */
static GHashTable *
index_properties (GVariant *properties)
{
  GHashTable *values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    g_hash_table_insert (values, ctl_kind_get_key (name), value);
  return values;
}

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  g_autoptr (GVariant) key_a = g_variant_get_child_value (*(GVariant *const *) a, 0);
  g_autoptr (GVariant) key_b = g_variant_get_child_value (*(GVariant *const *) b, 0);

  return g_variant_compare (key_a, key_b);
}

/* The daemon keeps dictionaries in no particular order; what is shown must not change from call to call. */
static GVariant *
sort_dictionary (GVariant *dictionary)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  gsize n_entries = g_variant_n_children (dictionary);

  for (gsize i = 0; i < n_entries; i++)
    g_ptr_array_add (entries, g_variant_get_child_value (dictionary, i));
  g_ptr_array_sort (entries, compare_entries);
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), (GVariant **) entries->pdata, entries->len);
}

static void
move_value (GHashTable *values, const char *key, GVariantBuilder *builder)
{
  GVariant *value = g_hash_table_lookup (values, key);

  if (value == NULL)
    return;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    value = sort_dictionary (value);
  g_variant_builder_add (builder, "{sv}", key, value);
  g_hash_table_remove (values, key);
}

GVariant *
ctl_record_new (const CtlKind *kind, const char *path, GVariant *properties)
{
  g_autoptr (GHashTable) values = index_properties (properties);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; kind->order[i] != NULL; i++)
    move_value (values, kind->order[i], &builder);

  /* What a newer daemon has and this program does not know. */
  g_autoptr (GList) rest = g_list_sort (g_hash_table_get_keys (values), (GCompareFunc) g_strcmp0);
  for (GList *l = rest; l != NULL; l = l->next) {
    g_autofree char *key = g_strdup (l->data);
    move_value (values, key, &builder);
  }

  g_variant_builder_add (&builder, "{sv}", "path", g_variant_new_object_path (path));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
ctl_record_lookup (GVariant *record, const char *key)
{
  const char *dot = strchr (key, '.');

  if (dot == NULL)
    return g_variant_lookup_value (record, key, NULL);

  g_autofree char *head = g_strndup (key, dot - key);
  g_autoptr (GVariant) inner = g_variant_lookup_value (record, head, G_VARIANT_TYPE_VARDICT);
  return inner != NULL ? g_variant_lookup_value (inner, dot + 1, NULL) : NULL;
}

GVariant *
ctl_record_get_objects (GDBusConnection *bus, GError **error)
{
  g_autoptr (GVariant) reply =
      ctl_bus_call (bus, MSSL_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, NULL,
                    "(" OBJECTS_TYPE ")", CTL_BUS_TIMEOUT_DEFAULT, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static gint
compare_records (gconstpointer a, gconstpointer b)
{
  GVariant *record_a = *(GVariant *const *) a;
  GVariant *record_b = *(GVariant *const *) b;
  g_autoptr (GVariant) number_a = g_variant_lookup_value (record_a, "number", G_VARIANT_TYPE_UINT64);
  g_autoptr (GVariant) number_b = g_variant_lookup_value (record_b, "number", G_VARIANT_TYPE_UINT64);
  const char *name_a = "";
  const char *name_b = "";

  if (number_a != NULL && number_b != NULL)
    return g_variant_compare (number_a, number_b);
  (void) g_variant_lookup (record_a, "name", "&s", &name_a);
  (void) g_variant_lookup (record_b, "name", "&s", &name_b);
  return strcmp (name_a, name_b);
}

void
ctl_record_sort (GPtrArray *records)
{
  g_ptr_array_sort (records, compare_records);
}

GPtrArray *
ctl_record_list (GVariant *objects, const CtlKind *kind)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
    g_autoptr (GVariant) properties =
        g_variant_lookup_value (interfaces, kind->interface, G_VARIANT_TYPE_VARDICT);
    if (properties != NULL)
      g_ptr_array_add (records, ctl_record_new (kind, path, properties));
  }
  ctl_record_sort (records);
  return records;
}

GVariant *
ctl_record_find (GVariant *objects, const CtlKind *kind, const char *path)
{
  g_autoptr (GVariant) interfaces = NULL;
  g_autoptr (GVariant) properties = NULL;

  /* g_variant_lookup_value() looks for string keys and object paths alike. */
  interfaces = g_variant_lookup_value (objects, path, NULL);
  if (interfaces == NULL)
    return NULL;
  properties = g_variant_lookup_value (interfaces, kind->interface, G_VARIANT_TYPE_VARDICT);
  return properties != NULL ? ctl_record_new (kind, path, properties) : NULL;
}
