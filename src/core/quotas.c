/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of the limits.
 */
#include "quotas.h"

#include "inbox.h"
#include "mssl-error.h"

typedef struct {
  const char *name;
  guint min;
  guint max;
  guint value;      /* the default */
  const char *what; /* that is counted */
} Limit;

static const Limit table[] = {
  [QUOTAS_CONNECTIONS] = { "max-connections", 1, 256, 64, "connections that were not released" },
  [QUOTAS_CONNECTIONS_PER_USER] = { "max-connections-per-user", 1, 256, 32,
                                    "connections of this user that were not released" },
  [QUOTAS_QUEUED] = { "max-queued", 0, 256, 48, "connections that wait for a slot" },
  [QUOTAS_QUEUED_PER_USER] = { "max-queued-per-user", 0, 256, 24,
                               "connections of this user that wait for a slot" },
  [QUOTAS_CONTEXTS] = { "max-contexts", 1, 512, 256, "contexts" },
  [QUOTAS_CONTEXTS_PER_USER] = { "max-contexts-per-user", 1, 512, 128, "contexts of this user" },
  [QUOTAS_CREDENTIALS] = { "max-credentials", 1, 512, 256, "credentials" },
  [QUOTAS_CREDENTIALS_PER_USER] = { "max-credentials-per-user", 1, 512, 128, "credentials of this user" },
  [QUOTAS_QUEUE_TIMEOUT] = { "queue-timeout", 0, G_MAXUINT, 300, NULL },
  [QUOTAS_IDLE_TIMEOUT] = { "idle-timeout", 0, G_MAXUINT, 0, NULL },
  [QUOTAS_MAX_HOLD] = { "max-hold", 0, G_MAXUINT, 0, NULL },
  [QUOTAS_RECEIVE_BUFFER] = { "receive-buffer", INBOX_SIZE_MIN_BYTES, INBOX_SIZE_MAX_BYTES, 1024 * 1024,
                              NULL },
};

G_STATIC_ASSERT (G_N_ELEMENTS (table) == QUOTAS_KEYS);

void
quotas_init (Quotas *self)
{
  for (guint i = 0; i < QUOTAS_KEYS; i++)
    self->values[i] = table[i].value;
}

gboolean
quotas_find (const char *name, QuotasKey *ret_key)
{
  for (guint i = 0; i < QUOTAS_KEYS; i++) {
    if (!g_str_equal (table[i].name, name))
      continue;
    *ret_key = (QuotasKey) i;
    return TRUE;
  }
  return FALSE;
}

char *
quotas_list_names (void)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < QUOTAS_KEYS; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", table[i].name);
  return g_string_free (names, FALSE);
}

gboolean
quotas_parse (Quotas *self, QuotasKey key, const char *text, GError **error)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, table[key].min, table[key].max, &value, NULL)) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "%s=%s is not a whole number from %u to %u",
                 table[key].name, text, table[key].min, table[key].max);
    return FALSE;
  }
  self->values[key] = (guint) value;
  return TRUE;
}

gboolean
quotas_check_count (const Quotas *self, QuotasKey key, guint n, GError **error)
{
  if (n < self->values[key])
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED,
               "There are %u %s; no more are allowed by %s=%u in [limits] of the configuration", n,
               table[key].what, table[key].name, self->values[key]);
  return FALSE;
}

gboolean
quotas_check_time (const Quotas *self, QuotasKey key, guint asked_s, GError **error)
{
  guint limit_s = self->values[key];

  if (limit_s == 0 || (asked_s != 0 && asked_s <= limit_s))
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED,
               "\"%s\" is %u; 1 to %u are allowed by %s=%u in [limits] of the configuration", table[key].name,
               asked_s, limit_s, table[key].name, limit_s);
  return FALSE;
}

gboolean
quotas_check_size (const Quotas *self, QuotasKey key, guint asked_bytes, GError **error)
{
  if (asked_bytes <= self->values[key])
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED,
               "\"%s\" is %u; at most %u are allowed by %s in [limits] of the configuration", table[key].name,
               asked_bytes, self->values[key], table[key].name);
  return FALSE;
}
