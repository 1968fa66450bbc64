/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Stops a storm of handshakes: after some opens to one peer that failed in a row, the next must wait, longer
 * each time. No timer and no I/O. A peer is a text that the caller makes.
 */
#pragma once

#include <glib.h>

#include "close-reason.h"

/** Peers that are remembered; beyond that the one whose last failure is the oldest is forgotten. */
#define BREAKER_PEERS_MAX 64

/**
 * BreakerConfig:
 * @failures: so many in a row; 0: nothing is ever stopped.
 * @delay_ms: the first pause; each failure behind it doubles the next, up to @max_delay_ms.
 */
typedef struct {
  guint failures;
  gint64 delay_ms;
  gint64 max_delay_ms;
} BreakerConfig;

typedef struct Breaker Breaker;

Breaker *breaker_new (const BreakerConfig *config);
void breaker_free (Breaker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Breaker, breaker_free)

/** An open to @peer has ended so; CLOSE_REASON_NONE: it succeeded. What costs the air no handshake does not
 * count. TRUE: with this one it begins to stop opens to @peer, or goes on to. */
gboolean breaker_note (Breaker *self, const char *peer, CloseReason reason, gint64 now_us);

/** How long an open to @peer must wait; 0: not at all. */
gint64 breaker_get_wait_us (const Breaker *self, const char *peer, gint64 now_us);

/** The last failure, while an open must wait. */
CloseReason breaker_get_reason (const Breaker *self, const char *peer);

/** An open to @peer that need not wait begins: until its end is known others must, if it is a trial. */
void breaker_begin (Breaker *self, const char *peer, gint64 now_us);

/** Something has changed: one open to each peer may be tried at once. */
void breaker_lift (Breaker *self);

/** For each peer that must wait, until when. */
typedef void (*BreakerFunc) (const char *peer, gint64 until_us, gpointer user_data);
void breaker_for_each (const Breaker *self, gint64 now_us, BreakerFunc func, gpointer user_data);
