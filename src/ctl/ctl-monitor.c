/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line for each signal. An event is a word and a record; the data of a connection is none of its business
 * (the daemon sends it to the owner alone).
 */
#include "ctl-monitor.h"

#include <stdio.h>

#include "ctl-bus.h"
#include "ctl-error.h"
#include "ctl-print.h"
#include "ctl-record.h"
#include "ctl-text.h"
#include "mssl-names.h"

typedef struct {
  gboolean json;
  GMainLoop *loop;
  GError *error;
} Monitor;

static void
finish_line (Monitor *self)
{
  if (self->error == NULL && !ctl_print_flush (&self->error))
    g_main_loop_quit (self->loop);
}

static void
print_json_event (const char *event, const CtlKind *kind, GVariant *record)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "time", g_variant_new_string (time));
  g_variant_builder_add (&builder, "{sv}", "event", g_variant_new_string (event));
  if (kind != NULL)
    g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string (kind->name));
  if (record != NULL)
    g_variant_builder_add (&builder, "{sv}", "object", record);
  ctl_print_json (g_variant_builder_end (&builder), TRUE);
}

static void
print_time (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");

  printf ("%s.%03d ", time, g_date_time_get_microsecond (now) / 1000);
}

static void
append_value (GString *text, const char *key, GVariant *value)
{
  g_autofree char *value_text = ctl_text_from_value (key, value);

  g_string_append_printf (text, "%s%s=%s", text->len == 0 ? ": " : ", ", key, value_text);
}

/* All of the record but where it is. */
static char *
describe_record (GVariant *record)
{
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value)) {
    if (!g_str_equal (key, "path"))
      append_value (text, key, value);
  }
  return g_string_free (text, FALSE);
}

/* What a list shows of a new object, but its name, which stands before. */
static char *
describe_columns (const CtlKind *kind, GVariant *record)
{
  GString *text = g_string_new (NULL);

  for (const CtlColumn *column = kind->columns + 1; column->heading != NULL; column++) {
    g_autoptr (GVariant) value = ctl_record_lookup (record, column->key);
    if (value != NULL)
      append_value (text, column->key, value);
  }
  return g_string_free (text, FALSE);
}

static void
emit_event (Monitor *self, const char *event, const CtlKind *kind, const char *path, GVariant *record)
{
  if (self->json) {
    print_json_event (event, kind, record);
  } else {
    g_autofree char *title = ctl_text_get_title (path);
    g_autofree char *text =
        g_str_equal (event, "added") ? describe_columns (kind, record) : describe_record (record);
    print_time ();
    printf ("%s %s%s\n", title, event, text);
  }
  finish_line (self);
}

static void
handle_added (Monitor *self, GVariant *parameters)
{
  const char *path;
  g_autoptr (GVariantIter) interfaces = NULL;
  const char *interface;
  GVariant *properties;

  g_variant_get (parameters, "(&oa{sa{sv}})", &path, &interfaces);
  while (g_variant_iter_loop (interfaces, "{&s@a{sv}}", &interface, &properties)) {
    const CtlKind *kind = ctl_kind_find (interface);
    if (kind != NULL) {
      g_autoptr (GVariant) record = ctl_record_new (kind, path, properties);
      emit_event (self, "added", kind, path, record);
    }
  }
}

/* A record with nothing but the path, or with what @properties (may be NULL, not consumed) holds. */
static GVariant *
make_record (const CtlKind *kind, const char *path, GVariant *properties)
{
  g_autoptr (GVariant) empty = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));

  return ctl_record_new (kind, path, properties != NULL ? properties : empty);
}

static void
handle_removed (Monitor *self, GVariant *parameters)
{
  const char *path;
  g_autoptr (GVariantIter) interfaces = NULL;
  const char *interface;

  g_variant_get (parameters, "(&oas)", &path, &interfaces);
  while (g_variant_iter_loop (interfaces, "&s", &interface)) {
    const CtlKind *kind = ctl_kind_find (interface);
    if (kind != NULL) {
      g_autoptr (GVariant) record = make_record (kind, path, NULL);
      emit_event (self, "removed", kind, path, record);
    }
  }
}

