/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of the options.
 */
#include "open-options.h"

#include <string.h>

#include "mssl-error.h"
#include "mssl-names.h"

typedef enum {
  OPTION_MODULE,
  OPTION_PERSIST,
  OPTION_PRIORITY,
  OPTION_QUEUE_TIMEOUT,
  OPTION_IDLE_TIMEOUT,
  OPTION_MAX_HOLD,
  OPTION_RECEIVE_BUFFER,
} Option;

static const struct {
  const char *key;
  const char *type;
} table[] = {
  [OPTION_MODULE] = { MSSL_OPTION_MODULE, "s" },
  [OPTION_PERSIST] = { MSSL_OPTION_PERSIST, "b" },
  [OPTION_PRIORITY] = { MSSL_OPTION_PRIORITY, "i" },
  [OPTION_QUEUE_TIMEOUT] = { MSSL_OPTION_QUEUE_TIMEOUT, "u" },
  [OPTION_IDLE_TIMEOUT] = { MSSL_OPTION_IDLE_TIMEOUT, "u" },
  [OPTION_MAX_HOLD] = { MSSL_OPTION_MAX_HOLD, "u" },
  [OPTION_RECEIVE_BUFFER] = { MSSL_OPTION_RECEIVE_BUFFER, "u" },
};

static void
set_option (OpenOptions *self, Option option, GVariant *value)
{
  switch (option) {
  case OPTION_MODULE:
    self->module = g_variant_dup_string (value, NULL);
    return;
  case OPTION_PERSIST:
    self->persist = g_variant_get_boolean (value);
    return;
  case OPTION_PRIORITY:
    self->priority = g_variant_get_int32 (value);
    return;
  case OPTION_QUEUE_TIMEOUT:
    self->queue_timeout_s = g_variant_get_uint32 (value);
    return;
  case OPTION_IDLE_TIMEOUT:
    self->idle_timeout_s = g_variant_get_uint32 (value);
    return;
  case OPTION_MAX_HOLD:
    self->max_hold_s = g_variant_get_uint32 (value);
    return;
  case OPTION_RECEIVE_BUFFER:
    self->receive_buffer_bytes = g_variant_get_uint32 (value);
    return;
  }
}

static int
find_option (const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].key, key))
      return i;
  return -1;
}

static gboolean
read_option (OpenOptions *self, guint *seen, const char *key, GVariant *value, GError **error)
{
  int option = find_option (key);

  if (option < 0) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "Unknown option \"%s\"", key);
    return FALSE;
  }
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (table[option].type))) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "Option \"%s\" has type %s, must have %s",
                 key, g_variant_get_type_string (value), table[option].type);
    return FALSE;
  }
  if ((*seen & (1u << option)) != 0) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "Option \"%s\" is given twice", key);
    return FALSE;
  }
  *seen |= 1u << option;
  set_option (self, option, value);
  return TRUE;
}

OpenOptions *
open_options_new (GVariant *options, GError **error)
{
  g_autoptr (OpenOptions) self = g_new0 (OpenOptions, 1);
  GVariantIter iter;
  const char *key;
  GVariant *next;
  guint seen = 0;

  self->queue_timeout_s = OPEN_OPTIONS_NOT_GIVEN;
  self->idle_timeout_s = OPEN_OPTIONS_NOT_GIVEN;
  self->max_hold_s = OPEN_OPTIONS_NOT_GIVEN;
  self->receive_buffer_bytes = OPEN_OPTIONS_NOT_GIVEN;
  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &next)) {
    g_autoptr (GVariant) value = next;

    if (!read_option (self, &seen, key, value, error))
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
open_options_free (OpenOptions *self)
{
  g_free (self->module);
  g_free (self);
}

gboolean
open_options_check_host (const char *host, guint max_bytes, GError **error)
{
  gsize size = strlen (host);

  if (size < 1) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "host is empty");
    return FALSE;
  }
  if (size > max_bytes) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                 "host has %" G_GSIZE_FORMAT " bytes, must have 1 to %u", size, max_bytes);
    return FALSE;
  }
  for (gsize i = 0; i < size; i++) {
    if (g_ascii_isgraph (host[i]) && strchr ("\"'\\", host[i]) == NULL)
      continue;
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                 "host has the byte 0x%02x at position %" G_GSIZE_FORMAT
                 "; allowed is printable ASCII without space, quotes and backslash",
                 (guint8) host[i], i);
    return FALSE;
  }
  return TRUE;
}
