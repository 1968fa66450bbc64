/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The module's UART: queues both ways over the pty, the pace of a rate, garbage at a wrong rate, delivery in
 * pieces. Must not know what the bytes mean. */
#pragma once

#include <glib.h>

#include "sim-pty.h"

typedef struct SimUart SimUart;

typedef struct {
  /* Bytes of the host have arrived. */
  void (*received) (const guint8 *data, gsize length, gpointer user_data);
  /* Something left the queue. */
  void (*sent) (gpointer user_data);
  /* The queue has outgrown every bound: nothing is kept back, so the simulator must end. */
  void (*overflowed) (gpointer user_data);
} SimUartEvents;

typedef struct {
  guint baud;  /* the rate; 0: no pace, and the host's rate does not matter */
  guint split; /* the host gets pieces of 1 to so many bytes; 0: whole */
  guint32 seed;
} SimUartSetup;

/* The pty and the events must outlive the UART. All events come from the main loop. Owned by the caller. */
SimUart *
sim_uart_new (SimPty *pty, const SimUartSetup *setup, const SimUartEvents *events, gpointer user_data);
void sim_uart_free (SimUart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimUart, sim_uart_free)

/* Queues bytes to the host. */
void sim_uart_send (SimUart *self, const guint8 *data, gsize length);
gsize sim_uart_get_queued (const SimUart *self);

/* Takes another rate when all that is queued has been sent; no effect without a pace. */
void sim_uart_set_baud_after_send (SimUart *self, guint baud);

/* The power fails: what is queued either way is gone. */
void sim_uart_cut (SimUart *self);
