/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One real TLS or DTLS connection, non-blocking in the main loop. Must not know of AT commands. */
#pragma once

#include <glib.h>

#include "sim-tls-setup.h"

typedef struct SimTls SimTls;

/* All run from the main loop, never within a call of this file's functions; each may close or free. */
typedef struct {
  /* Once: the connection stands, or why not (then nothing else follows). */
  void (*opened) (SimTlsCode code, gpointer user_data);
  /* Once for each send. */
  void (*sent) (SimTlsCode code, gpointer user_data);
  /* At most SIM_TLS_MAX_RECEIVED bytes; for DTLS one datagram, cut at that length. */
  void (*received) (const guint8 *data, gsize length, gpointer user_data);
  /* The server has closed, or the connection broke. Nothing else follows. */
  void (*closed) (gpointer user_data);
} SimTlsEvents;

#define SIM_TLS_MAX_RECEIVED 1400

/* Begins to connect. The setup is only read here. Owned by the caller. There is no time-out. */
SimTls *sim_tls_new (const SimTlsSetup *setup, const SimTlsEvents *events, gpointer user_data);

/* Drops the connection without a word. No event follows. */
void sim_tls_free (SimTls *self);

/* Takes leave of the server as far as that goes without a wait, then frees. */
void sim_tls_close (SimTls *self);

/* Only on an open connection, and not while a send is under way. */
void sim_tls_send (SimTls *self, const guint8 *data, gsize length);

/* While FALSE nothing is read, so that the server has to wait. TRUE at first. */
void sim_tls_set_reading (SimTls *self, gboolean is_reading);
