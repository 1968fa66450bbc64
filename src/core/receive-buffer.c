/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A ring that grows in powers of two up to its limit, and gives its memory back when it is empty.
 */
#include "receive-buffer.h"

#include <string.h>

#define CAPACITY_MIN 4096

struct ReceiveBuffer {
  gsize max_bytes;
  guint8 *ring; /* NULL while empty */
  gsize capacity;
  gsize head; /* index of the first byte */
  gsize size;
  guint64 begin; /* offset of the first byte */
  GArray *ends;  /* of guint64: the offset behind each datagram; NULL for a stream */
};

ReceiveBuffer *
receive_buffer_new (gsize max_bytes, gboolean datagrams)
{
  ReceiveBuffer *self = g_new0 (ReceiveBuffer, 1);

  self->max_bytes = max_bytes;
  if (datagrams)
    self->ends = g_array_new (FALSE, FALSE, sizeof (guint64));
  return self;
}

void
receive_buffer_free (ReceiveBuffer *self)
{
  g_free (self->ring);
  g_clear_pointer (&self->ends, g_array_unref);
  g_free (self);
}

static void
copy_out (const ReceiveBuffer *self, guint8 *to, gsize size)
{
  gsize first = MIN (size, self->capacity - self->head);

  if (size == 0)
    return;

  memcpy (to, self->ring + self->head, first);
  memcpy (to + first, self->ring, size - first);
}

static void
ensure_capacity (ReceiveBuffer *self, gsize needed)
{
  gsize capacity = MAX (self->capacity, CAPACITY_MIN);
  guint8 *ring;

  if (needed <= self->capacity)
    return;

  while (capacity < needed)
    capacity *= 2;
  ring = g_malloc (capacity);
  copy_out (self, ring, self->size);
  g_free (self->ring);
  self->ring = ring;
  self->capacity = capacity;
  self->head = 0;
}

gboolean
receive_buffer_append (ReceiveBuffer *self, gconstpointer data, gsize size)
{
  const guint8 *from = data;
  gsize tail, first;

  if (size > self->max_bytes - self->size)
    return FALSE;
  if (size == 0)
    return TRUE;

  ensure_capacity (self, self->size + size);
  tail = (self->head + self->size) & (self->capacity - 1);
  first = MIN (size, self->capacity - tail);
  memcpy (self->ring + tail, from, first);
  memcpy (self->ring, from + first, size - first);
  self->size += size;
  if (self->ends != NULL) {
    guint64 end = self->begin + self->size;

    g_array_append_val (self->ends, end);
  }
  return TRUE;
}

void
receive_buffer_pass (ReceiveBuffer *self, gsize size)
{
  g_return_if_fail (self->size == 0);

  self->begin += size;
}

guint64
receive_buffer_get_begin (const ReceiveBuffer *self)
{
  return self->begin;
}

guint64
receive_buffer_get_end (const ReceiveBuffer *self)
{
  return self->begin + self->size;
}

gsize
receive_buffer_get_size (const ReceiveBuffer *self)
{
  return self->size;
}

gsize
receive_buffer_get_piece_size (const ReceiveBuffer *self)
{
  if (self->ends == NULL || self->ends->len == 0)
    return self->size;

  return g_array_index (self->ends, guint64, 0) - self->begin;
}

guint
receive_buffer_get_parts (const ReceiveBuffer *self, struct iovec ret_parts[2])
{
  gsize size = receive_buffer_get_piece_size (self);
  gsize first = MIN (size, self->capacity - self->head);

  if (size == 0)
    return 0;

  ret_parts[0] = (struct iovec){ self->ring + self->head, first };
  ret_parts[1] = (struct iovec){ self->ring, size - first };
  return size > first ? 2 : 1;
}

GBytes *
receive_buffer_peek (const ReceiveBuffer *self, gsize max_bytes)
{
  gsize size = MIN (receive_buffer_get_piece_size (self), max_bytes);
  guint8 *copy = g_malloc (size);

  copy_out (self, copy, size);
  return g_bytes_new_take (copy, size);
}

/** Forgets the ends up to @offset. FALSE when it lies inside a datagram. */
static gboolean
let_go_of_datagrams (ReceiveBuffer *self, guint64 offset)
{
  guint gone = 0;

  while (gone < self->ends->len && g_array_index (self->ends, guint64, gone) < offset)
    gone++;
  if (offset == self->begin)
    return TRUE;
  if (g_array_index (self->ends, guint64, gone) != offset)
    return FALSE;

  g_array_remove_range (self->ends, 0, gone + 1);
  return TRUE;
}

gboolean
receive_buffer_let_go (ReceiveBuffer *self, guint64 offset)
{
  gsize gone;

  if (offset < self->begin || offset > self->begin + self->size)
    return FALSE;
  if (self->ends != NULL && !let_go_of_datagrams (self, offset))
    return FALSE;

  gone = offset - self->begin;
  self->begin = offset;
  self->size -= gone;
  if (self->size > 0) {
    self->head = (self->head + gone) & (self->capacity - 1);
    return TRUE;
  }
  g_clear_pointer (&self->ring, g_free);
  self->capacity = self->head = 0;
  return TRUE;
}
