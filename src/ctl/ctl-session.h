/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection from Open to Release, with standard input and output at its ends. Knows nothing of the
 * command line and prints nothing.
 */
#pragma once

#include <gio/gio.h>

typedef struct CtlSession CtlSession;

/**
 * CtlSessionState:
 * @CTL_SESSION_OPENING: Open was called; the connection is not yet known.
 * @CTL_SESSION_CONNECTING: it is there and on its way.
 * @CTL_SESSION_TRANSFERRING: data goes both ways.
 * @CTL_SESSION_LINGERING: all input is confirmed; more may come from the server.
 * @CTL_SESSION_CLOSING: Close was called.
 * @CTL_SESSION_DRAINING: it is over; the last data goes to standard output.
 * @CTL_SESSION_RELEASING: Release was called.
 * @CTL_SESSION_DONE: the end.
 */
typedef enum {
  CTL_SESSION_OPENING,
  CTL_SESSION_CONNECTING,
  CTL_SESSION_TRANSFERRING,
  CTL_SESSION_LINGERING,
  CTL_SESSION_CLOSING,
  CTL_SESSION_DRAINING,
  CTL_SESSION_RELEASING,
  CTL_SESSION_DONE,
} CtlSessionState;

/** What to open, borrowed until ctl_session_new() has returned. */
typedef struct {
  const char *service; /* unique name of the daemon */
  const char *context_path;
  const char *host;
  guint16 port;
  const char *module; /* NULL: the daemon chooses */
  guint linger_ms;
} CtlSessionTarget;

/** How it stands, borrowed from the session. Strings are "" while they are not known. */
typedef struct {
  const char *path;
  const char *module_path;
  const char *reason;
  gint32 code;
  const char *text;
  guint64 sent;      /* bytes given to Send */
  guint64 confirmed; /* of those, bytes that were confirmed */
  guint64 received;  /* bytes that have arrived */
} CtlSessionReport;

/** Runs from the main loop at each state that is entered. It must not free the session. */
typedef void (*CtlSessionFunc) (CtlSession *self, CtlSessionState state, gpointer user_data);

/** Calls Open. @func runs later, at last with CTL_SESSION_DONE. */
CtlSession *ctl_session_new (GDBusConnection *bus, const CtlSessionTarget *target, CtlSessionFunc func,
                             gpointer user_data);

/** Ends it without more ado; @error (CTL_ERROR, taken) becomes the result unless there is one already. */
void ctl_session_abort (CtlSession *self, GError *error);

/** How it stands now. */
CtlSessionReport ctl_session_get_report (CtlSession *self);

/** Once it is done: whether it went well. */
gboolean ctl_session_check (CtlSession *self, GError **error);

void ctl_session_free (CtlSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlSession, ctl_session_free)
