/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection tells, and its calls of Send. For the tests; checks that nothing comes twice.
 */
#pragma once

#include "mssl-error.h"
#include "world.h"

/** Watch: what a connection told. */
typedef struct {
  Connection *connection;
  ConnectionState states[8];
  guint n_states;
  guint closed;
  guint released;
} Watch;

Watch *watch_new (Connection *connection);
void watch_free (Watch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Watch, watch_free)

/** Opens, or opens and connects, and watches from then on. */
Watch *watch_open (World *world, const char *options);
Watch *watch_connect (World *world, const char *options);

/** It must have ended, once, in this way. */
void watch_expect_end (Watch *self, CloseReason reason, int code);

/** Nobody holds the slot of @world. */
void watch_expect_slot_free (World *world);

ConnectionStatistics watch_get_statistics (Watch *self);

/** WatchSend: one call of Send. @order: which answer it was, of all. */
typedef struct {
  guint64 confirmed;
  GError *error;
  guint answers;
  guint order;
} WatchSend;

void watch_send_clear (WatchSend *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WatchSend, watch_send_clear)

/** Sends @size bytes; byte i is i * 7. */
void watch_send (Watch *self, gsize size, WatchSend *send);

/** It must have been answered, with this error. */
void watch_send_expect_error (const WatchSend *self, MsslError code);
