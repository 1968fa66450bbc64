/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The checks of an open that need neither a module nor a connection, and what they find out. Knows contexts
 * and credentials.
 */
#pragma once

#include "connection-config.h"
#include "context-store.h"
#include "credential-store.h"
#include "quotas.h"
#include "open-options.h"

/** The idle time-out of a connection that persists, unless it is asked for or limited. */
#define OPEN_REQUEST_PERSIST_IDLE_TIMEOUT_S 300

/** MSSL_ERROR_NOT_FOUND or INVALID_ARGUMENT unless @context is still in @contexts and host and port can be
 * asked for. */
gboolean
open_request_check (ContextStore *contexts, Context *context, const char *host, guint16 port, GError **error);

/**
 * Fills in context, settings, and the parts that @context needs in the module, which are borrowed from
 * @credentials and the context. Errors: NOT_FOUND, INVALID_ARGUMENT; they name the setting.
 */
gboolean open_request_add_context (ConnectionConfig *config, Context *context, CredentialStore *credentials,
                                   GError **error);

/**
 * Fills in what @options (borrowed) ask for, or the defaults, for the user config->owner_uid. Errors:
 * LIMIT_EXCEEDED; INVALID_ARGUMENT (a size); ACCESS_DENIED (a priority above 0 that is not root's).
 */
gboolean open_request_add_options (ConnectionConfig *config, const OpenOptions *options, const Quotas *quotas,
                                   GError **error);
