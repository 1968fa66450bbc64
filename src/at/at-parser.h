/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Turns the bytes of an AT port into events. No I/O, no clock, no vendor: what is counted rather than ended
 * by a line end, the driver says by an AtFraming. Every split of the input gives the same events.
 */
#pragma once

#include <glib.h>

/** A line longer than this is reported as AT_EVENT_OVERLONG and otherwise dropped, whole. */
#define AT_PARSER_LINE_MAX_BYTES 4096

/**
 * AtFraming: how to find payload inside a line.
 *
 * @get_payload_size: called at each comma of a line with what has come so far, @line (@length bytes, the
 * comma included, NUL-terminated). Returns how many payload bytes follow (an opening quote may stand before
 * them; then a closing one must follow), 0 when none do (yet) and this is an ordinary line, or -1 when the
 * line announces payload of an impossible size.
 * @get_visible_length: how many bytes of the complete line hold neither payload nor secret, for the trace.
 */
typedef struct {
  gssize (*get_payload_size) (const char *line, gsize length, gpointer user_data);
  gsize (*get_visible_length) (const char *line, gsize length, gpointer user_data);
} AtFraming;

/**
 * AtEventKind:
 * @AT_EVENT_NONE: all input was used and nothing is complete.
 * @AT_EVENT_LINE: a line that is not empty, without its ends.
 * @AT_EVENT_PAYLOAD: a line with payload: @line is what stood before it, @payload the payload without quotes.
 * @AT_EVENT_PROMPT: the prompt that was expected.
 * @AT_EVENT_OVERLONG: a line over the limit; @line is its first bytes.
 * @AT_EVENT_BROKEN: a payload of an impossible size, without its end, or cut short; @line is what stood
 * before it. @payload is what had come of it, which cannot be trusted. Or a line that stopped: @line is what
 * has come.
 */
typedef enum {
  AT_EVENT_NONE,
  AT_EVENT_LINE,
  AT_EVENT_PAYLOAD,
  AT_EVENT_PROMPT,
  AT_EVENT_OVERLONG,
  AT_EVENT_BROKEN,
} AtEventKind;

/** AtEvent: @line is valid until the next call on the parser, and NUL-terminated; @payload is the parser's
 * until then. */
typedef struct {
  AtEventKind kind;
  const char *line;
  gsize length;
  GBytes *payload;
} AtEvent;

typedef struct AtParser AtParser;

/** @framing must outlive the parser. */
AtParser *at_parser_new (const AtFraming *framing, gpointer user_data);
void at_parser_free (AtParser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtParser, at_parser_free)

/**
 * Reads @data until an event is complete or it is used up. Returns how many bytes it used: all of them unless
 * there is an event; call it again with the rest.
 */
gsize at_parser_parse (AtParser *self, const guint8 *data, gsize size, AtEvent *ret_event);

/** Whether a '>' at the start of a line is a prompt; reset by the event. */
void at_parser_expect_prompt (AtParser *self, gboolean expected);

/** @payload was written behind the prompt: what is its echo, or the late blank of the prompt, is skipped
 * (at-echo.h). NULL: nothing of this kind can come any more. */
void at_parser_expect_echo (AtParser *self, GBytes *payload);

/** Whether the input stopped inside a payload. */
gboolean at_parser_is_in_payload (AtParser *self);

/** Whether it stopped inside a line or a payload that was not reported yet. */
gboolean at_parser_is_in_line (AtParser *self);

/** Whether nothing of a line or payload has come yet. */
gboolean at_parser_is_between_lines (AtParser *self);

/** Gives up a payload or line whose bytes do not come: one AT_EVENT_BROKEN. Afterwards a new line starts;
 * what still comes of a mere line is skipped. Only where at_parser_is_in_line(). */
void at_parser_abort (AtParser *self, AtEvent *ret_event);
