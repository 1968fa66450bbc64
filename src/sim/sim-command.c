/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-command.h. */
#include "sim-command.h"

#include <string.h>

typedef struct {
  char *text;
  gboolean is_quoted;
} Argument;

static void
free_argument (gpointer data)
{
  Argument *argument = data;
  g_free (argument->text);
  g_free (argument);
}

static void
add_argument (SimCommand *self, const char *text, gsize length, gboolean is_quoted)
{
  Argument *argument = g_new0 (Argument, 1);
  argument->text = g_strndup (text, length);
  argument->is_quoted = is_quoted;
  g_ptr_array_add (self->arguments, argument);
}

/* One argument at *at, which moves to the comma or the end behind it. FALSE: quotes that do not match. */
static gboolean
parse_argument (SimCommand *self, const char **at)
{
  const char *start = *at;
  if (*start != '"') {
    *at = start + strcspn (start, ",\"");
    add_argument (self, start, (gsize) (*at - start), FALSE);
    return **at != '"';
  }

  const char *end = strchr (start + 1, '"');
  if (end == NULL || (end[1] != ',' && end[1] != '\0'))
    return FALSE;
  add_argument (self, start + 1, (gsize) (end - start - 1), TRUE);
  *at = end + 1;
  return TRUE;
}

static gboolean
parse_arguments (SimCommand *self, const char *at)
{
  for (;;) {
    if (!parse_argument (self, &at))
      return FALSE;
    if (*at == '\0')
      return TRUE;
    at++;
  }
}

static SimForm
parse_form (const char *rest)
{
  if (g_str_equal (rest, "?"))
    return SIM_FORM_READ;
  if (g_str_equal (rest, "=?"))
    return SIM_FORM_TEST;
  return *rest == '=' ? SIM_FORM_WRITE : SIM_FORM_EXECUTE;
}

SimCommand *
sim_command_parse (const char *line)
{
  g_autoptr (SimCommand) self = g_new0 (SimCommand, 1);
  self->text = g_ascii_strup (line, -1);
  self->arguments = g_ptr_array_new_with_free_func (free_argument);

  gsize length = *line == '+' ? strcspn (line, "=?") : strlen (line);
  self->name = g_ascii_strup (line, (gssize) length);
  self->form = parse_form (line + length);
  if (self->form == SIM_FORM_EXECUTE && line[length] != '\0')
    return NULL;
  if (self->form == SIM_FORM_WRITE && !parse_arguments (self, line + length + 1))
    return NULL;
  return g_steal_pointer (&self);
}

void
sim_command_free (SimCommand *self)
{
  g_free (self->text);
  g_free (self->name);
  g_ptr_array_unref (self->arguments);
  g_free (self);
}

guint
sim_command_count (const SimCommand *self)
{
  return self->arguments->len;
}

gboolean
sim_command_get_number (const SimCommand *self, guint index, gint min, gint max, gint *ret_value)
{
  if (index >= self->arguments->len)
    return FALSE;

  const Argument *argument = g_ptr_array_index (self->arguments, index);
  gint64 value;
  if (argument->is_quoted || !g_ascii_string_to_signed (argument->text, 10, min, max, &value, NULL))
    return FALSE;
  *ret_value = (gint) value;
  return TRUE;
}

const char *
sim_command_get_string (const SimCommand *self, guint index)
{
  if (index >= self->arguments->len)
    return NULL;

  const Argument *argument = g_ptr_array_index (self->arguments, index);
  return argument->is_quoted ? argument->text : NULL;
}
