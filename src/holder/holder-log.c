/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-log.h: an array with a limit.
 */
#include "holder-log.h"

struct HolderLog {
  GByteArray *bytes;
  gboolean complete;
};

void
holder_log_append (HolderLog *self, const guint8 *data, gsize size)
{
  gsize room = HOLDER_LOG_MAX_BYTES - self->bytes->len;

  if (size > room)
    self->complete = FALSE;
  g_byte_array_append (self->bytes, data, (guint) MIN (size, room));
}

GBytes *
holder_log_get_bytes (HolderLog *self)
{
  return g_bytes_new (self->bytes->data, self->bytes->len);
}

gboolean
holder_log_is_complete (HolderLog *self)
{
  return self->complete;
}

void
holder_log_clear (HolderLog *self)
{
  g_byte_array_set_size (self->bytes, 0);
  self->complete = TRUE;
}

HolderLog *
holder_log_new (void)
{
  HolderLog *self = g_new (HolderLog, 1);

  *self = (HolderLog){ .bytes = g_byte_array_new (), .complete = TRUE };
  return self;
}

void
holder_log_free (HolderLog *self)
{
  g_byte_array_unref (self->bytes);
  g_free (self);
}
