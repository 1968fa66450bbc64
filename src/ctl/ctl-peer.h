/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The daemon's end of one connection: its calls and its signals, put in order. Knows nothing of where data
 * comes from or goes to.
 */
#pragma once

#include <gio/gio.h>

typedef struct CtlPeer CtlPeer;

/** What to open, borrowed until ctl_peer_new() has returned. */
typedef struct {
  const char *service; /* unique name of the daemon */
  const char *context_path;
  const char *host;
  guint16 port;
  GVariant *options; /* a{sv} */
} CtlPeerTarget;

/**
 * CtlPeerEvents:
 * @waiting: it has a slot, and waits for the network.
 * @queued: the connection waits for a slot, or has another place in the queue, which ctl_peer_get_info()
 * tells. Only before @connecting.
 * @connecting: the connection is there and has a slot, and ctl_peer_get_info() tells where.
 * @connected: data can be sent.
 * @received: @data came, the next after all before.
 * @sent: the oldest ctl_peer_send() without an answer was answered: all is confirmed, or @error (CTL_ERROR).
 * @closed: it is over and all data has been handed out; ctl_peer_get_info() tells why.
 * @released: the answer to ctl_peer_release().
 * @failed: nothing can be expected of it any more: Open failed, data is missing, or the daemon is gone.
 *   @error is CTL_ERROR.
 *
 * All run from the main loop, and never inside a call of this header. They must not free the peer.
 */
typedef struct {
  void (*queued) (gpointer user_data);
  void (*waiting) (gpointer user_data);
  void (*connecting) (gpointer user_data);
  void (*connected) (gpointer user_data);
  void (*received) (GBytes *data, gpointer user_data);
  void (*sent) (const GError *error, gpointer user_data);
  void (*closed) (gpointer user_data);
  void (*released) (gpointer user_data);
  void (*failed) (const GError *error, gpointer user_data);
} CtlPeerEvents;

/** How it stands, borrowed from the peer. Strings are "" while they are not known. */
typedef struct {
  const char *path;
  const char *module_path; /* "/" while it waits for any */
  guint queue_position;
  gboolean close_called; /* by ctl_peer_close() */
  const char *reason;
  gint32 code;
  const char *text;
  guint64 confirmed; /* bytes */
  guint64 received;  /* bytes */
} CtlPeerInfo;

/** Subscribes to the signals, then calls Open and StartReceiving. @events must outlive the peer. */
CtlPeer *ctl_peer_new (GDBusConnection *bus, const CtlPeerTarget *target, const CtlPeerEvents *events,
                       gpointer user_data);

/** Sends @data (1 to 65536 bytes). Only once it is connected. */
void ctl_peer_send (CtlPeer *self, GBytes *data);

/** Calls Close, once; nothing happens before Open has answered and after the end. */
void ctl_peer_close (CtlPeer *self);

/** Calls Release, closing it first. Returns FALSE when there is nothing to release, and then no event
 * follows. */
gboolean ctl_peer_release (CtlPeer *self);

CtlPeerInfo ctl_peer_get_info (CtlPeer *self);

/** No event follows. */
void ctl_peer_free (CtlPeer *self);
