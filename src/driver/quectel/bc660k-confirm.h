/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which +QSSLSEND confirms which AT+QSSLSEND: results carry no number, and the one of a send that was given
 * up may still come when the next connection sends already. Knows no command and no state of a connection.
 */
#pragma once

#include "timer.h"

/** What became of the send under way: @in_time: the module said @result (note 2.3.3); otherwise it said
 * nothing in time. From the main loop or inside bc660k_confirm_take(). */
typedef void (*Bc660kConfirmed) (gboolean in_time, int result, gpointer user_data);

/** Bc660kConfirm: lies inside the struct of its owner; all fields are private. */
typedef struct {
  Bc660kConfirmed func;
  gpointer user_data;
  gboolean awaited; /* the result of the send under way has not come */
  guint owed;       /* results of sends that were given up and may still come */
  gint64 owed_until_us;
  guint held;      /* results that came although one more may be owed */
  int held_result; /* the last of them */
  Timer timer;     /* for the result, or for another one behind the held */
} Bc660kConfirm;

void bc660k_confirm_init (Bc660kConfirm *self, Bc660kConfirmed func, gpointer user_data);
void bc660k_confirm_dispose (Bc660kConfirm *self);

/** A send begins. */
void bc660k_confirm_begin (Bc660kConfirm *self);

/** Its OK has come: its result has @timeout_ms. */
void bc660k_confirm_expect (Bc660kConfirm *self, guint timeout_ms);

/** It was refused: there will be no result. */
void bc660k_confirm_cancel (Bc660kConfirm *self);

/** The connection is over: if a result is awaited it may come for another @within_ms. */
void bc660k_confirm_give_up (Bc660kConfirm *self, guint within_ms);

/** The module has forgotten everything: no result will come. */
void bc660k_confirm_forget (Bc660kConfirm *self);

/** A result has come. FALSE: nothing was sent that it could belong to. */
gboolean bc660k_confirm_take (Bc660kConfirm *self, int result);
