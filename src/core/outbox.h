/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection is to send: the calls that wait for their confirmation, and the counters. Knows no slot
 * and no state of a connection.
 */
#pragma once

#include <gio/gio.h>

#define OUTBOX_CALL_MAX_BYTES 65536
#define OUTBOX_MAX_CALLS 16

typedef struct Outbox Outbox;

Outbox *outbox_new (void);

/** Every call must have been answered: outbox_fail(). */
void outbox_free (Outbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outbox, outbox_free)

/** MSSL_ERROR_INVALID_ARGUMENT unless @data has 1 to OUTBOX_CALL_MAX_BYTES bytes. */
gboolean outbox_check (GBytes *data, GError **error);

/**
 * Queues @data, which must have passed outbox_check(). @task (taken) is returned TRUE when all of it is
 * confirmed, or with MSSL_ERROR_SEND_FAILED by outbox_fail(), or now with MSSL_ERROR_LIMIT_EXCEEDED.
 */
void outbox_put (Outbox *self, GBytes *data, GTask *task);

/** The result of @task: bytes confirmed up to and with this call. */
gboolean outbox_finish (GTask *task, guint64 *ret_confirmed, GError **error);

/** The next piece to send, or NULL when there is none or one is under way. Caller unrefs. */
GBytes *outbox_begin_piece (Outbox *self, gsize max_bytes);

/** Whether a piece is under way. */
gboolean outbox_is_sending (const Outbox *self);

/**
 * The piece under way is confirmed. The task of the call that is complete with it, or NULL; to be given to
 * outbox_complete() when the next piece is on its way.
 */
GTask *outbox_confirm (Outbox *self);
void outbox_complete (Outbox *self, GTask *task);

/** Every call ends: @why says so in a sentence. */
void outbox_fail (Outbox *self, const char *why);

/** @bytes more were sent and confirmed in an earlier life of the daemon. */
void outbox_restore (Outbox *self, guint64 bytes);

guint64 outbox_get_sent (const Outbox *self);
guint64 outbox_get_confirmed (const Outbox *self);
