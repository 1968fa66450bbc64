/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Non-blocking throughout; what the tty does not take at once waits in a queue.
 */
#include "serial-port.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "serial-tty.h"

#define BITS_PER_BYTE 10 /* start, eight data bits, stop */

struct SerialPort {
  int fd;
  guint baud_rate;
  gboolean is_tty;
  struct termios former; /* valid when is_tty */
  const SerialPortListener *listener;
  gpointer listener_data;
  GSource *read_source;
  GSource *write_source; /* while the queue is not empty */
  GSource *error_source; /* a write failed: reported from the main loop */
  GError *write_error;
  gboolean hung_up; /* reported, or about to be */
  GQueue queue;     /* of GBytes */
  gsize queued_bytes;
  gsize head_written; /* bytes of the head of the queue */
  GBytes *announced;
  guint64 commands; /* of serial_port_write_command() */
  GStrv unsaid;     /* never NULL */
  gboolean paused;
  SerialPortHistory history;
  GByteArray *pending; /* what the keeper has brought and no listener has got */
  guint64 position;    /* behind what the keeper has brought and the listener has got */
  guint64 taken;
  gboolean watched;
  guint unwatching; /* how often the keeper was told to read no more and has not answered */
  const SerialPortKeeper *keeper;
  gpointer keeper_data;
  GBytes *told;         /* the last thing that the keeper was told, if that was to write this */
  GError *keeper_error; /* the keeper is gone, but what was announced must be written before the hang-up */
};

gboolean
serial_port_baud_rate_is_valid (guint baud_rate)
{
  return serial_tty_knows_rate (baud_rate);
}

SerialPort *
serial_port_new_for_fd (int fd, guint baud_rate)
{
  SerialPort *self = g_new0 (SerialPort, 1);

  self->fd = fd;
  self->baud_rate = baud_rate;
  self->unsaid = g_new0 (char *, 1);
  self->pending = g_byte_array_new ();
  g_queue_init (&self->queue);
  return self;
}

SerialPort *
serial_port_new_kept (int fd, guint baud_rate, const SerialPortHistory *history, GBytes *log,
                      const char *const *unsaid, const SerialPortKeeper *keeper, gpointer keeper_data)
{
  SerialPort *self = serial_port_new_for_fd (fd, baud_rate);

  if (history != NULL)
    self->history = *history;
  self->watched = self->history.watched;
  self->position = self->taken = self->history.log_begin;
  if (log != NULL && g_bytes_get_size (log) > 0)
    g_byte_array_append (self->pending, g_bytes_get_data (log, NULL), (guint) g_bytes_get_size (log));
  if (unsaid != NULL) {
    g_strfreev (self->unsaid);
    self->unsaid = g_strdupv ((GStrv) unsaid);
  }
  self->keeper = keeper;
  self->keeper_data = keeper_data;
  return self;
}

SerialPort *
serial_port_open (const SerialPortSettings *settings, GError **error)
{
  SerialPort *self;
  struct termios former;
  int fd = serial_tty_open (settings, &former, error);

  if (fd < 0)
    return NULL;
  self = serial_port_new_for_fd (fd, settings->baud_rate);
  self->is_tty = TRUE;
  self->former = former;
  return self;
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
stop_sources (SerialPort *self)
{
  clear_source (&self->read_source);
  clear_source (&self->write_source);
  clear_source (&self->error_source);
}

void
serial_port_free (SerialPort *self)
{
  stop_sources (self);
  if (self->is_tty)
    serial_tty_close (self->fd, &self->former);
  else
    close (self->fd);
  if (self->keeper != NULL)
    self->keeper->free (self->keeper_data);
  g_clear_pointer (&self->announced, g_bytes_unref);
  g_byte_array_unref (self->pending);
  g_strfreev (self->unsaid);
  g_queue_clear_full (&self->queue, (GDestroyNotify) g_bytes_unref);
  g_clear_error (&self->write_error);
  g_clear_error (&self->keeper_error);
  g_clear_pointer (&self->told, g_bytes_unref);
  g_free (self);
}

static void
hang_up (SerialPort *self, const GError *error)
{
  stop_sources (self);
  self->hung_up = TRUE;
  if (self->listener != NULL)
    self->listener->hung_up (error, self->listener_data);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  SerialPort *self = user_data;
  guint8 data[SERIAL_PORT_READ_MAX_BYTES];
  ssize_t size = self->paused ? 0 : read (fd, data, sizeof data);

  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (size > 0) {
    self->listener->received (data, (gsize) size, self->listener_data);
    return G_SOURCE_CONTINUE; /* the listener may have freed the port: touch nothing of it */
  }
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the port hung up%s%s",
                                          size < 0 ? ": " : "", size < 0 ? g_strerror (errno) : "");
  hang_up (self, error);
  return G_SOURCE_REMOVE;
}

