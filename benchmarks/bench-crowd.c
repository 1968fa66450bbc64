/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench-crowd.h. Whatever goes wrong ends the program.
 */
#include "bench-crowd.h"

#include <gio/gunixfdlist.h>
#include <poll.h>
#include <unistd.h>

#include "bench-process.h"
#include "bench-samples.h"

#define NAME "org.modemssl1"
#define MANAGER_PATH "/org/modemssl1"
#define CONNECTION NAME ".Connection"
#define PAUSE_US 10000

typedef struct {
  GDBusConnection *bus;
  char *path;
} Member;

typedef struct {
  int fd;
  gsize got;  /* of this round */
  guint left; /* rounds */
} Stream;

static GVariant *
call (GDBusConnection *bus, const char *path, const char *interface, const char *method, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply = g_dbus_connection_call_sync (bus, NAME, path, interface, method, parameters, NULL,
                                                 G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);

  if (reply == NULL)
    g_error ("%s: %s", method, error->message);
  return reply;
}

static GDBusConnection *
connect_bus (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  GDBusConnection *bus = g_dbus_connection_new_for_address_sync (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);

  if (bus == NULL)
    g_error ("%s", error->message);
  return bus;
}

static char *
get_context (GDBusConnection *bus, const char *name)
{
  g_autoptr (GVariant) reply =
      call (bus, MANAGER_PATH, NAME ".Manager", "GetContext", g_variant_new ("(s)", name));
  char *path;

  g_variant_get (reply, "(o)", &path);
  return path;
}

static void
open_connection (Member *self, const BenchTarget *target, const char *context_path)
{
  g_autoptr (GVariant) reply = call (self->bus, context_path, NAME ".Context", "Open",
                                     g_variant_new ("(sqa{sv})", target->host, (guint16) target->port, NULL));

  g_variant_get (reply, "(o)", &self->path);
}

static char *
get_state (const Member *self)
{
  g_autoptr (GVariant) reply = call (self->bus, self->path, "org.freedesktop.DBus.Properties", "Get",
                                     g_variant_new ("(ss)", CONNECTION, "State"));
  g_autoptr (GVariant) value = NULL;

  g_variant_get (reply, "(v)", &value);
  return g_variant_dup_string (value, NULL);
}

static void
wait_connected (const Member *self)
{
  for (;;) {
    g_autofree char *state = get_state (self);

    if (g_str_equal (state, "connected"))
      return;
    if (g_str_equal (state, "closed"))
      g_error ("%s closed", self->path);
    g_usleep (PAUSE_US);
  }
}

static int
acquire (const Member *self)
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
begin_round (Stream *stream, const char *payload, gsize size)
{
  stream->got = 0;
  if (write (stream->fd, payload, size) != (ssize_t) size)
    g_error ("write: %m");
}

/** TRUE when the last round is over. */
static gboolean
go_on (Stream *stream, const char *payload, gsize size)
{
  char buffer[4096];
  ssize_t got = read (stream->fd, buffer, sizeof buffer);

  if (got <= 0)
    g_error ("read: %m");
  stream->got += (gsize) got;
  if (stream->got < size)
    return FALSE;
  if (--stream->left == 0)
    return TRUE;
  begin_round (stream, payload, size);
  return FALSE;
}

static void
run_rounds (Stream *streams, guint number, const char *payload, gsize size)
{
  g_autofree struct pollfd *polled = g_new0 (struct pollfd, number);
  guint running = number;

  for (guint i = 0; i < number; i++) {
    polled[i] = (struct pollfd){ .fd = streams[i].fd, .events = POLLIN };
    begin_round (&streams[i], payload, size);
  }
  while (running > 0) {
    if (poll (polled, number, -1) < 0)
      g_error ("poll: %m");
    for (guint i = 0; i < number; i++) {
      if (polled[i].revents != 0 && go_on (&streams[i], payload, size)) {
        polled[i].fd = -1;
        running--;
      }
    }
  }
}

void
bench_crowd_run_streams (const BenchTarget *target, gsize size, guint count, guint number)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autoptr (GDBusConnection) bus = connect_bus ();
  g_autofree char *context = get_context (bus, target->context);
  g_autofree char *payload = bench_samples_new_line (size);
  g_autofree Member *members = g_new0 (Member, number);
  g_autofree Stream *streams = g_new0 (Stream, number);
  guint pid = bench_process_find (bus, NAME);
  gint64 cpu_ns;

  for (guint i = 0; i < number; i++) {
    members[i].bus = bus;
    open_connection (&members[i], target, context);
  }
  for (guint i = 0; i < number; i++) {
    wait_connected (&members[i]);
    streams[i] = (Stream){ acquire (&members[i]), 0, count };
  }
  cpu_ns = bench_process_get_cpu_ns (pid);
  bench_samples_begin (samples);
  run_rounds (streams, number, payload, size);
  bench_samples_end (samples);
  bench_samples_note (samples, "cpu_ns", (double) (bench_process_get_cpu_ns (pid) - cpu_ns));
  bench_samples_note (samples, "private_dirty_kb",
                      (double) bench_process_get_memory_kb (pid, "Private_Dirty:"));
  for (guint i = 0; i < number; i++) {
    close (streams[i].fd);
    g_variant_unref (call (bus, members[i].path, CONNECTION, "Release", NULL));
    g_free (members[i].path);
  }
  bench_samples_print (samples);
}

static void
ask_in_turn (const Member *members, guint number, guint count, BenchSamples *samples)
{
  for (guint round = 0; round < count; round++) {
    for (guint i = 0; i < number; i++) {
      g_autofree char *state = NULL;

      bench_samples_begin (samples);
      state = get_state (&members[i]);
      bench_samples_end (samples);
    }
  }
}

void
bench_crowd_run_clients (const BenchTarget *target, guint count, guint number)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autoptr (GDBusConnection) bus = connect_bus ();
  g_autofree char *context = get_context (bus, target->context);
  g_autofree Member *members = g_new0 (Member, number);
  guint pid = bench_process_find (bus, NAME);
  gint64 cpu_ns;

  bench_samples_note (samples, "before_kb", (double) bench_process_get_memory_kb (pid, "Private_Dirty:"));
  for (guint i = 0; i < number; i++) {
    members[i].bus = connect_bus ();
    open_connection (&members[i], target, context);
  }
  wait_connected (&members[0]);
  bench_samples_note (samples, "after_kb", (double) bench_process_get_memory_kb (pid, "Private_Dirty:"));
  cpu_ns = bench_process_get_cpu_ns (pid);
  ask_in_turn (members, number, count, samples);
  bench_samples_note (samples, "cpu_ns", (double) (bench_process_get_cpu_ns (pid) - cpu_ns));
  for (guint i = number; i-- > 0;) {
    g_variant_unref (call (members[i].bus, members[i].path, CONNECTION, "Release", NULL));
    g_free (members[i].path);
    g_object_unref (members[i].bus);
  }
  bench_samples_print (samples);
}

void
bench_crowd_run_calls (const BenchTarget *target, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autoptr (GDBusConnection) bus = connect_bus ();
  guint pid = bench_process_find (bus, NAME);
  gint64 cpu_ns = bench_process_get_cpu_ns (pid);

  for (guint i = 0; i < count; i++) {
    g_autofree char *path = NULL;

    bench_samples_begin (samples);
    path = get_context (bus, target->context);
    bench_samples_end (samples);
  }
  bench_samples_note (samples, "cpu_ns", (double) (bench_process_get_cpu_ns (pid) - cpu_ns));
  bench_samples_print (samples);
}
