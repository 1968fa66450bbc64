/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One table of keys serves parsing, comparing and writing.
 */
#include "bc660k-settings.h"

#include "at-fields.h"
#include "bc660k-reply.h"

#define PREFIX "+QSSLCFG:"
/* Note 2.3.1 promises 300 ms; a busy module and a write to flash take longer. */
#define TIMEOUT_MS 3000
#define UPLOAD_TIMEOUT_MS 10000
/* After a write to flash real modules dropped a command that came at once. */
#define UPLOAD_SETTLE_MS 50
#define VALUE_MAX 100000

typedef struct {
  const char *name;
  const char *alias; /* the note prints one name in two ways */
} KeyName;

static const KeyName key_names[BC660K_KEYS] = {
  [BC660K_KEY_SECLEVEL] = { "seclevel", NULL },
  [BC660K_KEY_SSLVERSION] = { "sslversion", "ssIversion" },
  [BC660K_KEY_DATAFORMAT] = { "dataformat", NULL },
  [BC660K_KEY_TIMEOUT] = { "timeout", NULL },
  [BC660K_KEY_DEBUG] = { "debug", NULL },
  [BC660K_KEY_DTLS] = { "dtls", NULL },
  [BC660K_KEY_DTLSVERSION] = { "dtlsversion", NULL },
  [BC660K_KEY_CACERT] = { "cacert", NULL },
  [BC660K_KEY_CLIENTCERT] = { "clientcert", NULL },
  [BC660K_KEY_CLIENTKEY] = { "clientkey", NULL },
};

const char *
bc660k_settings_get_key_name (Bc660kKey key)
{
  return key_names[key].name;
}

Bc660kKey
bc660k_settings_get_credential_key (ModuleCredentialPart part)
{
  switch (part) {
  case MODULE_CREDENTIAL_CA:
    return BC660K_KEY_CACERT;
  case MODULE_CREDENTIAL_CLIENT_CERTIFICATE:
    return BC660K_KEY_CLIENTCERT;
  case MODULE_CREDENTIAL_CLIENT_KEY:
    return BC660K_KEY_CLIENTKEY;
  }
  g_assert_not_reached ();
}

static int
get_seclevel (TlsAuthentication authentication)
{
  switch (authentication) {
  case TLS_AUTHENTICATION_NONE:
    return 0;
  case TLS_AUTHENTICATION_SERVER:
    return 1;
  case TLS_AUTHENTICATION_MUTUAL:
    return 2;
  }
  g_assert_not_reached ();
}

static int
get_sslversion (TlsVersion version)
{
  switch (version) {
  case TLS_VERSION_1_0:
    return 1;
  case TLS_VERSION_1_1:
    return 2;
  case TLS_VERSION_1_2:
    return 3;
  case TLS_VERSION_NEGOTIATE:
    return 4;
  }
  g_assert_not_reached ();
}

static void
set_value (Bc660kSettings *self, Bc660kKey key, int value)
{
  self->value[key] = value;
  self->known |= 1u << key;
}

static int
get_dtlsversion (DtlsVersion version)
{
  switch (version) {
  case DTLS_VERSION_1_0:
    return 0;
  case DTLS_VERSION_1_2:
    return 1;
  case DTLS_VERSION_NEGOTIATE:
    return 2;
  }
  g_assert_not_reached ();
}

/** The keys of the other protocol do not matter, nor does the time-out for DTLS (note 2.3.1, note 3 below the
 * table). */
static void
set_protocol (Bc660kSettings *self, const TlsSettings *tls)
{
  set_value (self, BC660K_KEY_DTLS, tls->protocol == TLS_PROTOCOL_DTLS);
  switch (tls->protocol) {
  case TLS_PROTOCOL_TLS:
    set_value (self, BC660K_KEY_SSLVERSION, get_sslversion (tls->tls_version));
    set_value (self, BC660K_KEY_TIMEOUT, (int) tls->timeout_s);
    break;
  case TLS_PROTOCOL_DTLS:
    set_value (self, BC660K_KEY_DTLSVERSION, get_dtlsversion (tls->dtls_version));
    break;
  }
}

