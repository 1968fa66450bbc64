/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One AT command line taken apart: name, form and arguments (section 2.1.2 of the note), and the kinds of
 * result a command can have. Must not know any command. */
#pragma once

#include <glib.h>

typedef enum {
  SIM_RESULT_OK,
  SIM_RESULT_ERROR,
  SIM_RESULT_NOT_ALLOWED,   /* +CME ERROR: 3 */
  SIM_RESULT_NOT_SUPPORTED, /* +CME ERROR: 4 */
  SIM_RESULT_NO_SIM,        /* +CME ERROR: 10 */
  SIM_RESULT_SIM_BUSY,      /* +CME ERROR: 14 */
  SIM_RESULT_WRONG_PIN,     /* +CME ERROR: 16 */
  SIM_RESULT_BAD_PARAMETER, /* +CME ERROR: 50 */
  SIM_RESULT_PENDING,       /* the command ends later */
} SimResult;

typedef enum { SIM_FORM_EXECUTE, SIM_FORM_READ, SIM_FORM_TEST, SIM_FORM_WRITE } SimForm;

typedef struct {
  char *text; /* what follows "AT", upper case */
  char *name; /* upper case, with its '+'; of a basic command the whole text */
  SimForm form;
  GPtrArray *arguments; /* of SimArgument; empty but for the write form */
} SimCommand;

/* Takes what follows "AT". NULL when the quotes do not match. Owned by the caller. */
SimCommand *sim_command_parse (const char *line);
void sim_command_free (SimCommand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimCommand, sim_command_free)

guint sim_command_count (const SimCommand *self);

/* FALSE unless that argument is there, a bare number, and min <= it <= max. */
gboolean sim_command_get_number (const SimCommand *self, guint index, gint min, gint max, gint *ret_value);

/* The quoted argument without its quotes, or NULL. Stays the command's. */
const char *sim_command_get_string (const SimCommand *self, guint index);
