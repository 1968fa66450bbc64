/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-log.h: an array with a limit.
 */
#include "holder-log.h"

struct HolderLog {
  GByteArray *bytes;
  guint64 begin;
  guint64 gap; /* behind the last byte before one that was dropped; 0: none was */
};

void
holder_log_append (HolderLog *self, const guint8 *data, gsize size)
{
  gsize room = HOLDER_LOG_MAX_BYTES - self->bytes->len;

  g_byte_array_append (self->bytes, data, (guint) MIN (size, room));
  if (size > room)
    self->gap = holder_log_get_end (self);
}

gboolean
holder_log_has_room (HolderLog *self, gsize size)
{
  return size <= HOLDER_LOG_MAX_BYTES - self->bytes->len;
}

guint64
holder_log_get_begin (HolderLog *self)
{
  return self->begin;
}

guint64
holder_log_get_end (HolderLog *self)
{
  return self->begin + self->bytes->len;
}

GBytes *
holder_log_copy (HolderLog *self, guint64 position, gsize max_bytes)
{
  gsize offset = (gsize) (CLAMP (position, self->begin, holder_log_get_end (self)) - self->begin);
  gsize size = self->bytes->len - offset;

  return size > 0 ? g_bytes_new (self->bytes->data + offset, MIN (size, max_bytes)) : g_bytes_new (NULL, 0);
}

gboolean
holder_log_is_complete (HolderLog *self)
{
  return self->gap <= self->begin;
}

void
holder_log_drop (HolderLog *self, guint64 position)
{
  guint64 begin = CLAMP (position, self->begin, holder_log_get_end (self));

  if (begin == self->begin)
    return;
  g_byte_array_remove_range (self->bytes, 0, (guint) (begin - self->begin));
  self->begin = begin;
}

void
holder_log_clear (HolderLog *self)
{
  holder_log_drop (self, holder_log_get_end (self));
}

void
holder_log_reset (HolderLog *self)
{
  g_byte_array_set_size (self->bytes, 0);
  self->begin = 0;
  self->gap = 0;
}

HolderLog *
holder_log_new (void)
{
  HolderLog *self = g_new0 (HolderLog, 1);

  self->bytes = g_byte_array_new ();
  return self;
}

void
holder_log_free (HolderLog *self)
{
  g_byte_array_unref (self->bytes);
  g_free (self);
}
