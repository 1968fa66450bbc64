/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Why a connection ended: the first cause counts. Pure.
 */
#pragma once

#include <glib.h>

#include "close-reason.h"

/** Ending: all zeros is none. */
typedef struct {
  CloseReason reason;
  int code;   /**< of the module, 0 for none */
  char *text; /**< a sentence that says what to do; owned */
} Ending;

/** Takes the cause unless there is one: TRUE when this is it. @detail: what is known beside the reason, or
 * NULL. */
gboolean ending_take (Ending *self, CloseReason reason, int code, const char *detail);

/** The same from an error of a driver or of any other kind. */
gboolean ending_take_error (Ending *self, const GError *error);

/** The end was not as good as it was said to be: takes the place of the cause. */
void ending_replace (Ending *self, CloseReason reason, const char *detail);

void ending_clear (Ending *self);
