/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What Context.Open is given: the options, by one table of keys, and the host name. Pure.
 */
#pragma once

#include <glib.h>

#define OPEN_OPTIONS_PERSIST_IDLE_TIMEOUT_S 300

/**
 * OpenOptions:
 * @module: name of a module, NULL for any.
 * @idle_timeout_s: 0 for never.
 */
typedef struct {
  char *module;
  gboolean persist;
  guint idle_timeout_s;
} OpenOptions;

/** From a{sv}. MSSL_ERROR_INVALID_ARGUMENT names the key that is unknown, given twice or of a wrong type. */
OpenOptions *open_options_new (GVariant *options, GError **error);
void open_options_free (OpenOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OpenOptions, open_options_free)

/** MSSL_ERROR_INVALID_ARGUMENT unless @host is 1 to @max_bytes of printable ASCII that can stand in quotes.
 */
gboolean open_options_check_host (const char *host, guint max_bytes, GError **error);
