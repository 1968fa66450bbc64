/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parsers by fields, no regular expressions: what comes from the tty is not trusted.
 */
#include "bc660k-reply.h"

#include <string.h>

#include "at-fields.h"
#include "module-driver.h"

#define IMEI_DIGITS 15

static gboolean
next_slot (AtFields *fields, guint *ret_slot)
{
  int context, slot;

  if (!at_fields_next_int (fields, BC660K_CONTEXT_ID, BC660K_CONTEXT_ID, &context)
      || !at_fields_next_int (fields, 0, MODULE_SLOTS_MAX - 1, &slot))
    return FALSE;
  *ret_slot = (guint) slot;
  return TRUE;
}

gboolean
bc660k_reply_parse_result (const char *line, const char *prefix, guint *ret_slot, int *ret_result)
{
  AtFields fields;
  guint slot;
  int result;

  if (!at_fields_begin (&fields, line, prefix) || !next_slot (&fields, &slot)
      || !at_fields_next_int (&fields, G_MININT, G_MAXINT, &result) || !at_fields_at_end (&fields))
    return FALSE;
  *ret_slot = slot;
  *ret_result = result;
  return TRUE;
}

gboolean
bc660k_reply_parse_closed (const char *line, guint *ret_slot)
{
  AtFields fields;
  guint slot;

  if (!at_fields_begin (&fields, line, BC660K_URC_PREFIX) || !at_fields_next_is (&fields, "closed")
      || !next_slot (&fields, &slot) || !at_fields_at_end (&fields))
    return FALSE;
  *ret_slot = slot;
  return TRUE;
}

gboolean
bc660k_reply_parse_recv_header (const char *line, guint *ret_slot, guint *ret_size, gsize *ret_header_length)
{
  AtFields fields;
  guint slot;
  int size;

  if (!at_fields_begin (&fields, line, BC660K_URC_PREFIX) || !at_fields_next_is (&fields, "recv")
      || !next_slot (&fields, &slot) || !at_fields_next_int (&fields, 0, G_MAXINT, &size)
      || at_fields_at_end (&fields))
    return FALSE;
  *ret_slot = slot;
  *ret_size = (guint) size;
  *ret_header_length = (gsize) (fields.next - line);
  return TRUE;
}

GBytes *
bc660k_reply_decode_hex (const char *data, guint size)
{
  gsize characters = strlen (data);
  g_autofree guint8 *bytes = NULL;

  if (characters >= 2 && data[0] == '"' && data[characters - 1] == '"') {
    data++;
    characters -= 2;
  }
  if (characters == 0 || characters % 2 != 0 || characters / 2 > BC660K_RECEIVE_MAX_BYTES
      || (characters / 2 != size && characters != size))
    return NULL;
  bytes = g_malloc (characters / 2);
  for (gsize i = 0; i < characters / 2; i++) {
    int high = g_ascii_xdigit_value (data[2 * i]);
    int low = g_ascii_xdigit_value (data[2 * i + 1]);

    if (high < 0 || low < 0)
      return NULL;
    bytes[i] = (guint8) (high << 4 | low);
  }
  return g_bytes_new_take (g_steal_pointer (&bytes), characters / 2);
}

gboolean
bc660k_reply_parse_qsclk (const char *line, int *ret_mode)
{
  AtFields fields;

  return at_fields_begin (&fields, line, "+QSCLK:") && at_fields_next_int (&fields, 0, 2, ret_mode);
}

gboolean
bc660k_reply_parse_imei (const char *line, char **ret_imei)
{
  AtFields fields;
  g_autofree char *imei = NULL;

  if (!at_fields_begin (&fields, line, g_str_has_prefix (line, "+CGSN:") ? "+CGSN:" : "")
      || !at_fields_next_string (&fields, &imei))
    return FALSE;
  if (strlen (imei) != IMEI_DIGITS || strspn (imei, "0123456789") != IMEI_DIGITS)
    return FALSE;
  *ret_imei = g_steal_pointer (&imei);
  return TRUE;
}

static gboolean
begin_test (AtFields *fields, const char *line, const char *prefix, int *ret_last_slot)
{
  int first, last;

  return at_fields_begin (fields, line, prefix) && at_fields_next_range (fields, G_MAXINT, &first, &last)
         && at_fields_next_range (fields, G_MAXINT, &first, ret_last_slot);
}

gboolean
bc660k_reply_parse_open_test (const char *line, guint *ret_last_slot)
{
  AtFields fields;
  int last;

  if (!begin_test (&fields, line, "+QSSLOPEN:", &last))
    return FALSE;
  *ret_last_slot = (guint) last;
  return TRUE;
}

gboolean
bc660k_reply_parse_send_test (const char *line, guint *ret_max_bytes)
{
  AtFields fields;
  int slot, first, last = 0;

  if (!begin_test (&fields, line, "+QSSLSEND:", &slot))
    return FALSE;
  if (!at_fields_at_end (&fields) && (!at_fields_next_range (&fields, G_MAXINT, &first, &last) || last < 1))
    return FALSE;
  *ret_max_bytes = (guint) last;
  return TRUE;
}
