/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A clock whose hands the test turns.
 */
#pragma once

#include "timer.h"

typedef struct FakeClock FakeClock;

FakeClock *fake_clock_new (void);
void fake_clock_free (FakeClock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeClock, fake_clock_free)

TimerClock *fake_clock_get (FakeClock *self);

/** Lets time pass; every timer that is due rings, in order, each at its time. */
void fake_clock_advance (FakeClock *self, guint ms);

/** How many timers are set. */
guint fake_clock_count (FakeClock *self);

/** One of those that are set, 0 for the one that was set first; to be compared, no more. */
const Timer *fake_clock_get_timer (FakeClock *self, guint index);

/** Lets that timer ring, whenever it is due: the time stands still. */
void fake_clock_ring (FakeClock *self, guint index);
