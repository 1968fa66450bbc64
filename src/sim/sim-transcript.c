/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-transcript.h. Each line of the file is taken by the mark in it. */
#include "sim-transcript.h"

#include <string.h>

#define HEADER "# modemssl transcript 1"
#define CTRL_Z 0x1a
#define ESC 0x1b
#define US_PER_MS 1000

/* While the file is read. */
typedef struct {
  SimTranscript *transcript;
  SimTranscriptExchange *current;
  GByteArray *sent; /* the command as it was written, for its echo */
  GByteArray *data; /* of the current command */
  gboolean knows_echo;
  gint64 since_us; /* the command, or its data */
  gint64 last_us;
  const char *wrong; /* why the line is none */
} Reader;

static void
piece_free (gpointer data)
{
  SimTranscriptPiece *piece = data;
  g_byte_array_unref (piece->bytes);
  g_free (piece);
}

static void
exchange_free (gpointer data)
{
  SimTranscriptExchange *exchange = data;
  g_free (exchange->command);
  g_ptr_array_unref (exchange->reply);
  g_ptr_array_unref (exchange->outcome);
  g_free (exchange);
}

static SimTranscriptExchange *
exchange_new (const char *command)
{
  SimTranscriptExchange *exchange = g_new0 (SimTranscriptExchange, 1);
  exchange->command = g_strdup (command);
  exchange->reply = g_ptr_array_new_with_free_func (piece_free);
  exchange->outcome = g_ptr_array_new_with_free_func (piece_free);
  return exchange;
}

char *
sim_transcript_find_command (const char *line)
{
  while (*line != '\0' && g_ascii_strncasecmp (line, "AT", 2) != 0)
    line++;
  return *line != '\0' ? g_strchomp (g_strdup (line)) : NULL;
}

static gboolean
is_final (const char *line)
{
  return g_str_equal (line, "OK") || g_str_equal (line, "ERROR") || g_str_has_prefix (line, "+CME ERROR")
         || g_str_has_prefix (line, "+CMS ERROR");
}

gboolean
sim_transcript_ends_reply (const SimTranscriptPiece *piece)
{
  g_autofree char *text = g_strndup ((const char *) piece->bytes->data, piece->bytes->len);
  g_auto (GStrv) lines = g_strsplit_set (text, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (is_final (lines[i]))
      return TRUE;
  }
  return FALSE;
}

static SimTranscriptPiece *
last_piece (GPtrArray *pieces)
{
  return pieces->len > 0 ? g_ptr_array_index (pieces, pieces->len - 1) : NULL;
}

static gboolean
is_whole (const SimTranscriptPiece *piece)
{
  return piece->bytes->len > 0 && piece->bytes->data[piece->bytes->len - 1] == '\n';
}

/* Whether the module waits for data: a line is begun, and it is '>' or '> '. */
static gboolean
ends_with_prompt (GPtrArray *pieces)
{
  const SimTranscriptPiece *piece = last_piece (pieces);
  gsize length = piece != NULL ? piece->bytes->len : 0;
  if (length > 0 && piece->bytes->data[length - 1] == ' ')
    length--;
  if (length == 0 || piece->bytes->data[length - 1] != '>')
    return FALSE;
  return length == 1 || strchr ("\r\n", piece->bytes->data[length - 2]) != NULL;
}

static gboolean
take_output (Reader *self, GByteArray *bytes, gint64 time_us)
{
  gboolean has_data = self->current->data != SIM_TRANSCRIPT_DATA_NONE;
  GPtrArray *pieces = has_data ? self->current->outcome : self->current->reply;
  SimTranscriptPiece *piece = last_piece (pieces);
  if (piece == NULL || is_whole (piece)) {
    piece = g_new0 (SimTranscriptPiece, 1);
    piece->bytes = g_byte_array_new ();
    g_ptr_array_add (pieces, piece);
  }
  g_byte_array_append (piece->bytes, bytes->data, bytes->len);
  piece->after_ms = (guint) ((time_us - self->since_us) / US_PER_MS);
  return TRUE;
}

