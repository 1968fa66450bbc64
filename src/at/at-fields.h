/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the comma-separated fields of one information line or URC, such as `+QSSLCFG: 0,0,"seclevel",2`, from
 * left to right. Nothing is copied; a field that is not what was asked for is a plain FALSE, so that a line
 * is either understood whole or not at all.
 */
#pragma once

#include <glib.h>

/** AtFields: @next is NULL behind the last field. To be kept on the stack. */
typedef struct {
  const char *next;
} AtFields;

/** Starts behind @prefix (such as "+QSSLCFG:") and blanks. FALSE when @line does not begin with it. */
gboolean at_fields_begin (AtFields *ret_self, const char *line, const char *prefix);

/** The next field as a decimal integer, sign allowed, from @min to @max. */
gboolean at_fields_next_int (AtFields *self, gint64 min, gint64 max, int *ret_value);

/** The next field is quoted and its content equals @expected. */
gboolean at_fields_next_is (AtFields *self, const char *expected);

/** The next field, with or without quotes, as a new string. */
gboolean at_fields_next_string (AtFields *self, char **ret_value);

/**
 * The next field as a list or range in parentheses, `(0-4)`, `(0,1)`, `(1-3,7)`: its least and greatest
 * value, from 0 to @max.
 */
gboolean at_fields_next_range (AtFields *self, int max, int *ret_first, int *ret_last);

/** Whether all fields were read. */
gboolean at_fields_at_end (const AtFields *self);
