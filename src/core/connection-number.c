/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file holds the first number that was not set aside yet.
 */
#include "connection-number.h"

#include "mssl-error.h"
#include "mssl-names.h"

struct ConnectionNumber {
  StateDir *state_dir;
  guint64 next;
  guint64 limit; /* the first number that is not set aside */
};

static gboolean
parse (GBytes *content, guint64 *ret_number, GError **error)
{
  gsize size;
  const char *bytes = g_bytes_get_data (content, &size);
  g_autofree char *text = g_strndup (bytes, size);

  g_strchomp (text);
  if (g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, ret_number, NULL))
    return TRUE;

  g_set_error (
      error, MSSL_ERROR, MSSL_ERROR_STORAGE,
      "The file \"%s\" in the state directory holds no number; write one into it that is higher than "
      "that of every connection so far",
      MSSL_STATE_COUNTER);
  return FALSE;
}

ConnectionNumber *
connection_number_new (StateDir *state_dir, GError **error)
{
  g_autoptr (ConnectionNumber) self = g_new0 (ConnectionNumber, 1);
  g_autoptr (GError) read_error = NULL;
  g_autoptr (GBytes) content = state_dir_read (state_dir, NULL, MSSL_STATE_COUNTER, &read_error);

  self->state_dir = state_dir;
  self->next = 1;
  if (content == NULL && !g_error_matches (read_error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND)) {
    g_propagate_error (error, g_steal_pointer (&read_error));
    return NULL;
  }
  if (content != NULL && !parse (content, &self->next, error))
    return NULL;

  self->limit = self->next;
  return g_steal_pointer (&self);
}

void
connection_number_free (ConnectionNumber *self)
{
  g_free (self);
}

static gboolean
set_block_aside (ConnectionNumber *self, GError **error)
{
  guint64 limit = self->next + CONNECTION_NUMBER_BLOCK;
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT "\n", limit);
  g_autoptr (GBytes) content = g_bytes_new (text, strlen (text));

  if (!state_dir_write (self->state_dir, NULL, MSSL_STATE_COUNTER, content, error))
    return FALSE;

  self->limit = limit;
  return TRUE;
}

guint64
connection_number_take (ConnectionNumber *self, GError **error)
{
  if (self->next == self->limit && !set_block_aside (self, error))
    return 0;

  return self->next++;
}