static gboolean on_pending (gpointer user_data);

static gboolean
is_read_by_keeper (SerialPort *self)
{
  return self->watched || self->unwatching > 0;
}

/** What is pending comes first, then what is read, if it is read here. */
static void
start_reading (SerialPort *self)
{
  GIOCondition condition = G_IO_HUP | G_IO_ERR | (self->paused ? 0 : G_IO_IN);

  clear_source (&self->read_source);
  if (self->listener == NULL || (self->pending->len == 0 && is_read_by_keeper (self)))
    return;
  if (self->pending->len > 0) {
    self->read_source = g_idle_source_new ();
    g_source_set_callback (self->read_source, on_pending, self, NULL);
  } else {
    self->read_source = g_unix_fd_source_new (self->fd, condition);
    /* There is no main loop inside another; if there might be, GLib would leave the fd out of it meanwhile,
     * which takes two system calls each time. */
    g_source_set_can_recurse (self->read_source, TRUE);
    g_source_set_callback (self->read_source, G_SOURCE_FUNC (on_readable), self, NULL);
  }
  g_source_attach (self->read_source, g_main_context_get_thread_default ());
}

static gboolean
on_pending (gpointer user_data)
{
  SerialPort *self = user_data;
  g_autoptr (GByteArray) pending = g_steal_pointer (&self->pending);

  self->pending = g_byte_array_new ();
  self->position += pending->len;
  start_reading (self);
  if (pending->len > 0) /* all of it may have been taken meanwhile */
    self->listener->received (pending->data, pending->len, self->listener_data);
  return G_SOURCE_REMOVE;
}

void
serial_port_set_listener (SerialPort *self, const SerialPortListener *listener, gpointer user_data)
{
  self->listener = listener;
  self->listener_data = user_data;
  start_reading (self);
}

void
serial_port_set_paused (SerialPort *self, gboolean paused)
{
  if (self->paused == paused)
    return;
  self->paused = paused;
  start_reading (self);
}

/* -- a keeper ----------------------------------------------------------------------------------------- */

static gboolean
is_kept (SerialPort *self)
{
  return self->keeper != NULL && self->keeper_error == NULL;
}

/** Whether the keeper can be told something; it is to write @data, or something else when that is NULL. */
static gboolean
will_tell (SerialPort *self, GBytes *data)
{
  if (!is_kept (self) || self->hung_up)
    return FALSE;
  g_clear_pointer (&self->told, g_bytes_unref);
  if (data != NULL)
    self->told = g_bytes_ref (data);
  return TRUE;
}

/* -- a keeper that reads ----------------------------------------------------------------------------- */

const SerialPortHistory *
serial_port_get_history (SerialPort *self)
{
  return &self->history;
}

gboolean
serial_port_watch (SerialPort *self)
{
  if (!is_kept (self) || self->hung_up)
    return FALSE;
  if (self->watched)
    return TRUE;
  self->watched = TRUE;
  start_reading (self); /* of what is pending: two readers would take the bytes from each other */
  if (will_tell (self, NULL))
    self->keeper->watch (self->keeper_data);
  return TRUE;
}