/* What was written came back first: it is taken away. */
static gboolean
strip_echo (GPtrArray *pieces, const GByteArray *written)
{
  SimTranscriptPiece *first = pieces->len > 0 ? g_ptr_array_index (pieces, 0) : NULL;
  if (first == NULL || written->len == 0 || first->bytes->len < written->len
      || memcmp (first->bytes->data, written->data, written->len) != 0)
    return FALSE;
  g_byte_array_remove_range (first->bytes, 0, written->len);
  return TRUE;
}

static gboolean
is_answered (GPtrArray *pieces)
{
  for (guint i = 0; i < pieces->len; i++) {
    if (sim_transcript_ends_reply (g_ptr_array_index (pieces, i)))
      return TRUE;
  }
  return FALSE;
}

static gboolean
end_exchange (Reader *self)
{
  SimTranscriptExchange *exchange = self->current;
  gboolean has_data = exchange->data != SIM_TRANSCRIPT_DATA_NONE;
  if (!has_data && ends_with_prompt (exchange->reply)) {
    self->wrong = "the prompt before it got no data ('=>')";
    return FALSE;
  }
  gboolean echoed = strip_echo (exchange->reply, self->sent);
  if (!self->knows_echo)
    self->transcript->echo = echoed;
  self->knows_echo = self->knows_echo || (exchange->command != NULL && exchange->reply->len > 0);
  if (has_data)
    exchange->echoes_data = strip_echo (exchange->outcome, self->data);
  exchange->was_answered = is_answered (has_data ? exchange->outcome : exchange->reply);
  return TRUE;
}

static gboolean
take_command (Reader *self, GByteArray *bytes, gint64 time_us)
{
  const guint8 *cr = memchr (bytes->data, '\r', bytes->len);
  if (cr == NULL || cr != bytes->data + bytes->len - 1 || memchr (bytes->data, '\0', bytes->len) != NULL) {
    self->wrong = "a line of the host is one command and ends with \\r";
    return FALSE;
  }
  g_autofree char *line = g_strndup ((const char *) bytes->data, bytes->len);
  g_autofree char *command = sim_transcript_find_command (line);
  if (command == NULL)
    return TRUE;
  if (!end_exchange (self))
    return FALSE;
  self->current = exchange_new (command);
  g_ptr_array_add (self->transcript->exchanges, self->current);
  g_byte_array_set_size (self->sent, 0);
  g_byte_array_append (self->sent, bytes->data, bytes->len);
  g_byte_array_set_size (self->data, 0);
  self->since_us = time_us;
  return TRUE;
}

/* All of a command's data stands in one line. */
static gboolean
take_data (Reader *self, GByteArray *bytes, gint64 time_us)
{
  SimTranscriptExchange *exchange = self->current;
  if (exchange->data != SIM_TRANSCRIPT_DATA_NONE || !ends_with_prompt (exchange->reply) || bytes->len == 0) {
    self->wrong = "there is no prompt before this data";
    return FALSE;
  }
  guint8 last = bytes->data[bytes->len - 1];
  exchange->data = last == CTRL_Z ? SIM_TRANSCRIPT_DATA_CTRL_Z
                   : last == ESC  ? SIM_TRANSCRIPT_DATA_ESC
                                  : SIM_TRANSCRIPT_DATA_COUNTED;
  exchange->data_length = bytes->len - (exchange->data == SIM_TRANSCRIPT_DATA_COUNTED ? 0 : 1);
  g_byte_array_append (self->data, bytes->data, exchange->data_length);
  self->since_us = time_us;
  return TRUE;
}

static gboolean
take_note (Reader *self, GByteArray *bytes, gint64 time_us)
{
  return TRUE;
}

static const struct {
  const char *mark;
  gboolean (*take) (Reader *self, GByteArray *bytes, gint64 time_us);
} marks[] = { { ">>", take_command }, { "=>", take_data }, { "<<", take_output }, { "--", take_note } };

