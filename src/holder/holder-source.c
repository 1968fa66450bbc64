/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-source.h.
 */
#include "holder-source.h"

#include "mm-inhibitor.h"
#include "timer.h"

struct HolderSource {
  const SerialPortSettings *settings;
  char *uid;
  MmInhibitor *inhibitor; /* NULL when there is nothing to inhibit */
  gboolean inhibited;
  HolderSourceOpenedFunc opened;
  HolderSourceGivenFunc given;
  gpointer user_data;
};

static void
on_inhibited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HolderSource *self = user_data;
  g_autoptr (GError) error = NULL;
  SerialPort *port = mm_inhibitor_take_finish (NULL, result, &error);

  if (port == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* this was freed */
  self->inhibited = port != NULL;
  self->opened (port, error, self->user_data);
}

void
holder_source_open (HolderSource *self)
{
  g_autoptr (GError) error = NULL;
  SerialPort *port;

  if (self->inhibitor != NULL && !self->inhibited) {
    mm_inhibitor_take_async (self->inhibitor, self->uid, self->settings, on_inhibited, self);
    return;
  }
  port = serial_port_open (self->settings, &error);
  self->opened (port, error, self->user_data);
}

static void
on_given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HolderSource *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!mm_inhibitor_give_finish (NULL, result, &error))
    g_message ("%s: ModemManager did not take it back: %s", self->settings->device, error->message);
  self->given (self->user_data);
}

void
holder_source_give (HolderSource *self)
{
  if (!self->inhibited) {
    self->given (self->user_data);
    return;
  }
  self->inhibited = FALSE;
  mm_inhibitor_give_async (self->inhibitor, on_given, self);
}

gboolean
holder_source_is_taken (HolderSource *self)
{
  return self->inhibited;
}

const char *
holder_source_get_uid (HolderSource *self)
{
  return self->uid;
}

HolderSource *
holder_source_new (GDBusConnection *bus, const char *uid, const SerialPortSettings *settings,
                   HolderSourceOpenedFunc opened, HolderSourceGivenFunc given, gpointer user_data)
{
  HolderSource *self = g_new0 (HolderSource, 1);

  self->settings = settings;
  self->uid = g_strdup (uid);
  if (*uid != '\0')
    self->inhibitor = mm_inhibitor_new (bus, timer_clock_get_system ());
  self->opened = opened;
  self->given = given;
  self->user_data = user_data;
  return self;
}

void
holder_source_free (HolderSource *self)
{
  g_clear_pointer (&self->inhibitor, mm_inhibitor_free);
  g_free (self->uid);
  g_free (self);
}
