/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * modemsslctl: the table of commands, help, and from errors to exit status.
 */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "build-config.h"
#include "ctl-command.h"
#include "ctl-connect.h"
#include "ctl-connection.h"
#include "ctl-context.h"
#include "ctl-credential.h"
#include "ctl-error.h"
#include "ctl-module.h"
#include "ctl-monitor.h"
#include "ctl-print.h"
#include "ctl-status.h"
#include "ctl-udev-rule.h"

#define PROGRAM "modemsslctl"
#define ANY G_MAXUINT
#define IMPORT_OPTIONS (CTL_OPTION_REPLACE | CTL_OPTION_CA | CTL_OPTION_CERT | CTL_OPTION_KEY)
#define CONNECT_OPTIONS                                                                         \
  (CTL_OPTION_MODULE | CTL_OPTION_PRIORITY | CTL_OPTION_QUEUE_TIMEOUT | CTL_OPTION_IDLE_TIMEOUT \
   | CTL_OPTION_MAX_HOLD | CTL_OPTION_RECEIVE_BUFFER | CTL_OPTION_LINGER)

static const CtlCommand commands[] = {
  { "status", NULL, "", "show the daemon, its modules and who uses them", 0, 0, 0, ctl_status_run },
  { "module", "list", "", "list the modules", 0, 0, 0, ctl_module_list },
  { "module", "show", " [NAME]", "show one module or all", 0, 1, 0, ctl_module_show },
  { "module", "release", " NAME", "give a module back to ModemManager", 1, 1, 0, ctl_module_release },
  { "module", "claim", " NAME", "take a module that was released", 1, 1, 0, ctl_module_claim },
  { "module", "udev-rule", " [--ignore] DEVICE",
    "print the rule that gives a port to ModemManager, or keeps it off", 1, 1, CTL_OPTION_IGNORE,
    ctl_udev_rule_print },
  { "module", "reset", " NAME", "restart a module, as root", 1, 1, 0, ctl_module_reset },
  { "module", "command", " NAME COMMAND", "send an AT command, as root, and print the answer", 2, 2, 0,
    ctl_module_command },
  { "context", "list", "", "list the contexts", 0, 0, 0, ctl_context_list },
  { "context", "show", " NAME", "show a context's settings", 1, 1, 0, ctl_context_show },
  { "context", "create", " NAME [KEY=VALUE…]", "create a context", 1, ANY, 0, ctl_context_create },
  { "context", "set", " NAME KEY=VALUE…", "change settings of a context", 2, ANY, 0, ctl_context_set },
  { "context", "delete", " NAME", "delete a context", 1, 1, 0, ctl_context_delete },
  { "credential", "list", "", "list the credentials", 0, 0, 0, ctl_credential_list },
  { "credential", "show", " NAME", "show what a credential's certificates say", 1, 1, 0,
    ctl_credential_show },
  { "credential", "import", " NAME [--replace] [--ca FILE] [--cert FILE --key FILE]",
    "store a CA, a client certificate with its key, or both", 1, 1, IMPORT_OPTIONS, ctl_credential_import },
  { "credential", "delete", " NAME", "delete a credential here and in the modules", 1, 1, 0,
    ctl_credential_delete },
  { "connection", "list", "", "list the connections", 0, 0, 0, ctl_connection_list },
  { "connection", "show", " NUMBER", "show a connection", 1, 1, 0, ctl_connection_show },
  { "connection", "close", " NUMBER", "close a connection", 1, 1, 0, ctl_connection_close },
  { "connect", NULL, " CONTEXT HOST PORT [--module NAME] [--linger SECONDS]",
    "open a connection and carry standard input and output over it", 3, 3, CONNECT_OPTIONS, ctl_connect_run },
  { "monitor", NULL, "", "follow all changes until interrupted", 0, 0, 0, ctl_monitor_run },
};

static char *
get_title (const CtlCommand *command)
{
  return g_strjoin (" ", command->noun, command->verb, NULL);
}

static void
print_help (void)
{
  g_autofree char *options = ctl_options_describe (0);

  printf ("Usage: " PROGRAM
          " [OPTION…] COMMAND [ARGUMENT…]\n\nUse TLS connections of cellular modules through "
          "modemssld.\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *title = get_title (&commands[i]);
    printf ("  %-18s %s\n", title, commands[i].summary);
  }
  printf ("\nOptions:\n%s\n" PROGRAM " COMMAND --help tells more of a command; see also " PROGRAM "(1).\n",
          options);
}

