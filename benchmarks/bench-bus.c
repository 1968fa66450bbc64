/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench-bus.h.
 */
#include "bench-bus.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-samples.h"

#define NAME "org.modemssl.Bench"
#define PATH "/org/modemssl/Bench"

static const char xml[] =
    "<node><interface name='" NAME "'><method name='Echo'><arg type='ay' direction='in'/></method>"
    "<signal name='Echoed'><arg type='ay'/></signal></interface></node>";

static void
handle_call (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
             const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  g_dbus_connection_emit_signal (bus, sender, PATH, NAME, "Echoed", parameters, NULL);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static GDBusConnection *
connect_bus (void)
{
  GDBusConnection *bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);

  if (bus == NULL)
    g_error ("there is no bus");
  return bus;
}

void
bench_bus_serve (void)
{
  static const GDBusInterfaceVTable vtable = { handle_call, NULL, NULL, { 0 } };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (xml, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GDBusConnection) bus = connect_bus ();

  g_dbus_connection_register_object (bus, PATH, info->interfaces[0], &vtable, NULL, NULL, NULL);
  g_bus_own_name_on_connection (bus, NAME, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
  printf ("ready\n");
  fflush (stdout);
  g_main_loop_run (loop);
}

static void
on_echoed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *name, GVariant *parameters, gpointer user_data)
{
  guint *left = user_data;

  (*left)--;
}

static void
on_replied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *left = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_error ("Echo: %s", error->message);
  (*left)--;
}

void
bench_bus_run (gsize size, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autoptr (GDBusConnection) bus = connect_bus ();
  g_autofree char *payload = bench_samples_new_line (size);
  guint left = 0;

  g_dbus_connection_signal_subscribe (bus, NAME, NAME, "Echoed", PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                      on_echoed, &left, NULL);
  for (guint i = 0; i < count; i++) {
    bench_samples_begin (samples);
    left = 2;
    g_dbus_connection_call (
        bus, NAME, PATH, NAME, "Echo",
        g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, payload, size, 1)), NULL,
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_replied, &left);
    while (left > 0)
      g_main_context_iteration (NULL, TRUE);
    bench_samples_end (samples);
  }
  bench_samples_print (samples);
}

static void
give_back (int fd, gsize size)
{
  g_autofree char *buffer = g_malloc (size);

  for (;;) {
    ssize_t got = read (fd, buffer, size);

    if (got <= 0 || write (fd, buffer, (gsize) got) != got)
      _exit (0);
  }
}

void
bench_bus_run_socketpair (gsize size, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autofree char *buffer = bench_samples_new_line (size);
  int fds[2];
  pid_t child;

  if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) < 0)
    g_error ("socketpair: %m");
  child = fork ();
  if (child == 0) {
    close (fds[0]);
    give_back (fds[1], size);
  }
  close (fds[1]);
  for (guint i = 0; i < count; i++) {
    bench_samples_begin (samples);
    if (write (fds[0], buffer, size) != (ssize_t) size)
      g_error ("write: %m");
    for (gsize got = 0; got < size;)
      got += (gsize) read (fds[0], buffer, size - got);
    bench_samples_end (samples);
  }
  close (fds[0]);
  waitpid (child, NULL, 0);
  bench_samples_print (samples);
}

void
bench_bus_run_modem_manager (const char *path, const char *command, guint count)
{
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autoptr (GDBusConnection) bus = connect_bus ();

  for (guint i = 0; i < count; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = NULL;

    bench_samples_begin (samples);
    reply = g_dbus_connection_call_sync (
        bus, "org.freedesktop.ModemManager1", path, "org.freedesktop.ModemManager1.Modem", "Command",
        g_variant_new ("(su)", command, 10), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    bench_samples_end (samples);
    if (reply == NULL)
      g_error ("Command: %s", error->message);
  }
  bench_samples_print (samples);
}
