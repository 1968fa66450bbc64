/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parser, by conversations: bytes and the events that they must give, whole and at every split. The
 * framing is a stand-in for a driver's.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at-parser.h"

/* Up to this size every three-way split is tried; above it those at token borders, and a sample of others. */
#define EXHAUSTIVE_BYTES 300
#define SAMPLES 3000
#define PAYLOAD_MAX 1400

/**
 * @prompts: how many prompts are expected, one after the other.
 * @events: (line) "line|payload" > {overlong} !broken!, each escaped and followed by a blank.
 * @abort: the payload is given up at the end of the input.
 */
typedef struct {
  const char *name;
  const char *data;
  gsize size;
  guint prompts;
  const char *events;
  gboolean abort;
} Conversation;

#define BYTES(literal) literal, sizeof literal - 1

#define CERTIFICATE_ECHO "-----BEGIN CERTIFICATE-----\r\nMIID\r\n-----END CERTIFICATE-----\r\n"

/* clang-format off */
static const Conversation conversations[] = {
  { "OK", BYTES ("\r\nOK\r\n"), 0, "(OK) " },
  { "a URC behind OK in the same read", BYTES ("\r\nOK\r\n\r\n+QSSLOPEN: 0,0,0\r\n"), 0,
    "(OK) (+QSSLOPEN: 0,0,0) " },
  { "echo", BYTES ("AT+QSSLCFG=0,0,\"seclevel\",2\r\r\nOK\r\n"), 0, "(AT+QSSLCFG=0,0,\\\"seclevel\\\",2) (OK) " },
  { "two information lines", BYTES ("\r\n+A: 1\r\n+A: 2\r\n\r\nOK\r\n"), 0, "(+A: 1) (+A: 2) (OK) " },
  { "extra empty lines", BYTES ("\r\nOK\r\n\r\n\r\n+QPING: 569\r\n"), 0, "(OK) (+QPING: 569) " },
  { "LF CR", BYTES ("\n\rF1: 0000 0000\n\rV0: 0000 0000 [0001]\n\r00: 0006 000C\n\rLeaving the BROM\n\r\n\rRDY\r\n"),
    0, "(F1: 0000 0000) (V0: 0000 0000 [0001]) (00: 0006 000C) (Leaving the BROM) (RDY) " },
  { "boot", BYTES ("\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n\r\n+CEREG: 5\r\n\r\n+IP: 10.0.0.1\r\n"), 0,
    "(RDY) (+CFUN: 1) (+CPIN: READY) (+CEREG: 5) (+IP: 10.0.0.1) " },
  { "only line ends", BYTES ("\r\n\r\r\n\n\r\n"), 0, "" },
  { "an unfinished line", BYTES ("\r\nOK"), 0, "" },
  { "empty", BYTES (""), 0, "" },
  { "receive", BYTES ("\r\n+QSSLURC: \"recv\",0,0,10,\"1234567890\"\r\n"), 0,
    "\"+QSSLURC: \\\"recv\\\",0,0,10,|1234567890\" " },
  { "receive without quotes", BYTES ("\r\n+QSSLURC: \"recv\",0,0,4,a,b>\r\n\r\nOK\r\n"), 0,
    "\"+QSSLURC: \\\"recv\\\",0,0,4,|a,b>\" (OK) " },
  { "two receives and a line", BYTES ("+QSSLURC: \"recv\",0,0,1,\"a\"\r\n+QSSLURC: \"recv\",0,0,2,\"bc\"\r\nOK\r\n"), 0,
    "\"+QSSLURC: \\\"recv\\\",0,0,1,|a\" \"+QSSLURC: \\\"recv\\\",0,0,2,|bc\" (OK) " },
  { "payload that looks like a receive",
    BYTES ("\r\n+QSSLURC: \"recv\",0,0,31,\"\r\n+QSSLURC: \"recv\",0,0,2,\"ab\"\r\n\"\r\nOK\r\n"), 0,
    "\"+QSSLURC: \\\"recv\\\",0,0,31,|\\r\\n+QSSLURC: \\\"recv\\\",0,0,2,\\\"ab\\\"\\r\\n\" (OK) " },
  { "payload of quotes", BYTES ("+QSSLURC: \"recv\",0,0,3,\"\"\"\"\"\r\n"), 0,
    "\"+QSSLURC: \\\"recv\\\",0,0,3,|\\\"\\\"\\\"\" " },
  { "no framing for another prefix", BYTES ("+QIURC: \"recv\",0,0,4,\"OK\r\n"), 0,
    "(+QIURC: \\\"recv\\\",0,0,4,\\\"OK) " },
  { "length 0", BYTES ("+QSSLURC: \"recv\",0,0,0,\"\"\r\nOK\r\n"), 0, "!+QSSLURC: \\\"recv\\\",0,0,0,! (OK) " },
  { "length negative", BYTES ("+QSSLURC: \"recv\",0,0,-5,\"abcde\"\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,-5,! (OK) " },
  { "length huge", BYTES ("+QSSLURC: \"recv\",0,0,99999,\"abcde\"\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,99999,! (OK) " },
  { "length over the limit", BYTES ("+QSSLURC: \"recv\",0,0,1401,\"abcde\"\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,1401,! (OK) " },
  { "length too short", BYTES ("+QSSLURC: \"recv\",0,0,3,\"abcde\"\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,3,! (OK) " },
  { "length too short, a quote by chance", BYTES ("+QSSLURC: \"recv\",0,0,2,\"ab\"de\"\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,2,! (OK) " },
  { "length too short, no quotes", BYTES ("+QSSLURC: \"recv\",0,0,3,abcde\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,3,! (OK) " },
  { "length too long", BYTES ("+QSSLURC: \"recv\",0,0,7,\"abcde\"\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,7,! (OK) " },
  { "a closing quote is missing", BYTES ("+QSSLURC: \"recv\",0,0,3,\"abc\r\nOK\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,3,! (OK) " },
  { "an unquoted payload that begins with a quote is not half believed",
    BYTES ("+QSSLURC: \"recv\",0,0,3,\"bc\r\nOK\r\n"), 0, "!+QSSLURC: \\\"recv\\\",0,0,3,! (OK) " },
  { "prompt", BYTES (">"), 1, "> " },
  { "prompt behind a line end", BYTES ("\r\n>"), 1, "> " },
  { "prompt with a blank", BYTES ("\r\n> "), 1, "> " },
  { "prompt behind an echo", BYTES ("AT+S=1\r\r\n> \r\nOK\r\n"), 1, "(AT+S=1) > (OK) " },
  { "prompt behind a URC", BYTES ("\r\n+QSSLURC: \"recv\",0,0,1,\">\"\r\n\r\n>"), 1,
    "\"+QSSLURC: \\\"recv\\\",0,0,1,|>\" > " },
  { "only one prompt is expected", BYTES ("\r\n> \r\n> \r\nOK\r\n"), 1, "> (> ) (OK) " },
  { "no prompt is expected", BYTES ("\r\n>\r\nOK\r\n"), 0, "(>) (OK) " },
  { "a > inside a line is no prompt", BYTES ("\r\n+A: >\r\n>"), 1, "(+A: >) > " },
  { "a prompt expected, an error comes", BYTES ("\r\nERROR\r\n"), 1, "(ERROR) " },
  { "garbage", BYTES ("\xff\xfe\x80OK\x7f\x01\r\n\r\nOK\r\n"), 0, "(\\377\\376\\200OK\\177\\001) (OK) " },
  { "a line with NUL is a line", BYTES ("A\0B\r\nOK\r\n"), 0, "(A\\000B) (OK) " },
  { "many lines in one read", BYTES ("A\rB\nC\r\nD\n\rE\r\rF\n\nG\r\n"), 0, "(A) (B) (C) (D) (E) (F) (G) " },
  { "the note, 3.1, with echo",
    BYTES ("AT+QSCLK=0\r\r\nOK\r\nAT+QSSLCFG=0,0,\"seclevel\",2\r\r\nOK\r\n"
           "AT+QSSLCFG=0,0,\"cacert\"\r\r\n>" CERTIFICATE_ECHO "\r\n+QSSLCFG: 0,0,\"cacert\",1216\r\n\r\nOK\r\n"
           "AT+QSSLOPEN=0,0,\"hf.quectel.com\",8164,0\r\r\nOK\r\n\r\n+QSSLOPEN: 0,0,0\r\n"
           "AT+QSSLSEND=0,0\r\r\n> \r\nOK\r\n\r\n+QSSLSEND: 0,0,0\r\n"
           "\r\n+QSSLURC: \"recv\",0,0,10,\"1234567890\"\r\n"
           "AT+QSSLCLOSE=0,0\r\r\nOK\r\n\r\n+QSSLCLOSE: 0,0,0\r\nAT+QSCLK=1\r\r\nOK\r\n"), 2,
    "(AT+QSCLK=0) (OK) (AT+QSSLCFG=0,0,\\\"seclevel\\\",2) (OK) (AT+QSSLCFG=0,0,\\\"cacert\\\") > "
    "(-----BEGIN CERTIFICATE-----) (MIID) (-----END CERTIFICATE-----) "
    "(+QSSLCFG: 0,0,\\\"cacert\\\",1216) (OK) (AT+QSSLOPEN=0,0,\\\"hf.quectel.com\\\",8164,0) (OK) (+QSSLOPEN: 0,0,0) "
    "(AT+QSSLSEND=0,0) > (OK) (+QSSLSEND: 0,0,0) \"+QSSLURC: \\\"recv\\\",0,0,10,|1234567890\" "
    "(AT+QSSLCLOSE=0,0) (OK) (+QSSLCLOSE: 0,0,0) (AT+QSCLK=1) (OK) " },
  { "the note, 3.2, without echo",
    BYTES ("\r\nOK\r\n\r\nOK\r\n\r\nOK\r\n\r\n>\r\n+QSSLCFG: 0,0,\"cacert\",1216\r\n\r\nOK\r\n"
           "\r\n>\r\n+QSSLCFG: 0,0,\"clientcert\",1224\r\n\r\nOK\r\n\r\n>\r\n+QSSLCFG: 0,0,\"clientkey\",1679\r\n\r\nOK\r\n"
           "\r\nOK\r\n\r\n+QSSLOPEN: 0,0,0\r\n"), 3,
    "(OK) (OK) (OK) > (+QSSLCFG: 0,0,\\\"cacert\\\",1216) (OK) > (+QSSLCFG: 0,0,\\\"clientcert\\\",1224) (OK) "
    "> (+QSSLCFG: 0,0,\\\"clientkey\\\",1679) (OK) (OK) (+QSSLOPEN: 0,0,0) " },
  { "query all",
    BYTES ("\r\n+QSSLCFG: 0,0,\"seclevel\",0\r\n+QSSLCFG: 0,0,\"sslversion\",4\r\n+QSSLCFG: 0,0,\"dataformat\",0,0\r\n"
           "\r\nOK\r\n"), 0,
    "(+QSSLCFG: 0,0,\\\"seclevel\\\",0) (+QSSLCFG: 0,0,\\\"sslversion\\\",4) (+QSSLCFG: 0,0,\\\"dataformat\\\",0,0) (OK) " },
};

static const Conversation bug_02 =
  { "data and close in one read",
    BYTES ("\r\n+QSSLURC: \"recv\",0,0,5,\"hello\"\r\n\r\n+QSSLURC: \"closed\",0,0\r\n"), 0,
    "\"+QSSLURC: \\\"recv\\\",0,0,5,|hello\" (+QSSLURC: \\\"closed\\\",0,0) " };
static const Conversation bug_03 =
  { "a URC between a command and its reply",
    BYTES ("AT+CEREG?\r\r\n+QNBIOTEVENT: \"ENTER PSM\"\r\n\r\n+CEREG: 0,5\r\n\r\nOK\r\n"), 0,
    "(AT+CEREG?) (+QNBIOTEVENT: \\\"ENTER PSM\\\") (+CEREG: 0,5) (OK) " };
static const Conversation bug_04 =
  { "payload that looks like protocol",
    BYTES ("\r\n+QSSLURC: \"recv\",0,0,31,\"\r\nOK\r\n>\"\0\x1a\x1b\r\n> \r\nERROR\r\nRDY\r\n\n\r\"\r\n\r\nOK\r\n"), 1,
    "\"+QSSLURC: \\\"recv\\\",0,0,31,|\\r\\nOK\\r\\n>\\\"\\000\\032\\033\\r\\n> \\r\\nERROR\\r\\nRDY\\r\\n\\n\\r\" (OK) " };
static const Conversation bug_06[] = {
  { "fewer bytes than announced, then silence", BYTES ("\r\n+QSSLURC: \"recv\",0,0,10,\"123"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,10,! ", TRUE },
  { "nothing of the payload", BYTES ("\r\n+QSSLURC: \"recv\",0,0,10,"), 0, "!+QSSLURC: \\\"recv\\\",0,0,10,! ", TRUE },
  { "all but the closing quote", BYTES ("\r\n+QSSLURC: \"recv\",0,0,3,\"123"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,3,! ", TRUE },
  { "it swallows what follows, and finds out",
    BYTES ("\r\n+QSSLURC: \"recv\",0,0,9,\"123\"\r\n\r\nOK\r\n\r\n+A: 1\r\n"), 0,
    "!+QSSLURC: \\\"recv\\\",0,0,9,! (+A: 1) " },
};
static const Conversation bug_16 =
  { "a URC glued behind OK, another one behind that",
    BYTES ("\r\nOK\r\n+QSSLSEND: 0,0,0\r\n+QSSLURC: \"recv\",0,0,2,\"OK\"\r\n"), 0,
    "(OK) (+QSSLSEND: 0,0,0) \"+QSSLURC: \\\"recv\\\",0,0,2,|OK\" " };
static const Conversation bug_19 =
  { "several URCs, an unknown one first",
    BYTES ("\r\n+QUNKNOWN: 1,\"x\"\r\n\r\n+CEREG: 5\r\n\r\n+QSSLURC: \"closed\",0,0\r\n\r\n+QSSLURC: \"new\",1,2,3\r\n\r\nRDY\r\n"),
    0, "(+QUNKNOWN: 1,\\\"x\\\") (+CEREG: 5) (+QSSLURC: \\\"closed\\\",0,0) (+QSSLURC: \\\"new\\\",1,2,3) (RDY) " };
/* clang-format on */

static gssize
get_payload_size (const char *line, gsize length, gpointer user_data)
{
  int size, end = 0;

  if (sscanf (line, "+QSSLURC: \"recv\",%*d,%*d,%d,%n", &size, &end) != 1 || (gsize) end != length)
    return 0;
  return size >= 1 && size <= PAYLOAD_MAX ? size : -1;
}

static gsize
get_visible_length (const char *line, gsize length, gpointer user_data)
{
  return length;
}

static const AtFraming framing = { get_payload_size, get_visible_length };

typedef struct {
  AtParser *parser;
  guint prompts;
  GString *events;
} Reader;

static void
append_escaped (GString *text, const char *data, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    if (data[i] == '\r')
      g_string_append (text, "\\r");
    else if (data[i] == '\n')
      g_string_append (text, "\\n");
    else if (!g_ascii_isprint (data[i]))
      g_string_append_printf (text, "\\%03o", (guint8) data[i]);
    else if (data[i] == '"' || data[i] == '\\')
      g_string_append_printf (text, "\\%c", data[i]);
    else
      g_string_append_c (text, data[i]);
  }
}

/* What a check of Check costs, a write to a file, is too much for the inner loops. */
static void
require (gboolean condition, const char *what)
{
  if (!condition)
    ck_abort_msg ("%s", what);
}

static void
add_event (Reader *reader, const AtEvent *event)
{
  static const char *const open[] = { "", "(", "\"", ">", "{", "!" };
  static const char *const close[] = { "", ") ", "\" ", " ", "} ", "! " };

  g_string_append (reader->events, open[event->kind]);
  append_escaped (reader->events, event->line, event->length);
  require (event->line[event->length] == '\0', "the line ends with NUL");
  if (event->kind == AT_EVENT_PAYLOAD) {
    gsize size;
    const char *data = g_bytes_get_data (event->payload, &size);

    g_string_append_c (reader->events, '|');
    append_escaped (reader->events, data, size);
  }
  g_string_append (reader->events, close[event->kind]);
}

static void
feed (Reader *reader, const char *data, gsize size)
{
  const guint8 *bytes = (const guint8 *) data;

  while (size > 0) {
    AtEvent event;
    gsize used = at_parser_parse (reader->parser, bytes, size, &event);

    require (used <= size && (event.kind != AT_EVENT_NONE || used == size), "all input is used");
    bytes += used;
    size -= used;
    if (event.kind == AT_EVENT_NONE)
      continue;
    add_event (reader, &event);
    if (event.kind == AT_EVENT_PROMPT)
      at_parser_expect_prompt (reader->parser, --reader->prompts > 0);
  }
}

static void
finish (Reader *reader, gboolean abort)
{
  AtEvent event;

  require (at_parser_is_in_payload (reader->parser) == abort, "a payload is open, or none");
  if (!abort)
    return;
  at_parser_abort (reader->parser, &event);
  add_event (reader, &event);
}

/** Feeds @data in three parts. An allocation of its exact size each, so that a sanitizer sees an overrun. */
static char *
read_in_parts (const Conversation *conversation, gsize first, gsize second)
{
  g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
  Reader reader = { parser, conversation->prompts, g_string_new (NULL) };
  const gsize borders[] = { 0, first, second, conversation->size };

  at_parser_expect_prompt (parser, reader.prompts > 0);
  for (guint i = 0; i < 3; i++) {
    gsize size = borders[i + 1] - borders[i];
    g_autofree char *part = g_malloc (MAX (size, 1));

    memcpy (part, conversation->data + borders[i], size);
    feed (&reader, part, size);
  }
  finish (&reader, conversation->abort);
  return g_string_free (reader.events, FALSE);
}

static void
check_split (const Conversation *conversation, gsize first, gsize second)
{
  g_autofree char *events = read_in_parts (conversation, first, second);

  if (strcmp (events, conversation->events) != 0)
    ck_abort_msg ("%s, split at %" G_GSIZE_FORMAT " and %" G_GSIZE_FORMAT ":\n  %s\nexpected\n  %s",
                  conversation->name, first, second, events, conversation->events);
}

static gboolean
is_word (char byte)
{
  return g_ascii_isalnum (byte) || byte == ' ' || byte == '-';
}

static gboolean
is_token_border (const Conversation *conversation, gsize at)
{
  return at == 0 || at >= conversation->size || !is_word (conversation->data[at])
         || !is_word (conversation->data[at - 1]);
}

static gboolean
is_full_run (void)
{
  return g_strcmp0 (g_getenv ("MODEMSSL_FULL"), "1") == 0;
}

static guint32
get_seed (void)
{
  const char *text = g_getenv ("MODEMSSL_SEED");

  return text != NULL ? (guint32) g_ascii_strtoull (text, NULL, 10) : 1;
}

static void
check_sampled_splits (const Conversation *conversation)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (get_seed ());

  for (guint i = 0; i < SAMPLES; i++) {
    gsize first = (gsize) g_rand_int_range (random, 0, (gint32) conversation->size + 1);
    gsize second = (gsize) g_rand_int_range (random, (gint32) first, (gint32) conversation->size + 1);

    check_split (conversation, first, second);
  }
}

static void
check_all_splits (const Conversation *conversation)
{
  gboolean all = conversation->size <= EXHAUSTIVE_BYTES || is_full_run ();

  for (gsize first = 0; first <= conversation->size; first++) {
    check_split (conversation, first, conversation->size);
    for (gsize second = first; second < conversation->size; second++) {
      if (all || (is_token_border (conversation, first) && is_token_border (conversation, second)))
        check_split (conversation, first, second);
    }
  }
  if (!all)
    check_sampled_splits (conversation);
}

static void
check_byte_by_byte (const Conversation *conversation)
{
  g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
  Reader reader = { parser, conversation->prompts, g_string_new (NULL) };

  at_parser_expect_prompt (parser, reader.prompts > 0);
  for (gsize i = 0; i < conversation->size; i++)
    feed (&reader, conversation->data + i, 1);
  finish (&reader, conversation->abort);
  ck_assert_str_eq (reader.events->str, conversation->events);
  g_string_free (reader.events, TRUE);
}

static void
check_conversation (const Conversation *conversation)
{
  check_split (conversation, conversation->size, conversation->size);
  check_byte_by_byte (conversation);
  check_all_splits (conversation);
}

START_TEST (conversation)
{
  check_conversation (&conversations[_i]);
}
END_TEST

START_TEST (bug_02_data_and_close_in_one_read)
{
  check_conversation (&bug_02);
}
END_TEST

START_TEST (bug_03_a_urc_before_the_reply)
{
  check_conversation (&bug_03);
}
END_TEST

START_TEST (bug_04_payload_is_never_protocol)
{
  check_conversation (&bug_04);
}
END_TEST

START_TEST (bug_04_every_byte_value)
{
  g_autoptr (GString) data = g_string_new ("\r\n+QSSLURC: \"recv\",0,0,512,\"");
  g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
  AtEvent event;
  gsize header = data->len, size, used;
  const guint8 *payload;

  for (guint i = 0; i < 512; i++)
    g_string_append_c (data, (char) (i < 256 ? i : 511 - i));
  g_string_append (data, "\"\r\n");
  used = at_parser_parse (parser, (const guint8 *) data->str, data->len, &event);
  ck_assert_int_eq (event.kind, AT_EVENT_PAYLOAD);
  ck_assert_uint_eq (used, data->len - 1);
  payload = g_bytes_get_data (event.payload, &size);
  ck_assert_uint_eq (size, 512);
  ck_assert_mem_eq (payload, data->str + header, 512);
}
END_TEST

START_TEST (bug_06_fewer_bytes_than_announced)
{
  check_conversation (&bug_06[_i]);
}
END_TEST

START_TEST (bug_06_a_line_follows_an_aborted_payload)
{
  g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
  Reader reader = { parser, 0, g_string_new (NULL) };

  feed (&reader, BYTES ("+QSSLURC: \"recv\",0,0,10,\"123"));
  finish (&reader, TRUE);
  feed (&reader, BYTES ("\r\nOK\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n"));
  finish (&reader, FALSE);
  ck_assert_str_eq (reader.events->str, "!+QSSLURC: \\\"recv\\\",0,0,10,! (OK) "
                                        "\"+QSSLURC: \\\"recv\\\",0,0,1,|a\" ");
  g_string_free (reader.events, TRUE);
}
END_TEST

/* Each conversation twice through one parser: the second time must not feel the first. */
START_TEST (bug_13_no_state_survives)
{
  g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (conversations); i++) {
    const Conversation *one = &conversations[i / 2];
    Reader reader = { parser, one->prompts, g_string_new (NULL) };

    at_parser_expect_prompt (parser, one->prompts > 0);
    feed (&reader, one->data, one->size);
    ck_assert_msg (g_str_has_prefix (reader.events->str, one->events), "%s: %s", one->name,
                   reader.events->str);
    g_string_free (reader.events, TRUE);
    reader.events = g_string_new (NULL);
    feed (&reader, BYTES ("\r\n"));
    g_string_free (reader.events, TRUE);
  }
}
END_TEST

START_TEST (bug_16_a_urc_behind_ok)
{
  check_conversation (&bug_16);
}
END_TEST

static char *
make_long_line (gsize length)
{
  g_autofree char *body = g_strnfill (length - strlen ("+LONG: "), 'x');

  return g_strconcat ("\r\n+LONG: ", body, "\r\n\r\nOK\r\n", NULL);
}

START_TEST (bug_18_an_overlong_line_is_dropped_whole)
{
  static const struct {
    gsize length;
    gboolean fits;
  } cases[] = { { AT_PARSER_LINE_MAX_BYTES - 1, TRUE },
                { AT_PARSER_LINE_MAX_BYTES, FALSE },
                { AT_PARSER_LINE_MAX_BYTES + 1, FALSE },
                { 3 * AT_PARSER_LINE_MAX_BYTES, FALSE } };
  g_autofree char *data = make_long_line (cases[_i].length);
  g_autofree char *head = g_strnfill (64 - strlen ("+LONG: "), 'x');
  g_autofree char *all = g_strnfill (cases[_i].length - strlen ("+LONG: "), 'x');
  g_autofree char *events = cases[_i].fits ? g_strdup_printf ("(+LONG: %s) (OK) ", all)
                                           : g_strdup_printf ("{+LONG: %s} (OK) ", head);
  Conversation overlong = { "overlong", data, strlen (data), 0, events, FALSE };

  check_byte_by_byte (&overlong);
  for (gsize at = 0; at <= overlong.size; at += is_full_run () ? 1 : 37)
    check_split (&overlong, at, overlong.size);
  for (gsize at = AT_PARSER_LINE_MAX_BYTES - 8; at < AT_PARSER_LINE_MAX_BYTES + 8; at++)
    check_split (&overlong, MIN (at, overlong.size), overlong.size);
}
END_TEST

START_TEST (bug_18_commas_at_the_limit)
{
  g_autofree char *commas = g_strnfill (AT_PARSER_LINE_MAX_BYTES, ',');
  g_autofree char *data = g_strconcat (commas, "\"OK\"\r\nOK\r\n", NULL);
  g_autofree char *head = g_strnfill (64, ',');
  g_autofree char *events = g_strdup_printf ("{%s} (OK) ", head);
  Conversation overlong = { "commas", data, strlen (data), 0, events, FALSE };

  check_byte_by_byte (&overlong);
  for (gsize at = AT_PARSER_LINE_MAX_BYTES - 8; at <= overlong.size; at++)
    check_split (&overlong, at, overlong.size);
}
END_TEST

START_TEST (bug_19_several_urcs)
{
  check_conversation (&bug_19);
}
END_TEST

START_TEST (bug_19_many_urcs_in_one_read)
{
  g_autoptr (AtParser) parser = at_parser_new (&framing, NULL);
  Reader reader = { parser, 0, g_string_new (NULL) };
  g_autoptr (GString) data = g_string_new (NULL);
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; i < 2000; i++) {
    g_string_append_printf (data, "\r\n+U: %u\r\n", i);
    g_string_append_printf (expected, "(+U: %u) ", i);
  }
  feed (&reader, data->str, data->len);
  ck_assert_str_eq (reader.events->str, expected->str);
  g_string_free (reader.events, TRUE);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("at-parser");
  TCase *tcase = tcase_create ("at-parser");
  SRunner *runner;
  int failed;

  printf ("MODEMSSL_SEED=%u\n", get_seed ());
  tcase_add_loop_test (tcase, conversation, 0, G_N_ELEMENTS (conversations));
  tcase_add_test (tcase, bug_02_data_and_close_in_one_read);
  tcase_add_test (tcase, bug_03_a_urc_before_the_reply);
  tcase_add_test (tcase, bug_04_payload_is_never_protocol);
  tcase_add_test (tcase, bug_04_every_byte_value);
  tcase_add_loop_test (tcase, bug_06_fewer_bytes_than_announced, 0, G_N_ELEMENTS (bug_06));
  tcase_add_test (tcase, bug_06_a_line_follows_an_aborted_payload);
  tcase_add_test (tcase, bug_13_no_state_survives);
  tcase_add_test (tcase, bug_16_a_urc_behind_ok);
  tcase_add_loop_test (tcase, bug_18_an_overlong_line_is_dropped_whole, 0, 4);
  tcase_add_test (tcase, bug_18_commas_at_the_limit);
  tcase_add_test (tcase, bug_19_several_urcs);
  tcase_add_test (tcase, bug_19_many_urcs_in_one_read);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
