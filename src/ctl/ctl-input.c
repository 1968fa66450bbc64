/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * poll() before each read(), so that a descriptor that blocks never does.
 */
#include "ctl-input.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "ctl-error.h"

struct CtlInput {
  int fd;
  gsize max_bytes;
  CtlInputFunc func;
  gpointer user_data;
  GSource *source; /* while reading */
  gboolean ended;
};

CtlInput *
ctl_input_new (int fd, gsize max_bytes, CtlInputFunc func, gpointer user_data)
{
  CtlInput *self = g_new0 (CtlInput, 1);

  self->fd = fd;
  self->max_bytes = max_bytes;
  self->func = func;
  self->user_data = user_data;
  return self;
}

static void
stop (CtlInput *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static void
finish (CtlInput *self, int error_number)
{
  g_autoptr (GError) error = NULL;

  if (error_number != 0)
    g_set_error (&error, CTL_ERROR, CTL_ERROR_FAILED, "cannot read standard input: %s",
                 g_strerror (error_number));
  self->ended = TRUE;
  stop (self);
  self->func (NULL, error, self->user_data);
}

/* The source may be destroyed in here, which is why the answer is always "go on". */
static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  CtlInput *self = user_data;
  g_autofree guint8 *buffer = g_malloc (self->max_bytes);
  gssize n_bytes = read (fd, buffer, self->max_bytes);

  if (n_bytes > 0) {
    g_autoptr (GBytes) data = g_bytes_new (buffer, n_bytes);
    self->func (data, NULL, self->user_data);
    return G_SOURCE_CONTINUE;
  }
  if (n_bytes < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;

  finish (self, n_bytes < 0 ? errno : 0);
  return G_SOURCE_CONTINUE;
}

void
ctl_input_set_reading (CtlInput *self, gboolean reading)
{
  if (!reading || self->ended) {
    stop (self);
    return;
  }
  if (self->source != NULL)
    return;
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);
}

void
ctl_input_free (CtlInput *self)
{
  stop (self);
  g_free (self);
}
