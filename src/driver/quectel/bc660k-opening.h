/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What comes before AT+QSSLOPEN: the module is woken, settings and credentials are brought into it and
 * proven. Knows nothing of the connection that follows.
 */
#pragma once

#include "bc660k-private.h"

typedef struct Bc660kOpening Bc660kOpening;

/** All is ready (@error NULL), or not: a MODULE_ERROR, which is borrowed; CLOSE_REASON_REQUESTED after
 * bc660k_opening_cancel(). Never inside a call of this file. */
typedef void (*Bc660kOpeningDone) (const GError *error, gpointer user_data);

/** Begins. Takes a copy of @request and a lock on the module's sleep, which the caller gives back. */
Bc660kOpening *bc660k_opening_start (Bc660kDriver *driver, guint slot, const ModuleOpenRequest *request,
                                     Bc660kOpeningDone done, gpointer user_data);

const ModuleOpenRequest *bc660k_opening_get_request (Bc660kOpening *self);

/** It ends after the command that is under way. */
void bc660k_opening_cancel (Bc660kOpening *self);

/** The caller is no longer interested: its function will not run. Frees @self as soon as nothing is under way
 * for it. */
void bc660k_opening_drop (Bc660kOpening *self);