static gboolean
unescape_one (const char **text, guint8 *ret_byte)
{
  const char *at = *text + 1;
  if (*at == 'x' && g_ascii_isxdigit (at[1]) && g_ascii_isxdigit (at[2])) {
    *ret_byte = (guint8) (g_ascii_xdigit_value (at[1]) * 16 + g_ascii_xdigit_value (at[2]));
    *text += 4;
    return TRUE;
  }
  if (*at != 'r' && *at != 'n' && *at != '\\')
    return FALSE;
  *ret_byte = *at == 'r' ? '\r' : *at == 'n' ? '\n' : '\\';
  *text += 2;
  return TRUE;
}

static GByteArray *
unescape (const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  while (*text != '\0') {
    guint8 byte = (guint8) *text;
    if (byte < 0x20 || byte >= 0x7f)
      return NULL;
    if (byte != '\\')
      text++;
    else if (!unescape_one (&text, &byte))
      return NULL;
    g_byte_array_append (bytes, &byte, 1);
  }
  return g_steal_pointer (&bytes);
}

/* SECONDS.FRACTION, then a blank. */
static gboolean
take_time (const char **text, gint64 *ret_us)
{
  while (**text == ' ')
    (*text)++;
  gsize length = strspn (*text, "0123456789.");
  char *end;
  double seconds = g_ascii_strtod (*text, &end);
  if (length == 0 || end != *text + length || *end != ' ' || seconds > G_MAXINT32)
    return FALSE;
  *text = end + 1;
  *ret_us = (gint64) (seconds * G_USEC_PER_SEC);
  return TRUE;
}

static gboolean
take_line (Reader *self, const char *line)
{
  gint64 time_us;
  if (*line == '\0' || *line == '#')
    return TRUE;
  self->wrong = "it is not of the form SECONDS MARK TEXT, with a mark of '>>', '=>', '<<', '--'";
  if (!take_time (&line, &time_us) || strlen (line) < 2 || (line[2] != ' ' && line[2] != '\0'))
    return FALSE;
  if (time_us < self->last_us) {
    self->wrong = "its time is before that of an earlier line";
    return FALSE;
  }
  self->last_us = time_us;

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++) {
    if (strncmp (line, marks[i].mark, 2) != 0)
      continue;
    g_autoptr (GByteArray) bytes = unescape (line[2] != '\0' ? line + 3 : "");
    if (bytes == NULL) {
      self->wrong = "its text is not ASCII with \\r, \\n, \\\\ and \\xHH for the rest";
      return FALSE;
    }
    return marks[i].take (self, bytes, time_us);
  }
  return FALSE;
}

static gboolean
read_lines (Reader *self, const char *path, char **lines, GError **error)
{
  guint count = g_strv_length (lines);
  guint number = 0;
  gboolean is_good = count > 0 && g_str_equal (g_strchomp (lines[0]), HEADER);
  self->wrong = "the file does not begin with '" HEADER "'";
  while (is_good && ++number < count)
    is_good = take_line (self, g_strchomp (lines[number]));
  if (is_good && end_exchange (self))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: line %u is wrong: %s", path,
               MIN (number + 1, MAX (count, 1)), self->wrong);
  return FALSE;
}

SimTranscript *
sim_transcript_new (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '\0')
      text[i] = '\1'; /* no less wrong, and not the end */
  }

  g_autoptr (SimTranscript) self = g_new0 (SimTranscript, 1);
  self->exchanges = g_ptr_array_new_with_free_func (exchange_free);
  g_ptr_array_add (self->exchanges, exchange_new (NULL));
  g_autoptr (GByteArray) sent = g_byte_array_new ();
  g_autoptr (GByteArray) data = g_byte_array_new ();
  Reader reader = {
    .transcript = self, .current = g_ptr_array_index (self->exchanges, 0), .sent = sent, .data = data
  };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  return read_lines (&reader, path, lines, error) ? g_steal_pointer (&self) : NULL;
}

void
sim_transcript_free (SimTranscript *self)
{
  g_ptr_array_unref (self->exchanges);
  g_free (self);
}
