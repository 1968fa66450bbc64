/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * modemssl-sim: a simulated BC660K-GL on a pseudo-terminal. Shares no source with the daemon, or both would
 * make the same mistakes. */
#include <glib-unix.h>
#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "sim-faults.h"
#include "sim-module.h"
#include "sim-nvram.h"
#include "sim-options.h"
#include "sim-pty.h"
#include "sim-replay.h"
#include "sim-tls-setup.h"
#include "sim-trace.h"
#include "sim-transcript.h"

typedef struct {
  GMainLoop *loop;
  SimModule *module; /* or NULL */
  SimReplay *replay; /* or NULL */
  int status;
} Program;

static gboolean
on_terminate (gpointer user_data)
{
  Program *program = user_data;
  g_main_loop_quit (program->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_power_cycle (gpointer user_data)
{
  Program *program = user_data;
  if (program->module != NULL)
    sim_module_power_cycle (program->module);
  if (program->replay != NULL)
    sim_replay_rewind (program->replay);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_network_gone (gpointer user_data)
{
  Program *program = user_data;
  if (program->module != NULL)
    sim_module_set_coverage (program->module, FALSE);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_network_there (gpointer user_data)
{
  Program *program = user_data;
  if (program->module != NULL)
    sim_module_set_coverage (program->module, TRUE);
  return G_SOURCE_CONTINUE;
}

static void
on_failed (const char *reason, gpointer user_data)
{
  Program *program = user_data;
  if (reason != NULL)
    g_printerr ("modemssl-sim: %s\n", reason);
  program->status = reason != NULL ? 1 : 0;
  g_main_loop_quit (program->loop);
}

static void
run_loop (const SimOptions *options, Program *program)
{
  printf ("ready: %s\n", options->link);
  fflush (stdout);
  g_main_loop_run (program->loop);
}

static gboolean
run_module (const SimOptions *options, SimTrace *trace, Program *program, GError **error)
{
  g_autoptr (SimNvram) nvram = sim_nvram_new (options->nvram, error);
  if (nvram == NULL)
    return FALSE;
  g_autoptr (SimFaults) faults = sim_faults_new (options->faults, error);
  if (faults == NULL)
    return FALSE;
  g_autoptr (SimPty) pty = sim_pty_new (options->link, error);
  if (pty == NULL)
    return FALSE;
  g_autoptr (SimModule) module =
      sim_module_new (pty, nvram, options->switches, faults, trace, options->baud, on_failed, program);

  program->module = module;
  sim_trace_note (trace, "seed %u", sim_switch_get (options->switches, SIM_SWITCH_SEED));
  run_loop (options, program);
  return TRUE;
}

static gboolean
run_replay (const SimOptions *options, SimTrace *trace, Program *program, GError **error)
{
  g_autoptr (SimTranscript) transcript = sim_transcript_new (options->replay, error);
  if (transcript == NULL)
    return FALSE;
  g_autoptr (SimPty) pty = sim_pty_new (options->link, error);
  if (pty == NULL)
    return FALSE;
  g_autoptr (SimReplay) replay =
      sim_replay_new (pty, transcript, options->switches, trace, options->baud, on_failed, program);

  program->replay = replay;
  run_loop (options, program);
  return TRUE;
}

static gboolean
run (const SimOptions *options, Program *program, GError **error)
{
  g_autoptr (SimTrace) trace = sim_trace_new (options->log, error);
  if (trace == NULL)
    return FALSE;
  return options->replay != NULL ? run_replay (options, trace, program, error)
                                 : run_module (options, trace, program, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  setlocale (LC_CTYPE, "");
  g_autoptr (SimOptions) options = sim_options_new (&argc, &argv, &error);
  if (options == NULL) {
    g_printerr ("modemssl-sim: %s\n", error->message);
    return 2;
  }
  if (options->version) {
    puts ("modemssl-sim " SIM_VERSION);
    return 0;
  }

  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Program program = { .loop = loop };
  sim_tls_setup_global ();
  signal (SIGPIPE, SIG_IGN);
  g_unix_signal_add (SIGTERM, on_terminate, &program);
  g_unix_signal_add (SIGINT, on_terminate, &program);
  g_unix_signal_add (SIGHUP, on_power_cycle, &program);
  g_unix_signal_add (SIGUSR1, on_network_gone, &program);
  g_unix_signal_add (SIGUSR2, on_network_there, &program);
  if (!run (options, &program, &error)) {
    g_printerr ("modemssl-sim: %s\n", error->message);
    return 1;
  }
  return program.status;
}