void
serial_port_unwatch (SerialPort *self)
{
  if (!self->watched)
    return;
  self->watched = FALSE;
  self->unwatching++;
  if (will_tell (self, NULL))
    self->keeper->unwatch (self->keeper_data);
}

gboolean
serial_port_is_watched (SerialPort *self)
{
  return self->watched;
}

void
serial_port_receive (SerialPort *self, const guint8 *data, gsize size)
{
  if (size == 0 || self->hung_up || !is_read_by_keeper (self))
    return;
  if (self->listener == NULL || self->pending->len > 0) {
    g_byte_array_append (self->pending, data, (guint) size);
    return;
  }
  self->position += size;
  self->listener->received (data, size, self->listener_data);
}

void
serial_port_end_watch (SerialPort *self)
{
  if (self->unwatching == 0 || self->hung_up)
    return;
  self->unwatching--;
  start_reading (self);
}

guint64
serial_port_get_position (SerialPort *self)
{
  return self->position;
}

/** What is not needed any more is not given to the listener. */
static void
skip_pending (SerialPort *self)
{
  guint64 size = self->taken > self->position ? self->taken - self->position : 0;

  size = MIN (size, self->pending->len);
  self->position += size;
  g_byte_array_remove_range (self->pending, 0, (guint) size);
}

void
serial_port_set_taken (SerialPort *self, guint64 position)
{
  if (!self->watched || self->hung_up || position <= self->taken)
    return;
  self->taken = position;
  skip_pending (self);
  if (will_tell (self, NULL))
    self->keeper->set_taken (position, self->keeper_data);
}

gboolean
serial_port_keep_journal (SerialPort *self, guint slot, int fd)
{
  return will_tell (self, NULL) && self->keeper->keep_journal (slot, fd, self->keeper_data);
}

void
serial_port_leave (SerialPort *self)
{
  if (self->keeper != NULL)
    self->keeper->leave (self->keeper_data);
}

/* -- writing ----------------------------------------------------------------------------------------- */

static gboolean
on_write_error (gpointer user_data)
{
  SerialPort *self = user_data;
  g_autoptr (GError) error = g_steal_pointer (&self->write_error);

  hang_up (self, error);
  return G_SOURCE_REMOVE;
}

/** Takes @error. */
static void
fail_later (SerialPort *self, GError *error)
{
  if (self->hung_up) {
    g_error_free (error);
    return;
  }
  self->hung_up = TRUE;
  self->write_error = error;
  clear_source (&self->write_source);
  self->error_source = g_idle_source_new ();
  g_source_set_callback (self->error_source, on_write_error, self, NULL);
  g_source_attach (self->error_source, g_main_context_get_thread_default ());
}

static void
fail_write (SerialPort *self)
{
  fail_later (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the port cannot be written: %s",
                                 g_strerror (errno)));
}

/** Without its keeper the port lives until the module waits for nothing any more. */
static void
check_keeper (SerialPort *self)
{
  if (self->keeper_error != NULL && self->announced == NULL && g_queue_is_empty (&self->queue))
    fail_later (self, g_error_copy (self->keeper_error));
}

static void
consume (SerialPort *self, gsize written)
{
  GBytes *head = g_queue_peek_head (&self->queue);

  self->queued_bytes -= written;
  self->head_written += written;
  if (self->head_written < g_bytes_get_size (head))
    return;
  g_bytes_unref (g_queue_pop_head (&self->queue));
  self->head_written = 0;
}

/** Writes what the tty takes. FALSE when it takes no more for now, or failed. */
static gboolean
write_head (SerialPort *self)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (g_queue_peek_head (&self->queue), &size);
  ssize_t written = write (self->fd, data + self->head_written, size - self->head_written);

  if (written > 0) {
    consume (self, (gsize) written);
    return TRUE;
  }
  if (written < 0 && errno == EINTR)
    return TRUE;
  if (written < 0 && errno != EAGAIN)
    fail_write (self);
  return FALSE;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer user_data)
{
  SerialPort *self = user_data;

  while (!g_queue_is_empty (&self->queue) && write_head (self))
    ;
  if (!g_queue_is_empty (&self->queue))
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->write_source, g_source_unref);
  check_keeper (self);
  return G_SOURCE_REMOVE;
}

