/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-options.h. */
#include "sim-options.h"

#include "sim-faults.h"

/* Those of the module, and faster ones for tests that move much data. */
static const gint rates[] = { 2400,   4800,   9600,   19200,   38400,   57600,   115200,
                              230400, 460800, 921600, 1000000, 2000000, 3000000, 4000000 };

static gboolean
check_baud (gint baud, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    if (rates[i] == baud)
      return TRUE;
  }
  g_set_error (
      error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "there is no rate %d; the module has 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, "
      "and the simulator also 921600, 1000000, 2000000, 3000000, 4000000",
      baud);
  return FALSE;
}

/* What --replay goes by; the others are of a module that is simulated. */
static const char *const replay_switches[] = { "deliver-split=", "seed=", "time-scale=" };

static gboolean
is_for_replay (const char *assignment)
{
  for (guint i = 0; i < G_N_ELEMENTS (replay_switches); i++) {
    if (g_str_has_prefix (assignment, replay_switches[i]))
      return TRUE;
  }
  return FALSE;
}

static gboolean
set_switch (const char *name, const char *value, gpointer data, GError **error)
{
  SimOptions *self = data;
  if (!sim_switch_set (self->switches, value, error))
    return FALSE;
  self->has_module_options = self->has_module_options || !is_for_replay (value);
  return TRUE;
}

static gboolean
set_baud (const char *name, const char *value, gpointer data, GError **error)
{
  SimOptions *self = data;
  gint64 baud;
  if (!g_ascii_string_to_signed (value, 10, 0, G_MAXINT, &baud, error) || !check_baud ((gint) baud, error))
    return FALSE;
  self->baud = (guint) baud;
  return TRUE;
}

static gboolean
parse (SimOptions *self, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "link", 0, 0, G_OPTION_ARG_FILENAME, &self->link, "Make the port appear at PATH, a symbolic link",
      "PATH" },
    { "baud", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) (guintptr) set_baud,
      "Pace the port like a UART; the host has to set the same rate", "N" },
    { "nvram", 0, 0, G_OPTION_ARG_FILENAME, &self->nvram, "Keep in FILE what the module keeps over a restart",
      "FILE" },
    { "set", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) (guintptr) set_switch, "Set a switch, see below",
      "NAME=VALUE" },
    { "faults", 0, 0, G_OPTION_ARG_FILENAME, &self->faults, "Do what the script FILE says, see below",
      "FILE" },
    { "replay", 0, 0, G_OPTION_ARG_FILENAME, &self->replay,
      "Be no module of its own, but answer as the transcript FILE says (tools/record-module makes one)",
      "FILE" },
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &self->log,
      "Write the AT dialogue to FILE, keys and payload included", "FILE" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, "Print the version and exit", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- a simulated BC660K-GL with real TLS");
  g_autofree char *switches = sim_switch_describe ();
  g_autofree char *faults = sim_faults_describe ();
  g_autofree char *description = g_strconcat (switches, "\n", faults, NULL);
  GOptionGroup *group = g_option_group_new ("sim", "", "", self, NULL);
  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  g_option_context_set_description (context, description);
  return g_option_context_parse (context, argc, argv, error);
}

SimOptions *
sim_options_new (int *argc, char ***argv, GError **error)
{
  g_autoptr (SimOptions) self = g_new0 (SimOptions, 1);
  self->switches = sim_switch_new ();
  if (!parse (self, argc, argv, error))
    return NULL;
  if (*argc > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument '%s'", (*argv)[1]);
    return NULL;
  }
  if (self->link == NULL && !self->version) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "--link PATH is missing");
    return NULL;
  }
  if (self->replay != NULL && (self->has_module_options || self->nvram != NULL || self->faults != NULL)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 "--replay answers as it was recorded: --nvram, --faults and --set have no meaning with it, "
                 "but for the switches time-scale, deliver-split and seed");
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
sim_options_free (SimOptions *self)
{
  g_free (self->link);
  g_free (self->nvram);
  g_free (self->faults);
  g_free (self->replay);
  g_free (self->log);
  sim_switch_free (self->switches);
  g_free (self);
}
