/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The copy: what is borrowed in a request is owned here.
 */
#include "connection-config.h"

void
connection_config_copy (ConnectionConfig *self, const ConnectionConfig *config)
{
  *self = *config;
  g_object_ref (self->context);
  self->module = g_strdup (config->module);
  self->host = g_strdup (config->host);
  self->owner = g_strdup (config->owner);
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    self->pem[part] = config->pem[part] != NULL ? g_bytes_ref (config->pem[part]) : NULL;
    self->digest[part] = g_strdup (config->digest[part]);
  }
}

void
connection_config_clear (ConnectionConfig *self)
{
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    g_clear_pointer (&self->pem[part], g_bytes_unref);
    g_free ((char *) self->digest[part]);
  }
  g_object_unref (self->context);
  g_free ((char *) self->module);
  g_free ((char *) self->host);
  g_free ((char *) self->owner);
}
