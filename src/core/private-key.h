/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A private key: checked and brought into the form that the module takes. Every copy that is made is wiped.
 */
#pragma once

#include <glib.h>

/**
 * Takes the one unencrypted RSA key out of @input, a PEM file. Returns it as one block "RSA PRIVATE KEY",
 * lines of 64 characters, LF, in memory that is wiped; caller unrefs. @ret_key_id gets
 * CERTIFICATE_KEY_ID_BYTES bytes, those of its certificate. MSSL_ERROR_INVALID_CREDENTIAL says what is wrong,
 * naming the part as @part.
 */
GBytes *private_key_normalise (GBytes *input, const char *part, guint8 *ret_key_id, GError **error);