void
bc660k_settings_init_wanted (Bc660kSettings *self, const ModuleOpenRequest *request)
{
  const TlsSettings *tls = &request->settings;

  *self = (Bc660kSettings){ 0 };
  set_value (self, BC660K_KEY_SECLEVEL, get_seclevel (tls->authentication));
  set_protocol (self, tls);
  set_value (self, BC660K_KEY_DATAFORMAT, tls->send_format == DATA_FORMAT_HEX);
  self->receive_format = tls->receive_format == DATA_FORMAT_HEX;
  set_value (self, BC660K_KEY_DEBUG, (int) tls->module_debug);
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    GBytes *pem = request->credentials[part].pem;

    if (pem != NULL)
      set_value (self, bc660k_settings_get_credential_key (part), (int) g_bytes_get_size (pem));
  }
}

static gboolean
next_key (AtFields *fields, Bc660kKey *ret_key)
{
  for (guint key = 0; key < BC660K_KEYS; key++) {
    if (at_fields_next_is (fields, key_names[key].name)
        || (key_names[key].alias != NULL && at_fields_next_is (fields, key_names[key].alias))) {
      *ret_key = key;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
bc660k_settings_parse (Bc660kSettings *self, guint slot, const char *line)
{
  AtFields fields;
  Bc660kKey key;
  int context, connect, value, receive_format = 0;

  if (!at_fields_begin (&fields, line, PREFIX)
      || !at_fields_next_int (&fields, BC660K_CONTEXT_ID, BC660K_CONTEXT_ID, &context)
      || !at_fields_next_int (&fields, (gint64) slot, (gint64) slot, &connect) || !next_key (&fields, &key)
      || !at_fields_next_int (&fields, 0, VALUE_MAX, &value))
    return FALSE;
  if (key == BC660K_KEY_DATAFORMAT && !at_fields_next_int (&fields, 0, 1, &receive_format))
    return FALSE;
  if (!at_fields_at_end (&fields))
    return FALSE;
  set_value (self, key, value);
  if (key == BC660K_KEY_DATAFORMAT)
    self->receive_format = receive_format;
  return TRUE;
}

guint
bc660k_settings_compare (const Bc660kSettings *wanted, const Bc660kSettings *actual)
{
  guint differing = wanted->known & ~actual->known;

  for (guint key = 0; key < BC660K_KEYS; key++) {
    if ((wanted->known & actual->known & (1u << key)) != 0 && wanted->value[key] != actual->value[key])
      differing |= 1u << key;
  }
  if (wanted->receive_format != actual->receive_format)
    differing |= 1u << BC660K_KEY_DATAFORMAT;
  return differing;
}

AtCommand *
bc660k_settings_new_query_all (guint slot)
{
  AtCommand *command = at_command_new ("AT+QSSLCFG=", PREFIX, TIMEOUT_MS);

  at_command_add_int (command, BC660K_CONTEXT_ID);
  at_command_add_int (command, (int) slot);
  return command;
}

AtCommand *
bc660k_settings_new_query (guint slot, Bc660kKey key)
{
  AtCommand *command = bc660k_settings_new_query_all (slot);

  at_command_add_keyword (command, key_names[key].name);
  return command;
}

AtCommand *
bc660k_settings_new_write (guint slot, Bc660kKey key, const Bc660kSettings *wanted)
{
  AtCommand *command = bc660k_settings_new_query (slot, key);

  at_command_add_int (command, wanted->value[key]);
  if (key == BC660K_KEY_DATAFORMAT)
    at_command_add_int (command, wanted->receive_format);
  return command;
}

AtCommand *
bc660k_settings_new_upload (guint slot, ModuleCredentialPart part, GBytes *pem, guint data_delay_ms)
{
  AtCommand *command = bc660k_settings_new_query (slot, bc660k_settings_get_credential_key (part));

  command->timeout_ms = UPLOAD_TIMEOUT_MS;
  command->settle_ms = UPLOAD_SETTLE_MS;
  command->data_delay_ms = data_delay_ms;
  at_command_set_payload (command, AT_DATA_CTRL_Z, pem);
  return command;
}
