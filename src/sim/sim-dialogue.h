/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The AT dialogue: one command at a time, its reply, prompts and data mode, URCs in between, sleep. It works
 * the switches that concern these. Must not know any command. */
#pragma once

#include <glib.h>

#include "sim-command.h"
#include "sim-faults.h"
#include "sim-switch.h"
#include "sim-trace.h"
#include "sim-uart.h"

typedef struct SimDialogue SimDialogue;

typedef struct {
  /* A command line; the text behind its AT. PENDING: sim_dialogue_finish() or _prompt() follows. */
  SimResult (*command) (const char *line, gpointer user_data);
  /* Output is no longer congested. */
  void (*relieved) (gpointer user_data);
  /* The power fails (RESTART), or the port is gone (HANG_UP): nothing more is said. Or DEEP_SLEEP, which
   * sim_dialogue_sleep() is to follow, LOSE_NETWORK or FIND_NETWORK. */
  void (*broken) (SimFaultKind kind, gpointer user_data);
} SimDialogueEvents;

/* Runs when the data is there. PENDING: sim_dialogue_finish() follows. */
typedef SimResult (*SimDialogueDataFunc) (const GByteArray *data, gpointer user_data);

typedef struct {
  gsize fixed_length; /* bytes; 0: up to Ctrl-Z */
  gsize max_length;   /* of data up to Ctrl-Z; more is an ERROR */
} SimDialoguePrompt;

/* Off at first. All that it is given must outlive it. Events come from the main loop. Owned by the caller. */
SimDialogue *sim_dialogue_new (const SimSwitch *switches, SimTrace *trace, SimUart *uart, SimFaults *faults,
                               const SimDialogueEvents *events, gpointer user_data);
void sim_dialogue_free (SimDialogue *self);

/* Bytes of the host, and the news that output has left the queue. */
void sim_dialogue_receive (SimDialogue *self, const guint8 *data, gsize length);
void sim_dialogue_sent (SimDialogue *self);

/* Nothing is heard or said any more until the power is off. */
void sim_dialogue_fall_silent (SimDialogue *self);

/* The next line only wakes the module up. */
void sim_dialogue_sleep (SimDialogue *self);

/* On: answers commands. Off: forgets everything but echo, error format and sleep. */
void sim_dialogue_power (SimDialogue *self, gboolean on);
void sim_dialogue_set_echo (SimDialogue *self, gboolean echo);
void sim_dialogue_set_error_format (SimDialogue *self, gint cmee);
void sim_dialogue_set_may_sleep (SimDialogue *self, gboolean may_sleep);

/* Adds an information line to the reply of the current command. */
void sim_dialogue_info (SimDialogue *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Adds a line that is to come right behind the reply of the current command. */
void sim_dialogue_follow (SimDialogue *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Another rate takes effect when the reply of the current command has been sent. */
void sim_dialogue_set_next_baud (SimDialogue *self, guint baud);

/* Ends a command that is pending: only outside the events. */
void sim_dialogue_finish (SimDialogue *self, SimResult result);

/* Asks for data on behalf of the current command, whose handler then returns PENDING. ESC ends the command
 * without the func. */
void sim_dialogue_prompt (SimDialogue *self, const SimDialoguePrompt *prompt, SimDialogueDataFunc func,
                          gpointer user_data);

/* A line that answers no command. */
void sim_dialogue_urc (SimDialogue *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void sim_dialogue_urc_bytes (SimDialogue *self, const guint8 *data, gsize length);

/* Bytes as they are, without any frame. */
void sim_dialogue_print (SimDialogue *self, const char *text);

/* So much waits to be sent that no more should be produced until "relieved". */
gboolean sim_dialogue_is_congested (SimDialogue *self);
