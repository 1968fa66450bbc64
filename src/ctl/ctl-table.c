/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Columns as wide as their widest cell, two blanks between them.
 */
#include "ctl-table.h"

#define GAP 2

struct CtlTable {
  guint n_columns;
  GPtrArray *cells;
};

CtlTable *
ctl_table_new (guint n_columns)
{
  CtlTable *self = g_new0 (CtlTable, 1);

  self->n_columns = n_columns;
  self->cells = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
ctl_table_take (CtlTable *self, char *text)
{
  g_ptr_array_add (self->cells, text);
}

static glong
get_width (CtlTable *self, guint column)
{
  glong width = 0;

  for (guint i = column; i < self->cells->len; i += self->n_columns)
    width = MAX (width, g_utf8_strlen (self->cells->pdata[i], -1));
  return width;
}

char *
ctl_table_format (CtlTable *self)
{
  GString *text = g_string_new (NULL);
  g_autofree glong *widths = g_new0 (glong, self->n_columns);

  for (guint column = 0; column < self->n_columns; column++)
    widths[column] = get_width (self, column);

  for (guint i = 0; i < self->cells->len; i++) {
    const char *cell = self->cells->pdata[i];
    guint column = i % self->n_columns;

    g_string_append (text, cell);
    if (column + 1 == self->n_columns)
      g_string_append_c (text, '\n');
    else
      g_string_append_printf (text, "%*s", (int) (widths[column] - g_utf8_strlen (cell, -1) + GAP), "");
  }
  return g_string_free (text, FALSE);
}

void
ctl_table_free (CtlTable *self)
{
  g_ptr_array_unref (self->cells);
  g_free (self);
}
