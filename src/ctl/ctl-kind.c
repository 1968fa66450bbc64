/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tables behind `CtlKind`.
 */
#include "ctl-kind.h"

#include "mssl-names.h"

static const char *const module_order[] = {
  "name",
  "state",
  "state-text",
  "device",
  "claim-mode",
  "claim-state",
  "claim-text",
  "modem-manager-path",
  "manufacturer",
  "model",
  "revision",
  "equipment-identifier",
  "capabilities",
  "slot-holders",
  "sleep-locks",
  "sim-state",
  "registration",
  "address",
  "signal-quality",
  "power-saving",
  "sleep-state",
  "clock",
  "clock-offset",
  "recovery-step",
  "recovery-counters",
  "breaker-open-until",
  NULL,
};

static const CtlColumn module_columns[] = {
  { "NAME", "name" },
  { "STATE", "state" },
  { "NETWORK", "registration" },
  { "DEVICE", "device" },
  { "MODEL", "model" },
  { "IMEI", "equipment-identifier" },
  { "CONNECTION", "slot-holders" },
  { NULL },
};

static const char *const context_order[] = { "name", "settings", NULL };

static const CtlColumn context_columns[] = {
  { "NAME", "name" },
  { "AUTHENTICATION", "settings." MSSL_SETTING_AUTHENTICATION },
  { "TLS", "settings." MSSL_SETTING_TLS_VERSION },
  { "CA", "settings." MSSL_SETTING_CA_CERTIFICATE },
  { "CLIENT", "settings." MSSL_SETTING_CLIENT_CERTIFICATE },
  { "TIMEOUT", "settings." MSSL_SETTING_TIMEOUT },
  { NULL },
};

static const char *const credential_order[] = { "name",     "ca-certificate", "client-certificate",
                                                "warnings", "modules",        NULL };

static const CtlColumn credential_columns[] = {
  { "NAME", "name" },
  { "CA", "ca-certificate.subject" },
  { "CA VALID UNTIL", "ca-certificate.not-after" },
  { "CLIENT", "client-certificate.subject" },
  { "CLIENT VALID UNTIL", "client-certificate.not-after" },
  { "WARNINGS", "warnings" },
  { NULL },
};

static const char *const connection_order[] = {
  "number",         "state",           "close-reason", "close-code", "close-text",
  "context",        "module",          "host",         "port",       "owner",
  "owner-user-id",  "persist",         "receive-mode", "bytes-sent", "bytes-confirmed",
  "bytes-received", "bytes-delivered", NULL,
};

static const CtlColumn connection_columns[] = {
  { "NUMBER", "number" },
  { "STATE", "state" },
  { "REASON", "close-reason" },
  { "CONTEXT", "context" },
  { "MODULE", "module" },
  { "HOST", "host" },
  { "PORT", "port" },
  { "OWNER", "owner" },
  { "SENT", "bytes-confirmed" },
  { "RECEIVED", "bytes-received" },
  { NULL },
};

static const CtlKind kinds[] = {
  [CTL_KIND_MODULE] = { "module", MSSL_INTERFACE_MODULE, MSSL_PATH_MODULES, "GetModule", NULL, module_order,
                        module_columns },
  [CTL_KIND_CONTEXT] = { "context", MSSL_INTERFACE_CONTEXT, MSSL_PATH_CONTEXTS, "GetContext", "settings",
                         context_order, context_columns },
  [CTL_KIND_CREDENTIAL] = { "credential", MSSL_INTERFACE_CREDENTIAL, MSSL_PATH_CREDENTIALS, "GetCredential",
                            NULL, credential_order, credential_columns },
  [CTL_KIND_CONNECTION] = { "connection", MSSL_INTERFACE_CONNECTION, MSSL_PATH_CONNECTIONS, NULL, NULL,
                            connection_order, connection_columns },
};

G_STATIC_ASSERT (G_N_ELEMENTS (kinds) == CTL_KIND_LAST + 1);

const CtlKind *
ctl_kind_get (CtlKindId id)
{
  return &kinds[id];
}

const CtlKind *
ctl_kind_find (const char *interface)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (g_strcmp0 (kinds[i].interface, interface) == 0)
      return &kinds[i];
  }
  return NULL;
}

char *
ctl_kind_get_key (const char *property)
{
  GString *key = g_string_new (NULL);

  for (const char *c = property; *c != '\0'; c++) {
    if (g_ascii_isupper (*c) && c != property)
      g_string_append_c (key, '-');
    g_string_append_c (key, g_ascii_tolower (*c));
  }
  return g_string_free (key, FALSE);
}
