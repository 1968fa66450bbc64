/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection is opened with; it does not change any more.
 */
#pragma once

#include "context.h"
#include "module.h"

/**
 * ConnectionConfig:
 * @owner: unique bus name of the client; this layer only keeps it.
 * @module: the name of one, NULL for any.
 * @priority, @queue_timeout_s, @max_hold_s: as in #SchedulerRequest.
 * @idle_timeout_s: 0 for never.
 * @pem, @digest: what the module must hold, indexed by #ModuleCredentialPart; NULL for parts that are not
 *   needed.
 */
typedef struct {
  guint64 number;
  Context *context;
  const char *module;
  const char *host;
  guint16 port;
  gboolean persist;
  int priority;
  guint queue_timeout_s;
  guint max_hold_s;
  guint idle_timeout_s;
  guint receive_buffer_bytes;
  const char *owner;
  guint owner_uid;
  TlsSettings settings;
  GBytes *pem[MODULE_CREDENTIAL_PARTS];
  const char *digest[MODULE_CREDENTIAL_PARTS];
} ConnectionConfig;

/** Makes @self a copy that holds references; connection_config_clear() lets go of them. */
void connection_config_copy (ConnectionConfig *self, const ConnectionConfig *config);
void connection_config_clear (ConnectionConfig *self);
