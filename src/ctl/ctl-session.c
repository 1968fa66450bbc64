/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state machine of `connect`. enter() alone writes the state; every event looks at it first.
 */
#include "ctl-session.h"

#include <unistd.h>

#include "close-reason.h"
#include "ctl-error.h"
#include "ctl-input.h"
#include "ctl-output.h"
#include "ctl-ping.h"

/* The daemon lets 16 calls of Send wait; four keep the module busy while the next is read. */
#define SEND_BYTES 16384
#define MAX_SENDS 4

/* What may wait for standard output before the daemon is no longer told to go on. */
#define OUTPUT_BYTES (1024 * 1024)

struct CtlSession {
  CtlSessionFunc func;
  gpointer user_data;
  CtlSessionState state;
  CtlPeer *peer;
  CtlPing *ping;
  CtlInput *input;
  CtlOutput *output;
  guint linger_ms;
  GSource *linger;
  gboolean input_ended;
  guint n_sends; /* not yet answered */
  guint64 sent;
  GError *send_error; /* counts unless the server had closed */
  GError *error;      /* counts in any case */
};

static void enter (CtlSession *self, CtlSessionState state);

/* Takes @error. */
static void
fail (CtlSession *self, GError *error, CtlSessionState next)
{
  if (self->error == NULL)
    self->error = error;
  else
    g_error_free (error);
  if (self->state < next)
    enter (self, next);
}

static void
stop_linger (CtlSession *self)
{
  if (self->linger == NULL)
    return;
  g_source_destroy (self->linger);
  g_clear_pointer (&self->linger, g_source_unref);
}

static gboolean
on_linger (gpointer user_data)
{
  enter (user_data, CTL_SESSION_CLOSING);
  return G_SOURCE_REMOVE;
}

static void
start_linger (CtlSession *self)
{
  stop_linger (self);
  self->linger = g_timeout_source_new (self->linger_ms);
  g_source_set_callback (self->linger, on_linger, self, NULL);
  g_source_attach (self->linger, NULL);
}

static void
stop_transfer (CtlSession *self)
{
  stop_linger (self);
  ctl_input_set_reading (self->input, FALSE);
}

static void
check_sent (CtlSession *self)
{
  if (self->state == CTL_SESSION_TRANSFERRING && self->input_ended && self->n_sends == 0)
    enter (self, self->linger_ms > 0 ? CTL_SESSION_LINGERING : CTL_SESSION_CLOSING);
}

static void
check_drained (CtlSession *self)
{
  if (self->state == CTL_SESSION_DRAINING && ctl_output_get_queued (self->output) == 0)
    enter (self, CTL_SESSION_RELEASING);
}

static void
update_ping (CtlSession *self)
{
  ctl_ping_set_answering (self->ping, ctl_output_get_queued (self->output) < OUTPUT_BYTES);
}

static void
on_input (GBytes *data, const GError *error, gpointer user_data)
{
  CtlSession *self = user_data;

  if (error != NULL) {
    fail (self, g_error_copy (error), CTL_SESSION_CLOSING);
    return;
  }
  if (data == NULL) {
    self->input_ended = TRUE;
    check_sent (self);
    return;
  }

  ctl_peer_send (self->peer, data);
  self->sent += g_bytes_get_size (data);
  self->n_sends++;
  if (self->n_sends == MAX_SENDS)
    ctl_input_set_reading (self->input, FALSE);
}

static void
on_output (const GError *error, gpointer user_data)
{
  CtlSession *self = user_data;

  update_ping (self);
  /* Once the connection is over, a reader that has seen enough is nobody's fault. */
  if (error != NULL && self->state < CTL_SESSION_DRAINING)
    fail (self, g_error_copy (error), CTL_SESSION_RELEASING);
  else
    check_drained (self);
}

static void
on_peer_queued (gpointer user_data)
{
  CtlSession *self = user_data;

  if (self->state <= CTL_SESSION_QUEUED)
    enter (self, CTL_SESSION_QUEUED);
}

static void
on_peer_waiting (gpointer user_data)
{
  CtlSession *self = user_data;

  if (self->state <= CTL_SESSION_QUEUED)
    enter (self, CTL_SESSION_WAITING);
}

static void
on_peer_connecting (gpointer user_data)
{
  CtlSession *self = user_data;

  if (self->state <= CTL_SESSION_WAITING)
    enter (self, CTL_SESSION_CONNECTING);
}

static void
on_peer_connected (gpointer user_data)
{
  CtlSession *self = user_data;

  if (self->state == CTL_SESSION_CONNECTING)
    enter (self, CTL_SESSION_TRANSFERRING);
}

static void
on_peer_received (GBytes *data, gpointer user_data)
{
  CtlSession *self = user_data;

  ctl_output_write (self->output, data);
  update_ping (self);
  if (self->state == CTL_SESSION_LINGERING)
    start_linger (self);
}

