/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * modemssl-holder: holds the ports of modemssld over its death. It reads no configuration and nothing that
 * anybody but modemssld has written.
 */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdlib.h>

#include "build-config.h"
#include "holder-server.h"
#include "timer.h"

#define EXIT_USAGE 2
#define LISTEN_FD 3
#define IDLE_MS 10000

typedef struct {
  GMainLoop *loop;
  GDBusConnection *bus; /* NULL without one */
  HolderServer *server;
  Timer idle;
  gboolean activated; /* somebody else listens for us */
  gboolean stopping;
} Holder;

static int
complain (int status, const GError *error)
{
  g_printerr ("modemssl-holder: %s\n", error->message);
  return status;
}

static void
on_idle_for_long (gpointer user_data)
{
  Holder *self = user_data;

  if (holder_server_is_idle (self->server))
    g_main_loop_quit (self->loop);
}

/** Started by activation, it is started again when it is wanted; but not for each question of a daemon that
 * is just starting, which a service manager would take for a crash loop. */
static void
on_idle (gpointer user_data)
{
  Holder *self = user_data;

  if (self->stopping)
    g_main_loop_quit (self->loop);
  else if (self->activated)
    timer_set (&self->idle, IDLE_MS);
}

/** A stop: modemssld is about to be stopped too, or has been; the second signal does not wait for modules. */
static gboolean
on_signal (gpointer user_data)
{
  Holder *self = user_data;

  if (self->stopping) {
    g_main_loop_quit (self->loop);
    return G_SOURCE_CONTINUE;
  }
  self->stopping = TRUE;
  holder_server_stop (self->server);
  return G_SOURCE_CONTINUE;
}

/** The socket that the service manager listens on for us (sd_listen_fds(3)); NULL without an error if none.
 */
static GSocket *
take_activated_socket (GError **error)
{
  const char *pid = g_getenv ("LISTEN_PID");
  const char *fds = g_getenv ("LISTEN_FDS");

  if (g_strcmp0 (fds, "1") != 0 || pid == NULL || g_ascii_strtoull (pid, NULL, 10) != (guint64) getpid ())
    return NULL;
  return g_socket_new_from_fd (LISTEN_FD, error);
}

static GSocket *
listen_at (const char *path, GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, error);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  if (socket == NULL)
    return NULL;
  g_unlink (path);
  if (!g_socket_bind (socket, address, FALSE, error) || !g_socket_listen (socket, error)) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  return g_steal_pointer (&socket);
}

static int
run (Holder *self, const char *path, const HolderPortTiming *timing)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = take_activated_socket (&error);

  self->activated = socket != NULL;
  if (socket == NULL && error == NULL)
    socket = listen_at (path, &error);
  if (socket == NULL)
    return complain (EXIT_FAILURE, error);
  self->bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  if (self->bus != NULL)
    g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  self->loop = g_main_loop_new (NULL, FALSE);
  timer_init (&self->idle, timer_clock_get_system (), on_idle_for_long, self);
  self->server = holder_server_new (socket, self->bus, timing, on_idle, self);
  g_unix_signal_add (SIGTERM, on_signal, self);
  g_unix_signal_add (SIGINT, on_signal, self);
  g_main_loop_run (self->loop);
  timer_dispose (&self->idle);
  holder_server_free (self->server);
  g_main_loop_unref (self->loop);
  g_clear_object (&self->bus);
  if (!self->activated)
    g_unlink (path);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int grace_s = (int) holder_port_timing_default.grace_ms / 1000;
  gboolean show_version = FALSE;
  const GOptionEntry entries[] = {
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &path,
      "Where modemssld finds it, unless a service manager passes the socket (default: " MODEMSSL_HOLDER_SOCKET
      ")",
      "PATH" },
    { "grace", 0, 0, G_OPTION_ARG_INT, &grace_s,
      "How long modemssld may be away before its modules are let go (1 to 600, default: 20)", "SECONDS" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Print the version and exit", NULL },
    { NULL },
  };
  HolderPortTiming timing = holder_port_timing_default;
  Holder self = { 0 };

  setlocale (LC_ALL, "");
  umask (0077);
  g_option_context_set_summary (context, "Holds the ports of modemssld when that is killed or restarted.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return complain (EXIT_USAGE, error);
  if (show_version) {
    g_print ("modemssl-holder %s\n", MODEMSSL_VERSION);
    return EXIT_SUCCESS;
  }
  if (argc > 1 || grace_s < 1 || grace_s > 600) {
    g_printerr ("modemssl-holder: it takes no arguments but options; --grace is from 1 to 600\n");
    return EXIT_USAGE;
  }
  timing.grace_ms = (guint) grace_s * 1000;
  return run (&self, path != NULL ? path : MODEMSSL_HOLDER_SOCKET, &timing);
}
