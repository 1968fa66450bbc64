/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the module does with the bytes of the host: command lines up to CR with echo, and data mode. Must not
 * know any command, reply or switch. */
#pragma once

#include <glib.h>

typedef enum {
  SIM_LINE_DEAF,    /* bytes are lost */
  SIM_LINE_HELD,    /* bytes wait: a command is being worked on */
  SIM_LINE_COMMAND, /* bytes make command lines */
  SIM_LINE_DATA,    /* bytes are the data of a command */
} SimLineMode;

typedef enum {
  SIM_LINE_END_COMPLETE,
  SIM_LINE_END_CANCELLED, /* by ESC */
  SIM_LINE_END_TOO_LONG,
} SimLineEnd;

typedef struct {
  void (*echo) (const guint8 *data, gsize length, gpointer user_data);
  /* A line without its CR; NULL for one that is too long. The mode is HELD. */
  void (*command) (const char *line, gpointer user_data);
  /* Data mode has ended. The mode is HELD. */
  void (*data) (const GByteArray *data, SimLineEnd end, gpointer user_data);
} SimLineEvents;

typedef struct {
  gsize fixed_length;   /* so many bytes; 0: up to Ctrl-Z */
  gsize max_length;     /* of data up to Ctrl-Z */
  gboolean esc_cancels; /* in data of fixed length */
  gboolean echo;
  guint accept_ms; /* bytes that come sooner than this are lost */
} SimLineData;

typedef struct SimLine SimLine;

/* DEAF at first, echo on. Owned by the caller. */
SimLine *sim_line_new (const SimLineEvents *events, gpointer user_data);
void sim_line_free (SimLine *self);

void sim_line_set_echo (SimLine *self, gboolean echo);
gboolean sim_line_get_echo (const SimLine *self);

/* Takes bytes in; events run within. With none it goes on with those that were held: call it so after a
 * change of mode outside an event. */
void sim_line_feed (SimLine *self, const guint8 *data, gsize length);

SimLineMode sim_line_get_mode (const SimLine *self);
void sim_line_accept_commands (SimLine *self);
void sim_line_accept_data (SimLine *self, const SimLineData *request);

/* What is held or half received is lost too. */
void sim_line_be_deaf (SimLine *self);
