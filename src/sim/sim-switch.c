/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of switches, its text for --help, and the reading of NAME=VALUE. */
#include "sim-switch.h"

#include <string.h>

typedef struct {
  const char *name;
  const char *choices; /* separated by '|'; NULL: a number between min and max */
  double min;
  double max;
  gboolean is_fraction;
  const char *initial;
  const char *help;
} Row;

#define CHOICE(name_, choices_, initial_, help_)                           \
  {                                                                        \
    .name = name_, .choices = choices_, .initial = initial_, .help = help_ \
  }
#define NUMBER(name_, min_, max_, initial_, help_)                              \
  {                                                                             \
    .name = name_, .min = min_, .max = max_, .initial = initial_, .help = help_ \
  }

#define MAX_MS 3600000

static const Row rows[SIM_SWITCH_COUNT] = {
  [SIM_SWITCH_PROMPT] = CHOICE ("prompt", ">|crlf>|crlf>space", "crlf>", "what the data prompt looks like"),
  [SIM_SWITCH_PROMPT_DELAY_MS] =
      NUMBER ("prompt-delay-ms", 0, MAX_MS, "0", "from the command to its prompt; bytes in between are lost"),
  [SIM_SWITCH_DATA_ACCEPT_MS] = NUMBER ("data-accept-ms", 0, MAX_MS, "0",
                                        "data that arrives sooner than this after the prompt is lost"),
  [SIM_SWITCH_DATA_ECHO] =
      CHOICE ("data-echo", "no|yes|always", "yes", "echo in data mode (yes: only while ATE1 is set)"),
  [SIM_SWITCH_SEND_RESULT] =
      CHOICE ("send-result", "after-ok|before-ok|none", "after-ok", "where +QSSLSEND comes"),
  [SIM_SWITCH_OPEN_RESULT] =
      CHOICE ("open-result", "after-ok|before-ok", "after-ok", "where +QSSLOPEN comes"),
  [SIM_SWITCH_OPEN_RESULT_LATE_MS] =
      NUMBER ("open-result-late-ms", 0, MAX_MS, "0", "+QSSLOPEN comes so much later than the event"),
  [SIM_SWITCH_FAILED_OPEN] =
      CHOICE ("failed-open", "at-once|at-timeout", "at-once", "when a refused connection is reported"),
  [SIM_SWITCH_HEX_QUOTES] =
      CHOICE ("hex-quotes", "no|yes", "yes", "quotes round received data in hex format"),
  [SIM_SWITCH_HEX_CASE] = CHOICE ("hex-case", "upper|lower", "upper", "case of received data in hex format"),
  [SIM_SWITCH_HEX_LENGTH] =
      CHOICE ("hex-length", "bytes|characters", "bytes", "what the length of received hex data counts"),
  [SIM_SWITCH_ESC] = CHOICE ("esc", "ok|error|silent", "ok", "the answer when ESC cancels data mode"),
  [SIM_SWITCH_ESC_IN_FIXED] =
      CHOICE ("esc-in-fixed", "data|cancel", "data", "what ESC is in a send of fixed length"),
  [SIM_SWITCH_URC_IN_DATA_MODE] =
      CHOICE ("urc-in-data-mode", "lost|queued", "queued", "what becomes of URCs in data mode"),
  [SIM_SWITCH_CLOSED_ORDER] = CHOICE ("closed-order", "after-recv|before-recv", "after-recv",
                                      "\"closed\" after or before the last data"),
  [SIM_SWITCH_CLOSE_ON_CLOSED] =
      CHOICE ("close-on-closed", "ok-6|error", "ok-6", "AT+QSSLCLOSE of a slot that is not open"),
  [SIM_SWITCH_CLOSE_RESETS] = CHOICE ("close-resets", "none|seclevel|all", "none",
                                      "QSSLCFG settings that the last close resets (never certificates)"),
  [SIM_SWITCH_TEST_RANGES] = CHOICE ("test-ranges", "works|promises|fails", "works",
                                     "ids in test commands: true ones, more than work, or ERROR"),
  [SIM_SWITCH_SLOTS] = NUMBER ("slots", 1, 5, "1", "connect ids that work"),
  [SIM_SWITCH_DEBUG_ON_AT_PORT] =
      CHOICE ("debug-on-at-port", "no|yes", "no", "lines of QSSLCFG \"debug\" appear on the AT port"),
  [SIM_SWITCH_RESULT_8] = CHOICE ("result-8", "no|yes", "no", "every failure has the unlisted code -8"),
  [SIM_SWITCH_DEGRADE_AFTER_OPENS] =
      NUMBER ("degrade-after-opens", 0, 1000000, "0", "after so many opens each gives -1; 0: never"),
  [SIM_SWITCH_DEGRADE_UNTIL] =
      CHOICE ("degrade-until", "radio|restart|power", "restart",
              "what ends that: CFUN or CGATT off and on, a restart, or only a power cycle"),
  [SIM_SWITCH_SILENT_AFTER_OPENS] =
      NUMBER ("silent-after-opens", 0, 1000000, "0",
              "the open behind so many silences the module until a power cycle; 0: never"),
  [SIM_SWITCH_CHECKS_DATES] =
      CHOICE ("checks-dates", "no|yes", "no", "the dates of the server's certificate are checked"),
  [SIM_SWITCH_DEFAULT_SLEEP] = CHOICE ("default-sleep", "0|1|2", "1", "AT+QSCLK of a new module"),
  [SIM_SWITCH_SLEEP_AFTER_MS] = NUMBER ("sleep-after-ms", 0, MAX_MS, "0",
                                        "idle time until a module with QSCLK 1 or 2 sleeps; 0: never"),
  [SIM_SWITCH_SLEEP_FIRST_AT] =
      CHOICE ("sleep-first-at", "swallow|crlf", "swallow", "what the first line to a sleeping module gives"),
  [SIM_SWITCH_REPLY_DELAY_MS] =
      NUMBER ("reply-delay-ms", 0, MAX_MS, "0", "from a command to its execution and reply"),
  [SIM_SWITCH_BOOT_MS] = NUMBER ("boot-ms", 0, MAX_MS, "50", "from a restart until AT is answered"),
  [SIM_SWITCH_BOOT_BANNER] = CHOICE ("boot-banner", "short|long|none", "short", "what a restart prints"),
  [SIM_SWITCH_COLD_START] = CHOICE ("cold-start", "no|yes", "no", "begin with the boot, not ready"),
  [SIM_SWITCH_SIM_CARD] =
      CHOICE ("sim-card", "ready|pin|none", "ready", "the SIM card; pin: it waits for AT+CPIN=\"1234\""),
  [SIM_SWITCH_SIM_MS] =
      NUMBER ("sim-ms", 0, MAX_MS, "0", "from the boot until the card is read; busy before"),
  [SIM_SWITCH_REGISTRATION] =
      CHOICE ("registration", "home|roaming|denied|never", "home", "what the search for a network comes to"),
  [SIM_SWITCH_REGISTER_MS] = NUMBER ("register-ms", 0, MAX_MS, "0", "how long each such search takes"),
  [SIM_SWITCH_CLOCK] = CHOICE ("clock", "running|1970|1980|empty", "running",
                               "AT+CCLK? after a restart; 1970, 1980, empty: it is not set"),
  [SIM_SWITCH_CLOCK_FAST_S] = NUMBER ("clock-fast-s", 0, 1000000000, "0", "how much a running clock is fast"),
  [SIM_SWITCH_CLOCK_ZONE] =
      CHOICE ("clock-zone", "+00|+08|-20|none|utc+32", "+00",
              "the time zone that it shows, in quarters of an hour; utc+32: UTC beside a zone"),
  [SIM_SWITCH_CLOCK_WRITE] =
      CHOICE ("clock-write", "works|error|ignored", "works", "what AT+CCLK=\"…\" does"),
  [SIM_SWITCH_TIME_SCALE] = { .name = "time-scale",
                              .min = 0.0001,
                              .max = 100,
                              .is_fraction = TRUE,
                              .initial = "1",
                              .help = "factor on the module's own times (\"timeout\", 123 s of DTLS, waking "
                                      "up)" },
  [SIM_SWITCH_DELIVER_SPLIT] = NUMBER ("deliver-split", 0, 65536, "0",
                                       "output reaches the host in pieces of 1 to so many bytes; 0: whole"),
  [SIM_SWITCH_SEED] = NUMBER ("seed", 0, 4294967295.0, "1", "of everything random here"),
};

