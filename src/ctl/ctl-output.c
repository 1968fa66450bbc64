/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pieces small enough that a pipe that poll() calls writable takes them without blocking.
 */
#include "ctl-output.h"

#include <errno.h>
#include <glib-unix.h>
#include <limits.h>
#include <unistd.h>

#include "ctl-error.h"

struct CtlOutput {
  int fd;
  CtlOutputFunc func;
  gpointer user_data;
  GQueue chunks;   /* of GBytes */
  gsize n_written; /* of the first chunk */
  gsize n_queued;
  GSource *source; /* while something waits */
  gboolean failed;
};

CtlOutput *
ctl_output_new (int fd, CtlOutputFunc func, gpointer user_data)
{
  CtlOutput *self = g_new0 (CtlOutput, 1);

  self->fd = fd;
  self->func = func;
  self->user_data = user_data;
  g_queue_init (&self->chunks);
  return self;
}

static void
stop (CtlOutput *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static void
drop_all (CtlOutput *self)
{
  stop (self);
  g_queue_clear_full (&self->chunks, (GDestroyNotify) g_bytes_unref);
  self->n_written = 0;
  self->n_queued = 0;
}

static void
fail (CtlOutput *self, int error_number)
{
  g_autoptr (GError) error = g_error_new (CTL_ERROR, CTL_ERROR_FAILED, "cannot write standard output: %s",
                                          g_strerror (error_number));

  self->failed = TRUE;
  drop_all (self);
  self->func (error, self->user_data);
}

static void
advance (CtlOutput *self, gsize n_bytes)
{
  GBytes *chunk = g_queue_peek_head (&self->chunks);

  self->n_written += n_bytes;
  self->n_queued -= n_bytes;
  if (self->n_written == g_bytes_get_size (chunk)) {
    g_bytes_unref (g_queue_pop_head (&self->chunks));
    self->n_written = 0;
  }
  if (self->n_queued == 0)
    stop (self);
  self->func (NULL, self->user_data);
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer user_data)
{
  CtlOutput *self = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (g_queue_peek_head (&self->chunks), &size);
  gssize n_bytes = write (fd, data + self->n_written, MIN (size - self->n_written, PIPE_BUF));

  if (n_bytes > 0)
    advance (self, n_bytes);
  else if (n_bytes < 0 && errno != EAGAIN && errno != EINTR)
    fail (self, errno);
  return G_SOURCE_CONTINUE;
}

void
ctl_output_write (CtlOutput *self, GBytes *data)
{
  if (self->failed || g_bytes_get_size (data) == 0)
    return;
  g_queue_push_tail (&self->chunks, g_bytes_ref (data));
  self->n_queued += g_bytes_get_size (data);
  if (self->source != NULL)
    return;
  self->source = g_unix_fd_source_new (self->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->source, NULL);
}

gsize
ctl_output_get_queued (CtlOutput *self)
{
  return self->n_queued;
}

void
ctl_output_free (CtlOutput *self)
{
  drop_all (self);
  g_free (self);
}
