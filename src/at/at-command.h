/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One command: its line, built so that no argument can inject another command, its payload, and what the
 * channel must know to run it. Plain data once it is built.
 */
#pragma once

#include <glib.h>

/**
 * AtDataMode: what follows the prompt.
 * @AT_DATA_NONE: the command has no prompt.
 * @AT_DATA_COUNTED: the payload, whose size the command line announced.
 * @AT_DATA_CTRL_Z: the payload, which may hold neither 0x1A nor 0x1B, and Ctrl-Z. ESC cancels.
 */
typedef enum {
  AT_DATA_NONE,
  AT_DATA_COUNTED,
  AT_DATA_CTRL_Z,
} AtDataMode;

/**
 * AtStage: how far a data command is.
 * @AT_STAGE_PROMPT: its line is about to be written; the module will ask for the payload.
 * @AT_STAGE_ANSWER: it has asked for it.
 * @AT_STAGE_DONE: it has answered OK.
 */
typedef enum {
  AT_STAGE_PROMPT,
  AT_STAGE_ANSWER,
  AT_STAGE_DONE,
} AtStage;

/** A data command has come so far. Runs inside the channel, also inside at_channel_run_async(), and must not
 * call it. */
typedef void (*AtStageFunc) (AtStage stage, gpointer user_data);

/**
 * AtCommand:
 * @line: what is sent, without the CR.
 * @response: lines that begin so are its response, others may be URCs; static; NULL when it has no
 * information response.
 * @any_response: lines that begin neither with '+' nor like a known URC are its response too (ATI).
 * @timeout_ms: for the final result, from the moment when the line, or the payload, has left the port; longer
 * while bytes of something else come in.
 * @prompt_timeout_ms: for the prompt.
 * @data_delay_ms: between the prompt and the payload.
 * @settle_ms: between the final result and the next command.
 * @data_mode, @payload: what follows the prompt.
 * @refuses_prompt: nobody knows what it does; should it have a prompt, that is answered by ESC. Only with
 * AT_DATA_NONE.
 * @is_private: what stands behind its '=' is not shown in the trace.
 * @stage_func, @stage_data: hears how far it is, of a data command; NULL for nobody.
 */
typedef struct {
  GString *line;
  const char *response;
  gboolean any_response;
  guint timeout_ms;
  guint prompt_timeout_ms;
  guint data_delay_ms;
  guint settle_ms;
  AtDataMode data_mode;
  GBytes *payload;
  gboolean refuses_prompt;
  gboolean is_private;
  AtStageFunc stage_func;
  gpointer stage_data;
} AtCommand;

/** @start: such as "AT+QSSLCFG="; copied. */
AtCommand *at_command_new (const char *start, const char *response, guint timeout_ms);
void at_command_free (AtCommand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtCommand, at_command_free)

/** Adds an argument, behind a comma unless it is the first. */
void at_command_add_int (AtCommand *self, int value);

/** Adds a constant of ours in quotes; @value is static and safe. */
void at_command_add_keyword (AtCommand *self, const char *value);

/**
 * Adds a text from outside in quotes. Refused, G_IO_ERROR_INVALID_ARGUMENT, when it is empty, longer than
 * @max_bytes, or holds anything but printable ASCII without quote and backslash: nothing can leave the
 * quotes.
 */
gboolean at_command_add_string (AtCommand *self, const char *value, gsize max_bytes, GError **error);

/** Makes it a data command. @payload is referenced. For AT_DATA_CTRL_Z it must be free of 0x1A and 0x1B. */
void at_command_set_payload (AtCommand *self, AtDataMode mode, GBytes *payload);
