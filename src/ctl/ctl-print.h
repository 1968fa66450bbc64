/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records on standard output, for a person or as JSON. Everything the program prints there but the data of a
 * connection goes this way.
 */
#pragma once

#include <glib.h>

#include "ctl-kind.h"

/** Prints @value as JSON: with line breaks, or on one line. A floating @value is consumed. */
void ctl_print_json (GVariant *value, gboolean one_line);

/** The JSON of @value on one line, without a line feed. A floating @value is consumed. */
char *ctl_print_to_json (GVariant *value);

/** Prints @record as lines of `key: value`, one for each string of a list. */
void ctl_print_record (const CtlKind *kind, GVariant *record);

/** Prints @records as a table. */
void ctl_print_table (const CtlKind *kind, GPtrArray *records);

/** @records as one array, floating. */
GVariant *ctl_print_to_array (GPtrArray *records);

/** Writes out what is buffered; fails if standard output did not take everything. */
gboolean ctl_print_flush (GError **error);
