/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table: one row for each key.
 */
#include "context-settings.h"

#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"

#define FILE_GROUP "context"
/* How much of a key or value that is wrong is repeated to the client. */
#define QUOTE_CHARACTERS 60

/**
 * Exactly one of @choices, @max and @name_what is set: the number is an index of @choices, or lies between
 * @min and @max, or the field is a name.
 */
typedef struct {
  const char *key;
  gsize offset;
  const char *const *choices;
  guint min;
  guint max;
  const char *name_what;
} Setting;

/* Indexed by the enumerations of tls-settings.h. */
static const char *const protocols[] = { [TLS_PROTOCOL_TLS] = "tls", [TLS_PROTOCOL_DTLS] = "dtls", NULL };
static const char *const versions[] = {
  [TLS_VERSION_1_0] = "1.0",
  [TLS_VERSION_1_1] = "1.1",
  [TLS_VERSION_1_2] = "1.2",
  [TLS_VERSION_NEGOTIATE] = "negotiate",
  NULL,
};
static const char *const dtls_versions[] = {
  [DTLS_VERSION_1_0] = "1.0",
  [DTLS_VERSION_1_2] = "1.2",
  [DTLS_VERSION_NEGOTIATE] = "negotiate",
  NULL,
};
static const char *const authentications[] = {
  [TLS_AUTHENTICATION_NONE] = "none",
  [TLS_AUTHENTICATION_SERVER] = "server",
  [TLS_AUTHENTICATION_MUTUAL] = "mutual",
  NULL,
};
static const char *const formats[] = { [DATA_FORMAT_TEXT] = "text", [DATA_FORMAT_HEX] = "hex", NULL };

#define AT(field) .offset = G_STRUCT_OFFSET (ContextSettings, field)

static const Setting table[] = {
  { MSSL_SETTING_PROTOCOL, AT (tls.protocol), .choices = protocols },
  { MSSL_SETTING_TLS_VERSION, AT (tls.tls_version), .choices = versions },
  { MSSL_SETTING_DTLS_VERSION, AT (tls.dtls_version), .choices = dtls_versions },
  { MSSL_SETTING_AUTHENTICATION, AT (tls.authentication), .choices = authentications },
  { MSSL_SETTING_CA_CERTIFICATE, AT (ca_certificate), .name_what = "credential" },
  { MSSL_SETTING_CLIENT_CERTIFICATE, AT (client_certificate), .name_what = "credential" },
  { MSSL_SETTING_SEND_FORMAT, AT (tls.send_format), .choices = formats },
  { MSSL_SETTING_RECEIVE_FORMAT, AT (tls.receive_format), .choices = formats },
  { MSSL_SETTING_TIMEOUT, AT (tls.timeout_s), .min = TLS_TIMEOUT_MIN_S, .max = TLS_TIMEOUT_MAX_S },
  { MSSL_SETTING_MODULE_DEBUG, AT (tls.module_debug), .max = TLS_MODULE_DEBUG_MAX },
};

#define SETTINGS G_N_ELEMENTS (table)

/* The table writes enumerations as numbers. */
G_STATIC_ASSERT (sizeof (TlsProtocol) == sizeof (guint) && sizeof (TlsVersion) == sizeof (guint)
                 && sizeof (DtlsVersion) == sizeof (guint) && sizeof (TlsAuthentication) == sizeof (guint)
                 && sizeof (DataFormat) == sizeof (guint));

ContextSettings *
context_settings_new (void)
{
  ContextSettings *self = g_new0 (ContextSettings, 1);

  self->tls = (TlsSettings){
    .protocol = TLS_PROTOCOL_TLS,
    .tls_version = TLS_VERSION_1_2,
    .dtls_version = DTLS_VERSION_1_2,
    .authentication = TLS_AUTHENTICATION_SERVER,
    .send_format = DATA_FORMAT_TEXT,
    .receive_format = DATA_FORMAT_TEXT,
    .timeout_s = TLS_TIMEOUT_DEFAULT_S,
  };
  return self;
}

