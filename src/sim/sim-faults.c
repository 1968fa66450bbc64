/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-faults.h. A line of a script is ACTION [ARGUMENT] at line N PATTERN, or … at byte N. */
#include "sim-faults.h"

#include <string.h>

#define MAX_NUMBER 100000000

typedef enum { ARGUMENT_NONE, ARGUMENT_NUMBER, ARGUMENT_TEXT } Argument;

typedef struct {
  const char *name;
  Argument argument;
  gboolean at_line;
  gboolean at_byte;
  const char *help;
} Row;

static const Row rows[] = {
  [SIM_FAULT_DROP] = { "drop", ARGUMENT_NONE, TRUE, FALSE, "drop: the line is lost" },
  [SIM_FAULT_DELAY] = { "delay", ARGUMENT_NUMBER, TRUE, TRUE, "delay MS: it and all behind it comes later" },
  [SIM_FAULT_GARBLE] = { "garble", ARGUMENT_NONE, TRUE, TRUE, "garble: its bytes (or the byte) change" },
  [SIM_FAULT_CUT] = { "cut", ARGUMENT_NUMBER, TRUE, FALSE,
                      "cut BYTES: it ends after so many, without CR LF" },
  [SIM_FAULT_LOSE] = { "lose", ARGUMENT_NUMBER, FALSE, TRUE, "lose BYTES: so many are lost" },
  [SIM_FAULT_INSERT] = { "insert", ARGUMENT_TEXT, TRUE, TRUE, "insert TEXT: a line TEXT comes before it" },
  [SIM_FAULT_REPLACE] = { "replace", ARGUMENT_TEXT, TRUE, FALSE, "replace TEXT: TEXT comes in its place" },
  [SIM_FAULT_SLEEP] = { "sleep", ARGUMENT_NONE, TRUE, TRUE,
                        "sleep: the module sleeps, and what comes first only wakes it up" },
  [SIM_FAULT_DEEP_SLEEP] = { "deep-sleep", ARGUMENT_NONE, TRUE, TRUE,
                             "deep-sleep: so it does, and its connections and settings are lost" },
  [SIM_FAULT_LOSE_NETWORK] = { "lose-network", ARGUMENT_NONE, TRUE, TRUE,
                               "lose-network: there is no network any more" },
  [SIM_FAULT_FIND_NETWORK] = { "find-network", ARGUMENT_NONE, TRUE, TRUE,
                               "find-network: there is one again; it takes register-ms" },
  [SIM_FAULT_SILENCE] = { "silence", ARGUMENT_NONE, TRUE, TRUE,
                          "silence: the module is dead until its power is cycled (SIGHUP)" },
  [SIM_FAULT_RESTART] = { "restart", ARGUMENT_NONE, TRUE, TRUE, "restart: the power fails and comes back" },
  [SIM_FAULT_HANG_UP] = { "hang-up", ARGUMENT_NONE, TRUE, TRUE,
                          "hang-up: the port is gone; the simulator ends" },
};

typedef struct {
  SimFault fault;
  char *text;    /* behind fault.text */
  char *pattern; /* NULL: at a byte */
  guint64 where; /* how many more lines fit until it happens, or the byte */
  gboolean is_over;
} Entry;

struct SimFaults {
  GPtrArray *entries; /* of Entry */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  g_free (entry->text);
  g_free (entry->pattern);
  g_free (entry);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, entry_free)

static gboolean
take_number (const char *word, guint64 min, guint64 *ret_number)
{
  return word != NULL && g_ascii_string_to_unsigned (word, 10, min, MAX_NUMBER, ret_number, NULL);
}

/* How many words the argument took; -1: it is wrong. */
static gint
take_argument (Entry *entry, const Row *row, char **words)
{
  guint64 number;
  switch (row->argument) {
  case ARGUMENT_NONE:
    return 0;
  case ARGUMENT_NUMBER:
    if (!take_number (words[0], 0, &number))
      return -1;
    entry->fault.number = (guint) number;
    return 1;
  case ARGUMENT_TEXT:
    if (words[0] == NULL)
      return -1;
    entry->text = g_strdup (words[0]);
    entry->fault.text = entry->text;
    return 1;
  }
  return -1;
}

