/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The argument "parts" of Manager.ImportCredential and Credential.Replace: PEM files as bytes, text or file
 * descriptors, which are read without ever blocking the daemon. Knows no path.
 */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "credential-parts.h"

/** How long a file descriptor may take to come to its end. */
#define DBUS_CREDENTIAL_PARTS_TIMEOUT_MS 5000

/**
 * Reads all of @parts (a{sv}), then checks them as credential_parts_new() does. @fds may be NULL.
 * The callback runs once, from the main loop. Errors: INVALID_ARGUMENT (an unknown key, a wrong type, a
 * descriptor that is missing, is no regular file, pipe or socket, or has not ended in time),
 * INVALID_CREDENTIAL.
 */
void dbus_credential_parts_read_async (GVariant *parts, GUnixFDList *fds, GAsyncReadyCallback callback,
                                       gpointer user_data);

/** Caller frees. */
CredentialParts *dbus_credential_parts_read_finish (GAsyncResult *result, GError **error);