ContextSettings *
context_settings_copy (const ContextSettings *self)
{
  ContextSettings *copy = g_new (ContextSettings, 1);

  copy->tls = self->tls;
  copy->ca_certificate = g_strdup (self->ca_certificate);
  copy->client_certificate = g_strdup (self->client_certificate);
  return copy;
}

void
context_settings_free (ContextSettings *self)
{
  g_free (self->ca_certificate);
  g_free (self->client_certificate);
  g_free (self);
}

static const Setting *
find_setting (const char *key)
{
  for (gsize i = 0; i < SETTINGS; i++) {
    if (g_str_equal (table[i].key, key))
      return &table[i];
  }
  return NULL;
}

static guint *
number_at (const ContextSettings *self, const Setting *setting)
{
  return G_STRUCT_MEMBER_P (self, setting->offset);
}

static char **
name_at (const ContextSettings *self, const Setting *setting)
{
  return G_STRUCT_MEMBER_P (self, setting->offset);
}

static gboolean
is_number (const Setting *setting)
{
  return setting->choices == NULL && setting->name_what == NULL;
}

/** What the key takes, for a person. */
static char *
describe (const Setting *setting)
{
  g_autofree char *choices = NULL;

  if (setting->name_what != NULL)
    return g_strdup_printf ("the name of a %s, or \"\" for none", setting->name_what);
  if (is_number (setting))
    return g_strdup_printf ("a number (u) from %u to %u", setting->min, setting->max);
  choices = g_strjoinv ("\", \"", (char **) setting->choices);
  return g_strdup_printf ("%s\"%s\"", setting->choices[1] != NULL ? "one of " : "", choices);
}

static char *
quote (const char *text)
{
  if (g_utf8_strlen (text, -1) <= QUOTE_CHARACTERS)
    return g_strdup (text);
  g_autofree char *start = g_utf8_substring (text, 0, QUOTE_CHARACTERS);
  return g_strconcat (start, "...", NULL);
}

static gboolean
refuse_value (const Setting *setting, GVariant *value, GError **error)
{
  g_autofree char *text = g_variant_print (value, FALSE);
  g_autofree char *quoted = quote (text);
  g_autofree char *allowed = describe (setting);

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT,
               "The value %s (type %s) of the setting \"%s\" is wrong: it takes %s.", quoted,
               g_variant_get_type_string (value), setting->key, allowed);
  return FALSE;
}

static gboolean
refuse_key (const char *key, GError **error)
{
  g_autofree char *quoted = quote (key);
  g_autoptr (GString) known = g_string_new (NULL);

  for (gsize i = 0; i < SETTINGS; i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", table[i].key);
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "There is no setting \"%s\"; there are %s.",
               quoted, known->str);
  return FALSE;
}

static gboolean
set_choice (ContextSettings *self, const Setting *setting, GVariant *value, GError **error)
{
  const char *text =
      g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_get_string (value, NULL) : NULL;

  for (guint i = 0; text != NULL && setting->choices[i] != NULL; i++) {
    if (g_str_equal (setting->choices[i], text)) {
      *number_at (self, setting) = i;
      return TRUE;
    }
  }
  return refuse_value (setting, value, error);
}

static gboolean
set_name (ContextSettings *self, const Setting *setting, GVariant *value, GError **error)
{
  char **field = name_at (self, setting);
  const char *text =
      g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_get_string (value, NULL) : NULL;

  if (text == NULL || (text[0] != '\0' && !mssl_name_is_valid (text)))
    return refuse_value (setting, value, error);
  g_free (*field);
  *field = text[0] != '\0' ? g_strdup (text) : NULL;
  return TRUE;
}

static gboolean
set_number (ContextSettings *self, const Setting *setting, GVariant *value, GError **error)
{
  guint number;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return refuse_value (setting, value, error);
  number = g_variant_get_uint32 (value);
  if (number < setting->min || number > setting->max)
    return refuse_value (setting, value, error);
  *number_at (self, setting) = number;
  return TRUE;
}

