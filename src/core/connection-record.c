/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A dictionary, so that a daemon of another version finds what it knows; one that does not find all of it
 * goes on with nothing.
 */
#include "connection-record.h"

#include "context-settings.h"
#include "mssl-error.h"

GVariant *
connection_record_save (const ConnectionConfig *config, const char *module, const ConnectionTimes *times)
{
  const ContextSettings settings = { .tls = config->settings };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "number", "t", config->number);
  g_variant_dict_insert (&dict, "context", "s", context_get_name (config->context));
  g_variant_dict_insert (&dict, "module", "s", module);
  g_variant_dict_insert (&dict, "host", "s", config->host);
  g_variant_dict_insert (&dict, "port", "q", config->port);
  g_variant_dict_insert (&dict, "priority", "i", config->priority);
  g_variant_dict_insert (&dict, "max-hold", "u", config->max_hold_s);
  g_variant_dict_insert (&dict, "idle-timeout", "u", config->idle_timeout_s);
  g_variant_dict_insert (&dict, "receive-buffer", "u", config->receive_buffer_bytes);
  g_variant_dict_insert (&dict, "owner", "s", config->owner);
  g_variant_dict_insert (&dict, "owner-uid", "u", config->owner_uid);
  g_variant_dict_insert (&dict, "born", "x", times->born_us);
  g_variant_dict_insert (&dict, "granted", "x", times->granted_us);
  g_variant_dict_insert_value (&dict, "settings", context_settings_to_variant (&settings));
  return g_variant_dict_end (&dict);
}

static gboolean
load_settings (GVariant *facts, ConnectionConfig *config, GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (facts, "settings", G_VARIANT_TYPE_VARDICT);
  g_autoptr (ContextSettings) settings = context_settings_new ();

  if (value == NULL || !context_settings_update (settings, value, error))
    return FALSE;

  config->settings = settings->tls;
  return TRUE;
}

static gboolean
load_all (GVariant *facts, const char **ret_context, ConnectionConfig *config, ConnectionTimes *times)
{
  return g_variant_is_of_type (facts, G_VARIANT_TYPE_VARDICT)
         && g_variant_lookup (facts, "number", "t", &config->number)
         && g_variant_lookup (facts, "context", "&s", ret_context)
         && g_variant_lookup (facts, "module", "&s", &config->module)
         && g_variant_lookup (facts, "host", "&s", &config->host)
         && g_variant_lookup (facts, "port", "q", &config->port)
         && g_variant_lookup (facts, "priority", "i", &config->priority)
         && g_variant_lookup (facts, "max-hold", "u", &config->max_hold_s)
         && g_variant_lookup (facts, "idle-timeout", "u", &config->idle_timeout_s)
         && g_variant_lookup (facts, "receive-buffer", "u", &config->receive_buffer_bytes)
         && g_variant_lookup (facts, "owner", "&s", &config->owner)
         && g_variant_lookup (facts, "owner-uid", "u", &config->owner_uid)
         && g_variant_lookup (facts, "born", "x", &times->born_us)
         && g_variant_lookup (facts, "granted", "x", &times->granted_us) && config->number != 0;
}

gboolean
connection_record_load (GVariant *facts, ContextStore *contexts, ConnectionConfig *ret_config,
                        ConnectionTimes *ret_times, GError **error)
{
  ConnectionConfig config = { .persist = TRUE };
  ConnectionTimes times = { 0 };
  const char *context;

  if (!load_all (facts, &context, &config, &times) || !load_settings (facts, &config, NULL)) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
                 "what is known of it was not written by this version of the daemon");
    return FALSE;
  }
  config.context = context_store_lookup (contexts, context);
  if (config.context == NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND, "its context \"%s\" was deleted", context);
    return FALSE;
  }
  *ret_config = config;
  *ret_times = times;
  return TRUE;
}
