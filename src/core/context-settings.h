/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The settings of a context: one table of keys that the bus, the files and the errors share. Pure: does
 * not know whether a credential of that name exists.
 */
#pragma once

#include <glib.h>

#include "tls-settings.h"

/**
 * ContextSettings:
 * @ca_certificate: name of a credential, NULL where none is set.
 * @client_certificate: name of a credential, NULL where none is set.
 */
typedef struct {
  TlsSettings tls;
  char *ca_certificate;
  char *client_certificate;
} ContextSettings;

/** The documented defaults. */
ContextSettings *context_settings_new (void);
ContextSettings *context_settings_copy (const ContextSettings *self);
void context_settings_free (ContextSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ContextSettings, context_settings_free)

/**
 * Changes the keys of @settings (a{sv}), all of them or none. MSSL_ERROR_INVALID_ARGUMENT names key and value
 * and says what is allowed: for an unknown key, a key given twice, a wrong type, or a value out of range.
 */
gboolean context_settings_update (ContextSettings *self, GVariant *settings, GError **error);

/** Every key with its value, a{sv}; floating. */
GVariant *context_settings_to_variant (const ContextSettings *self);

/** The content of a context's file. Caller unrefs. */
GBytes *context_settings_save (const ContextSettings *self);

/** The reverse of context_settings_save(). MSSL_ERROR_INVALID_ARGUMENT when the file is damaged. */
ContextSettings *context_settings_load (GBytes *content, GError **error);
