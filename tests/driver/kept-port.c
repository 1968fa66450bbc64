/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See kept-port.h.
 */
#include "kept-port.h"

#include <check.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

static gboolean
keeper_write (GBytes *data, gpointer user_data)
{
  const KeptPort *self = user_data;
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);

  if (!self->mute)
    ck_assert_int_eq (write (self->fd, bytes, size), (ssize_t) size);
  return TRUE;
}

static void
keeper_forget_announced (gpointer user_data)
{
  KeptPort *self = user_data;

  g_clear_pointer (&self->announced, g_bytes_unref);
}

static gboolean
keeper_write_command (GBytes *command, GBytes *ends, gpointer user_data)
{
  KeptPort *self = user_data;

  keeper_forget_announced (self);
  self->announced = g_bytes_ref (ends);
  return keeper_write (command, self);
}

static void
keeper_note_prompt (gpointer user_data)
{
}

static gboolean
keeper_write_announced (gpointer user_data)
{
  KeptPort *self = user_data;
  g_autoptr (GBytes) announced = g_steal_pointer (&self->announced);

  return keeper_write (announced, self);
}

static void
keeper_set_farewell (const char *const *lines, gpointer user_data)
{
  KeptPort *self = user_data;

  g_string_truncate (self->farewell, 0);
  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (self->farewell, "%s;", lines[i]);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  const KeptPort *self = user_data;
  guint8 data[4096];
  ssize_t size = read (fd, data, sizeof data);

  if (size > 0)
    serial_port_receive (self->port, data, (gsize) size);
  return G_SOURCE_CONTINUE;
}

static void
keeper_watch (gpointer user_data)
{
  KeptPort *self = user_data;

  self->watched = TRUE;
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);
}

static void
stop_reading (KeptPort *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static gboolean
on_unwatched (gpointer user_data)
{
  const KeptPort *self = user_data;

  if (self->port != NULL)
    serial_port_end_watch (self->port);
  return G_SOURCE_REMOVE;
}

static void
keeper_unwatch (gpointer user_data)
{
  KeptPort *self = user_data;

  self->watched = FALSE;
  stop_reading (self);
  g_rc_box_acquire (self);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_unwatched, self, (GDestroyNotify) kept_port_unref);
}

static void
keeper_set_taken (guint64 position, gpointer user_data)
{
  KeptPort *self = user_data;

  ck_assert_uint_ge (position, self->taken);
  self->taken = position;
}

static gboolean
keeper_keep_journal (guint slot, int fd, gpointer user_data)
{
  KeptPort *self = user_data;

  ck_assert_uint_lt (slot, 8);
  if (slot > 0)
    return TRUE;
  if (self->journal >= 0)
    close (self->journal);
  self->journal = fd >= 0 ? dup (fd) : -1;
  return TRUE;
}

static void
keeper_leave (gpointer user_data)
{
  ((KeptPort *) user_data)->left = TRUE;
}

static void
keeper_free (gpointer user_data)
{
  KeptPort *self = user_data;

  stop_reading (self);
  close (self->fd);
  self->port = NULL;
  kept_port_unref (self);
}

static const SerialPortKeeper keeper = {
  .write = keeper_write,
  .write_command = keeper_write_command,
  .forget_announced = keeper_forget_announced,
  .note_prompt = keeper_note_prompt,
  .write_announced = keeper_write_announced,
  .set_farewell = keeper_set_farewell,
  .watch = keeper_watch,
  .unwatch = keeper_unwatch,
  .set_taken = keeper_set_taken,
  .keep_journal = keeper_keep_journal,
  .leave = keeper_leave,
  .free = keeper_free,
};

SerialPort *
kept_port_new (int fd, const SerialPortHistory *history, const char *log, const char *const *unsaid,
               KeptPort **ret_kept)
{
  KeptPort *self = g_rc_box_new0 (KeptPort);
  g_autoptr (GBytes) bytes = g_bytes_new (log, strlen (log));

  self->fd = dup (fd);
  self->journal = -1;
  self->farewell = g_string_new (NULL);
  self->port = serial_port_new_kept (fd, 921600, history, bytes, unsaid, &keeper, self);
  if (history->watched)
    keeper_watch (self);
  *ret_kept = g_rc_box_acquire (self);
  return self->port;
}

static void
clear (gpointer data)
{
  KeptPort *self = data;

  if (self->journal >= 0)
    close (self->journal);
  g_clear_pointer (&self->announced, g_bytes_unref);
  g_string_free (self->farewell, TRUE);
}

void
kept_port_unref (KeptPort *self)
{
  g_rc_box_release_full (self, clear);
}
