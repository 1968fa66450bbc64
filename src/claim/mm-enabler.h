/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waits until a modem that was given back is in ModemManager again, and enables it, which ModemManager does
 * not do by itself.
 */
#pragma once

#include "mm-modems.h"
#include "timer.h"

/** ModemManager has a modem back after 0.7 s (measured); enabling takes some seconds, and goes on without us.
 */
#define MM_ENABLER_LIMIT_MS 3000
#define MM_ENABLER_CALL_MS 1000

typedef struct MmEnabler MmEnabler;

/** @func: it is enabled, or that could not be done in time. From the main loop, once; it may free the object.
 */
MmEnabler *mm_enabler_new (MmModems *modems, TimerClock *clock, const char *equipment_id,
                           void (*func) (gpointer user_data), gpointer user_data);
void mm_enabler_free (MmEnabler *self);