static void
print_command_help (const CtlCommand *command)
{
  g_autofree char *title = get_title (command);
  g_autofree char *options = ctl_options_describe (command->allowed);

  printf ("Usage: " PROGRAM " %s%s\n\n%c%s.\n\nOptions:\n%s", title, command->usage,
          g_ascii_toupper (command->summary[0]), command->summary + 1, options);
}

/* The words behind the command's name, or NULL when the words do not name this command. */
static char *const *
match (const CtlCommand *command, char *const *words)
{
  if (g_strcmp0 (words[0], command->noun) != 0)
    return NULL;
  if (command->verb == NULL)
    return words + 1;
  return g_strcmp0 (words[1], command->verb) == 0 ? words + 2 : NULL;
}

static const CtlCommand *
find_command (char *const *words, char *const **ret_arguments)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    char *const *arguments = match (&commands[i], words);
    if (arguments != NULL) {
      *ret_arguments = arguments;
      return &commands[i];
    }
  }
  return NULL;
}

/* "list, show" for "module"; empty when there is no such noun. */
static char *
list_verbs (const char *noun)
{
  GString *verbs = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (commands[i].verb != NULL && g_strcmp0 (commands[i].noun, noun) == 0)
      g_string_append_printf (verbs, "%s%s", verbs->len > 0 ? ", " : "", commands[i].verb);
  }
  return g_string_free (verbs, FALSE);
}

static void
explain_no_command (char *const *words, GError **error)
{
  g_autofree char *verbs = list_verbs (words[0]);

  if (words[0] == NULL)
    g_set_error_literal (error, CTL_ERROR, CTL_ERROR_USAGE, "no command is given");
  else if (*verbs == '\0')
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "there is no command “%s”", words[0]);
  else if (words[1] == NULL)
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "%s needs one of: %s", words[0], verbs);
  else
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "there is no command “%s %s”, but %s: %s", words[0],
                 words[1], words[0], verbs);
}

static gboolean
check_command (const CtlCommand *command, const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autofree char *title = get_title (command);
  guint n_arguments = g_strv_length ((char **) arguments);
  CtlOptionFlags excess = options->given & ~command->allowed;

  if (excess != 0) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "%s does not take %s", title,
                 ctl_options_get_name (excess));
    return FALSE;
  }
  if (n_arguments < command->min_arguments) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "an argument is missing: %s%s", title, command->usage);
    return FALSE;
  }
  if (n_arguments > command->max_arguments) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "“%s” is one argument too many for %s",
                 arguments[command->max_arguments], title);
    return FALSE;
  }
  return TRUE;
}

static gboolean
run (char *const *argv, GError **error)
{
  g_autoptr (CtlOptions) options = ctl_options_parse (argv, error);
  if (options == NULL)
    return FALSE;

  if (options->version) {
    printf (PROGRAM " %s\n", MODEMSSL_VERSION);
    return TRUE;
  }

  char *const *arguments = NULL;
  const CtlCommand *command = find_command (options->words, &arguments);
  if (command == NULL && options->help) {
    print_help ();
    return TRUE;
  }
  if (command == NULL) {
    explain_no_command (options->words, error);
    return FALSE;
  }
  if (options->help) {
    print_command_help (command);
    return TRUE;
  }
  return check_command (command, options, arguments, error) && command->run (options, arguments, error);
}

/* Or the first file that is opened, such as the socket of the bus, would become standard input or output. */
static gboolean
occupy_standard_files (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    /* For the wrong direction, so that a closed descriptor goes on failing. */
    int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", flags) != fd)
      return FALSE;
  }
  return TRUE;
}

static int
report (const GError *error)
{
  const char *hint = error->code == CTL_ERROR_USAGE ? "; try “" PROGRAM " --help”" : "";

  if (*error->message != '\0')
    fprintf (stderr, PROGRAM ": %s%s\n", error->message, hint);
  return error->code;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (!occupy_standard_files ())
    return CTL_ERROR_FAILED;
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  g_set_prgname (PROGRAM);

  gboolean success = run (argv, &error);
  /* What was printed may be lost even though the work is done. */
  success = ctl_print_flush (success ? &error : NULL) && success;
  return success ? 0 : report (error);
}