/* "at line N PATTERN" or "at byte N", and nothing behind it. */
static gboolean
take_place (Entry *entry, const Row *row, char **words)
{
  guint n_words = g_strv_length (words);
  if (n_words < 3 || !g_str_equal (words[0], "at"))
    return FALSE;
  if (g_str_equal (words[1], "byte"))
    return row->at_byte && n_words == 3 && take_number (words[2], 0, &entry->where);
  if (!g_str_equal (words[1], "line") || !row->at_line || n_words != 4)
    return FALSE;
  entry->pattern = g_strdup (words[3]);
  return take_number (words[2], 1, &entry->where);
}

static Entry *
parse_words (char **words)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (!g_str_equal (rows[i].name, words[0]))
      continue;
    g_autoptr (Entry) entry = g_new0 (Entry, 1);
    entry->fault.kind = (SimFaultKind) i;
    gint n_taken = take_argument (entry, &rows[i], words + 1);
    if (n_taken < 0 || !take_place (entry, &rows[i], words + 1 + n_taken))
      return NULL;
    return g_steal_pointer (&entry);
  }
  return NULL;
}

/* Words as a shell splits them; '#' begins a comment. */
static gboolean
parse_line (SimFaults *self, const char *line)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  if (!g_shell_parse_argv (line, NULL, &words, &error))
    return g_error_matches (error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING);

  Entry *entry = parse_words (words);
  if (entry != NULL)
    g_ptr_array_add (self->entries, entry);
  return entry != NULL;
}

SimFaults *
sim_faults_new (const char *path, GError **error)
{
  g_autoptr (SimFaults) self = g_new0 (SimFaults, 1);
  g_autofree char *text = NULL;
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  if (path == NULL)
    return g_steal_pointer (&self);
  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;

  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (parse_line (self, lines[i]))
      continue;
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: line %u is no fault: %s", path, i + 1,
                 lines[i]);
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
sim_faults_free (SimFaults *self)
{
  g_ptr_array_unref (self->entries);
  g_free (self);
}

/* '*' in the pattern stands for any bytes. */
static gboolean
fits (const char *pattern, const guint8 *line, gsize length)
{
  const char *star = NULL;
  gsize star_at = 0;
  gsize i = 0;
  while (i < length) {
    if (*pattern == '*') {
      star = pattern++;
      star_at = i;
    } else if (*pattern != '\0' && (guint8) *pattern == line[i]) {
      pattern++;
      i++;
    } else if (star != NULL) {
      pattern = star + 1;
      i = ++star_at;
    } else {
      return FALSE;
    }
  }
  while (*pattern == '*')
    pattern++;
  return *pattern == '\0';
}

const SimFault *
sim_faults_take_line (SimFaults *self, const guint8 *line, gsize length)
{
  const SimFault *taken = NULL;
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);
    if (entry->pattern == NULL || entry->is_over || !fits (entry->pattern, line, length))
      continue;
    if (entry->where > 1) {
      entry->where--;
    } else if (taken == NULL) {
      entry->is_over = TRUE;
      taken = &entry->fault;
    }
  }
  return taken;
}

const SimFault *
sim_faults_take_byte (SimFaults *self, guint64 start, gsize length, gsize *ret_offset)
{
  Entry *first = NULL;
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);
    if (entry->pattern != NULL || entry->is_over || entry->where < start || entry->where >= start + length)
      continue;
    if (first == NULL || entry->where < first->where)
      first = entry;
  }
  if (first == NULL)
    return NULL;
  first->is_over = TRUE;
  *ret_offset = (gsize) (first->where - start);
  return &first->fault;
}

char *
sim_faults_describe (void)
{
  g_autoptr (GString) text = g_string_new (
      "Faults for --faults, one a line of FILE, each of which happens once; words are quoted as in "
      "a shell:\n"
      "  ACTION at line N PATTERN   when the module says the Nth line that fits; * is anything\n"
      "  ACTION at byte N           when it has sent N bytes, echo not counted\n");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_string_append_printf (text, "  %s%s\n", rows[i].help,
                            rows[i].at_line && rows[i].at_byte ? ""
                            : rows[i].at_line                  ? " (at line)"
                                                               : " (at byte)");
  return g_string_free (g_steal_pointer (&text), FALSE);
}