static void
watch_writable (SerialPort *self)
{
  self->write_source = g_unix_fd_source_new (self->fd, G_IO_OUT);
  g_source_set_callback (self->write_source, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->write_source, g_main_context_get_thread_default ());
}

static void
write_directly (SerialPort *self, GBytes *data)
{
  g_queue_push_tail (&self->queue, g_bytes_ref (data));
  self->queued_bytes += g_bytes_get_size (data);
  if (self->write_source != NULL)
    return;
  while (!g_queue_is_empty (&self->queue) && write_head (self))
    ;
  if (!g_queue_is_empty (&self->queue) && !self->hung_up)
    watch_writable (self);
}

void
serial_port_lose_keeper (SerialPort *self, gboolean deaf, const GError *error)
{
  g_autoptr (GBytes) told = g_steal_pointer (&self->told);

  if (self->keeper_error != NULL || self->hung_up)
    return;
  self->keeper_error = g_error_copy (error);
  self->watched = FALSE;
  self->unwatching = 0;
  start_reading (self);
  if (deaf && told != NULL)
    write_directly (self, told);
  check_keeper (self);
}

static gboolean
has_room (SerialPort *self, GBytes *data)
{
  return g_bytes_get_size (data) <= SERIAL_PORT_QUEUE_MAX_BYTES - self->queued_bytes;
}

gboolean
serial_port_write (SerialPort *self, GBytes *data)
{
  if (!has_room (self, data))
    return FALSE;
  if (g_bytes_get_size (data) == 0 || self->hung_up)
    return TRUE; /* the listener knows of the hang-up, or will soon */
  if (will_tell (self, data))
    return self->keeper->write (data, self->keeper_data);
  write_directly (self, data);
  return TRUE;
}

gboolean
serial_port_write_command (SerialPort *self, GBytes *command, GBytes *ends)
{
  if (!has_room (self, command))
    return FALSE;
  g_clear_pointer (&self->announced, g_bytes_unref);
  if (self->hung_up)
    return TRUE;
  self->announced = g_bytes_ref (ends);
  self->commands++;
  if (will_tell (self, command))
    return self->keeper->write_command (command, ends, self->keeper_data);
  write_directly (self, command);
  return TRUE;
}

void
serial_port_forget_announced (SerialPort *self)
{
  g_clear_pointer (&self->announced, g_bytes_unref);
  if (will_tell (self, NULL))
    self->keeper->forget_announced (self->keeper_data);
  check_keeper (self);
}

guint64
serial_port_count_commands (SerialPort *self)
{
  return self->history.commands + self->commands;
}

void
serial_port_note_prompt (SerialPort *self)
{
  if (will_tell (self, NULL))
    self->keeper->note_prompt (self->keeper_data);
}

gboolean
serial_port_write_announced (SerialPort *self)
{
  g_autoptr (GBytes) data = g_steal_pointer (&self->announced);
  gboolean written;

  g_return_val_if_fail (data != NULL, TRUE);

  if (will_tell (self, data))
    return self->keeper->write_announced (self->keeper_data);
  written = serial_port_write (self, data);
  check_keeper (self);
  return written;
}

void
serial_port_set_farewell (SerialPort *self, const char *const *lines)
{
  if (will_tell (self, NULL))
    self->keeper->set_farewell (lines, self->keeper_data);
}

const char *const *
serial_port_get_unsaid (SerialPort *self)
{
  return (const char *const *) self->unsaid;
}

int
serial_port_get_fd (SerialPort *self)
{
  return self->fd;
}

guint
serial_port_get_transfer_ms (SerialPort *self, gsize size)
{
  return (guint) ((size * BITS_PER_BYTE * 1000 + self->baud_rate - 1) / self->baud_rate);
}
