/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-hex.h. */
#include "sim-hex.h"

void
sim_hex_append (GByteArray *text, const guint8 *data, gsize length, gboolean is_upper)
{
  const char *digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  for (gsize i = 0; i < length; i++) {
    guint8 pair[] = { (guint8) digits[data[i] >> 4], (guint8) digits[data[i] & 0xf] };
    g_byte_array_append (text, pair, sizeof pair);
  }
}

GByteArray *
sim_hex_decode (const guint8 *text, gsize length)
{
  if (length % 2 != 0)
    return NULL;

  g_autoptr (GByteArray) data = g_byte_array_sized_new ((guint) length / 2);
  for (gsize i = 0; i < length; i += 2) {
    int high = g_ascii_xdigit_value ((char) text[i]);
    int low = g_ascii_xdigit_value ((char) text[i + 1]);
    if (high < 0 || low < 0)
      return NULL;
    guint8 byte = (guint8) (high << 4 | low);
    g_byte_array_append (data, &byte, 1);
  }
  return g_steal_pointer (&data);
}