static void
handle_changed (Monitor *self, const char *path, GVariant *parameters)
{
  const char *interface;
  g_autoptr (GVariant) properties = NULL;

  g_variant_get (parameters, "(&s@a{sv}as)", &interface, &properties, NULL);
  const CtlKind *kind = ctl_kind_find (interface);
  if (kind == NULL)
    return;

  g_autoptr (GVariant) record = make_record (kind, path, properties);
  emit_event (self, "changed", kind, path, record);
}

static void
handle_closed (Monitor *self, const char *path, GVariant *parameters)
{
  const CtlKind *kind = ctl_kind_get (CTL_KIND_CONNECTION);
  GVariantBuilder builder;
  gint32 code;
  const char *reason;
  const char *text;

  g_variant_get (parameters, "(i&s&s)", &code, &reason, &text);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "reason", g_variant_new_string (reason));
  g_variant_builder_add (&builder, "{sv}", "code", g_variant_new_int32 (code));
  g_variant_builder_add (&builder, "{sv}", "text", g_variant_new_string (text));
  g_variant_builder_add (&builder, "{sv}", "path", g_variant_new_object_path (path));

  g_autoptr (GVariant) record = g_variant_ref_sink (g_variant_builder_end (&builder));
  emit_event (self, "closed", kind, path, record);
}

static gboolean
is_signal (const char *member, GVariant *parameters, const char *name, const char *type)
{
  return g_str_equal (member, name) && g_variant_is_of_type (parameters, G_VARIANT_TYPE (type));
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *member, GVariant *parameters, gpointer user_data)
{
  Monitor *self = user_data;

  if (is_signal (member, parameters, "InterfacesAdded", "(oa{sa{sv}})"))
    handle_added (self, parameters);
  else if (is_signal (member, parameters, "InterfacesRemoved", "(oas)"))
    handle_removed (self, parameters);
  else if (is_signal (member, parameters, "PropertiesChanged", "(sa{sv}as)"))
    handle_changed (self, path, parameters);
  else if (is_signal (member, parameters, "Closed", "(iss)"))
    handle_closed (self, path, parameters);
}

static void
announce_daemon (Monitor *self, const char *event, const char *sentence)
{
  if (self->json) {
    print_json_event (event, NULL, NULL);
  } else {
    print_time ();
    printf ("%s\n", sentence);
  }
  finish_line (self);
}

static void
on_name_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  announce_daemon (user_data, "daemon-appeared", "modemssld is on the bus");
}

static void
on_name_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  /* There is no bus when the bus itself has gone, which is another's to tell. */
  if (bus != NULL)
    announce_daemon (user_data, "daemon-vanished", "modemssld has left the bus");
}

static void
on_bus_closed (GDBusConnection *bus, gboolean remote_peer_vanished, GError *error, gpointer user_data)
{
  Monitor *self = user_data;

  if (self->error == NULL)
    self->error = g_error_new_literal (CTL_ERROR, CTL_ERROR_FAILED, "the bus went away");
  g_main_loop_quit (self->loop);
}

gboolean
ctl_monitor_run (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  if (bus == NULL)
    return FALSE;

  /* Starts the daemon, or tells why there is none. */
  g_autoptr (GVariant) objects = ctl_record_get_objects (bus, error);
  if (objects == NULL)
    return FALSE;

  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Monitor self = { .json = options->json, .loop = loop };
  guint subscription = g_dbus_connection_signal_subscribe (bus, MSSL_BUS_NAME, NULL, NULL, NULL, NULL,
                                                           G_DBUS_SIGNAL_FLAGS_NONE, on_signal, &self, NULL);
  guint watch = g_bus_watch_name_on_connection (bus, MSSL_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                on_name_appeared, on_name_vanished, &self, NULL);
  gulong closed_handler = g_signal_connect (bus, "closed", G_CALLBACK (on_bus_closed), &self);

  g_main_loop_run (loop);

  g_signal_handler_disconnect (bus, closed_handler);
  g_bus_unwatch_name (watch);
  g_dbus_connection_signal_unsubscribe (bus, subscription);
  g_propagate_error (error, self.error);
  return FALSE;
}
