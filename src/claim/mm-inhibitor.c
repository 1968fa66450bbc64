/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * g_dbus_connection_call() and not mm_manager_inhibit_device(), whose time-out of 25 s is shorter than what
 * ModemManager may need, and which makes a proxy synchronously.
 */
#include "mm-inhibitor.h"

#include "port-quiet.h"

#define SERVICE "org.freedesktop.ModemManager1"
#define PATH "/org/freedesktop/ModemManager1"
#define GIVE_TIMEOUT_MS 10000
#define BUSY_PAUSE_MS 20

struct MmInhibitor {
  GDBusConnection *bus;
  TimerClock *clock;
  char *uid; /* NULL while nothing is inhibited or about to be */

  GTask *task;     /* of a taking; its task data is this object, and NULL once that is freed */
  GError *failure; /* told when the inhibition has been given up */
  char *device;
  SerialPortSettings port;
  PortQuiet *quiet;
  Timer busy;
  gint64 busy_until_us;
};

static void
call (GDBusConnection *bus, const char *uid, gboolean inhibit, int timeout_ms, GAsyncReadyCallback callback,
      gpointer user_data)
{
  g_dbus_connection_call (bus, SERVICE, PATH, SERVICE, "InhibitDevice", g_variant_new ("(sb)", uid, inhibit),
                          NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms, NULL, callback, user_data);
}

/* The port that was opened, or @error (taken). */
static void
finish (MmInhibitor *self, SerialPort *port, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  g_clear_pointer (&self->quiet, port_quiet_free);
  timer_clear (&self->busy);
  if (port != NULL)
    g_task_return_pointer (task, port, (GDestroyNotify) serial_port_free);
  else
    g_task_return_error (task, error);
}

static void
on_given_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  MmInhibitor *self = g_task_get_task_data (task);
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  if (self != NULL)
    finish (self, NULL, g_steal_pointer (&self->failure));
}

/* Whatever went wrong behind the inhibition: first that goes, then the failure is told. */
static void
give_up (MmInhibitor *self, GError *error)
{
  g_autofree char *uid = g_steal_pointer (&self->uid);

  self->failure = error;
  call (self->bus, uid, FALSE, GIVE_TIMEOUT_MS, on_given_up, g_object_ref (self->task));
}

static void
try_open (gpointer user_data)
{
  MmInhibitor *self = user_data;
  g_autoptr (GError) error = NULL;
  SerialPort *port = serial_port_open (&self->port, &error);

  if (port != NULL)
    finish (self, port, NULL);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY)
           && timer_clock_get_now_us (self->clock) < self->busy_until_us)
    timer_set (&self->busy, BUSY_PAUSE_MS);
  else
    give_up (self, g_steal_pointer (&error));
}

static void
on_quiet (gboolean quiet, gpointer user_data)
{
  MmInhibitor *self = user_data;

  g_clear_pointer (&self->quiet, port_quiet_free);
  if (quiet)
    try_open (self);
  else
    give_up (self, g_error_new (G_IO_ERROR, G_IO_ERROR_BUSY, "another program still uses %s", self->device));
}

static void
on_inhibited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  MmInhibitor *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (self == NULL) {
    /* Freed meanwhile. ModemManager would have refused the giving back while it was still taking away. */
    call (G_DBUS_CONNECTION (source), g_object_get_data (G_OBJECT (task), "uid"), FALSE, GIVE_TIMEOUT_MS,
          NULL, NULL);
    return;
  }
  if (reply != NULL) {
    self->busy_until_us = timer_clock_get_now_us (self->clock) + MM_INHIBITOR_BUSY_MS * 1000;
    self->quiet = port_quiet_new (self->device, self->clock, on_quiet, self);
  } else if (g_dbus_error_is_remote_error (error)) {
    g_clear_pointer (&self->uid, g_free);
    finish (self, NULL, g_steal_pointer (&error));
  } else {
    /* It may still succeed, and the inhibition would then be ours. */
    give_up (self, g_steal_pointer (&error));
  }
}

void
mm_inhibitor_take_async (MmInhibitor *self, const char *uid, const SerialPortSettings *port,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (self->task == NULL && self->uid == NULL);

  g_free (self->device);
  self->device = g_strdup (port->device);
  self->port = *port;
  self->port.device = self->device;
  self->uid = g_strdup (uid);
  self->task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_task_data (self->task, self, NULL);
  g_object_set_data_full (G_OBJECT (self->task), "uid", g_strdup (uid), g_free);
  call (self->bus, uid, TRUE, MM_INHIBITOR_TIMEOUT_MS, on_inhibited, g_object_ref (self->task));
}

SerialPort *
mm_inhibitor_take_finish (MmInhibitor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
mm_inhibitor_give_async (MmInhibitor *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree char *uid = g_steal_pointer (&self->uid);

  if (uid == NULL)
    g_task_return_boolean (task, TRUE);
  else
    call (self->bus, uid, FALSE, GIVE_TIMEOUT_MS, on_given, g_steal_pointer (&task));
}

gboolean
mm_inhibitor_give_finish (MmInhibitor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
mm_inhibitor_forget (MmInhibitor *self)
{
  g_clear_pointer (&self->uid, g_free);
}

MmInhibitor *
mm_inhibitor_new (GDBusConnection *bus, TimerClock *clock)
{
  MmInhibitor *self = g_new0 (MmInhibitor, 1);

  self->bus = g_object_ref (bus);
  self->clock = clock;
  timer_init (&self->busy, clock, try_open, self);
  return self;
}

void
mm_inhibitor_free (MmInhibitor *self)
{
  if (self->uid != NULL)
    call (self->bus, self->uid, FALSE, GIVE_TIMEOUT_MS, NULL, NULL);
  if (self->task != NULL) {
    g_task_set_task_data (self->task, NULL, NULL);
    finish (self, NULL, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the claim was given up"));
  }
  timer_dispose (&self->busy);
  g_clear_error (&self->failure);
  g_object_unref (self->bus);
  g_free (self->uid);
  g_free (self->device);
  g_free (self);
}
