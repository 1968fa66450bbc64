/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GOptionContext, and the words that two of the options take.
 */
#include "daemon-options.h"

#include <string.h>

#include "build-config.h"

typedef struct {
  const char *word;
  int value;
} Word;

static const Word buses[] = { { "system", G_BUS_TYPE_SYSTEM },
                              { "session", G_BUS_TYPE_SESSION },
                              { NULL, 0 } };

static const Word log_levels[] = {
  { "error", G_LOG_LEVEL_ERROR },
  { "critical", G_LOG_LEVEL_CRITICAL },
  { "warning", G_LOG_LEVEL_WARNING },
  { "message", G_LOG_LEVEL_MESSAGE },
  { "info", G_LOG_LEVEL_INFO },
  { "debug", G_LOG_LEVEL_DEBUG },
  { NULL, 0 },
};

static gboolean
look_up (const char *option, const char *value, const Word *words, int *ret_value, GError **error)
{
  g_autoptr (GString) allowed = g_string_new (NULL);

  for (const Word *word = words; word->word != NULL; word++) {
    if (strcmp (word->word, value) == 0) {
      *ret_value = word->value;
      return TRUE;
    }
    g_string_append_printf (allowed, "%s%s", allowed->len > 0 ? ", " : "", word->word);
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s %s is not one of %s", option, value,
               allowed->str);
  return FALSE;
}

static void
set_default (char **value, const char *default_value)
{
  if (*value == NULL)
    *value = g_strdup (default_value);
}

static gboolean
parse_words (DaemonOptions *self, const char *bus, const char *log_level, GError **error)
{
  int bus_value = G_BUS_TYPE_SYSTEM, level_value = G_LOG_LEVEL_MESSAGE;

  if ((bus != NULL && !look_up ("--bus", bus, buses, &bus_value, error))
      || (log_level != NULL && !look_up ("--log-level", log_level, log_levels, &level_value, error)))
    return FALSE;
  self->bus = bus_value;
  self->log_level = (GLogLevelFlags) level_value;
  return TRUE;
}

gboolean
daemon_options_parse (DaemonOptions *ret_self, int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *bus = NULL;
  g_autofree char *log_level = NULL;
  DaemonOptions self = { 0 };
  const GOptionEntry entries[] = {
    { "bus", 0, 0, G_OPTION_ARG_STRING, &bus, "The bus to appear on (default: system)", "system|session" },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &self.config,
      "The configuration (default: " MODEMSSL_CONFIG_FILE ")", "FILE" },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &self.state_dir,
      "Where contexts and credentials are kept (default: " MODEMSSL_STATE_DIR ")", "DIR" },
    { "log-level", 0, 0, G_OPTION_ARG_STRING, &log_level,
      "The least important messages to log (default: message)", "error|critical|warning|message|info|debug" },
    { "holder", 0, 0, G_OPTION_ARG_FILENAME, &self.holder,
      "The socket of modemssl-holder (default: " MODEMSSL_HOLDER_SOCKET ")", "SOCKET" },
    { "trace", 0, 0, G_OPTION_ARG_FILENAME, &self.trace,
      "Append the AT dialogue, without payload and secrets, to FILE", "FILE" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self.show_version, "Print the version", NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context,
                                "Opens TLS connections through cellular modules for programs on the bus.");
  if (!g_option_context_parse (context, &argc, &argv, error) || !parse_words (&self, bus, log_level, error)) {
    daemon_options_clear (&self);
    return FALSE;
  }
  if (argc > 1) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "unexpected argument %s", argv[1]);
    daemon_options_clear (&self);
    return FALSE;
  }
  set_default (&self.config, MODEMSSL_CONFIG_FILE);
  set_default (&self.state_dir, MODEMSSL_STATE_DIR);
  set_default (&self.holder, MODEMSSL_HOLDER_SOCKET);
  *ret_self = self;
  return TRUE;
}

void
daemon_options_clear (DaemonOptions *self)
{
  g_clear_pointer (&self->config, g_free);
  g_clear_pointer (&self->state_dir, g_free);
  g_clear_pointer (&self->holder, g_free);
  g_clear_pointer (&self->trace, g_free);
}
