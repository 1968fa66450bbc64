/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The AT parser alone.
 */
#pragma once

#include <glib.h>

/** Parses @size bytes of one @kind of input: "payload" (1400 bytes in each recv), "lines" or "hex", in reads
 * of 4096 bytes, @count times; "copy" only copies them. Figures: each time. FALSE: there is no such kind. */
gboolean bench_parser_run (const char *kind, gsize size, guint count);
