/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench-parser.h.
 */
#include "bench-parser.h"

#include <stdlib.h>
#include <string.h>

#include "at-parser.h"
#include "bench-samples.h"

#define READ_BYTES 4096
#define PIECE_BYTES 1400
#define HEADER "+QSSLURC: \"recv\",0,0,1400,"

static gssize
get_payload_size (const char *line, gsize length, gpointer user_data)
{
  const gboolean *counted = user_data;

  return *counted && length == strlen (HEADER) && memcmp (line, HEADER, length) == 0 ? PIECE_BYTES : 0;
}

static gsize
get_visible_length (const char *line, gsize length, gpointer user_data)
{
  return length;
}

static GString *
make_piece (const char *kind)
{
  GString *piece = g_string_new ("\r\n");

  if (g_str_equal (kind, "payload")) {
    g_string_append (piece, HEADER "\"");
    for (guint i = 0; i < PIECE_BYTES; i++)
      g_string_append_c (piece, (char) (i * 7));
    g_string_append (piece, "\"\r\n");
  } else if (g_str_equal (kind, "hex")) {
    g_string_append (piece, HEADER);
    for (guint i = 0; i < PIECE_BYTES; i++)
      g_string_append_printf (piece, "%02X", (guint8) (i * 7));
    g_string_append (piece, "\r\n");
  } else if (g_str_equal (kind, "lines")) {
    g_string_append (piece, "+QSSLSEND: 0,0,0\r\n");
  } else {
    g_string_free (piece, TRUE);
    return NULL;
  }
  return piece;
}

/** Has a name and a frame of its own, so that callgrind can be told to count here and nowhere else. */
static guint G_GNUC_NO_INLINE
parse_all (AtParser *parser, const char *data, gsize size)
{
  guint events = 0;

  for (gsize start = 0; start < size; start += READ_BYTES) {
    const guint8 *at = (const guint8 *) data + start;
    gsize left = MIN (READ_BYTES, size - start);

    while (left > 0) {
      AtEvent event;
      gsize used = at_parser_parse (parser, at, left, &event);

      at += used;
      left -= used;
      events += event.kind != AT_EVENT_NONE;
    }
  }
  return events;
}

/** What moving the bytes once costs, in the same pieces. */
static void
copy (const char *data, gsize size)
{
  guint8 to[READ_BYTES];

  for (gsize start = 0; start < size; start += READ_BYTES) {
    memcpy (to, data + start, MIN (READ_BYTES, size - start));
    __asm__ volatile("" : : "r"(to) : "memory");
  }
}

gboolean
bench_parser_run (const char *kind, gsize size, guint count)
{
  static const AtFraming framing = { get_payload_size, get_visible_length };
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autoptr (GString) input = g_string_new (NULL);
  gboolean only_copy = g_str_equal (kind, "copy");
  GString *piece = make_piece (only_copy ? "payload" : kind);
  gboolean counted = g_str_equal (kind, "payload");
  gsize pieces;

  if (piece == NULL)
    return FALSE;
  pieces = MAX (size / piece->len, 1);
  for (gsize i = 0; i < pieces; i++)
    g_string_append_len (input, piece->str, (gssize) piece->len);
  for (guint i = 0; i < count; i++) {
    g_autoptr (AtParser) parser = at_parser_new (&framing, &counted);

    bench_samples_begin (samples);
    if (only_copy)
      copy (input->str, input->len);
    else if (parse_all (parser, input->str, input->len) != pieces)
      g_error ("the parser found other events than there are");
    bench_samples_end (samples);
  }
  bench_samples_note (samples, "bytes", (double) input->len);
  bench_samples_print (samples);
  g_string_free (piece, TRUE);
  return TRUE;
}
