/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two ladders that share a budget of resets: one for opens that fail, one for a module that is silent, with
 * which only trying again and cutting its power are left.
 */
#include "recovery.h"

#include <string.h>

/* One ladder. Failures are counted since the last step. */
typedef struct {
  RecoveryStep step; /* the last one since it worked */
  gint64 step_us;    /* when that was */
  guint certain;
  guint doubtful;
  gboolean told; /* that it is exhausted */
} Ladder;

struct Recovery {
  RecoveryConfig config;
  Ladder opens;
  Ladder silence;
  guint counts[RECOVERY_STEPS];
  gint64 resets_us[RECOVERY_MAX_RESETS]; /* a ring of the last ones; 0: none */
  guint next_reset;
};

static const char *const names[RECOVERY_STEPS] = {
  [RECOVERY_NONE] = "none",  [RECOVERY_RETRY] = "retry",  [RECOVERY_CLOSE] = "close",
  [RECOVERY_RADIO] = "cfun", [RECOVERY_RESTART] = "qrst", [RECOVERY_POWER] = "power",
};

const char *
recovery_step_get_name (RecoveryStep step)
{
  return names[step];
}

gboolean
recovery_step_parse (const char *name, RecoveryStep *ret_step)
{
  for (guint step = 0; step < RECOVERY_STEPS; step++) {
    if (strcmp (names[step], name) == 0) {
      *ret_step = step;
      return TRUE;
    }
  }
  return FALSE;
}

RecoveryVerdict
recovery_judge (CloseReason reason, gboolean network)
{
  switch (reason) {
  case CLOSE_REASON_NONE:
    return RECOVERY_WORKS;
  case CLOSE_REASON_CONNECT_FAILED:
  case CLOSE_REASON_SERVER_CLOSED:
  case CLOSE_REASON_TIMEOUT:
    return network ? RECOVERY_DOUBT : RECOVERY_SAYS_NOTHING;
  case CLOSE_REASON_STATE:
  case CLOSE_REASON_MODULE_ERROR:
  case CLOSE_REASON_SETTINGS:
  case CLOSE_REASON_CREDENTIAL:
  case CLOSE_REASON_PROTOCOL:
    return network ? RECOVERY_FAULT : RECOVERY_SAYS_NOTHING;
  case CLOSE_REASON_REQUESTED:
  case CLOSE_REASON_OWNER_LEFT:
  case CLOSE_REASON_QUEUE_TIMEOUT:
  case CLOSE_REASON_PREEMPTED:
  case CLOSE_REASON_IDLE_TIMEOUT:
  case CLOSE_REASON_OVERFLOW:
  case CLOSE_REASON_DATAGRAM_SIZE:
  case CLOSE_REASON_CERTIFICATE:
  case CLOSE_REASON_KEY:
  case CLOSE_REASON_CIPHER:
  case CLOSE_REASON_NO_NETWORK:
  case CLOSE_REASON_NO_SIM:
  case CLOSE_REASON_STORAGE:
  case CLOSE_REASON_MODULE_RESTARTED:
  case CLOSE_REASON_DEEP_SLEEP:
  case CLOSE_REASON_MODULE_LOST:
  case CLOSE_REASON_PORT_RELEASED:
  case CLOSE_REASON_SHUTDOWN:
  case CLOSE_REASON_BREAKER:
    return RECOVERY_SAYS_NOTHING;
  }
  g_assert_not_reached ();
}

Recovery *
recovery_new (const RecoveryConfig *config)
{
  Recovery *self = g_new0 (Recovery, 1);

  g_return_val_if_fail (config->failures >= 1 && config->max_resets <= RECOVERY_MAX_RESETS, NULL);
  self->config = *config;
  return self;
}

void
recovery_free (Recovery *self)
{
  g_free (self);
}

static gboolean
is_reset (RecoveryStep step)
{
  return step >= RECOVERY_RADIO;
}

/* The ring holds the last max_resets: the budget is used up while the oldest of them is young. */
static gboolean
has_budget (const Recovery *self, gint64 now_us)
{
  gint64 oldest_us;

  if (self->config.max_resets == 0)
    return FALSE;
  oldest_us = self->resets_us[self->next_reset];
  return oldest_us == 0 || now_us - oldest_us >= self->config.interval_ms * 1000;
}

