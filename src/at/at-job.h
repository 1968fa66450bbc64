/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A command on its way through the channel: its response so far, and its end, which the caller hears of
 * exactly once and never inside a call. Knows no port and no phase.
 */
#pragma once

#include "at-channel.h"

/** AtJob: @lines, the response so far, @refusal, a final result that may be about something else, and @error,
 * how it ended if not well, are its own. @adopted: an earlier life has written all of it. */
typedef struct {
  AtCommand *command;
  GTask *task;
  GPtrArray *lines;
  char *refusal;
  GError *error;
  gboolean adopted;
} AtJob;

/** Takes @command and @task. */
AtJob *at_job_new (AtCommand *command, GTask *task);

/** Tells whoever follows the command. */
void at_job_tell_stage (AtJob *job, AtStage stage);

/** Adds a line to the response. FALSE, and nothing added, when it has AT_CHANNEL_RESPONSE_MAX_LINES. */
gboolean at_job_add_line (AtJob *job, const char *line);

/** Ends @job (taken): the task returns from the main loop, its lines or, when there is one, its error. */
void at_job_end (AtJob *job);

/** Ends @job (taken) with an error. */
void at_job_fail (AtJob *job, AtError code, const char *message);
