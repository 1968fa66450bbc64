/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of the channel share: its state, and the steps that one of them does for another. Only
 * at-channel*.c may include this.
 */
#pragma once

#include "at-channel.h"
#include "at-job.h"
#include "at-urcs.h"
#include "at-wire.h"
#include "timer.h"

typedef enum {
  PHASE_IDLE,     /* nothing under way */
  PHASE_PROBE,    /* a probe was written; its OK is awaited */
  PHASE_QUIET,    /* a probe was answered; answers to others may still come */
  PHASE_PROMPT,   /* the command was written; its prompt is awaited */
  PHASE_REFUSED,  /* instead of the prompt a refusal has come; if it was about something else, the prompt
                     follows */
  PHASE_DATA,     /* the prompt has come; the payload is about to be written */
  PHASE_RESPONSE, /* all was written; the final result is awaited */
  PHASE_SETTLE,   /* the module is given time after a command */
  PHASE_LOST,
} AtPhase;

struct AtChannel {
  AtWire *wire;
  AtParser *parser;
  const AtFraming *framing;
  gpointer framing_data;
  AtTiming timing;
  AtUrcs *urcs;
  AtLostFunc lost_func;
  gpointer lost_data;
  GSource *lost_source;
  GError *lost_error;

  AtPhase phase;
  AtJob *job;   /* under way; NULL in the phases that have none */
  GQueue queue; /* of AtJob */
  Timer timer;  /* of the phase */
  Timer line_gap;
  AtUrcFunc stray_func;
  gpointer stray_data;
  AtReadFunc read_func;
  gpointer read_data;
  guint64 position; /* behind the last event */
  guint probes_sent;
  gboolean in_step; /* FALSE: probe before the next command */
  gboolean may_sleep;
  gint64 last_activity_us;
  gboolean *freed; /* points to a flag on the stack of a dispatch that is under way */
};

/** The only writer of the phase. @timeout_ms is how long it may last; 0 for as long as it likes. Lost is for
 * good. */
void at_channel_set_phase (AtChannel *self, AtPhase phase, guint timeout_ms);

/** The module or its port is lost, as @message says. */
void at_channel_lose (AtChannel *self, const char *message);

/** Whether something could be written to the port; if not, nobody reads there any more. */
void at_channel_check_written (AtChannel *self, gboolean written);

/** Starts what can be started. */
void at_channel_pump (AtChannel *self);

/** A final result other than OK. */
gboolean at_channel_is_error_line (const char *line);

/** at-channel-probe.c: getting back into step, and waking a module. */
void at_channel_start_probing (AtChannel *self);
void at_channel_send_probe (AtChannel *self);
void at_channel_finish_probing (AtChannel *self);
void at_channel_handle_probe_line (AtChannel *self, const char *line);
gboolean at_channel_must_wake (AtChannel *self);

/** Whether @data is all that the first probe of a sleeping module may get: the next one is heard (bug 11). */
gboolean at_channel_is_waking (AtChannel *self, const guint8 *data, gsize size);

/** at-channel-data.c: the prompt and what follows it. */
void at_channel_handle_prompt (AtChannel *self);
void at_channel_send_data (AtChannel *self);
void at_channel_doubt_refusal (AtChannel *self, const char *line);
void at_channel_leave_data_mode (AtChannel *self, const AtJob *job);
