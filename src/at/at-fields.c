/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A cursor over a NUL-terminated line. What it is given came from a tty and is not trusted.
 */
#include "at-fields.h"

#include <string.h>

static const char *
skip_blanks (const char *text)
{
  while (*text == ' ')
    text++;
  return text;
}

gboolean
at_fields_begin (AtFields *ret_self, const char *line, const char *prefix)
{
  gsize length = strlen (prefix);

  if (strncmp (line, prefix, length) != 0)
    return FALSE;
  ret_self->next = skip_blanks (line + length);
  return TRUE;
}

/** Steps over the comma at @end, or to the end of the line. */
static gboolean
finish_field (AtFields *self, const char *end)
{
  end = skip_blanks (end);
  if (*end == ',')
    self->next = skip_blanks (end + 1);
  else if (*end == '\0')
    self->next = NULL;
  else
    return FALSE;
  return TRUE;
}

/** The number that begins at @text, at most G_MAXINT64; *@ret_end is behind it. strtoll() costs ten times as
 * much, and this is done several times for each message. */
static gint64
read_digits (const char *text, const char **ret_end)
{
  gint64 value = 0;

  for (; g_ascii_isdigit (*text); text++)
    value = value < G_MAXINT64 / 100 ? value * 10 + (*text - '0') : G_MAXINT64;
  *ret_end = text;
  return value;
}

gboolean
at_fields_next_int (AtFields *self, gint64 min, gint64 max, int *ret_value)
{
  gboolean negative = self->next != NULL && self->next[0] == '-';
  gint64 value;
  const char *end;

  if (self->next == NULL || !g_ascii_isdigit (self->next[negative ? 1 : 0]))
    return FALSE;
  value = read_digits (self->next + (negative ? 1 : 0), &end);
  value = negative ? -value : value;
  if (value < min || value > max || !finish_field (self, end))
    return FALSE;
  *ret_value = (int) value;
  return TRUE;
}

gboolean
at_fields_next_is (AtFields *self, const char *expected)
{
  gsize length = strlen (expected);

  if (self->next == NULL || self->next[0] != '"' || strncmp (self->next + 1, expected, length) != 0
      || self->next[1 + length] != '"')
    return FALSE;
  return finish_field (self, self->next + length + 2);
}

gboolean
at_fields_next_string (AtFields *self, char **ret_value)
{
  const char *start, *end;

  if (self->next == NULL)
    return FALSE;
  if (self->next[0] == '"') {
    start = self->next + 1;
    end = strchr (start, '"');
  } else {
    start = self->next;
    end = start + strcspn (start, ",");
  }
  if (end == NULL || !finish_field (self, *end == '"' ? end + 1 : end))
    return FALSE;
  *ret_value = g_strndup (start, (gsize) (end - start));
  return TRUE;
}

gboolean
at_fields_next_range (AtFields *self, int max, int *ret_first, int *ret_last)
{
  int first = max, last = 0;
  const char *at = self->next;

  if (at == NULL || *at != '(')
    return FALSE;
  do {
    const char *end;
    gint64 value;

    at++;
    if (!g_ascii_isdigit (*at))
      return FALSE;
    value = read_digits (at, &end);
    if (value > max)
      return FALSE;
    first = MIN (first, (int) value);
    last = MAX (last, (int) value);
    at = end;
  } while (*at == ',' || *at == '-');
  if (*at != ')' || !finish_field (self, at + 1))
    return FALSE;
  *ret_first = first;
  *ret_last = last;
  return TRUE;
}

gboolean
at_fields_at_end (const AtFields *self)
{
  return self->next == NULL;
}
