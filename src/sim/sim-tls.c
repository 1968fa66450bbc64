/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-tls.h. Every entry from the main loop holds a reference, because an event may free the object. */
#include "sim-tls.h"

#include <gnutls/dtls.h>
#include <unistd.h>

#include "sim-connect.h"
#include "sim-watch.h"

#define MAX_DATAGRAM_BYTES 16384
/* Records in one turn of the main loop; the AT dialogue has to go on beside them. */
#define MAX_READS_PER_TURN 16

typedef enum { STATE_CONNECTING, STATE_HANDSHAKE, STATE_OPEN, STATE_DEAD } State;

struct SimTls {
  State state;
  const SimTlsEvents *events;
  gpointer user_data;
  gboolean is_datagram;
  gint seclevel;
  gnutls_certificate_credentials_t credentials; /* NULL: not usable */
  gnutls_session_t session;                     /* NULL: none */
  SimConnect *connect;
  int fd;
  SimWatch *watch;
  GSource
      *timer; /* a turn that waits for no fd: DTLS retransmission, records that GnuTLS holds, a late event */
  SimTlsCode early_code;
  gboolean is_reading;
  gboolean is_sending;
  gboolean has_sent; /* the result of a send is still to be told */
  SimTlsCode sent_code;
};

static void take_turn (SimTls *self);

static void
clear_timer (SimTls *self)
{
  if (self->timer == NULL)
    return;
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static gboolean
on_timer (gpointer user_data)
{
  SimTls *self = user_data;
  clear_timer (self);
  take_turn (self);
  return G_SOURCE_REMOVE;
}

static void
set_timer (SimTls *self, guint ms)
{
  clear_timer (self);
  self->timer = g_timeout_source_new (ms);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, NULL);
}

static void
await_io (SimTls *self)
{
  GIOCondition condition = 0;
  if (self->state == STATE_HANDSHAKE)
    condition = gnutls_record_get_direction (self->session) == 1 ? G_IO_OUT : G_IO_IN;
  else if (self->state == STATE_OPEN)
    condition = (self->is_reading ? G_IO_IN : 0) | (self->is_sending ? G_IO_OUT : 0);
  if (self->watch != NULL)
    sim_watch_set (self->watch, condition);
}

/* Stops everything; the object waits to be freed. */
static void
die (SimTls *self)
{
  self->state = STATE_DEAD;
  clear_timer (self);
  g_clear_pointer (&self->connect, sim_connect_free);
  g_clear_pointer (&self->watch, sim_watch_free);
}

static void
fail_open (SimTls *self, SimTlsCode code)
{
  die (self);
  self->events->opened (code, self->user_data);
}

/* A fatal alert in a datagram proves nothing, so GnuTLS goes on waiting; a small stack believes it. */
static gboolean
is_refused (SimTls *self)
{
  return self->is_datagram && (int) gnutls_alert_get (self->session) > GNUTLS_A_CLOSE_NOTIFY;
}

static void
shake_hands (SimTls *self)
{
  int result = gnutls_handshake (self->session);
  if (result != GNUTLS_E_SUCCESS && is_refused (self))
    result = GNUTLS_E_FATAL_ALERT_RECEIVED;
  if (result == GNUTLS_E_SUCCESS) {
    self->state = STATE_OPEN;
    set_timer (self, 0); /* data may have come along with the last flight */
    self->events->opened (SIM_TLS_CODE_OK, self->user_data);
  } else if (gnutls_error_is_fatal (result)) {
    gnutls_alert_send_appropriate (self->session, result);
    fail_open (self, sim_tls_setup_judge (self->session, self->seclevel, result));
  } else if (self->is_datagram) {
    guint ms = gnutls_dtls_get_timeout (self->session);
    set_timer (self, MAX (1, ms));
  }
}

static void
break_off (SimTls *self)
{
  gboolean was_sending = self->is_sending;
  die (self);
  if (was_sending)
    self->events->sent (SIM_TLS_CODE_CONNECTION, self->user_data);
  if (self->events != NULL)
    self->events->closed (self->user_data);
}

