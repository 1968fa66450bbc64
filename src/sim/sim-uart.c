/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-uart.h. Sending: queue → pace → pieces → pty. Receiving: pty → the bytes on the wire → pace →
 * event. */
#include "sim-uart.h"

#include <errno.h>
#include <unistd.h>

#include "sim-alarm.h"
#include "sim-pace.h"
#include "sim-vigil.h"
#include "sim-watch.h"

#define MAX_QUEUED_BYTES (64 * 1024 * 1024)
#define MAX_WIRE_BYTES 1024
/* A paced line wakes up about once a millisecond, and once more at the exact end. */
#define WAKES_PER_S 1000
#define BITS_PER_BYTE 10
/* How often and how many times to look whether the host has taken a piece before the next one follows: 20 ms,
 * as a busy machine may not let the host read for a while. */
#define PIECE_WAIT_NS 100000
#define MAX_PIECE_WAITS 200
/* How much of this program's own lateness a paced line makes good, and for how long it looks for the host's
 * reaction without going to sleep: a UART notices the first bit at once, a process that sleeps many
 * microseconds later. */
#define MAX_LATE_NS 5000000
#define NOTICE_NS 200000

typedef struct {
  GByteArray *bytes;
  gsize head;
} Queue;

struct SimUart {
  SimPty *pty;
  const SimUartEvents *events;
  gpointer user_data;
  SimWatch *watch;
  guint baud;
  guint next_baud;
  Queue out;
  SimPace out_pace;
  SimAlarm *out_alarm;
  gboolean out_is_blocked;
  Queue in;
  SimPace in_pace;
  SimAlarm *in_alarm;
  SimVigil *vigil;
  gint64 event_ns; /* while received bytes are handled: when the last of them had passed; else 0 */
  gint64 late_ns;  /* how much later than due the host got the last byte: it goes off the next begin */
  GRand *random;
  guint split;
  guint n_piece_waits;
};

static gsize
queue_length (const Queue *queue)
{
  return queue->bytes->len - queue->head;
}

static void
queue_skip (Queue *queue, gsize n_bytes)
{
  queue->head += n_bytes;
  if (queue->head == queue->bytes->len) {
    g_byte_array_set_size (queue->bytes, 0);
    queue->head = 0;
  } else if (queue->head > 65536) {
    g_byte_array_remove_range (queue->bytes, 0, (guint) queue->head);
    queue->head = 0;
  }
}

static void
queue_clear (Queue *queue)
{
  queue_skip (queue, queue_length (queue));
}

static void
await_io (SimUart *self)
{
  gboolean has_room = queue_length (&self->in) < MAX_WIRE_BYTES;
  sim_watch_set (self->watch, (has_room ? G_IO_IN : 0) | (self->out_is_blocked ? G_IO_OUT : 0));
}

static gboolean
is_garbling (SimUart *self)
{
  return self->baud != 0 && sim_pty_get_host_baud (self->pty) != self->baud;
}

/* Bytes at another rate: never a CR, so they wait in a line buffer. */
static void
garble (SimUart *self, guint8 *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) (0x80 | g_rand_int (self->random));
}

static gsize
due_bytes (const SimUart *self, const Queue *queue, const SimPace *pace)
{
  if (self->baud == 0)
    return queue_length (queue);
  guint64 n_passed = sim_pace_due (pace, sim_alarm_now_ns ());
  return MIN (queue_length (queue), n_passed);
}

static void
await_due (SimUart *self, const Queue *queue, const SimPace *pace, SimAlarm *alarm)
{
  gsize chunk = MAX (1, self->baud / BITS_PER_BYTE / WAKES_PER_S);
  sim_alarm_set (alarm, sim_pace_when (pace, MIN (queue_length (queue), chunk)));
}

static void
apply_next_baud (SimUart *self)
{
  if (self->next_baud == 0)
    return;
  self->baud = self->next_baud;
  self->next_baud = 0;
  sim_pace_init (&self->out_pace, self->baud);
  sim_pace_init (&self->in_pace, self->baud);
  if (queue_length (&self->in) > 0)
    sim_pace_begin (&self->in_pace, sim_alarm_now_ns ());
}

