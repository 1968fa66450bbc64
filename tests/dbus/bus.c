/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Starting and ending the bus.
 */
#include "bus.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include "scratch.h"

#define PATIENCE_S 60

static const char config_format[] =
    "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN'"
    " 'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>\n"
    "<busconfig>\n"
    "  <type>system</type>\n"
    "  <listen>unix:path=%s/bus</listen>\n"
    "  <auth>EXTERNAL</auth>\n"
    /* What the system bus of every distribution says. */
    "  <policy context='default'>\n"
    "    <allow user='*'/>\n"
    "    <deny own='*'/>\n"
    "    <deny send_type='method_call'/>\n"
    "    <allow send_type='signal'/>\n"
    "    <allow send_requested_reply='true' send_type='method_return'/>\n"
    "    <allow send_requested_reply='true' send_type='error'/>\n"
    "    <allow receive_type='method_call'/>\n"
    "    <allow receive_type='method_return'/>\n"
    "    <allow receive_type='error'/>\n"
    "    <allow receive_type='signal'/>\n"
    "    <allow send_destination='org.freedesktop.DBus'/>\n"
    "  </policy>\n"
    "  <include>%s</include>\n"
    "%s"
    "</busconfig>\n";

/* Stands for the group modemssl, which a machine that builds need not have. */
static void
append_member (GString *policies, const char *user)
{
  g_string_append_printf (policies,
                          "  <policy user='%s'>\n"
                          "    <allow send_destination='org.modemssl1'/>\n"
                          "    <allow receive_sender='org.modemssl1'/>\n"
                          "  </policy>\n",
                          user);
}

static char *
make_policies (void)
{
  GString *policies = g_string_new (NULL);
  const struct passwd *self = getpwuid (geteuid ());

  append_member (policies, BUS_USER_MEMBER);
  append_member (policies, BUS_USER_OTHER);
  if (geteuid () == 0)
    return g_string_free (policies, FALSE);

  append_member (policies, self->pw_name);
  g_string_append_printf (policies,
                          "  <policy user='%s'>\n"
                          "    <allow own='org.modemssl1'/>\n"
                          "    <allow send_interface='org.freedesktop.DBus.Peer' send_member='Ping'/>\n"
                          "  </policy>\n",
                          self->pw_name);
  return g_string_free (policies, FALSE);
}

static void
write_config (Bus *self)
{
  g_autofree char *policies = make_policies ();
  /* The format is a constant above; only -Wformat-nonliteral does not see it. */
  g_autofree char *config = g_strdup_printf (config_format, self->directory, TEST_BUS_POLICY, policies);

  scratch_write (self->directory, "bus.conf", config);
}

/* The address comes on standard output as soon as one can connect. */
static void
start_daemon (Bus *self)
{
  g_autofree char *option = g_strdup_printf ("--config-file=%s/bus.conf", self->directory);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) output = NULL;

  /* An unknown group modemssl is told of on standard error; that is no matter here. */
  self->daemon =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error,
                        TEST_DBUS_DAEMON, option, "--nofork", "--nopidfile", "--print-address", NULL);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->daemon));
  self->address = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->address);
}

static void
become (uid_t uid)
{
  g_assert_cmpint (seteuid (uid), ==, 0);
}

GDBusConnection *
bus_connect (Bus *self, const char *user)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection;
  uid_t uid = user != NULL ? getpwnam (user)->pw_uid : geteuid ();
  uid_t own = geteuid ();

  /* The bus looks at who connects. */
  become (uid);
  connection = g_dbus_connection_new_for_address_sync (self->address,
                                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                           | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                       NULL, NULL, &error);
  become (own);
  g_assert_no_error (error);
  return connection;
}

Bus *
bus_new (void)
{
  Bus *self = g_new0 (Bus, 1);

  self->directory = scratch_new ();
  g_chmod (self->directory, 0755);
  write_config (self);
  start_daemon (self);
  self->connection = bus_connect (self, NULL);
  self->world = world_new (TRUE);
  return self;
}

static void
on_name (gboolean owned, const char *text, gpointer user_data)
{
  Bus *self = user_data;

  if (owned)
    self->owned++;
  else
    self->lost++;
}

void
bus_start_service (Bus *self)
{
  g_autoptr (GError) error = NULL;

  self->service = dbus_service_new (self->connection, self->world->manager, &error);
  g_assert_no_error (error);
  dbus_service_own_name (self->service, on_name, self);
  bus_wait_count (&self->owned, 1);
}

Bus *
bus_new_ready (void)
{
  Bus *self = bus_new ();

  world_make_ready (self->world);
  bus_start_service (self);
  return self;
}

void
bus_free (Bus *self)
{
  g_clear_pointer (&self->service, dbus_service_free);
  world_free (self->world);
  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  fake_port_settle ();
  g_object_unref (self->connection);
  g_subprocess_send_signal (self->daemon, SIGTERM);
  g_subprocess_wait (self->daemon, NULL, NULL);
  g_object_unref (self->daemon);
  fake_port_settle ();
  scratch_free (self->directory);
  g_free (self->address);
  g_free (self);
}

static gboolean
on_wait_timeout (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

void
bus_wait (BusCondition condition, gpointer user_data)
{
  gboolean too_late = FALSE;
  guint id = g_timeout_add_seconds (PATIENCE_S, on_wait_timeout, &too_late);

  while (!condition (user_data)) {
    g_main_context_iteration (NULL, TRUE);
    g_assert_false (too_late);
  }
  g_source_remove (id);
}

typedef struct {
  const guint *counter;
  guint count;
} Count;

static gboolean
is_reached (gpointer user_data)
{
  const Count *count = user_data;

  return *count->counter >= count->count;
}

void
bus_wait_count (const guint *counter, guint count)
{
  Count condition = { counter, count };

  bus_wait (is_reached, &condition);
}
