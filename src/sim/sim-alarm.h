/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A timer in the main loop that is exact to some microseconds (a GLib time-out is exact to a millisecond,
 * which is twelve bytes at 115200 baud). */
#pragma once

#include <glib.h>

typedef struct SimAlarm SimAlarm;

/* Called from the main loop; it may set or free the alarm. */
typedef void (*SimAlarmFunc) (gpointer user_data);

/* Ends the program when the system has no timer left. */
SimAlarm *sim_alarm_new (SimAlarmFunc func, gpointer user_data);

/* Goes off once at that time of sim_alarm_now_ns(). A later call replaces an earlier one. */
void sim_alarm_set (SimAlarm *self, gint64 when_ns);
void sim_alarm_stop (SimAlarm *self);
void sim_alarm_free (SimAlarm *self);

/* The monotonic clock, ns. */
gint64 sim_alarm_now_ns (void);
