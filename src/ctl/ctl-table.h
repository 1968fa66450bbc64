/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A table of text in aligned columns. Knows nothing of the bus.
 */
#pragma once

#include <glib.h>

typedef struct CtlTable CtlTable;

/** An empty table of @n_columns columns. */
CtlTable *ctl_table_new (guint n_columns);

/** Adds the next cell, row by row; takes @text. */
void ctl_table_take (CtlTable *self, char *text);

/** The table as lines, each ended by a line feed, without blanks at their ends. */
char *ctl_table_format (CtlTable *self);

void ctl_table_free (CtlTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlTable, ctl_table_free)