/* How many of the due bytes go in one write; 0: not yet, the host has not taken the piece before. */
static gsize
next_piece (SimUart *self, gsize n_due)
{
  if (self->split == 0)
    return n_due;
  if (n_due == 0)
    return 0;
  if (sim_pty_has_unread (self->pty) && self->n_piece_waits++ < MAX_PIECE_WAITS)
    return 0;
  self->n_piece_waits = 0;
  gsize length = (gsize) g_rand_int_range (self->random, 1, (gint32) self->split + 1);
  return MIN (n_due, length);
}

/* The bytes that the pty took; a host that has not opened the port misses them, as on a wire. */
static gsize
write_out (SimUart *self, gsize length)
{
  guint8 *data = self->out.bytes->data + self->out.head;
  if (!sim_pty_has_users (self->pty))
    return length;
  if (is_garbling (self))
    garble (self, data, length);

  gssize written = write (sim_pty_get_fd (self->pty), data, length);
  return written > 0 ? (gsize) written : 0;
}

static void
take_out (SimUart *self, gsize n_bytes)
{
  queue_skip (&self->out, n_bytes);
  if (self->baud != 0)
    sim_pace_take (&self->out_pace, n_bytes);
}

/* The host reacts to the last byte of an answer. It got it late by what the alarm and the scheduler took. */
static void
note_lateness (SimUart *self)
{
  if (self->baud == 0 || queue_length (&self->out) > 0)
    return;
  gint64 late_ns = sim_alarm_now_ns () - sim_pace_when (&self->out_pace, 0);
  self->late_ns = CLAMP (late_ns, 0, MAX_LATE_NS);
  sim_vigil_begin (self->vigil, NOTICE_NS);
}

static void
await_out (SimUart *self)
{
  if (queue_length (&self->out) == 0) {
    sim_alarm_stop (self->out_alarm);
    apply_next_baud (self);
  } else if (self->split != 0 && due_bytes (self, &self->out, &self->out_pace) > 0) {
    sim_alarm_set (self->out_alarm, sim_alarm_now_ns () + PIECE_WAIT_NS);
  } else if (self->baud != 0) {
    await_due (self, &self->out, &self->out_pace, self->out_alarm);
  }
}

/* Returns whether something left the queue. */
static gboolean
pump_out (SimUart *self)
{
  gsize n_due = due_bytes (self, &self->out, &self->out_pace);
  gsize length = next_piece (self, n_due);
  gsize written = length > 0 ? write_out (self, length) : 0;
  gboolean was_blocked = self->out_is_blocked;

  take_out (self, written);
  if (written > 0)
    note_lateness (self);
  self->out_is_blocked = written < length;
  if (was_blocked && self->baud != 0 && queue_length (&self->out) > 0)
    sim_pace_begin (&self->out_pace, sim_alarm_now_ns ()); /* the wire did not move meanwhile */
  if (self->out_is_blocked)
    sim_alarm_stop (self->out_alarm);
  else
    await_out (self);
  await_io (self);
  return written > 0;
}

static void
on_port_closed (gpointer user_data)
{
  SimUart *self = user_data;
  if (queue_length (&self->out) > 0 && pump_out (self))
    self->events->sent (self->user_data);
}

/* What is due is handed over in one event; the UART may be changed meanwhile, but not freed. */
static void
pump_in (SimUart *self)
{
  gsize n_due = due_bytes (self, &self->in, &self->in_pace);
  if (n_due > 0) {
    g_autofree guint8 *data = g_memdup2 (self->in.bytes->data + self->in.head, n_due);
    queue_skip (&self->in, n_due);
    if (self->baud != 0) {
      sim_pace_take (&self->in_pace, n_due);
      self->event_ns = sim_pace_when (&self->in_pace, 0);
    }
    self->events->received (data, n_due, self->user_data);
    self->event_ns = 0;
  }
  if (queue_length (&self->in) > 0)
    await_due (self, &self->in, &self->in_pace, self->in_alarm);
  await_io (self);
}

static void
read_in (SimUart *self)
{
  guint8 buffer[MAX_WIRE_BYTES];
  gsize room = MAX_WIRE_BYTES - queue_length (&self->in);
  gssize length = read (sim_pty_get_fd (self->pty), buffer, room);
  if (length <= 0)
    return;

  if (is_garbling (self))
    garble (self, buffer, (gsize) length);
  if (queue_length (&self->in) == 0 && self->baud != 0) {
    sim_pace_begin (&self->in_pace, sim_alarm_now_ns () - self->late_ns);
    self->late_ns = 0;
    sim_vigil_end (self->vigil);
  }
  g_byte_array_append (self->in.bytes, buffer, (guint) length);
}

