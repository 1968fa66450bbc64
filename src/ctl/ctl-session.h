/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection from Open to Release, with standard input and output at its ends. Knows nothing of the
 * command line and of D-Bus' calls, and prints nothing.
 */
#pragma once

#include "ctl-peer.h"

typedef struct CtlSession CtlSession;

/**
 * CtlSessionState:
 * @CTL_SESSION_OPENING: Open was called; the connection is not yet known.
 * @CTL_SESSION_QUEUED: it waits for a slot; entered again when its place in the queue is another.
 * @CTL_SESSION_WAITING: it waits for the network.
 * @CTL_SESSION_CONNECTING: it has a slot and is on its way.
 * @CTL_SESSION_TRANSFERRING: data goes both ways.
 * @CTL_SESSION_LINGERING: all input is confirmed; more may come from the server.
 * @CTL_SESSION_CLOSING: Close was called.
 * @CTL_SESSION_DRAINING: it is over; the last data goes to standard output.
 * @CTL_SESSION_RELEASING: Release was called.
 * @CTL_SESSION_DONE: the end.
 */
typedef enum {
  CTL_SESSION_OPENING,
  CTL_SESSION_QUEUED,
  CTL_SESSION_WAITING,
  CTL_SESSION_CONNECTING,
  CTL_SESSION_TRANSFERRING,
  CTL_SESSION_LINGERING,
  CTL_SESSION_CLOSING,
  CTL_SESSION_DRAINING,
  CTL_SESSION_RELEASING,
  CTL_SESSION_DONE,
} CtlSessionState;

/**
 * Runs at each state that is entered: from the main loop, or inside ctl_session_abort(). It must not free the
 * session.
 */
typedef void (*CtlSessionFunc) (CtlSession *self, CtlSessionState state, gpointer user_data);

/**
 * Opens @target and carries the program's standard input and output over it. After the end of input it waits
 * @linger_ms for more data; 0: not at all. @func runs later, at last with CTL_SESSION_DONE.
 */
CtlSession *ctl_session_new (GDBusConnection *bus, const CtlPeerTarget *target, guint linger_ms,
                             CtlSessionFunc func, gpointer user_data);

/** Ends it without more ado; @error (CTL_ERROR, taken) becomes the result unless there is one already. */
void ctl_session_abort (CtlSession *self, GError *error);

/** How the connection stands, and in *@ret_sent how many bytes were given to it. */
CtlPeerInfo ctl_session_get_info (CtlSession *self, guint64 *ret_sent);

/** Once it is done: whether it went well. */
gboolean ctl_session_check (CtlSession *self, GError **error);

void ctl_session_free (CtlSession *self);
