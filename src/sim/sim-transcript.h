/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A recorded dialogue (tools/record-module; the format stands in modemssl-sim(1)), taken apart into commands
 * and what was said to each. Must not know how it is played. */
#pragma once

#include <glib.h>

/* Something that the module said: whole lines, or a prompt. */
typedef struct {
  guint after_ms; /* after the command, or after its data */
  GByteArray *bytes;
} SimTranscriptPiece;

typedef enum {
  SIM_TRANSCRIPT_DATA_NONE,
  SIM_TRANSCRIPT_DATA_CTRL_Z,
  SIM_TRANSCRIPT_DATA_ESC,
  SIM_TRANSCRIPT_DATA_COUNTED,
} SimTranscriptData;

/* One command. What was said before any, is the reply to the command NULL. */
typedef struct {
  char *command;
  GPtrArray *reply;       /* of SimTranscriptPiece; with data, up to the prompt */
  SimTranscriptData data; /* how the host ended its data */
  guint data_length;      /* without its end */
  gboolean echoes_data;
  GPtrArray *outcome;    /* of SimTranscriptPiece: what was said to the data */
  gboolean was_answered; /* there is a final result */
} SimTranscriptExchange;

typedef struct {
  GPtrArray *exchanges; /* of SimTranscriptExchange; the first is that of NULL */
  gboolean echo;        /* was on at the start */
} SimTranscript;

/* Errors of G_FILE_ERROR, or G_OPTION_ERROR_BAD_VALUE that names the line. Owned by the caller. */
SimTranscript *sim_transcript_new (const char *path, GError **error);
void sim_transcript_free (SimTranscript *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimTranscript, sim_transcript_free)

/* The command in a line of the host, from its AT on; NULL when the line is noise. Owned by the caller. */
char *sim_transcript_find_command (const char *line);

/* Whether a command ends with this piece: it holds a line OK or an error. */
gboolean sim_transcript_ends_reply (const SimTranscriptPiece *piece);