struct SimSwitch {
  double values[SIM_SWITCH_COUNT];
};

static char *
describe_values (const Row *row)
{
  if (row->choices != NULL)
    return g_strdup (row->choices);
  return g_strdup_printf ("%.*f..%.0f", row->is_fraction ? 4 : 0, row->min, row->max);
}

static gboolean
parse_choice (const char *choices, const char *text, double *ret_value)
{
  g_auto (GStrv) names = g_strsplit (choices, "|", -1);
  for (guint i = 0; names[i] != NULL; i++) {
    if (!g_str_equal (names[i], text))
      continue;
    *ret_value = i;
    return TRUE;
  }
  return FALSE;
}

static gboolean
parse_number (const Row *row, const char *text, double *ret_value)
{
  const char *allowed = row->is_fraction ? "0123456789." : "0123456789";
  if (*text == '\0' || text[strspn (text, allowed)] != '\0')
    return FALSE;

  char *end;
  double value = g_ascii_strtod (text, &end);
  if (*end != '\0' || value < row->min || value > row->max)
    return FALSE;
  *ret_value = value;
  return TRUE;
}

static gboolean
parse_value (const Row *row, const char *text, double *ret_value)
{
  if (row->choices != NULL)
    return parse_choice (row->choices, text, ret_value);
  return parse_number (row, text, ret_value);
}

