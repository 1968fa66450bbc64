/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * inotify(7) on the device's node, for opens only.
 */
#include "port-guard.h"

#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS_SIZE 4096

struct PortGuard {
  int fd;
  GSource *source;
  PortGuardFunc func;
  gpointer user_data;
};

static gboolean
on_event (int fd, GIOCondition condition, gpointer user_data)
{
  PortGuard *self = user_data;
  char events[EVENTS_SIZE];

  while (read (fd, events, sizeof events) > 0)
    continue;
  self->func (self->user_data); /* it may have freed the guard: touch nothing of it */
  return G_SOURCE_CONTINUE;
}

PortGuard *
port_guard_new (const char *device, PortGuardFunc func, gpointer user_data)
{
  PortGuard *self = g_new0 (PortGuard, 1);

  self->func = func;
  self->user_data = user_data;
  self->fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->fd < 0)
    return self;

  inotify_add_watch (self->fd, device, IN_OPEN);
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_event), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
port_guard_free (PortGuard *self)
{
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
  }
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}
