/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GOption does the splitting; here is what the options mean.
 */
#include "ctl-options.h"

#include "ctl-error.h"

#define LINGER_DEFAULT_MS 3000
#define LINGER_MAX_S 86400

typedef struct {
  CtlOptionFlags flag; /* 0: every command has it */
  const char *name;
  const char *help;
} OptionHelp;

static const OptionHelp option_helps[] = {
  { CTL_OPTION_REPLACE, "--replace", "  --replace          take the place of a credential of that name" },
  { CTL_OPTION_CA, "--ca", "  --ca FILE          PEM file with the CA certificate, - for standard input" },
  { CTL_OPTION_CERT, "--cert", "  --cert FILE        PEM file with the client certificate" },
  { CTL_OPTION_KEY, "--key", "  --key FILE         PEM file with its private key, not encrypted" },
  { CTL_OPTION_MODULE, "--module",
    "  --module NAME      the module to use (default: the one with the most free slots)" },
  { CTL_OPTION_PRIORITY, "--priority",
    "  --priority N       before those with a lower one in the queue for a slot (default 0; above for "
    "root)" },
  { CTL_OPTION_QUEUE_TIMEOUT, "--queue-timeout",
    "  --queue-timeout SECONDS\n"
    "                     how long to wait for a slot, 0 to not wait (default: as configured)" },
  { CTL_OPTION_IDLE_TIMEOUT, "--idle-timeout",
    "  --idle-timeout SECONDS\n"
    "                     close after so long without a byte, 0 for never (default: as configured)" },
  { CTL_OPTION_MAX_HOLD, "--max-hold",
    "  --max-hold SECONDS\n"
    "                     close after so long with a slot that others wait for, 0 for never" },
  { CTL_OPTION_RECEIVE_BUFFER, "--receive-buffer",
    "  --receive-buffer BYTES\n"
    "                     how much may wait in the daemon for standard output (default 262144)" },
  { CTL_OPTION_IGNORE, "--ignore", "  --ignore           keep ModemManager off the port" },
  { CTL_OPTION_LINGER, "--linger",
    "  --linger SECONDS   how long to wait for more data after the end of input (default 3)" },
  { 0, "--bus", "  --bus BUS          system (default) or session" },
  { 0, "--json", "  --json             print JSON" },
  { 0, "--help", "  --help             show this help" },
  { 0, "--version", "  --version          show the version" },
};

static gboolean
parse_bus (const char *text, GBusType *ret_bus, GError **error)
{
  if (text == NULL || g_str_equal (text, "system")) {
    *ret_bus = G_BUS_TYPE_SYSTEM;
    return TRUE;
  }
  if (g_str_equal (text, "session")) {
    *ret_bus = G_BUS_TYPE_SESSION;
    return TRUE;
  }
  g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "--bus is system or session, not “%s”", text);
  return FALSE;
}

static gboolean
parse_linger (const char *text, guint *ret_linger_ms, GError **error)
{
  if (text == NULL) {
    *ret_linger_ms = LINGER_DEFAULT_MS;
    return TRUE;
  }

  char *end = NULL;
  gdouble seconds = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= LINGER_MAX_S)) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "--linger is a number of seconds from 0 to %d, not “%s”",
                 LINGER_MAX_S, text);
    return FALSE;
  }
  /* 0 has a meaning of its own, which a very short time must not take. */
  *ret_linger_ms = seconds > 0 ? MAX ((guint) (seconds * 1000), 1) : 0;
  return TRUE;
}

/* Everything but a file's name goes to the bus, which knows nothing but UTF-8. */
static gboolean
check_words (char *const *words, GError **error)
{
  for (guint i = 0; words[i] != NULL; i++) {
    if (!g_utf8_validate (words[i], -1, NULL)) {
      g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "argument %u is not valid UTF-8", i + 1);
      return FALSE;
    }
  }
  return TRUE;
}

static void
note_given (CtlOptions *self, gboolean linger_given)
{
  self->given |= self->replace ? CTL_OPTION_REPLACE : 0;
  self->given |= self->ignore ? CTL_OPTION_IGNORE : 0;
  self->given |= self->ca_file != NULL ? CTL_OPTION_CA : 0;
  self->given |= self->cert_file != NULL ? CTL_OPTION_CERT : 0;
  self->given |= self->key_file != NULL ? CTL_OPTION_KEY : 0;
  self->given |= self->module != NULL ? CTL_OPTION_MODULE : 0;
  self->given |= linger_given ? CTL_OPTION_LINGER : 0;
  self->given |= self->priority != NULL ? CTL_OPTION_PRIORITY : 0;
  self->given |= self->queue_timeout != NULL ? CTL_OPTION_QUEUE_TIMEOUT : 0;
  self->given |= self->idle_timeout != NULL ? CTL_OPTION_IDLE_TIMEOUT : 0;
  self->given |= self->max_hold != NULL ? CTL_OPTION_MAX_HOLD : 0;
  self->given |= self->receive_buffer != NULL ? CTL_OPTION_RECEIVE_BUFFER : 0;
}