/* The rung above the last one, or RECOVERY_NONE at the top. */
static RecoveryStep
get_next (const Recovery *self, const Ladder *ladder)
{
  RecoveryStep next = ladder->step + 1;

  if (ladder == &self->silence && ladder->step == RECOVERY_RETRY)
    next = RECOVERY_POWER;
  if (next > RECOVERY_POWER || (next == RECOVERY_POWER && !self->config.has_power))
    return RECOVERY_NONE;
  return next;
}

/* As many failures as make a step due, if there is one for such failures. */
static gboolean
has_enough_failures (const Recovery *self, const Ladder *ladder)
{
  return ladder->certain * RECOVERY_DOUBT_FACTOR + ladder->doubtful
         >= self->config.failures * RECOVERY_DOUBT_FACTOR;
}

static gboolean
is_called_for (const Recovery *self, const Ladder *ladder, RecoveryStep next)
{
  if (next == RECOVERY_RETRY)
    return ladder->certain > 0 || ladder->doubtful > 0;
  return ladder->certain >= self->config.failures
         || (next <= self->config.doubt_limit && has_enough_failures (self, ladder));
}

static RecoveryStep
get_due (const Recovery *self, const Ladder *ladder, gint64 now_us)
{
  RecoveryStep next = get_next (self, ladder);

  if (next == RECOVERY_NONE || !is_called_for (self, ladder, next))
    return RECOVERY_NONE;
  return !is_reset (next) || has_budget (self, now_us) ? next : RECOVERY_NONE;
}

/* What there is for such failures was done, and it fails again. */
static gboolean
is_exhausted (const Recovery *self, const Ladder *ladder, gint64 now_us)
{
  return ladder->step != RECOVERY_NONE && has_enough_failures (self, ladder)
         && get_due (self, ladder, now_us) == RECOVERY_NONE;
}

/* The failure is the first of a new climb when the last one was in vain and has rested. */
static void
add_failure (const Recovery *self, Ladder *ladder, gboolean certain, gint64 now_us)
{
  if (certain)
    ladder->certain++;
  else
    ladder->doubtful++;
  if (is_exhausted (self, ladder, now_us) && now_us - ladder->step_us >= self->config.interval_ms * 1000)
    *ladder = (Ladder){ .certain = certain, .doubtful = !certain };
}

void
recovery_note_open (Recovery *self, RecoveryVerdict verdict, gint64 now_us)
{
  switch (verdict) {
  case RECOVERY_SAYS_NOTHING:
    return;
  case RECOVERY_WORKS:
    self->opens = (Ladder){ 0 };
    return;
  case RECOVERY_DOUBT:
  case RECOVERY_FAULT:
    add_failure (self, &self->opens, verdict == RECOVERY_FAULT, now_us);
    return;
  }
}

void
recovery_note_silent (Recovery *self, gint64 now_us)
{
  add_failure (self, &self->silence, TRUE, now_us);
}

void
recovery_note_answered (Recovery *self)
{
  self->silence = (Ladder){ 0 };
}

/* While it is silent no open can fail. */
static gboolean
is_silent (const Recovery *self)
{
  return self->silence.certain > 0 || self->silence.step != RECOVERY_NONE;
}

RecoveryStep
recovery_get_due (const Recovery *self, gint64 now_us)
{
  return get_due (self, is_silent (self) ? &self->silence : &self->opens, now_us);
}

void
recovery_take (Recovery *self, RecoveryStep step, gint64 now_us)
{
  Ladder *ladder = is_silent (self) ? &self->silence : &self->opens;

  *ladder = (Ladder){ .step = step, .step_us = now_us };
  self->counts[step]++;
  if (!is_reset (step))
    return;
  self->resets_us[self->next_reset] = now_us;
  self->next_reset = (self->next_reset + 1) % self->config.max_resets;
}

gboolean
recovery_take_exhausted (Recovery *self, gint64 now_us)
{
  Ladder *ladder = is_silent (self) ? &self->silence : &self->opens;

  if (ladder->told || !is_exhausted (self, ladder, now_us))
    return FALSE;
  ladder->told = TRUE;
  return TRUE;
}

RecoveryStep
recovery_get_step (const Recovery *self)
{
  return MAX (self->opens.step, self->silence.step);
}

guint
recovery_count (const Recovery *self, RecoveryStep step)
{
  return self->counts[step];
}
