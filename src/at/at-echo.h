/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What stands between a prompt and the answer to the data: the blank that belongs to some prompts, which may
 * come late, and the data themselves where the module echoes in data mode. Neither may be taken for an
 * answer, nor one for the other. It learns from what can be told apart what to believe of what cannot.
 */
#pragma once

#include <glib.h>

typedef struct AtEcho AtEcho;

/** It knows no habits of the module. */
AtEcho *at_echo_new (void);
void at_echo_free (AtEcho *self);

/** The prompt's '>' has come. A blank that comes before the data are written is the prompt's. */
void at_echo_begin (AtEcho *self);

/** @payload was written behind the prompt. NULL: nothing of this kind can come any more. */
void at_echo_expect (AtEcho *self, GBytes *payload);

/**
 * Looks at what comes, at the start of a line. Returns how many bytes of it are used up. Some of them may be
 * kept back while it is not known what they are.
 */
gsize at_echo_skip (AtEcho *self, const guint8 *data, gsize size);

/** Whether the next bytes are for at_echo_skip(). */
gboolean at_echo_is_active (const AtEcho *self);

/** The bytes that were kept back and are an answer after all, to be parsed before any others. The caller
 * takes off what it has parsed. */
GString *at_echo_get_replay (AtEcho *self);
