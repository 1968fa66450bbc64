/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a module can open a connection now: asks its driver for SIM card and network when that is not
 * known, follows what the module tells, asks again now and then while somebody waits, and has its clock
 * compared. No timer is set while nobody waits. Knows no slot and no connection.
 */
#pragma once

#include <gio/gio.h>

#include "module-driver.h"
#include "timer.h"

/** The first pause before a module that is not on the network is asked again, should it not tell; it doubles
 * up to the last. */
#define READINESS_PAUSE_FIRST_MS 5000
#define READINESS_PAUSE_LAST_MS 60000

/** How long after its start a module may take to find its SIM card. */
#define READINESS_SIM_GRACE_MS 10000

/** The clock is compared at the start and before the first open after so long. */
#define READINESS_CLOCK_INTERVAL_US (24 * G_TIME_SPAN_HOUR)

typedef struct Readiness Readiness;

/** readiness_want() may say something else now. From the main loop. */
typedef void (*ReadinessFunc) (gpointer user_data);

/**
 * ReadinessVerdict:
 * @READINESS_READY: go on. What is not known because the firmware does not tell does not count.
 * @READINESS_WAIT: the module is being asked, or is not on the network yet.
 * @READINESS_NO_SIM: waiting is of no use.
 */
typedef enum {
  READINESS_READY,
  READINESS_WAIT,
  READINESS_NO_SIM,
} ReadinessVerdict;

/** @module owns it and is kept alive while a call of the driver is under way. */
Readiness *readiness_new (GObject *module, gboolean sync_clock, TimerClock *clock, ReadinessFunc changed,
                          gpointer user_data);
void readiness_free (Readiness *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Readiness, readiness_free)

/** The driver has started: asks. It must stay valid until readiness_end(). */
void readiness_begin (Readiness *self, ModuleDriver *driver);
void readiness_end (Readiness *self);

/** The driver's events of these names. */
void readiness_handle_restarted (Readiness *self);
void readiness_handle_status_changed (Readiness *self);

/** Somebody wants to open: may ask the module. To be called again after each @changed until nobody waits. */
ReadinessVerdict readiness_want (Readiness *self);

/** Nobody waits any more. */
void readiness_rest (Readiness *self);

/** Whether the network is known to be there; asks nobody. */
gboolean readiness_is_online (Readiness *self);