static void
on_out_due (gpointer user_data)
{
  SimUart *self = user_data;
  if (pump_out (self))
    self->events->sent (self->user_data);
}

static void
on_in_due (gpointer user_data)
{
  SimUart *self = user_data;
  /* Before the wire runs empty, or a stream would pause for the time of this wake-up. */
  if (queue_length (&self->in) < MAX_WIRE_BYTES)
    read_in (self);
  pump_in (self);
}

static void
on_pty (GIOCondition condition, gpointer user_data)
{
  SimUart *self = user_data;
  if ((condition & G_IO_OUT) != 0 && pump_out (self))
    self->events->sent (self->user_data);
  if ((condition & G_IO_IN) == 0 || queue_length (&self->in) >= MAX_WIRE_BYTES)
    return;

  sim_pty_update (self->pty);
  read_in (self);
  pump_in (self);
}

SimUart *
sim_uart_new (SimPty *pty, const SimUartSetup *setup, const SimUartEvents *events, gpointer user_data)
{
  SimUart *self = g_new0 (SimUart, 1);
  self->pty = pty;
  self->events = events;
  self->user_data = user_data;
  self->baud = setup->baud;
  self->split = setup->split;
  self->random = g_rand_new_with_seed (setup->seed);
  self->out.bytes = g_byte_array_new ();
  self->in.bytes = g_byte_array_new ();
  if (self->baud != 0) {
    sim_pace_init (&self->out_pace, self->baud);
    sim_pace_init (&self->in_pace, self->baud);
  }
  self->out_alarm = sim_alarm_new (on_out_due, self);
  self->in_alarm = sim_alarm_new (on_in_due, self);
  self->vigil = sim_vigil_new ();
  self->watch = sim_watch_new (sim_pty_get_fd (pty), G_PRIORITY_DEFAULT, on_pty, self);
  sim_pty_set_closed_func (pty, on_port_closed, self);
  await_io (self);
  return self;
}

void
sim_uart_free (SimUart *self)
{
  sim_pty_set_closed_func (self->pty, NULL, NULL);
  sim_watch_free (self->watch);
  sim_alarm_free (self->out_alarm);
  sim_alarm_free (self->in_alarm);
  sim_vigil_free (self->vigil);
  g_byte_array_unref (self->out.bytes);
  g_byte_array_unref (self->in.bytes);
  g_rand_free (self->random);
  g_free (self);
}

void
sim_uart_send (SimUart *self, const guint8 *data, gsize length)
{
  gboolean was_empty = queue_length (&self->out) == 0;
  if (length == 0)
    return;
  g_byte_array_append (self->out.bytes, data, (guint) length);
  if (queue_length (&self->out) > MAX_QUEUED_BYTES) {
    self->events->overflowed (self->user_data);
    return;
  }
  if (!was_empty)
    return; /* the alarm or the watch is set already */

  if (self->baud != 0) {
    /* An answer begins when its question had passed: this program's own lateness is none of the module's. */
    sim_pace_begin (&self->out_pace,
                    self->event_ns != 0 ? self->event_ns : sim_alarm_now_ns () - self->late_ns);
    await_due (self, &self->out, &self->out_pace, self->out_alarm);
  } else {
    pump_out (self);
  }
}

gsize
sim_uart_get_queued (const SimUart *self)
{
  return queue_length (&self->out);
}

void
sim_uart_set_baud_after_send (SimUart *self, guint baud)
{
  if (self->baud == 0)
    return;
  self->next_baud = baud;
  if (queue_length (&self->out) == 0)
    apply_next_baud (self);
}

void
sim_uart_cut (SimUart *self)
{
  queue_clear (&self->out);
  queue_clear (&self->in);
  sim_alarm_stop (self->out_alarm);
  sim_alarm_stop (self->in_alarm);
  self->out_is_blocked = FALSE;
  self->n_piece_waits = 0;
  apply_next_baud (self);
  await_io (self);
}
