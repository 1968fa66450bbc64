/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A table of the peers whose last open failed.
 */
#include "breaker.h"

typedef struct {
  guint failures; /* in a row */
  gint64 last_us; /* of the last failure */
  CloseReason reason;
  gint64 until_us; /* an open before must wait */
  gint64 pause_us; /* the last one; 0: none yet */
} Peer;

struct Breaker {
  BreakerConfig config;
  GHashTable *peers; /* its name → Peer */
};

Breaker *
breaker_new (const BreakerConfig *config)
{
  Breaker *self = g_new0 (Breaker, 1);

  self->config = *config;
  self->peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
breaker_free (Breaker *self)
{
  g_hash_table_unref (self->peers);
  g_free (self);
}

/* Whether the open came as far as a handshake, or wrote to the module's flash, which is as dear. */
static gboolean
is_costly (CloseReason reason)
{
  switch (reason) {
  case CLOSE_REASON_SERVER_CLOSED:
  case CLOSE_REASON_CONNECT_FAILED:
  case CLOSE_REASON_CERTIFICATE:
  case CLOSE_REASON_KEY:
  case CLOSE_REASON_CIPHER:
  case CLOSE_REASON_STATE:
  case CLOSE_REASON_TIMEOUT:
  case CLOSE_REASON_MODULE_ERROR:
  case CLOSE_REASON_SETTINGS:
  case CLOSE_REASON_CREDENTIAL:
  case CLOSE_REASON_PROTOCOL:
    return TRUE;
  case CLOSE_REASON_NONE:
  case CLOSE_REASON_REQUESTED:
  case CLOSE_REASON_OWNER_LEFT:
  case CLOSE_REASON_QUEUE_TIMEOUT:
  case CLOSE_REASON_PREEMPTED:
  case CLOSE_REASON_IDLE_TIMEOUT:
  case CLOSE_REASON_OVERFLOW:
  case CLOSE_REASON_DATAGRAM_SIZE:
  case CLOSE_REASON_NO_NETWORK:
  case CLOSE_REASON_NO_SIM:
  case CLOSE_REASON_STORAGE:
  case CLOSE_REASON_MODULE_RESTARTED:
  case CLOSE_REASON_DEEP_SLEEP:
  case CLOSE_REASON_MODULE_LOST:
  case CLOSE_REASON_PORT_RELEASED:
  case CLOSE_REASON_SHUTDOWN:
  case CLOSE_REASON_BREAKER:
    return FALSE;
  }
  g_assert_not_reached ();
}

static void
forget_oldest (Breaker *self)
{
  const char *oldest = NULL;
  gint64 oldest_us = G_MAXINT64;
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const Peer *peer = value;

    if (peer->last_us < oldest_us) {
      oldest_us = peer->last_us;
      oldest = name;
    }
  }
  g_hash_table_remove (self->peers, oldest);
}

static Peer *
get_peer (Breaker *self, const char *name)
{
  Peer *peer = g_hash_table_lookup (self->peers, name);

  if (peer != NULL)
    return peer;
  if (g_hash_table_size (self->peers) == BREAKER_PEERS_MAX)
    forget_oldest (self);
  peer = g_new0 (Peer, 1);
  g_hash_table_insert (self->peers, g_strdup (name), peer);
  return peer;
}

gboolean
breaker_note (Breaker *self, const char *name, CloseReason reason, gint64 now_us)
{
  Peer *peer;

  if (self->config.failures == 0)
    return FALSE;
  if (reason == CLOSE_REASON_NONE)
    g_hash_table_remove (self->peers, name);
  if (!is_costly (reason))
    return FALSE;

  peer = get_peer (self, name);
  peer->failures++;
  peer->last_us = now_us;
  peer->reason = reason;
  if (peer->failures < self->config.failures)
    return FALSE;
  peer->pause_us =
      MIN (MAX (peer->pause_us * 2, self->config.delay_ms * 1000), self->config.max_delay_ms * 1000);
  peer->until_us = now_us + peer->pause_us;
  return TRUE;
}

gint64
breaker_get_wait_us (const Breaker *self, const char *name, gint64 now_us)
{
  const Peer *peer = g_hash_table_lookup (self->peers, name);

  return peer != NULL && peer->until_us > now_us ? peer->until_us - now_us : 0;
}

CloseReason
breaker_get_reason (const Breaker *self, const char *name)
{
  const Peer *peer = g_hash_table_lookup (self->peers, name);

  return peer != NULL ? peer->reason : CLOSE_REASON_NONE;
}

void
breaker_begin (Breaker *self, const char *name, gint64 now_us)
{
  Peer *peer = g_hash_table_lookup (self->peers, name);

  if (peer != NULL && peer->pause_us > 0)
    peer->until_us = now_us + peer->pause_us;
}

void
breaker_lift (Breaker *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ((Peer *) value)->until_us = 0;
}

void
breaker_for_each (const Breaker *self, gint64 now_us, BreakerFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const Peer *peer = value;

    if (peer->until_us > now_us)
      func (name, peer->until_us, user_data);
  }
}
