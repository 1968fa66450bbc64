/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What Context.Open is given: the options, by one table of keys, and the host name. Pure.
 */
#pragma once

#include <glib.h>

#define OPEN_OPTIONS_NOT_GIVEN (-1)

/** As documented in org.modemssl1.Context.xml; a module that is there may take less. */
#define OPEN_OPTIONS_HOST_MAX_BYTES 150

/**
 * OpenOptions: times in seconds and sizes in bytes, or OPEN_OPTIONS_NOT_GIVEN.
 * @module: name of a module, NULL for any.
 * @queue_timeout_s: 0: does not wait.
 * @idle_timeout_s, @max_hold_s: 0 for never.
 */
typedef struct {
  char *module;
  gboolean persist;
  int priority;
  gint64 queue_timeout_s;
  gint64 idle_timeout_s;
  gint64 max_hold_s;
  gint64 receive_buffer_bytes;
} OpenOptions;

/** From a{sv}. MSSL_ERROR_INVALID_ARGUMENT names the key that is unknown, given twice or of a wrong type. */
OpenOptions *open_options_new (GVariant *options, GError **error);
void open_options_free (OpenOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OpenOptions, open_options_free)

/** MSSL_ERROR_INVALID_ARGUMENT unless @host is 1 to @max_bytes of printable ASCII that can stand in quotes.
 */
gboolean open_options_check_host (const char *host, guint max_bytes, GError **error);
