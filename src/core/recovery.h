/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The ladder by which a module is brought back: what happened goes in, with the time; which step is to be
 * taken comes out. No timer and no I/O; docs/recovery.md explains the rules.
 */
#pragma once

#include <glib.h>

#include "close-reason.h"

/**
 * RecoveryStep: the rungs, from the gentlest on. With each the ones before have not helped.
 * @RECOVERY_NONE: nothing. (`none`)
 * @RECOVERY_RETRY: it is tried again as it is: the next open, or the port opened anew. (`retry`)
 * @RECOVERY_CLOSE: back into step with the module, every slot closed. (`close`)
 * @RECOVERY_RADIO: the radio off and on, AT+CFUN. (`cfun`)
 * @RECOVERY_RESTART: the module restarted, AT+QRST. (`qrst`)
 * @RECOVERY_POWER: the integrator's command. (`power`)
 */
typedef enum {
  RECOVERY_NONE,
  RECOVERY_RETRY,
  RECOVERY_CLOSE,
  RECOVERY_RADIO,
  RECOVERY_RESTART,
  RECOVERY_POWER,
} RecoveryStep;

#define RECOVERY_STEPS (RECOVERY_POWER + 1)

/** The stable name, as on the bus and in the configuration. Static. */
const char *recovery_step_get_name (RecoveryStep step);
gboolean recovery_step_parse (const char *name, RecoveryStep *ret_step);

/**
 * RecoveryVerdict: what the end of an open says about the module.
 * @RECOVERY_SAYS_NOTHING: its cause is known and lies elsewhere, or nobody waited for it.
 * @RECOVERY_WORKS: it works.
 * @RECOVERY_DOUBT: the server, the network or the module.
 * @RECOVERY_FAULT: the module.
 */
typedef enum {
  RECOVERY_SAYS_NOTHING,
  RECOVERY_WORKS,
  RECOVERY_DOUBT,
  RECOVERY_FAULT,
} RecoveryVerdict;

/** @reason: why the open failed; CLOSE_REASON_NONE: it succeeded. @network: as far as is known, the network
 * was there. */
RecoveryVerdict recovery_judge (CloseReason reason, gboolean network);

/** A doubtful failure counts for a step like this part of a certain one. */
#define RECOVERY_DOUBT_FACTOR 3

/** Resets that RecoveryConfig.max_resets can ask for at most. */
#define RECOVERY_MAX_RESETS 100

/**
 * RecoveryConfig:
 * @failures: so many certain failures in a row make a step due, and as many again the next; at least 1.
 * @interval_ms: a ladder that was climbed in vain is climbed again only after this.
 * @max_resets: so many of RADIO, RESTART and POWER within @interval_ms, whatever came between; at most
 * RECOVERY_MAX_RESETS.
 * @doubt_limit: how far doubtful failures alone may climb.
 * @has_power: there is a command for RECOVERY_POWER.
 */
typedef struct {
  guint failures;
  gint64 interval_ms;
  guint max_resets;
  RecoveryStep doubt_limit;
  gboolean has_power;
} RecoveryConfig;

typedef struct Recovery Recovery;

Recovery *recovery_new (const RecoveryConfig *config);
void recovery_free (Recovery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recovery, recovery_free)

/* What happened. Times are those of timer_clock_get_now_us(). */

/** An open has ended so. */
void recovery_note_open (Recovery *self, RecoveryVerdict verdict, gint64 now_us);

/** The port is open but the module does not answer. */
void recovery_note_silent (Recovery *self, gint64 now_us);

/** The module answers, after it did not or for the first time. */
void recovery_note_answered (Recovery *self);

/** The step that is due now, RECOVERY_NONE when none is. */
RecoveryStep recovery_get_due (const Recovery *self, gint64 now_us);

/** @step, which is due, is being taken. */
void recovery_take (Recovery *self, RecoveryStep step, gint64 now_us);

/** Whether nothing is left to be done though the failures go on; TRUE once for each time that this begins. */
gboolean recovery_take_exhausted (Recovery *self, gint64 now_us);

/** The last step since the module has worked. */
RecoveryStep recovery_get_step (const Recovery *self);

/** How often @step was taken. */
guint recovery_count (const Recovery *self, RecoveryStep step);
