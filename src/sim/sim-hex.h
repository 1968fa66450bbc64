/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bytes as pairs of hexadecimal digits. */
#pragma once

#include <glib.h>

void sim_hex_append (GByteArray *text, const guint8 *data, gsize length, gboolean is_upper);

/* NULL unless the text is whole pairs of digits of either case. Owned by the caller. */
GByteArray *sim_hex_decode (const guint8 *text, gsize length);
