/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bc660k-errand.h. A read or test command (…? and …=?) changes nothing and has no prompt; of the others
 * those are refused that would.
 */
#include "bc660k-errand.h"

#include <string.h>

#define MAX_BYTES 256

/* The first that a name begins with counts. */
static const struct {
  const char *name;
  const char *why;
} refused[] = {
  { "+QSSL", "the TLS commands are the daemon's own" },
  { "+QMT", "the module's MQTT uses the daemon's connection" },
  { "+QHTTP", "the module's HTTP uses the daemon's connection" },
  { "+QCOAP", "it takes data behind a prompt" },
  { "+QI", "it takes data behind a prompt" },
  { "+QLW", "it takes data behind a prompt" },
  { "+QF", "it takes data behind a prompt" },
  { "+CMGS", "it takes data behind a prompt" },
  { "+CMGW", "it takes data behind a prompt" },
  { "+CMGC", "it takes data behind a prompt" },
  { "+CMSS", "it takes data behind a prompt" },
  { "+CMUX", "it ends the dialogue of commands" },
  { "+CGDATA", "it ends the dialogue of commands" },
  { "+QRST", "it restarts the module; use Reset" },
  { "+QPOWD", "it turns the module off" },
  { "+CFUN", "it turns the radio off or restarts the module" },
  { "+IPR", "the daemon would not find the module at another rate" },
  { "+IFC", "the daemon would not find the module with another flow control" },
  { "+ICF", "the daemon would not find the module with another framing" },
  { "+QSCLK", "the daemon counts who keeps the module awake" },
  { "+CEREG", "the daemon follows the registration by it" },
  { "+QNBIOTEVENT", "the daemon follows the module's sleep by it" },
};

static const char *const harmless_basic[] = { "", "I", "I0", "&V", "V1" };

typedef struct {
  GTask *task;
  char *response; /* how the lines of the answer begin */
} Errand;

static gboolean
refuse (GError **error, const char *why)
{
  g_propagate_error (error, module_error_new (CLOSE_REASON_STATE, 0, "%s", why));
  return FALSE;
}

static gboolean
check_text (const char *line, GError **error)
{
  if (g_ascii_strncasecmp (line, "AT", 2) != 0)
    return refuse (error, "A command begins with AT");
  if (strlen (line) > MAX_BYTES)
    return refuse (error, "A command has at most 256 characters");
  for (const char *at = line; *at != '\0'; at++) {
    if (*at < ' ' || *at > '~')
      return refuse (error, "A command is one line of printable ASCII characters");
  }
  if (strchr (line, ';') != NULL)
    return refuse (error, "Only one command at a time can be sent: no ';'");
  return TRUE;
}

/** The name of an extended command, in capitals. */
static char *
get_name (const char *line)
{
  g_autofree char *name = g_strndup (line + 2, strcspn (line + 2, "=?"));

  return g_strstrip (g_ascii_strup (name, -1));
}

static gboolean
is_query (const char *line)
{
  const char *rest = line + 2 + strcspn (line + 2, "=?");

  return strcmp (rest, "?") == 0 || strcmp (rest, "=?") == 0;
}

static gboolean
check_basic (const char *name, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (harmless_basic); i++) {
    if (strcmp (name, harmless_basic[i]) == 0)
      return TRUE;
  }
  return refuse (error,
                 "Of the basic commands only AT, ATI and AT&V can be sent: others change the dialogue");
}

gboolean
bc660k_errand_check (ModuleDriver *base, const char *line, GError **error)
{
  g_autofree char *name = NULL;

  if (!check_text (line, error))
    return FALSE;
  name = get_name (line);
  if (name[0] != '+')
    return check_basic (name, error);
  if (is_query (line))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autofree char *why = NULL;

    if (!g_str_has_prefix (name, refused[i].name))
      continue;
    why = g_strdup_printf ("AT%s cannot be sent: %s", name, refused[i].why);
    return refuse (error, why);
  }
  return TRUE;
}

static GError *
translate (const GError *error)
{
  if (g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED))
    return module_error_new (CLOSE_REASON_MODULE_ERROR, 0, "%s", error->message);
  if (g_error_matches (error, AT_ERROR, AT_ERROR_TIMEOUT))
    return module_error_new (CLOSE_REASON_TIMEOUT, 0, "%s", error->message);
  return bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Sending the command");
}

static void
on_done (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  g_autofree Errand *errand = user_data;
  g_autoptr (GTask) task = errand->task;

  g_free (errand->response);
  if (error != NULL)
    g_task_return_error (task, translate (error));
  else
    g_task_return_pointer (task, g_strdupv (lines), (GDestroyNotify) g_strfreev);
}

void
bc660k_errand_run_async (ModuleDriver *base, const char *line, guint timeout_ms, GTask *task)
{
  Bc660kDriver *driver = (Bc660kDriver *) base;
  g_autofree char *name = NULL;
  AtCommand *command;
  Errand *errand;

  if (driver->channel != NULL && at_channel_has_data_command (driver->channel)) {
    g_autoptr (GTask) refused_task = task;

    g_task_return_error (refused_task,
                         module_error_new (CLOSE_REASON_STATE, 0, "data is being sent to the module"));
    return;
  }
  errand = g_new (Errand, 1);
  name = get_name (line);
  *errand = (Errand){ task, g_strconcat (name, ":", NULL) };
  command = at_command_new (line, *name == '+' ? errand->response : NULL, timeout_ms);
  command->any_response = TRUE;
  command->refuses_prompt = TRUE;
  command->is_private = TRUE;
  bc660k_private_run (driver, command, on_done, errand);
}
