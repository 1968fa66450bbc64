/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A named credential. Knows what it holds, not where it is saved nor which module has a copy.
 *
 * Signal "changed" (no arguments): its parts were replaced, or another set of modules holds a copy. Runs
 * inside the call that caused it.
 */
#pragma once

#include <gio/gio.h>

#include "credential-parts.h"
#include "module-driver.h"

#define CREDENTIAL_TYPE (credential_get_type ())
G_DECLARE_FINAL_TYPE (Credential, credential, MSSL, CREDENTIAL, GObject)

/** Certificates that end within this time get a warning. */
#define CREDENTIAL_WARNING_S (30 * 24 * 60 * 60)

/** @parts is taken. Only the store makes credentials. */
Credential *credential_new (const char *name, CredentialParts *parts);

const char *credential_get_name (Credential *self);

/** The exact bytes for the module; borrowed until the next replacement; NULL when it has no such part. */
GBytes *credential_get_part (Credential *self, ModuleCredentialPart part);

/** SHA-256 of credential_get_part() in hexadecimal; borrowed alike; NULL when it has no such part. */
const char *credential_get_digest (Credential *self, ModuleCredentialPart part);

/** Whether one of its parts has this digest. */
gboolean credential_has_digest (Credential *self, const char *digest);

/** a{sv} as in org.modemssl1.Credential.xml; empty when it has no such part and for the key. Floating. */
GVariant *credential_describe (Credential *self, ModuleCredentialPart part);

/** Sentences for a person about dates, maybe none. @now: seconds since 1970. Caller frees with g_strfreev().
 */
char **credential_get_warnings (Credential *self, gint64 now);

/** For the store: takes @parts in place of the present ones and emits "changed". Gives back the old ones. */
CredentialParts *credential_replace_parts (Credential *self, CredentialParts *parts);

/** For the store: emits "changed". */
void credential_notify_changed (Credential *self);
