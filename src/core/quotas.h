/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The limits that the configuration sets in its group [limits]: one table of names, ranges and defaults.
 * Pure.
 */
#pragma once

#include <glib.h>

/** In the order of the table; documented in modemssld.conf. */
typedef enum {
  QUOTAS_CONNECTIONS,
  QUOTAS_CONNECTIONS_PER_USER,
  QUOTAS_QUEUED,
  QUOTAS_QUEUED_PER_USER,
  QUOTAS_CONTEXTS,
  QUOTAS_CONTEXTS_PER_USER,
  QUOTAS_CREDENTIALS,
  QUOTAS_CREDENTIALS_PER_USER,
  QUOTAS_QUEUE_TIMEOUT,
  QUOTAS_IDLE_TIMEOUT,
  QUOTAS_MAX_HOLD,
  QUOTAS_RECEIVE_BUFFER,
} QuotasKey;

#define QUOTAS_KEYS (QUOTAS_RECEIVE_BUFFER + 1)

typedef struct {
  guint values[QUOTAS_KEYS]; /**< indexed by #QuotasKey */
} Quotas;

/** The defaults. */
void quotas_init (Quotas *self);

/** Whether there is a setting of that name. */
gboolean quotas_find (const char *name, QuotasKey *ret_key);

/** "max-connections, …": all names. Caller frees. */
char *quotas_list_names (void);

/** From the configuration. MSSL_ERROR_INVALID_ARGUMENT names the range. */
gboolean quotas_parse (Quotas *self, QuotasKey key, const char *text, GError **error);

/**
 * MSSL_ERROR_LIMIT_EXCEEDED, with the name of the setting, when there are @n already and one more is wanted.
 * @key: of a number of things.
 */
gboolean quotas_check_count (const Quotas *self, QuotasKey key, guint n, GError **error);

/**
 * @asked_s: what @option of an open asks for, 0 for no limit. MSSL_ERROR_LIMIT_EXCEEDED, with the name of the
 * setting, when that is more than @key, a time, allows.
 */
gboolean quotas_check_time (const Quotas *self, QuotasKey key, guint asked_s, GError **error);

/** The same for a number of bytes, of which none is not asked for. */
gboolean quotas_check_size (const Quotas *self, QuotasKey key, guint asked_bytes, GError **error);
