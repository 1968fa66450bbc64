/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The figures of one run: durations, printed as one line of JSON on standard output.
 */
#pragma once

#include <glib.h>

typedef struct BenchSamples BenchSamples;

BenchSamples *bench_samples_new (void);
void bench_samples_free (BenchSamples *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchSamples, bench_samples_free)

/** A duration begins, and ends: it is one figure. */
void bench_samples_begin (BenchSamples *self);

/** Sleeps until @least_ms have passed since the begin. */
void bench_samples_wait (BenchSamples *self, guint least_ms);
void bench_samples_end (BenchSamples *self);

/** A figure of another kind that the run has found. @key is static. */
void bench_samples_note (BenchSamples *self, const char *key, double value);

/** {"ns": [...], KEY: VALUE ...} */
void bench_samples_print (BenchSamples *self);

/** What is sent: @size bytes, at least one, with a newline at the end, since gnutls-serv echoes lines. */
char *bench_samples_new_line (gsize size);
