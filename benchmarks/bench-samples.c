/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench-samples.h.
 */
#include "bench-samples.h"

#include <stdio.h>
#include <time.h>

struct BenchSamples {
  GArray *durations; /* of gint64, in nanoseconds */
  GString *notes;
  gint64 begun;
};

static gint64
get_now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

BenchSamples *
bench_samples_new (void)
{
  BenchSamples *self = g_new0 (BenchSamples, 1);

  self->durations = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->notes = g_string_new (NULL);
  return self;
}

void
bench_samples_free (BenchSamples *self)
{
  g_array_unref (self->durations);
  g_string_free (self->notes, TRUE);
  g_free (self);
}

void
bench_samples_begin (BenchSamples *self)
{
  self->begun = get_now_ns ();
}

void
bench_samples_wait (BenchSamples *self, guint least_ms)
{
  gint64 left_us = (self->begun - get_now_ns ()) / 1000 + (gint64) least_ms * 1000;

  if (left_us > 0)
    g_usleep ((gulong) left_us);
}

void
bench_samples_end (BenchSamples *self)
{
  gint64 duration = get_now_ns () - self->begun;

  g_array_append_val (self->durations, duration);
}

void
bench_samples_note (BenchSamples *self, const char *key, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (self->notes, ", \"%s\": %s", key, g_ascii_dtostr (text, sizeof text, value));
}

void
bench_samples_print (BenchSamples *self)
{
  printf ("{\"ns\": [");
  for (guint i = 0; i < self->durations->len; i++)
    printf ("%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", g_array_index (self->durations, gint64, i));
  printf ("]%s}\n", self->notes->str);
}

char *
bench_samples_new_line (gsize size)
{
  char *line = g_strnfill (size, 'x');

  line[size - 1] = '\n';
  return line;
}