static gboolean
set_one (ContextSettings *self, const Setting *setting, GVariant *value, GError **error)
{
  if (setting->choices != NULL)
    return set_choice (self, setting, value, error);
  if (setting->name_what != NULL)
    return set_name (self, setting, value, error);
  return set_number (self, setting, value, error);
}

static gboolean
set_all (ContextSettings *self, GVariant *settings, GError **error)
{
  gboolean seen[SETTINGS] = { FALSE };
  GVariantIter iter;
  const char *key;
  GVariant *boxed;

  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &boxed)) {
    g_autoptr (GVariant) value = boxed;
    const Setting *setting = find_setting (key);

    if (setting == NULL)
      return refuse_key (key, error);
    if (seen[setting - table]) {
      g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "The setting \"%s\" is given twice.", key);
      return FALSE;
    }
    seen[setting - table] = TRUE;
    if (!set_one (self, setting, value, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
context_settings_update (ContextSettings *self, GVariant *settings, GError **error)
{
  g_autoptr (ContextSettings) changed = context_settings_copy (self);
  ContextSettings before = *self;

  if (!set_all (changed, settings, error))
    return FALSE;
  *self = *changed;
  *changed = before;
  return TRUE;
}

static GVariant *
get_one (const ContextSettings *self, const Setting *setting)
{
  if (setting->choices != NULL)
    return g_variant_new_string (setting->choices[*number_at (self, setting)]);
  if (setting->name_what != NULL)
    return g_variant_new_string (*name_at (self, setting) != NULL ? *name_at (self, setting) : "");
  return g_variant_new_uint32 (*number_at (self, setting));
}

GVariant *
context_settings_to_variant (const ContextSettings *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < SETTINGS; i++)
    g_variant_builder_add (&builder, "{sv}", table[i].key, get_one (self, &table[i]));
  return g_variant_builder_end (&builder);
}

GBytes *
context_settings_save (const ContextSettings *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize size;
  char *data;

  for (gsize i = 0; i < SETTINGS; i++) {
    g_autoptr (GVariant) value = g_variant_ref_sink (get_one (self, &table[i]));
    g_autofree char *text = is_number (&table[i]) ? g_variant_print (value, FALSE) : NULL;

    g_key_file_set_string (file, FILE_GROUP, table[i].key,
                           text != NULL ? text : g_variant_get_string (value, NULL));
  }
  data = g_key_file_to_data (file, &size, NULL);
  return g_bytes_new_take (data, size);
}

/** The text of a file as the type that the key takes; text that is no number stays text, to be refused later.
 */
static GVariant *
parse_value (const char *key, const char *text)
{
  const Setting *setting = find_setting (key);
  guint64 number;

  if (setting != NULL && is_number (setting)
      && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &number, NULL))
    return g_variant_new_uint32 (number);
  return g_variant_new_string (text);
}

static GVariant *
parse_file (GKeyFile *file, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, FILE_GROUP, NULL, error);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (keys == NULL)
    return NULL;
  for (gsize i = 0; keys[i] != NULL; i++) {
    g_autofree char *text = g_key_file_get_string (file, FILE_GROUP, keys[i], error);

    if (text == NULL)
      return NULL;
    g_variant_builder_add (&builder, "{sv}", keys[i], parse_value (keys[i], text));
  }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

ContextSettings *
context_settings_load (GBytes *content, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (ContextSettings) self = context_settings_new ();
  g_autoptr (GError) cause = NULL;
  g_autoptr (GVariant) settings = NULL;

  if (g_key_file_load_from_bytes (file, content, G_KEY_FILE_NONE, &cause))
    settings = parse_file (file, &cause);
  if (settings != NULL && context_settings_update (self, settings, &cause))
    return g_steal_pointer (&self);
  g_set_error_literal (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, cause->message);
  return NULL;
}
