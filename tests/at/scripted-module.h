/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The other end of a port that keeps to a script: expects these bytes, answers those, in this order, in the
 * test's own main loop. It knows no AT command.
 */
#pragma once

#include <gio/gio.h>

typedef struct ScriptedModule ScriptedModule;

/** @ret_fd: the end for serial_port_new_for_fd(). */
ScriptedModule *scripted_module_new (int *ret_fd);

/** The test fails if something was written that the script does not expect. */
void scripted_module_free (ScriptedModule *self);

/** The next @size bytes must be @data; any others fail the test. */
void scripted_module_expect_bytes (ScriptedModule *self, gconstpointer data, gsize size);

/** The next bytes must be @text. */
void scripted_module_expect (ScriptedModule *self, const char *text);

/** Then answers, in one write. */
void scripted_module_answer_bytes (ScriptedModule *self, gconstpointer data, gsize size);
void scripted_module_answer (ScriptedModule *self, const char *text);

/** Then does nothing for @delay_ms; what is written meanwhile waits. */
void scripted_module_pause (ScriptedModule *self, guint delay_ms);

/** Then calls @func. */
void scripted_module_call (ScriptedModule *self, GFunc func, gpointer user_data);

/** Then closes its end. */
void scripted_module_hang_up (ScriptedModule *self);

/** @line and a CR, and its answer: "\r\n@answer\r\n". NULL: none. */
void scripted_module_command (ScriptedModule *self, const char *line, const char *answer);

/** Drops the rest of the script, and whatever else is written. */
void scripted_module_ignore (ScriptedModule *self);

/** Whether all of the script has happened. */
gboolean scripted_module_is_done (ScriptedModule *self);

/** Runs the main loop until all of the script has happened; the test fails if that takes unreasonably long.
 */
void scripted_module_run (ScriptedModule *self);

/** Runs the main loop until *@counter has reached @wanted; the test fails if that takes unreasonably long. */
void scripted_module_run_until (ScriptedModule *self, const guint *counter, guint wanted);

/** Runs what is ready now. */
void scripted_module_run_what_is_ready (void);
