/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A one-shot timer that can be set again any number of times without an allocation.
 */
#pragma once

#include <glib.h>

typedef struct Alarm Alarm;

typedef void (*AlarmFunc) (gpointer user_data);

/** Not set at first. @func runs from the thread-default main context of the caller; it may free the alarm. */
Alarm *alarm_new (AlarmFunc func, gpointer user_data);

/** Rings once, @delay_ms from now; takes the place of an earlier setting. */
void alarm_set (Alarm *self, guint delay_ms);

/** Does not ring. */
void alarm_clear (Alarm *self);

/** Whether it will ring. */
gboolean alarm_is_set (Alarm *self);

void alarm_free (Alarm *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Alarm, alarm_free)
