/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A GBytes with a destructor that wipes.
 */
#include "secret.h"

#include <string.h>

typedef struct {
  gpointer data;
  gsize size;
} Secret;

void
secret_wipe (gpointer data, gsize size)
{
  if (size > 0)
    explicit_bzero (data, size);
}

static void
secret_free (gpointer user_data)
{
  Secret *secret = user_data;

  secret_wipe (secret->data, secret->size);
  g_free (secret->data);
  g_free (secret);
}

GBytes *
secret_bytes_new_take (gpointer data, gsize size)
{
  Secret *secret = g_new (Secret, 1);

  *secret = (Secret){ data, size };
  return g_bytes_new_with_free_func (data, size, secret_free, secret);
}

GBytes *
secret_bytes_new (gconstpointer data, gsize size)
{
  return secret_bytes_new_take (g_memdup2 (data, size), size);
}
