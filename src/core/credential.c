/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A name and its parts.
 */
#include "credential.h"

#define DAY_S (24 * 60 * 60)

struct _Credential {
  GObject parent_instance;
  char *name;
  CredentialParts *parts;
};

G_DEFINE_FINAL_TYPE (Credential, credential, G_TYPE_OBJECT)

static void
credential_finalize (GObject *object)
{
  Credential *self = MSSL_CREDENTIAL (object);

  g_free (self->name);
  credential_parts_free (self->parts);
  G_OBJECT_CLASS (credential_parent_class)->finalize (object);
}

static void
credential_class_init (CredentialClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = credential_finalize;
  g_signal_new ("changed", CREDENTIAL_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
credential_init (Credential *self)
{
}

Credential *
credential_new (const char *name, CredentialParts *parts)
{
  Credential *self = g_object_new (CREDENTIAL_TYPE, NULL);

  self->name = g_strdup (name);
  self->parts = parts;
  return self;
}

const char *
credential_get_name (Credential *self)
{
  return self->name;
}

GBytes *
credential_get_part (Credential *self, ModuleCredentialPart part)
{
  return self->parts->part[part];
}

const char *
credential_get_digest (Credential *self, ModuleCredentialPart part)
{
  return self->parts->digest[part];
}

gboolean
credential_has_digest (Credential *self, const char *digest)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    if (g_strcmp0 (self->parts->digest[i], digest) == 0)
      return TRUE;
  }
  return FALSE;
}

GVariant *
credential_describe (Credential *self, ModuleCredentialPart part)
{
  const CertificateInfo *info = self->parts->info[part];

  if (info == NULL)
    return g_variant_new ("a{sv}", NULL);
  return certificate_info_to_variant (info);
}

static char *
format_date (gint64 seconds)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (seconds);

  /* GDateTime ends with the year 9999. */
  return date != NULL ? g_date_time_format (date, "%F") : g_strdup ("a day after the year 9999");
}

static char *
make_warning (const char *what, const CertificateInfo *info, gint64 now)
{
  g_autofree char *start = format_date (info->not_before);
  g_autofree char *end = format_date (info->not_after);
  gint64 left_s = info->not_after - now;

  if (now < info->not_before)
    return g_strdup_printf ("The %s is not valid before %s: is the clock of this machine right?", what,
                            start);
  if (left_s < 0)
    return g_strdup_printf ("The %s ended on %s: replace it.", what, end);
  if (left_s < CREDENTIAL_WARNING_S)
    return g_strdup_printf ("The %s ends on %s, in %d days: replace it soon.", what, end,
                            (int) (left_s / DAY_S));
  return NULL;
}

static void
add_warning (GStrvBuilder *builder, const char *what, const CertificateInfo *info, gint64 now)
{
  g_autofree char *warning = info != NULL ? make_warning (what, info, now) : NULL;

  if (warning != NULL)
    g_strv_builder_add (builder, warning);
}

char **
credential_get_warnings (Credential *self, gint64 now)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  add_warning (builder, "CA certificate", self->parts->info[MODULE_CREDENTIAL_CA], now);
  add_warning (builder, "client certificate", self->parts->info[MODULE_CREDENTIAL_CLIENT_CERTIFICATE], now);
  return g_strv_builder_end (builder);
}

CredentialParts *
credential_replace_parts (Credential *self, CredentialParts *parts)
{
  CredentialParts *before = self->parts;

  self->parts = parts;
  credential_notify_changed (self);
  return before;
}

void
credential_notify_changed (Credential *self)
{
  g_signal_emit_by_name (self, "changed");
}
