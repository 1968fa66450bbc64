/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bc660k-line.h. What a module says by itself is `+NAME: ...` or a few plain words; what looks like
 * neither, or like a "recv" with some wrong or missing bytes, is damaged.
 */
#include "bc660k-line.h"

#include <string.h>

#define URC_NAME "QSSLURC"
#define RECEIVED "+QSSLURC: \"recv\","
/* So many wrong, missing or surplus characters do not make a name another one. */
#define SIMILAR 2
/* Plain words, as in "NORMAL POWER DOWN", "F1: 0000 0000" or "[SSL 4] connected". */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _.:/()[]-"
#define NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define LONGEST_NAME 24

/** How many characters must be changed, left out or put in to make @a of @b. */
static gsize
get_distance (const char *a, gsize a_length, const char *b, gsize b_length)
{
  gsize row[LONGEST_NAME + 1];

  g_return_val_if_fail (b_length <= LONGEST_NAME, LONGEST_NAME);
  for (gsize j = 0; j <= b_length; j++)
    row[j] = j;
  for (gsize i = 1; i <= a_length; i++) {
    gsize diagonal = row[0];

    row[0] = i;
    for (gsize j = 1; j <= b_length; j++) {
      gsize changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

      diagonal = row[j];
      row[j] = MIN (changed, 1 + MIN (row[j], row[j - 1]));
    }
  }
  return row[b_length];
}

static gboolean
is_similar (const char *text, gsize length, const char *name)
{
  gsize name_length = strlen (name);

  return length <= name_length + SIMILAR && get_distance (text, length, name, name_length) <= SIMILAR;
}

static gboolean
is_printable (const char *line, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    if (!g_ascii_isprint (line[i]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_beginning (const char *line, gsize length, const char *whole)
{
  return length < strlen (whole) && memcmp (line, whole, length) == 0;
}

/** `+QSSLURC: "<kind>",<numbers>`, of a newer firmware: it holds no data. */
static gboolean
is_other_urc (const char *line)
{
  const char *kind = line + strlen ("+" URC_NAME ":");
  gsize length;

  kind += strspn (kind, " ");
  if (*kind++ != '"')
    return FALSE;
  length = strspn (kind, "abcdefghijklmnopqrstuvwxyz");
  if (kind[length] != '"' || is_similar (kind, length, "recv") || is_similar (kind, length, "closed"))
    return FALSE;
  kind += length + 1;
  return strspn (kind, "0123456789,-") == strlen (kind);
}

/** `+NAME: ...`, `+NAME=...` */
static gboolean
is_sound_named (const char *line)
{
  gsize length = strspn (line + 1, NAME);
  const char *end = line + 1 + length;

  if (length == strlen (URC_NAME) && g_str_has_prefix (line + 1, URC_NAME ":"))
    return is_other_urc (line);
  if (is_similar (line + 1, length, URC_NAME) || strstr (line, "\"recv\"") != NULL)
    return FALSE;
  return length > 0 && (*end == ':' || *end == '=' || *end == ' ' || *end == '\0');
}

gboolean
bc660k_line_is_sound (const char *line, gsize length, gboolean verbose)
{
  /* A late prompt; the Ctrl-Z of an echo. */
  static const char *const alone[] = { ">", "> ", "\x1a" };

  if (strlen (line) != length || is_beginning (line, length, RECEIVED))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (alone); i++) {
    if (strcmp (line, alone[i]) == 0)
      return TRUE;
  }
  if (line[0] == '+')
    return is_sound_named (line);
  if (!is_printable (line, length) || strstr (line, "recv\"") != NULL)
    return FALSE;
  if (verbose || g_str_has_prefix (line, "AT"))
    return TRUE;
  return strspn (line, PLAIN) == length && !g_ascii_isdigit (line[0]);
}

gboolean
bc660k_line_is_banner_in (GBytes *payload)
{
  static const char *const banners[] = { "\r\nRDY\r\n", "\n\rF1: 0000 0000" };
  gsize size;
  const char *data = g_bytes_get_data (payload, &size);

  for (guint i = 0; i < G_N_ELEMENTS (banners); i++) {
    if (memmem (data, size, banners[i], strlen (banners[i])) != NULL)
      return TRUE;
  }
  return FALSE;
}