static const Row *
find_row (const char *name, gsize length)
{
  for (guint i = 0; i < SIM_SWITCH_COUNT; i++) {
    if (strlen (rows[i].name) == length && strncmp (rows[i].name, name, length) == 0)
      return &rows[i];
  }
  return NULL;
}

static void
set_unknown_name (const char *assignment, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < SIM_SWITCH_COUNT; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", rows[i].name);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "no switch '%s'; there are: %s", assignment,
               names->str);
}

gboolean
sim_switch_set (SimSwitch *self, const char *assignment, GError **error)
{
  const char *equals = strchr (assignment, '=');
  if (equals == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "'%s' is not of the form NAME=VALUE",
                 assignment);
    return FALSE;
  }

  const Row *row = find_row (assignment, (gsize) (equals - assignment));
  if (row == NULL) {
    g_autofree char *name = g_strndup (assignment, (gsize) (equals - assignment));
    set_unknown_name (name, error);
    return FALSE;
  }

  if (!parse_value (row, equals + 1, &self->values[row - rows])) {
    g_autofree char *values = describe_values (row);
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "'%s' is no value of the switch %s; allowed: %s", equals + 1, row->name, values);
    return FALSE;
  }
  return TRUE;
}

SimSwitch *
sim_switch_new (void)
{
  SimSwitch *self = g_new0 (SimSwitch, 1);
  for (guint i = 0; i < SIM_SWITCH_COUNT; i++) {
    gboolean is_valid = parse_value (&rows[i], rows[i].initial, &self->values[i]);
    g_assert (is_valid);
  }
  return self;
}

void
sim_switch_free (SimSwitch *self)
{
  g_free (self);
}

guint
sim_switch_get (const SimSwitch *self, SimSwitchId id)
{
  return (guint) self->values[id];
}

guint
sim_switch_scale_ms (const SimSwitch *self, guint ms)
{
  return (guint) MAX (1, ms * self->values[SIM_SWITCH_TIME_SCALE]);
}

char *
sim_switch_describe (void)
{
  g_autoptr (GString) text = g_string_new ("Switches for --set, with their values [and default]:\n");
  for (guint i = 0; i < SIM_SWITCH_COUNT; i++) {
    g_autofree char *values = describe_values (&rows[i]);
    g_string_append_printf (text, "  %s=%s [%s]\n      %s\n", rows[i].name, values, rows[i].initial,
                            rows[i].help);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
