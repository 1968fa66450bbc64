/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The daemon's version, its modules, who holds their slots, and how many there are of the rest.
 */
#include "ctl-status.h"

#include <stdio.h>

#include "ctl-bus.h"
#include "ctl-missing.h"
#include "ctl-print.h"
#include "ctl-record.h"
#include "ctl-table.h"
#include "ctl-text.h"
#include "mssl-names.h"

typedef struct {
  char *version;
  GPtrArray *records[CTL_KIND_LAST + 1];
} Overview;

static gboolean
get_version (GDBusConnection *bus, char **ret_version, GError **error)
{
  g_autoptr (GVariant) reply = ctl_bus_call (bus, MSSL_PATH, "org.freedesktop.DBus.Properties", "Get",
                                             g_variant_new ("(ss)", MSSL_INTERFACE_MANAGER, "Version"), NULL,
                                             "(v)", CTL_BUS_TIMEOUT_DEFAULT, error);
  if (reply == NULL)
    return FALSE;

  g_autoptr (GVariant) value = NULL;
  g_variant_get (reply, "(v)", &value);
  *ret_version = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL)
                                                                     : g_strdup ("");
  return TRUE;
}

static Overview *
overview_new (GDBusConnection *bus, GError **error)
{
  g_autofree char *version = NULL;
  if (!get_version (bus, &version, error))
    return NULL;

  g_autoptr (GVariant) objects = ctl_record_get_objects (bus, error);
  if (objects == NULL)
    return NULL;

  Overview *self = g_new0 (Overview, 1);
  self->version = g_steal_pointer (&version);
  for (guint id = 0; id <= CTL_KIND_LAST; id++)
    self->records[id] = ctl_record_list (objects, ctl_kind_get (id));
  return self;
}

static void
overview_free (Overview *self)
{
  g_free (self->version);
  for (guint id = 0; id <= CTL_KIND_LAST; id++)
    g_ptr_array_unref (self->records[id]);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Overview, overview_free)

static void
print_json (Overview *overview)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "version", g_variant_new_string (overview->version));
  g_variant_builder_add (&builder, "{sv}", "modules",
                         ctl_print_to_array (overview->records[CTL_KIND_MODULE]));
  g_variant_builder_add (&builder, "{sv}", "connections",
                         ctl_print_to_array (overview->records[CTL_KIND_CONNECTION]));
  g_variant_builder_add (&builder, "{sv}", "contexts",
                         g_variant_new_uint32 (overview->records[CTL_KIND_CONTEXT]->len));
  g_variant_builder_add (&builder, "{sv}", "credentials",
                         g_variant_new_uint32 (overview->records[CTL_KIND_CREDENTIAL]->len));
  ctl_print_json (g_variant_builder_end (&builder), FALSE);
}

static char *
get_text (GVariant *record, const char *key)
{
  g_autoptr (GVariant) value = ctl_record_lookup (record, key);

  return ctl_text_from_value (key, value);
}

/* "5 (demo to server.example:8883, connected)", or the bare path if it has gone in the meantime. */
static char *
describe_holder (Overview *overview, const char *path)
{
  GPtrArray *connections = overview->records[CTL_KIND_CONNECTION];

  for (guint i = 0; i < connections->len; i++) {
    GVariant *record = connections->pdata[i];
    const char *other = "";

    (void) g_variant_lookup (record, "path", "&o", &other);
    if (!g_str_equal (other, path))
      continue;

    g_autofree char *number = get_text (record, "number");
    g_autofree char *context = get_text (record, "context");
    g_autofree char *host = get_text (record, "host");
    g_autofree char *port = get_text (record, "port");
    g_autofree char *state = get_text (record, "state");
    return g_strdup_printf ("%s (%s to %s:%s, %s)", number, context, host, port, state);
  }
  return ctl_text_get_label (path);
}

static char *
describe_holders (Overview *overview, GVariant *module)
{
  g_autoptr (GVariant) paths = g_variant_lookup_value (module, "slot-holders", G_VARIANT_TYPE ("ao"));
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  gsize n_paths = paths != NULL ? g_variant_n_children (paths) : 0;

  if (n_paths == 0)
    return g_strdup ("-");
  for (gsize i = 0; i < n_paths; i++) {
    const char *path;
    g_variant_get_child (paths, i, "&o", &path);
    g_ptr_array_add (texts, describe_holder (overview, path));
  }
  g_ptr_array_add (texts, NULL);
  return g_strjoinv (", ", (char **) texts->pdata);
}

static void
print_modules (Overview *overview)
{
  GPtrArray *modules = overview->records[CTL_KIND_MODULE];
  g_autoptr (CtlTable) table = ctl_table_new (4);

  if (modules->len == 0)
    return;
  ctl_table_take (table, g_strdup ("MODULE"));
  ctl_table_take (table, g_strdup ("STATE"));
  ctl_table_take (table, g_strdup ("MODEL"));
  ctl_table_take (table, g_strdup ("SLOT HELD BY CONNECTION"));
  for (guint i = 0; i < modules->len; i++) {
    ctl_table_take (table, get_text (modules->pdata[i], "name"));
    ctl_table_take (table, get_text (modules->pdata[i], "state"));
    ctl_table_take (table, get_text (modules->pdata[i], "model"));
    ctl_table_take (table, describe_holders (overview, modules->pdata[i]));
  }

  g_autofree char *text = ctl_table_format (table);
  printf ("\n%s", text);
}

/* Why a module is not ready is what somebody who asks for the status wants to know. */
static void
print_complaints (Overview *overview)
{
  GPtrArray *modules = overview->records[CTL_KIND_MODULE];

  for (guint i = 0; i < modules->len; i++) {
    g_autofree char *name = get_text (modules->pdata[i], "name");
    g_autofree char *complaint = get_text (modules->pdata[i], "state-text");
    if (!g_str_equal (complaint, "-"))
      printf ("\n%s: %s\n", name, complaint);
  }
}

gboolean
ctl_status_run (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  g_autoptr (Overview) overview = bus != NULL ? overview_new (bus, error) : NULL;
  if (overview == NULL || !ctl_missing_add (bus, overview->records[CTL_KIND_MODULE], error))
    return FALSE;

  if (options->json) {
    print_json (overview);
    return TRUE;
  }
  g_autofree char *version = ctl_text_escape (overview->version);
  printf ("modemssld %s (modules: %u, contexts: %u, credentials: %u, connections: %u)\n", version,
          overview->records[CTL_KIND_MODULE]->len, overview->records[CTL_KIND_CONTEXT]->len,
          overview->records[CTL_KIND_CREDENTIAL]->len, overview->records[CTL_KIND_CONNECTION]->len);
  print_modules (overview);
  print_complaints (overview);
  return TRUE;
}
