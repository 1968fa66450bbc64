/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The generated skeleton of org.modemssl1.Credential for one credential, with the property Warnings computed
 * at each read, because it depends on the day. Keeps the other properties equal to the credential's.
 */
#pragma once

#include "credential-store.h"
#include "mssl-skeletons.h"

/** Follows @credential until the last reference goes. @store must outlive that. Caller unrefs. */
MsslDBusCredential *dbus_credential_skeleton_new (Credential *credential, CredentialStore *store);
