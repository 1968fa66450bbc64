/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * inotify(7) on the device's node: GFileMonitor watches the folder, and would not hear of writes to a device.
 */
#include "port-quiet.h"

#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS_SIZE 4096

struct PortQuiet {
  int fd;
  GSource *source;
  Timer timer;
  TimerClock *clock;
  gint64 limit_us;
  PortQuietFunc func;
  gpointer user_data;
};

static void
on_timer (gpointer user_data)
{
  PortQuiet *self = user_data;

  self->func (timer_clock_get_now_us (self->clock) < self->limit_us, self->user_data);
}

static gboolean
on_event (int fd, GIOCondition condition, gpointer user_data)
{
  PortQuiet *self = user_data;
  char events[EVENTS_SIZE];

  while (read (fd, events, sizeof events) > 0)
    continue;
  if (timer_clock_get_now_us (self->clock) < self->limit_us)
    timer_set (&self->timer, PORT_QUIET_MS);
  return G_SOURCE_CONTINUE;
}

PortQuiet *
port_quiet_new (const char *device, TimerClock *clock, PortQuietFunc func, gpointer user_data)
{
  PortQuiet *self = g_new0 (PortQuiet, 1);

  self->func = func;
  self->user_data = user_data;
  self->clock = clock;
  self->limit_us = timer_clock_get_now_us (clock) + PORT_QUIET_LIMIT_MS * 1000;
  timer_init (&self->timer, clock, on_timer, self);
  self->fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->fd >= 0) {
    inotify_add_watch (self->fd, device, IN_OPEN | IN_CLOSE | IN_MODIFY);
    self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
    g_source_set_callback (self->source, G_SOURCE_FUNC (on_event), self, NULL);
    g_source_attach (self->source, g_main_context_get_thread_default ());
  }
  timer_set (&self->timer, PORT_QUIET_MS);
  return self;
}

void
port_quiet_free (PortQuiet *self)
{
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
  }
  if (self->fd >= 0)
    close (self->fd);
  timer_dispose (&self->timer);
  g_free (self);
}