static void
on_peer_sent (const GError *error, gpointer user_data)
{
  CtlSession *self = user_data;

  self->n_sends--;
  if (error == NULL) {
    if (self->state == CTL_SESSION_TRANSFERRING)
      ctl_input_set_reading (self->input, TRUE);
    check_sent (self);
    return;
  }
  if (self->send_error == NULL)
    self->send_error = g_error_copy (error);
  if (self->state < CTL_SESSION_CLOSING)
    enter (self, CTL_SESSION_CLOSING);
}

static void
on_peer_closed (gpointer user_data)
{
  CtlSession *self = user_data;

  if (self->state < CTL_SESSION_DRAINING)
    enter (self, CTL_SESSION_DRAINING);
}

static void
on_peer_released (gpointer user_data)
{
  enter (user_data, CTL_SESSION_DONE);
}

static void
on_peer_failed (const GError *error, gpointer user_data)
{
  fail (user_data, g_error_copy (error), CTL_SESSION_DRAINING);
}

static const CtlPeerEvents peer_events = {
  .queued = on_peer_queued,
  .waiting = on_peer_waiting,
  .connecting = on_peer_connecting,
  .connected = on_peer_connected,
  .received = on_peer_received,
  .sent = on_peer_sent,
  .closed = on_peer_closed,
  .released = on_peer_released,
  .failed = on_peer_failed,
};

static void
enter (CtlSession *self, CtlSessionState state)
{
  self->state = state;
  self->func (self, state, self->user_data);

  switch (state) {
  case CTL_SESSION_OPENING:
  case CTL_SESSION_QUEUED:
  case CTL_SESSION_WAITING:
  case CTL_SESSION_CONNECTING:
  case CTL_SESSION_DONE:
    break;
  case CTL_SESSION_TRANSFERRING:
    ctl_input_set_reading (self->input, TRUE);
    break;
  case CTL_SESSION_LINGERING:
    start_linger (self);
    break;
  case CTL_SESSION_CLOSING:
    stop_transfer (self);
    ctl_peer_close (self->peer);
    break;
  case CTL_SESSION_DRAINING:
    stop_transfer (self);
    check_drained (self);
    break;
  case CTL_SESSION_RELEASING:
    stop_transfer (self);
    if (!ctl_peer_release (self->peer))
      enter (self, CTL_SESSION_DONE);
    break;
  }
}

CtlSession *
ctl_session_new (GDBusConnection *bus, const CtlPeerTarget *target, guint linger_ms, CtlSessionFunc func,
                 gpointer user_data)
{
  CtlSession *self = g_new0 (CtlSession, 1);

  self->linger_ms = linger_ms;
  self->func = func;
  self->user_data = user_data;
  self->input = ctl_input_new (STDIN_FILENO, SEND_BYTES, on_input, self);
  self->output = ctl_output_new (STDOUT_FILENO, on_output, self);
  self->ping = ctl_ping_new (bus);
  self->peer = ctl_peer_new (bus, target, &peer_events, self);
  return self;
}

void
ctl_session_abort (CtlSession *self, GError *error)
{
  fail (self, error, CTL_SESSION_RELEASING);
}

CtlPeerInfo
ctl_session_get_info (CtlSession *self, guint64 *ret_sent)
{
  *ret_sent = self->sent;
  return ctl_peer_get_info (self->peer);
}

static const char *
get_advice (const CtlPeerInfo *info)
{
  if (*info->text != '\0')
    return info->text;
  for (guint reason = 0; reason <= CLOSE_REASON_LAST; reason++) {
    if (g_str_equal (info->reason, close_reason_get_name (reason)))
      return close_reason_get_advice (reason);
  }
  return "";
}

/* Whether it ended in one of the two good ways: the server has closed, or all was done and this program
 * closed. */
static gboolean
check_close (CtlSession *self, GError **error)
{
  CtlPeerInfo info = ctl_peer_get_info (self->peer);

  if (g_str_equal (info.reason, close_reason_get_name (CLOSE_REASON_SERVER_CLOSED)))
    return TRUE;
  if (info.close_called && g_str_equal (info.reason, close_reason_get_name (CLOSE_REASON_REQUESTED))) {
    if (self->send_error != NULL)
      g_propagate_error (error, g_error_copy (self->send_error));
    return self->send_error == NULL;
  }
  g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "the connection ended: %s (module code %d): %s",
               info.reason, info.code, get_advice (&info));
  return FALSE;
}

gboolean
ctl_session_check (CtlSession *self, GError **error)
{
  if (self->error != NULL) {
    g_propagate_error (error, g_error_copy (self->error));
    return FALSE;
  }
  return check_close (self, error);
}

void
ctl_session_free (CtlSession *self)
{
  stop_linger (self);
  ctl_peer_free (self->peer);
  ctl_ping_free (self->ping);
  ctl_output_free (self->output);
  ctl_input_free (self->input);
  g_clear_error (&self->send_error);
  g_clear_error (&self->error);
  g_free (self);
}
