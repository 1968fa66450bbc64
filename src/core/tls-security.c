/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Facts, not a judgement; the judgement is the warnings.
 */
#include "tls-security.h"

static const char *
get_version (const TlsSettings *settings)
{
  static const char *const tls[] = {
    [TLS_VERSION_1_0] = "1.0",
    [TLS_VERSION_1_1] = "1.1",
    [TLS_VERSION_1_2] = "1.2",
    [TLS_VERSION_NEGOTIATE] = "negotiate",
  };
  static const char *const dtls[] = {
    [DTLS_VERSION_1_0] = "1.0",
    [DTLS_VERSION_1_2] = "1.2",
    [DTLS_VERSION_NEGOTIATE] = "negotiate",
  };

  return settings->protocol == TLS_PROTOCOL_DTLS ? dtls[settings->dtls_version] : tls[settings->tls_version];
}

static gboolean
may_be_old (const TlsSettings *settings)
{
  if (settings->protocol == TLS_PROTOCOL_DTLS)
    return settings->dtls_version != DTLS_VERSION_1_2;
  return settings->tls_version != TLS_VERSION_1_2;
}

GVariant *
tls_security_describe (const TlsSettings *settings)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "protocol",
                         g_variant_new_string (settings->protocol == TLS_PROTOCOL_DTLS ? "dtls" : "tls"));
  g_variant_builder_add (&builder, "{sv}", "version", g_variant_new_string (get_version (settings)));
  g_variant_builder_add (&builder, "{sv}", "chain-verified",
                         g_variant_new_boolean (settings->authentication != TLS_AUTHENTICATION_NONE));
  g_variant_builder_add (&builder, "{sv}", "host-name-verified", g_variant_new_boolean (FALSE));
  g_variant_builder_add (&builder, "{sv}", "client-authenticated",
                         g_variant_new_boolean (settings->authentication == TLS_AUTHENTICATION_MUTUAL));
  g_variant_builder_add (&builder, "{sv}", "forward-secrecy", g_variant_new_boolean (FALSE));
  return g_variant_builder_end (&builder);
}

char **
tls_security_get_warnings (const TlsSettings *settings)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();

  if (settings->authentication == TLS_AUTHENTICATION_NONE)
    g_strv_builder_add (
        warnings,
        "authentication=none: nobody verifies the server, so anybody on the way can read and change "
        "the data. Use it in the laboratory only.");
  if (may_be_old (settings))
    g_strv_builder_add (
        warnings, "A version below 1.2 may be used, which is broken in known ways. Set it to 1.2 unless the "
                  "server has nothing better.");
  return g_strv_builder_end (warnings);
}
