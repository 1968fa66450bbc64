/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls and the log.
 */
#include "client.h"

#include "mssl-names.h"

#define CONTEXT_PATH MSSL_PATH_CONTEXTS "/c0"

void
call_clear (Call *self)
{
  g_clear_pointer (&self->reply, g_variant_unref);
  g_clear_error (&self->error);
}

void
call_expect_error (Call *self, const char *name)
{
  g_autofree char *got = NULL;

  bus_wait_count (&self->answered, 1);
  g_assert_nonnull (self->error);
  got = g_dbus_error_get_remote_error (self->error);
  g_assert_cmpstr (got, ==, name);
}

GVariant *
call_expect_reply (Call *self)
{
  bus_wait_count (&self->answered, 1);
  g_assert_no_error (self->error);
  return self->reply;
}

static void
add_line (Client *self, char *line)
{
  g_ptr_array_add (self->log, line);
  self->n_log++;
}

static void
log_properties (Client *self, GVariant *parameters)
{
  g_autoptr (GVariant) changed = NULL;
  const char *state;

  g_variant_get (parameters, "(&s@a{sv}@as)", NULL, &changed, NULL);
  if (g_variant_lookup (changed, "State", "&s", &state))
    add_line (self, g_strdup_printf ("state %s", state));
}

static void
log_received (Client *self, GVariant *parameters)
{
  g_autoptr (GVariant) data = NULL;
  guint64 offset;

  g_variant_get (parameters, "(t@ay)", &offset, &data);
  g_assert_cmpuint (g_variant_get_size (data), >, 0);
  add_line (self, g_strdup_printf ("received %" G_GUINT64_FORMAT " %" G_GSIZE_FORMAT, offset,
                                   g_variant_get_size (data)));
  g_assert_cmpuint (offset, ==, self->received_bytes);
  self->received_bytes += g_variant_get_size (data);
  self->received_signals++;
}

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *parameters, gpointer user_data)
{
  Client *self = user_data;
  const char *text;
  int code;

  if (g_str_equal (signal, "PropertiesChanged") && g_str_has_prefix (path, MSSL_PATH_CONNECTIONS)) {
    log_properties (self, parameters);
  } else if (g_str_equal (signal, "Received")) {
    log_received (self, parameters);
  } else if (g_str_equal (signal, "Closed")) {
    g_variant_get (parameters, "(i&s&s)", &code, &text, NULL);
    self->closed_signals++;
    add_line (self, g_strdup_printf ("closed %d %s", code, text));
  } else if (g_str_equal (signal, "InterfacesAdded")) {
    g_variant_get_child (parameters, 0, "&o", &text);
    add_line (self, g_strdup_printf ("added %s", text));
  } else if (g_str_equal (signal, "InterfacesRemoved")) {
    g_variant_get_child (parameters, 0, "&o", &text);
    add_line (self, g_strdup_printf ("removed %s", text));
  }
}

/* Runs in GDBus' worker. A call that is swallowed here is never answered. */
static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  Client *self = user_data;

  if (!incoming || !g_atomic_int_get (&self->deaf)
      || g_strcmp0 (g_dbus_message_get_member (message), "Ping") != 0)
    return message;

  g_atomic_int_inc ((gint *) &self->pings);
  g_object_unref (message);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;

  call->reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &call->error);
  call->answered++;
}

/* The bus answers in its turn: by then it knows the match rules. */
static void
sync_with_bus (Client *self)
{
  g_auto (Call) call = { 0 };

  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetId", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                          on_answer, &call);
  call_expect_reply (&call);
}

Client *
client_new (Bus *bus, const char *user)
{
  Client *self = g_new0 (Client, 1);

  self->connection = bus_connect (bus, user);
  self->log = g_ptr_array_new_with_free_func (g_free);
  g_dbus_connection_add_filter (self->connection, filter, self, NULL);
  g_dbus_connection_signal_subscribe (self->connection, g_dbus_connection_get_unique_name (bus->connection),
                                      NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self,
                                      NULL);
  sync_with_bus (self);
  return self;
}

void
client_free (Client *self)
{
  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_object_unref (self->connection);
  fake_port_settle ();
  g_ptr_array_unref (self->log);
  g_free (self);
}

void
client_begin (Client *self, const char *path, const char *interface, const char *method, GVariant *arguments,
              Call *call)
{
  g_dbus_connection_call (self->connection, MSSL_BUS_NAME, path, interface, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, on_answer, call);
}

GVariant *
client_call (Client *self, const char *path, const char *interface, const char *method, GVariant *arguments)
{
  g_auto (Call) call = { 0 };

  client_begin (self, path, interface, method, arguments, &call);
  return g_variant_ref (call_expect_reply (&call));
}

void
client_expect_error (Client *self, const char *path, const char *interface, const char *method,
                     GVariant *arguments, const char *error_name)
{
  g_auto (Call) call = { 0 };

  client_begin (self, path, interface, method, arguments, &call);
  call_expect_error (&call, error_name);
}

char *
client_open (Client *self, const char *options)
{
  GVariant *parsed =
      g_variant_parse (G_VARIANT_TYPE_VARDICT, options != NULL ? options : "{}", NULL, NULL, NULL);
  g_autoptr (GVariant) reply = client_call (self, CONTEXT_PATH, MSSL_INTERFACE_CONTEXT, "Open",
                                            g_variant_new ("(sq@a{sv})", "example.org", 8883, parsed));
  char *path;

  g_variant_unref (parsed);
  g_variant_get (reply, "(o)", &path);
  return path;
}

static gboolean
is_opening (gpointer user_data)
{
  return fake_port_is_pending (user_data, FAKE_OPEN, 0);
}

char *
client_connect (Client *self, Bus *bus, const char *options)
{
  char *path = client_open (self, options);

  bus_wait (is_opening, bus->world->port);
  fake_port_tell_connecting (bus->world->port, 0);
  fake_port_finish (bus->world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  client_expect (self, "state connected");
  return path;
}

GVariant *
client_get (Client *self, const char *path, const char *interface, const char *property)
{
  g_autoptr (GVariant) reply = client_call (self, path, "org.freedesktop.DBus.Properties", "Get",
                                            g_variant_new ("(ss)", interface, property));
  GVariant *value;

  g_variant_get (reply, "(v)", &value);
  return value;
}

gboolean
client_has (Client *self, const char *line)
{
  for (guint i = 0; i < self->log->len; i++)
    if (g_str_equal (self->log->pdata[i], line))
      return TRUE;
  return FALSE;
}

typedef struct {
  Client *client;
  const char *line;
} Expectation;

static gboolean
is_met (gpointer user_data)
{
  const Expectation *expectation = user_data;

  return client_has (expectation->client, expectation->line);
}

void
client_expect (Client *self, const char *line)
{
  Expectation expectation = { self, line };

  bus_wait (is_met, &expectation);
}

void
client_sync (Client *self)
{
  g_variant_unref (client_get (self, MSSL_PATH, MSSL_INTERFACE_MANAGER, "Version"));
}
