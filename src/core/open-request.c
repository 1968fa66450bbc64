/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an open needs, as a table of credential parts.
 */
#include "open-request.h"

#include "inbox.h"
#include "mssl-error.h"
#include "mssl-names.h"

gboolean
open_request_check (ContextStore *contexts, Context *context, const char *host, guint16 port, GError **error)
{
  if (context_store_lookup (contexts, context_get_name (context)) != context) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND, "Context \"%s\" was deleted",
                 context_get_name (context));
    return FALSE;
  }
  if (!open_options_check_host (host, OPEN_OPTIONS_HOST_MAX_BYTES, error))
    return FALSE;
  if (port != 0)
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "port is 0, must be 1 to 65535");
  return FALSE;
}

/* A part that an open needs: which setting names the credential, and the least authentication that needs it.
 */
typedef struct {
  ModuleCredentialPart part;
  TlsAuthentication from;
  const char *key;
  const char *what;
} Need;

static const Need needs[] = {
  { MODULE_CREDENTIAL_CA, TLS_AUTHENTICATION_SERVER, MSSL_SETTING_CA_CERTIFICATE, "a CA certificate" },
  { MODULE_CREDENTIAL_CLIENT_CERTIFICATE, TLS_AUTHENTICATION_MUTUAL, MSSL_SETTING_CLIENT_CERTIFICATE,
    "a client certificate" },
  { MODULE_CREDENTIAL_CLIENT_KEY, TLS_AUTHENTICATION_MUTUAL, MSSL_SETTING_CLIENT_CERTIFICATE, "a key" },
};

static gboolean
add_need (ConnectionConfig *config, const Need *need, const char *name, CredentialStore *credentials,
          GError **error)
{
  const char *context = context_get_name (config->context);
  Credential *credential;

  if (name == NULL || *name == '\0') {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                 "Context \"%s\" asks for authentication but has no \"%s\"; set it, or \"%s\" to \"none\"",
                 context, need->key, MSSL_SETTING_AUTHENTICATION);
    return FALSE;
  }
  credential = credential_store_lookup (credentials, name);
  if (credential == NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND,
                 "There is no credential \"%s\", which \"%s\" of context \"%s\" names", name, need->key,
                 context);
    return FALSE;
  }
  config->pem[need->part] = credential_get_part (credential, need->part);
  config->digest[need->part] = credential_get_digest (credential, need->part);
  if (config->pem[need->part] != NULL)
    return TRUE;

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
               "Credential \"%s\", which \"%s\" of context \"%s\" names, has not %s", name, need->key,
               context, need->what);
  return FALSE;
}

gboolean
open_request_add_context (ConnectionConfig *config, Context *context, CredentialStore *credentials,
                          GError **error)
{
  const ContextSettings *settings = context_get_settings (context);

  config->context = context;
  config->settings = settings->tls;
  for (guint i = 0; i < G_N_ELEMENTS (needs); i++) {
    const Need *need = &needs[i];
    const char *name =
        need->part == MODULE_CREDENTIAL_CA ? settings->ca_certificate : settings->client_certificate;

    if (settings->tls.authentication >= need->from && !add_need (config, need, name, credentials, error))
      return FALSE;
  }
  return TRUE;
}

/* What is not given is what is usual, as far as the limit allows; root is not limited. */
static gboolean
take_time (guint *time_s, gint64 option_s, guint usual_s, const ConnectionConfig *config,
           const Quotas *quotas, QuotasKey key, GError **error)
{
  guint limit_s = quotas->values[key];

  if (option_s == OPEN_OPTIONS_NOT_GIVEN)
    *time_s = limit_s > 0 && (usual_s == 0 || usual_s > limit_s) ? limit_s : usual_s;
  else
    *time_s = (guint) option_s;
  return config->owner_uid == 0 || quotas_check_time (quotas, key, *time_s, error);
}

static gboolean
take_receive_buffer (ConnectionConfig *config, gint64 option_bytes, const Quotas *quotas, GError **error)
{
  guint limit_bytes = quotas->values[QUOTAS_RECEIVE_BUFFER];

  if (option_bytes == OPEN_OPTIONS_NOT_GIVEN) {
    config->receive_buffer_bytes = MIN (INBOX_SIZE_USUAL_BYTES, limit_bytes);
    return TRUE;
  }
  config->receive_buffer_bytes = (guint) option_bytes;
  if (option_bytes >= INBOX_SIZE_MIN_BYTES && option_bytes <= INBOX_SIZE_MAX_BYTES)
    return config->owner_uid == 0
           || quotas_check_size (quotas, QUOTAS_RECEIVE_BUFFER, config->receive_buffer_bytes, error);

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "\"%s\" is %u, must be %d to %d",
               MSSL_OPTION_RECEIVE_BUFFER, config->receive_buffer_bytes, INBOX_SIZE_MIN_BYTES,
               INBOX_SIZE_MAX_BYTES);
  return FALSE;
}

gboolean
open_request_add_options (ConnectionConfig *config, const OpenOptions *options, const Quotas *quotas,
                          GError **error)
{
  guint usual_idle_s = options->persist ? OPEN_REQUEST_PERSIST_IDLE_TIMEOUT_S : 0;

  if (options->priority > 0 && config->owner_uid != 0) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_ACCESS_DENIED,
                 "\"priority\" is %d; above 0 it is for root only", options->priority);
    return FALSE;
  }
  config->module = options->module;
  config->persist = options->persist;
  config->priority = options->priority;
  config->queue_timeout_s = options->queue_timeout_s != OPEN_OPTIONS_NOT_GIVEN
                                ? (guint) options->queue_timeout_s
                                : quotas->values[QUOTAS_QUEUE_TIMEOUT];
  return take_time (&config->idle_timeout_s, options->idle_timeout_s, usual_idle_s, config, quotas,
                    QUOTAS_IDLE_TIMEOUT, error)
         && take_time (&config->max_hold_s, options->max_hold_s, 0, config, quotas, QUOTAS_MAX_HOLD, error)
         && take_receive_buffer (config, options->receive_buffer_bytes, quotas, error);
}
