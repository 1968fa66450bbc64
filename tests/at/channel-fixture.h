/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the tests of the channel share. Every payload and every secret in them holds the word SECRET, which no
 * trace may show: each test writes one, and its end looks for it.
 */
#pragma once

#include "at-channel.h"
#include "scripted-module.h"

#define PROBE "\x1b\rAT\r"
#define OK "\r\nOK\r\n"
#define RESULTS 40
#define LONG_MS 5000
#define SHORT_MS 30

/** What a callback does besides being counted; once, but for on_lost. */
typedef enum { ACT_NOTHING, ACT_FREE, ACT_RESTART, ACT_RUN } Act;

typedef struct {
  guint calls;
  char *text; /* the lines, joined by '|', or the error's domain code as "!<code>" */
} Result;

typedef struct {
  ScriptedModule *module;
  AtChannel *channel;
  AtTrace *trace;
  char *trace_path;
  Result results[RESULTS];
  guint runs;
  guint completed;
  gboolean in_call;
  GString *urcs;
  guint urc_calls;
  guint losses;
  Act on_done;
  Act on_urc;
  Act on_lost;
} ChannelFixture;

/** One test at a time uses it. */
extern ChannelFixture fixture;

/** Check's checked fixture. */
void channel_fixture_set_up (void);
void channel_fixture_tear_down (void);

/** For a test with other times than most: a new channel, a new module. */
void channel_fixture_make_again (const AtTiming *times);

/** A command whose response begins with "+R:". */
AtCommand *channel_fixture_new_command (const char *line, guint timeout_ms);

/** "AT+S=21" or "AT+S", whose payload is "the SECRET\rAT+CFUN=0\r". */
AtCommand *channel_fixture_new_data_command (AtDataMode mode, guint prompt_timeout_ms, guint timeout_ms);

/** Runs @command; returns its place among the results. */
guint channel_fixture_run (AtCommand *command);

/** The same for a command that an earlier life has written. */
guint channel_fixture_adopt (AtCommand *command, AtStage stage);

/** The module expects the probe of a channel that is not in step, and answers it. */
void channel_fixture_script_probe (void);

/** Runs until command @number is over, and compares its result: the lines joined by '|', or an error. */
void channel_fixture_check_result (guint number, const char *text);
void channel_fixture_check_error (guint number, AtError code);
