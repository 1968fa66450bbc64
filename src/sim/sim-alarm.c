/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A timerfd in the main loop. See sim-alarm.h. */
#include "sim-alarm.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "sim-watch.h"

#define NS_PER_S 1000000000

struct SimAlarm {
  int fd;
  SimWatch *watch;
  SimAlarmFunc func;
  gpointer user_data;
};

static void
on_timer (GIOCondition condition, gpointer user_data)
{
  SimAlarm *self = user_data;
  guint64 n_expired;
  if (read (self->fd, &n_expired, sizeof n_expired) < 0)
    return; /* set anew or stopped since the poll */
  self->func (self->user_data);
}

SimAlarm *
sim_alarm_new (SimAlarmFunc func, gpointer user_data)
{
  SimAlarm *self = g_new0 (SimAlarm, 1);
  self->fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (self->fd < 0)
    g_error ("timerfd_create: %m");
  self->func = func;
  self->user_data = user_data;
  self->watch = sim_watch_new (self->fd, G_PRIORITY_DEFAULT, on_timer, self);
  sim_watch_set (self->watch, G_IO_IN);
  return self;
}

void
sim_alarm_set (SimAlarm *self, gint64 when_ns)
{
  /* A time of 0 would stop the timer. */
  gint64 value_ns = MAX (1, when_ns);
  struct itimerspec spec = {
    .it_value = { .tv_sec = value_ns / NS_PER_S, .tv_nsec = value_ns % NS_PER_S },
  };
  timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

void
sim_alarm_stop (SimAlarm *self)
{
  struct itimerspec spec = { .it_value = { .tv_sec = 0 } };
  timerfd_settime (self->fd, 0, &spec, NULL);
}

void
sim_alarm_free (SimAlarm *self)
{
  sim_watch_free (self->watch);
  close (self->fd);
  g_free (self);
}

gint64
sim_alarm_now_ns (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * NS_PER_S + now.tv_nsec;
}