static gboolean
split (CtlOptions *self, char *const *argv, char **ret_bus, char **ret_linger, GError **error)
{
  const GOptionEntry entries[] = {
    { "bus", 0, 0, G_OPTION_ARG_STRING, ret_bus, NULL, NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json, NULL, NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help, NULL, NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, NULL, NULL },
    { "replace", 0, 0, G_OPTION_ARG_NONE, &self->replace, NULL, NULL },
    { "ignore", 0, 0, G_OPTION_ARG_NONE, &self->ignore, NULL, NULL },
    { "ca", 0, 0, G_OPTION_ARG_FILENAME, &self->ca_file, NULL, NULL },
    { "cert", 0, 0, G_OPTION_ARG_FILENAME, &self->cert_file, NULL, NULL },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &self->key_file, NULL, NULL },
    { "module", 0, 0, G_OPTION_ARG_STRING, &self->module, NULL, NULL },
    { "linger", 0, 0, G_OPTION_ARG_STRING, ret_linger, NULL, NULL },
    { "priority", 0, 0, G_OPTION_ARG_STRING, &self->priority, NULL, NULL },
    { "queue-timeout", 0, 0, G_OPTION_ARG_STRING, &self->queue_timeout, NULL, NULL },
    { "idle-timeout", 0, 0, G_OPTION_ARG_STRING, &self->idle_timeout, NULL, NULL },
    { "max-hold", 0, 0, G_OPTION_ARG_STRING, &self->max_hold, NULL, NULL },
    { "receive-buffer", 0, 0, G_OPTION_ARG_STRING, &self->receive_buffer, NULL, NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->words, NULL, NULL },
    { NULL },
  };
  g_auto (GStrv) arguments = g_strdupv ((char **) argv);
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);

  g_autoptr (GError) local_error = NULL;
  if (g_option_context_parse_strv (context, &arguments, &local_error))
    return TRUE;
  g_set_error_literal (error, CTL_ERROR, CTL_ERROR_USAGE, local_error->message);
  return FALSE;
}

CtlOptions *
ctl_options_parse (char *const *argv, GError **error)
{
  g_autoptr (CtlOptions) self = g_new0 (CtlOptions, 1);
  g_autofree char *bus = NULL;
  g_autofree char *linger = NULL;

  if (!split (self, argv, &bus, &linger, error))
    return NULL;
  if (self->words == NULL)
    self->words = g_new0 (char *, 1);
  note_given (self, linger != NULL);

  if (!check_words (self->words, error) || !parse_bus (bus, &self->bus, error)
      || !parse_linger (linger, &self->linger_ms, error))
    return NULL;
  return g_steal_pointer (&self);
}

const char *
ctl_options_get_name (CtlOptionFlags flags)
{
  for (guint i = 0; i < G_N_ELEMENTS (option_helps); i++) {
    if ((option_helps[i].flag & flags) != 0)
      return option_helps[i].name;
  }
  return "";
}

char *
ctl_options_describe (CtlOptionFlags flags)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (option_helps); i++) {
    if (option_helps[i].flag == 0 || (option_helps[i].flag & flags) != 0)
      g_string_append_printf (text, "%s\n", option_helps[i].help);
  }
  return g_string_free (text, FALSE);
}

void
ctl_options_free (CtlOptions *self)
{
  g_free (self->ca_file);
  g_free (self->cert_file);
  g_free (self->key_file);
  g_free (self->module);
  g_free (self->priority);
  g_free (self->queue_timeout);
  g_free (self->idle_timeout);
  g_free (self->max_hold);
  g_free (self->receive_buffer);
  g_strfreev (self->words);
  g_free (self);
}

gboolean
ctl_options_parse_number (const char *text, const char *what, guint64 min, guint64 max, guint64 *ret_number,
                          GError **error)
{
  guint64 number;

  if (g_ascii_string_to_unsigned (text, 10, min, max, &number, NULL)) {
    *ret_number = number;
    return TRUE;
  }
  if (max >= G_MAXUINT32)
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "%s is a whole number, not “%s”", what, text);
  else
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE,
                 "%s is a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ", not “%s”", what,
                 min, max, text);
  return FALSE;
}
