/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench-client.h. Whatever goes wrong ends the program.
 */
#include "bench-client.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#include "bench-samples.h"

#define NAME "org.modemssl1"
#define MANAGER_PATH "/org/modemssl1"
/* Asking costs the daemon time. */
#define CONFIRMED_PAUSE_US 1000
#define CONNECTION NAME ".Connection"
#define RECEIVE_BUFFER_LEAST 262144 /* the daemon's own */

typedef struct {
  GDBusConnection *bus;
  char *context_path;
  char *path; /* of the connection */
  char *state;
  gsize received;
  guint replies;
} Client;

static GVariant *
call (Client *self, const char *path, const char *interface, const char *method, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply = g_dbus_connection_call_sync (self->bus, NAME, path, interface, method, parameters, NULL,
                                                 G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);

  if (reply == NULL)
    g_error ("%s: %s", method, error->message);
  return reply;
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *name, GVariant *parameters, gpointer user_data)
{
  Client *self = user_data;

  if (g_strcmp0 (path, self->path) != 0)
    return;
  if (g_str_equal (name, "Received")) {
    g_autoptr (GVariant) data = g_variant_get_child_value (parameters, 1);

    self->received += g_variant_get_size (data);
  } else if (g_str_equal (name, "Closed")) {
    g_free (self->state);
    self->state = g_strdup ("closed");
  } else if (g_str_equal (name, "PropertiesChanged")) {
    g_autoptr (GVariant) changed = g_variant_get_child_value (parameters, 1);
    const char *state;

    if (g_variant_lookup (changed, "State", "&s", &state)) {
      g_free (self->state);
      self->state = g_strdup (state);
    }
  }
}

static void
wait_state (Client *self, const char *state)
{
  while (!g_str_equal (self->state, state)) {
    if (g_str_equal (self->state, "closed"))
      g_error ("the connection closed");
    g_main_context_iteration (NULL, TRUE);
  }
}

static void
start (Client *self, const BenchTarget *target)
{
  g_autoptr (GVariant) reply = NULL;

  self->bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  if (self->bus == NULL)
    g_error ("there is no bus");
  g_dbus_connection_signal_subscribe (self->bus, NAME, NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                      on_signal, self, NULL);
  reply = call (self, MANAGER_PATH, NAME ".Manager", "GetContext", g_variant_new ("(s)", target->context));
  g_variant_get (reply, "(o)", &self->context_path);
}

/* @receive_buffer in bytes; 0: what the daemon takes. */
static void
open_connection (Client *self, const BenchTarget *target, guint receive_buffer)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) state = NULL;

  if (receive_buffer > 0)
    g_variant_dict_insert (&options, "receive-buffer", "u", receive_buffer);
  reply = call (
      self, self->context_path, NAME ".Context", "Open",
      g_variant_new ("(sq@a{sv})", target->host, (guint16) target->port, g_variant_dict_end (&options)));
  g_variant_get (reply, "(o)", &self->path);
  /* The steps that were made before the path was known. */
  value = call (self, self->path, "org.freedesktop.DBus.Properties", "Get",
                g_variant_new ("(ss)", CONNECTION, "State"));
  g_variant_get (value, "(v)", &state);
  g_free (self->state);
  self->state = g_variant_dup_string (state, NULL);
  wait_state (self, "connected");
}

static void
release (Client *self)
{
  g_variant_unref (call (self, self->path, CONNECTION, "Release", NULL));
  while (!g_str_equal (self->state, "closed"))
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&self->path, g_free);
}

static void
finish (Client *self)
{
  g_free (self->context_path);
  g_free (self->state);
  g_object_unref (self->bus);
}

static int
acquire (Client *self)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync (
      self->bus, NAME, self->path, CONNECTION, "AcquireStream", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
      &fds, NULL, &error);
  int handle;

  if (reply == NULL)
    g_error ("AcquireStream: %s", error->message);
  g_variant_get (reply, "(h)", &handle);
  return g_unix_fd_list_get (fds, handle, NULL);
}

static void
write_all (int fd, const char *data, gsize size)
{
  while (size > 0) {
    ssize_t written = write (fd, data, size);

    if (written < 0)
      g_error ("write: %m");
    data += written;
    size -= (gsize) written;
  }
}