/* FALSE: there is nothing more to read now. */
static gboolean
read_record (SimTls *self)
{
  guint8 buffer[MAX_DATAGRAM_BYTES];
  gsize room = self->is_datagram ? sizeof buffer : SIM_TLS_MAX_RECEIVED;
  gssize length = gnutls_record_recv (self->session, buffer, room);
  if (length > 0) {
    self->events->received (buffer, MIN ((gsize) length, SIM_TLS_MAX_RECEIVED), self->user_data);
    return TRUE;
  }
  if (length == GNUTLS_E_AGAIN)
    return FALSE;
  if (length == GNUTLS_E_REHANDSHAKE)
    gnutls_alert_send (self->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
  if (length < 0 && !gnutls_error_is_fatal ((int) length))
    return TRUE;
  break_off (self);
  return FALSE;
}

static void
read_records (SimTls *self)
{
  guint n_reads = 0;
  while (self->state == STATE_OPEN && self->is_reading && n_reads < MAX_READS_PER_TURN && read_record (self))
    n_reads++;
  if (self->state == STATE_OPEN && self->is_reading && gnutls_record_check_pending (self->session) > 0)
    set_timer (self, 0);
}

static void
note_sent (SimTls *self, gssize result)
{
  if (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED) {
    self->is_sending = TRUE;
    return;
  }
  self->is_sending = FALSE;
  self->has_sent = TRUE;
  self->sent_code =
      result < 0 ? sim_tls_setup_judge (self->session, self->seclevel, (int) result) : SIM_TLS_CODE_OK;
}

static void
go_on_sending (SimTls *self)
{
  if (self->is_sending)
    note_sent (self, gnutls_record_send (self->session, NULL, 0));
  if (!self->has_sent)
    return;
  self->has_sent = FALSE;
  self->events->sent (self->sent_code, self->user_data);
}

static void
clear (gpointer data)
{
  SimTls *self = data;
  if (self->session != NULL)
    gnutls_deinit (self->session);
  if (self->credentials != NULL)
    gnutls_certificate_free_credentials (self->credentials);
  if (self->fd >= 0)
    close (self->fd);
}

static void
take_turn (SimTls *self)
{
  g_rc_box_acquire (self);
  if (self->early_code != SIM_TLS_CODE_OK) {
    fail_open (self, self->early_code);
  } else if (self->state == STATE_HANDSHAKE) {
    shake_hands (self);
  } else if (self->state == STATE_OPEN) {
    go_on_sending (self);
    read_records (self);
  }
  await_io (self);
  g_rc_box_release_full (self, clear);
}

static void
on_ready (GIOCondition condition, gpointer user_data)
{
  take_turn (user_data);
}

static void
on_connected (int fd, gpointer user_data)
{
  SimTls *self = user_data;
  g_clear_pointer (&self->connect, sim_connect_free);
  if (fd < 0) {
    self->early_code = SIM_TLS_CODE_CONNECTION;
    take_turn (self);
    return;
  }
  self->fd = fd;
  self->state = STATE_HANDSHAKE;
  gnutls_transport_set_int (self->session, fd);
  self->watch = sim_watch_new (fd, G_PRIORITY_DEFAULT, on_ready, self);
  take_turn (self);
}

SimTls *
sim_tls_new (const SimTlsSetup *setup, const SimTlsEvents *events, gpointer user_data)
{
  SimTls *self = g_rc_box_new0 (SimTls);
  self->events = events;
  self->user_data = user_data;
  self->is_datagram = setup->is_datagram;
  self->seclevel = setup->seclevel;
  self->fd = -1;
  self->is_reading = TRUE;

  self->early_code = sim_tls_setup_credentials (setup, &self->credentials);
  if (self->early_code == SIM_TLS_CODE_OK) {
    self->session = sim_tls_setup_session (setup, self->credentials);
    self->early_code = self->session != NULL ? SIM_TLS_CODE_OK : SIM_TLS_CODE_EXCEPTION;
  }
  if (self->early_code == SIM_TLS_CODE_OK)
    self->connect = sim_connect_new (setup->host, setup->port, setup->is_datagram, on_connected, self);
  else
    set_timer (self, 0);
  return self;
}

void
sim_tls_free (SimTls *self)
{
  die (self);
  self->events = NULL;
  g_rc_box_release_full (self, clear);
}

void
sim_tls_close (SimTls *self)
{
  if (self->state == STATE_OPEN)
    gnutls_bye (self->session, GNUTLS_SHUT_WR);
  sim_tls_free (self);
}

void
sim_tls_send (SimTls *self, const guint8 *data, gsize length)
{
  g_return_if_fail (self->state == STATE_OPEN && !self->is_sending);

  note_sent (self, gnutls_record_send (self->session, data, length));
  if (self->has_sent)
    set_timer (self, 0);
  else
    await_io (self);
}

void
sim_tls_set_reading (SimTls *self, gboolean is_reading)
{
  self->is_reading = is_reading;
  await_io (self);
  if (is_reading && self->state == STATE_OPEN)
    set_timer (self, 0); /* GnuTLS itself may hold some */
}
