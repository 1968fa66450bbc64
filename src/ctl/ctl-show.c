/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-show.h.
 */
#include "ctl-show.h"

#include <stdio.h>

#include "ctl-bus.h"
#include "ctl-error.h"
#include "ctl-missing.h"
#include "ctl-print.h"
#include "ctl-record.h"

static GPtrArray *
get_records (const CtlOptions *options, const CtlKind *kind, GError **error)
{
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  g_autoptr (GVariant) objects = bus != NULL ? ctl_record_get_objects (bus, error) : NULL;
  if (objects == NULL)
    return NULL;

  g_autoptr (GPtrArray) records = ctl_record_list (objects, kind);
  if (kind == ctl_kind_get (CTL_KIND_MODULE) && !ctl_missing_add (bus, records, error))
    return NULL;
  return g_steal_pointer (&records);
}

static void
print_one (const CtlOptions *options, const CtlKind *kind, GVariant *record)
{
  if (options->json)
    ctl_print_json (record, FALSE);
  else
    ctl_print_record (kind, record);
}

gboolean
ctl_show_list (const CtlOptions *options, const CtlKind *kind, GError **error)
{
  g_autoptr (GPtrArray) records = get_records (options, kind, error);
  if (records == NULL)
    return FALSE;

  if (options->json)
    ctl_print_json (ctl_print_to_array (records), FALSE);
  else
    ctl_print_table (kind, records);
  return TRUE;
}

gboolean
ctl_show_all (const CtlOptions *options, const CtlKind *kind, GError **error)
{
  g_autoptr (GPtrArray) records = get_records (options, kind, error);
  if (records == NULL)
    return FALSE;

  if (options->json) {
    ctl_print_json (ctl_print_to_array (records), FALSE);
    return TRUE;
  }
  for (guint i = 0; i < records->len; i++) {
    if (i > 0)
      printf ("\n");
    ctl_print_record (kind, records->pdata[i]);
  }
  return TRUE;
}

/* A number needs no question to the daemon: it is the last element of the path. */
static char *
get_path (GDBusConnection *bus, const CtlKind *kind, const char *name, GError **error)
{
  guint64 number;

  if (kind->get_method != NULL)
    return ctl_bus_get_path (bus, kind->get_method, name, error);
  if (!ctl_options_parse_number (name, "the number of a connection", 0, G_MAXUINT64, &number, error))
    return NULL;
  return g_strdup_printf ("%s/%" G_GUINT64_FORMAT, kind->parent_path, number);
}

gboolean
ctl_show_one (const CtlOptions *options, const CtlKind *kind, const char *name, GError **error)
{
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  g_autofree char *path = bus != NULL ? get_path (bus, kind, name, error) : NULL;
  g_autoptr (GVariant) objects = path != NULL ? ctl_record_get_objects (bus, error) : NULL;
  if (objects == NULL)
    return FALSE;

  g_autoptr (GVariant) record = ctl_record_find (objects, kind, path);
  if (record == NULL) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "there is no %s “%s”", kind->name, name);
    return FALSE;
  }

  print_one (options, kind, record);
  return TRUE;
}

gboolean
ctl_show_missing (const CtlOptions *options, const char *name)
{
  const CtlKind *kind = ctl_kind_get (CTL_KIND_MODULE);
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, NULL);
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  if (bus == NULL || !ctl_missing_add (bus, records, NULL))
    return FALSE;

  for (guint i = 0; i < records->len; i++) {
    const char *other = "";

    (void) g_variant_lookup (records->pdata[i], "name", "&s", &other);
    if (g_str_equal (other, name)) {
      print_one (options, kind, records->pdata[i]);
      return TRUE;
    }
  }
  return FALSE;
}

void
ctl_show_path (const CtlOptions *options, const char *path)
{
  GVariantBuilder builder;

  if (!options->json)
    return;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "path", g_variant_new_object_path (path));
  ctl_print_json (g_variant_builder_end (&builder), FALSE);
}
