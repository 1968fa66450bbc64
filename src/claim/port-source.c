/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See port-source.h.
 */
#include "port-source.h"

#include "mm-inhibitor.h"

typedef struct {
  PortSource *source; /* NULL once that is freed */
  GTask *task;
  char *uid;
  SerialPortSettings settings;
  char *device; /* behind settings.device */
} Take;

struct PortSource {
  char *holder_path;
  MmInhibitor *inhibitor; /* NULL without a bus */
  Take *take;             /* under way */
  char *held_device;      /* inhibited by the holder; else NULL */
  HeldPortFacts resumed;
  gboolean inhibited; /* by this process */
};

static void
take_free (Take *take)
{
  g_clear_object (&take->task);
  g_free (take->uid);
  g_free (take->device);
  g_free (take);
}

/** Takes @take and @port, or @error. */
static void
finish (Take *take, SerialPort *port, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&take->task);

  take->source->take = NULL;
  take_free (take);
  if (port != NULL)
    g_task_return_pointer (task, port, (GDestroyNotify) serial_port_free);
  else
    g_task_return_error (task, error);
}

/** Nobody wants @port (or @error) any more; both are taken. */
static void
drop (Take *take, SerialPort *port, GError *error)
{
  g_clear_pointer (&port, serial_port_free);
  g_clear_error (&error);
  take_free (take);
}

static void
on_inhibited (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Take *take = user_data;
  GError *error = NULL;
  SerialPort *port = mm_inhibitor_take_finish (NULL, result, &error);

  if (take->source == NULL) {
    drop (take, port, error);
    return;
  }
  take->source->inhibited = port != NULL;
  finish (take, port, error);
}

static void
take_directly (Take *take)
{
  PortSource *self = take->source;
  GError *error = NULL;
  SerialPort *port;

  if (take->uid != NULL && !self->inhibited) {
    mm_inhibitor_take_async (self->inhibitor, take->uid, &take->settings, on_inhibited, take);
    return;
  }
  port = serial_port_open (&take->settings, &error);
  finish (take, port, error);
}

static void
on_held (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Take *take = user_data;
  PortSource *self = take->source;
  GError *error = NULL;
  SerialPort *port = held_port_open_finish (result, NULL, &error);

  if (self == NULL) {
    drop (take, port, error);
    return;
  }
  if (port == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED)) {
    g_debug ("%s", error->message);
    g_error_free (error);
    take_directly (take);
    return;
  }
  if (port != NULL && take->uid != NULL) {
    g_free (self->held_device);
    self->held_device = g_strdup (take->device);
  }
  finish (take, port, error);
}

static Take *
take_new (PortSource *self, const char *uid, const SerialPortSettings *settings, GAsyncReadyCallback callback,
          gpointer user_data)
{
  Take *take = g_new (Take, 1);

  *take = (Take){
    .source = self,
    .task = g_task_new (NULL, NULL, callback, user_data),
    .uid = g_strdup (uid),
    .settings = *settings,
    .device = g_strdup (settings->device),
  };
  take->settings.device = take->device;
  g_task_set_source_tag (take->task, port_source_take_async);
  self->take = take;
  return take;
}

void
port_source_take_async (PortSource *self, const char *uid, const char *note,
                        const SerialPortSettings *settings, GAsyncReadyCallback callback, gpointer user_data)
{
  Take *take;

  g_return_if_fail (self->take == NULL && (uid == NULL || self->inhibitor != NULL));

  take = take_new (self, uid, settings, callback, user_data);
  if (self->holder_path != NULL && !self->inhibited)
    held_port_open_async (self->holder_path, uid, note, &take->settings, on_held, take);
  else
    take_directly (take);
}

static void
on_resumed (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Take *take = user_data;
  PortSource *self = take->source;
  GError *error = NULL;
  g_auto (HeldPortFacts) facts = { 0 };
  SerialPort *port = held_port_open_finish (result, &facts, &error);

  if (self == NULL) {
    drop (take, port, error);
    return;
  }
  if (port != NULL) {
    held_port_facts_clear (&self->resumed);
    self->resumed = facts;
    facts = (HeldPortFacts){ 0 };
    if (*self->resumed.uid != '\0') {
      g_free (self->held_device);
      self->held_device = g_strdup (self->resumed.device);
    }
  }
  finish (take, port, error);
}

void
port_source_resume_async (PortSource *self, const char *note, const SerialPortSettings *settings,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  Take *take;

  g_return_if_fail (self->take == NULL);

  take = take_new (self, NULL, settings, callback, user_data);
  if (self->holder_path != NULL)
    held_port_resume_async (self->holder_path, note, &take->settings, on_resumed, take);
  else
    finish (take, NULL, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no holder"));
}

const HeldPortFacts *
port_source_get_resumed (PortSource *self)
{
  return &self->resumed;
}

SerialPort *
port_source_take_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_given_by_holder (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (held_port_give_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_given (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (mm_inhibitor_give_finish (NULL, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
port_source_give_async (PortSource *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree char *device = g_steal_pointer (&self->held_device);

  g_task_set_source_tag (task, port_source_give_async);
  if (device != NULL) {
    held_port_give_async (self->holder_path, device, on_given_by_holder, task);
  } else if (self->inhibited) {
    self->inhibited = FALSE;
    mm_inhibitor_give_async (self->inhibitor, on_given, task);
  } else {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
  }
}

gboolean
port_source_give_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
port_source_forget (PortSource *self)
{
  g_autofree char *device = g_steal_pointer (&self->held_device);

  self->inhibited = FALSE;
  if (self->inhibitor != NULL)
    mm_inhibitor_forget (self->inhibitor);
  if (device != NULL)
    held_port_give_async (self->holder_path, device, NULL, NULL);
}

PortSource *
port_source_new (const char *holder_path, GDBusConnection *bus, TimerClock *clock)
{
  PortSource *self = g_new0 (PortSource, 1);

  self->holder_path = g_strdup (holder_path);
  if (bus != NULL)
    self->inhibitor = mm_inhibitor_new (bus, clock);
  return self;
}

void
port_source_free (PortSource *self)
{
  Take *take = g_steal_pointer (&self->take);

  if (take != NULL) {
    g_autoptr (GTask) task = g_object_ref (take->task);

    take->source = NULL;
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the claim was given up");
  }
  g_clear_pointer (&self->inhibitor, mm_inhibitor_free);
  g_free (self->holder_path);
  g_free (self->held_device);
  held_port_facts_clear (&self->resumed);
  g_free (self);
}