static void
read_all (int fd, char *data, gsize size)
{
  while (size > 0) {
    ssize_t piece = read (fd, data, size);

    if (piece < 0)
      g_error ("read: %m");
    if (piece == 0)
      g_error ("the connection has ended");
    data += piece;
    size -= (gsize) piece;
  }
}

void
bench_client_run_stream (const BenchTarget *target, gsize size, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autofree char *buffer = bench_samples_new_line (size);
  Client self = { 0 };
  int fd;

  start (&self, target);
  open_connection (&self, target, 0);
  fd = acquire (&self);
  for (guint i = 0; i < count; i++) {
    bench_samples_begin (samples);
    write_all (fd, buffer, size);
    read_all (fd, buffer, size);
    bench_samples_end (samples);
  }
  close (fd);
  release (&self);
  finish (&self);
  bench_samples_print (samples);
}

void
bench_client_run_download (const BenchTarget *target, gsize size, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autofree char *buffer = g_malloc (size);
  Client self = { 0 };
  gsize total = 0;
  int fd;

  start (&self, target);
  /* An unpaced line is a hundred times as fast as a UART, and the module cannot be held back while other
   * processes have the cores. */
  open_connection (&self, target, MAX (RECEIVE_BUFFER_LEAST, (guint) (size * count)));
  fd = acquire (&self);
  write_all (fd, "go\n", strlen ("go\n"));
  bench_samples_begin (samples);
  while (total < size * count) {
    ssize_t piece = read (fd, buffer, size);

    if (piece < 0)
      g_error ("read: %m");
    if (piece == 0)
      g_error ("the connection has ended after %zu of %zu bytes", total, size * count);
    total += (gsize) piece;
  }
  bench_samples_end (samples);
  bench_samples_note (samples, "payload_bytes", (double) total);
  close (fd);
  release (&self);
  finish (&self);
  bench_samples_print (samples);
}

static guint64
get_confirmed (Client *self)
{
  g_autoptr (GVariant) reply = call (self, self->path, "org.freedesktop.DBus.Properties", "Get",
                                     g_variant_new ("(ss)", CONNECTION, "BytesConfirmed"));
  g_autoptr (GVariant) value = NULL;

  g_variant_get (reply, "(v)", &value);
  return g_variant_get_uint64 (value);
}

void
bench_client_run_upload (const BenchTarget *target, gsize size, guint count, guint least_ms)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autofree char *buffer = bench_samples_new_line (size);
  Client self = { 0 };
  int fd;

  start (&self, target);
  open_connection (&self, target, 0);
  fd = acquire (&self);
  bench_samples_begin (samples);
  for (guint i = 0; i < count; i++)
    write_all (fd, buffer, size);
  bench_samples_wait (samples, least_ms);
  while (get_confirmed (&self) < (guint64) size * count)
    g_usleep (CONFIRMED_PAUSE_US);
  bench_samples_end (samples);
  close (fd);
  release (&self);
  finish (&self);
  bench_samples_print (samples);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_error ("Send: %s", error->message);
  self->replies++;
}

void
bench_client_run_signals (const BenchTarget *target, gsize size, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autofree char *payload = bench_samples_new_line (size);
  Client self = { 0 };

  start (&self, target);
  open_connection (&self, target, 0);
  g_variant_unref (call (&self, self.path, CONNECTION, "StartReceiving", NULL));
  for (guint i = 0; i < count; i++) {
    bench_samples_begin (samples);
    g_dbus_connection_call (
        self.bus, NAME, self.path, CONNECTION, "Send",
        g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, payload, size, 1)), NULL,
        G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, on_sent, &self);
    while (self.replies <= i || self.received < (i + 1) * size)
      g_main_context_iteration (NULL, TRUE);
    bench_samples_end (samples);
  }
  release (&self);
  finish (&self);
  bench_samples_print (samples);
}

void
bench_client_run_opens (const BenchTarget *target, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  Client self = { 0 };

  start (&self, target);
  for (guint i = 0; i < count; i++) {
    bench_samples_begin (samples);
    open_connection (&self, target, 0);
    bench_samples_end (samples);
    release (&self);
  }
  finish (&self);
  bench_samples_print (samples);
}
