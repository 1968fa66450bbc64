/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-module.h. */
#include "sim-module.h"

#include "sim-dialogue.h"
#include "sim-identity.h"
#include "sim-sslcfg.h"
#include "sim-sslio.h"
#include "sim-uart.h"

/* What the older sister prints before anything else, with LF CR at the ends of its lines. */
#define LONG_BANNER                                                                                         \
  "\n\rF1: 0000 0000\n\rV0: 0000 0000 [0001]\n\r00: 0006 000C\n\r01: 0000 0000\n\rU0: 0000 0001 [0000]\n\r" \
  "T0: 0000 00B4\n\rLeaving the BROM\n\r\n\r"

struct SimModule {
  const SimSwitch *switches;
  SimTrace *trace;
  SimUart *uart;
  SimDialogue *dialogue;
  SimIdentity *identity;
  SimSslcfg *settings;
  SimSslio *connections;
  GSource *boot_timer;
  SimModuleFailed failed;
  gpointer user_data;
};

static void
clear_boot_timer (SimModule *self)
{
  if (self->boot_timer == NULL)
    return;
  g_source_destroy (self->boot_timer);
  g_clear_pointer (&self->boot_timer, g_source_unref);
}

static void
set_boot_timer (SimModule *self, guint ms, GSourceFunc func)
{
  clear_boot_timer (self);
  self->boot_timer = g_timeout_source_new (ms);
  g_source_set_callback (self->boot_timer, func, self, NULL);
  g_source_attach (self->boot_timer, NULL);
}

static gboolean
on_booted (gpointer user_data)
{
  SimModule *self = user_data;
  guint banner = sim_switch_get (self->switches, SIM_SWITCH_BOOT_BANNER);
  clear_boot_timer (self);
  sim_trace_note (self->trace, "booted");
  sim_dialogue_power (self->dialogue, TRUE);
  if (banner == SIM_BOOT_BANNER_LONG)
    sim_dialogue_print (self->dialogue, LONG_BANNER);
  sim_identity_start (self->identity, banner != SIM_BOOT_BANNER_NONE);
  return G_SOURCE_REMOVE;
}

/* Off, and nothing left but what nvram holds. */
static void
lose_state (SimModule *self)
{
  sim_dialogue_power (self->dialogue, FALSE);
  sim_sslio_reset (self->connections);
  sim_sslio_set_network (self->connections, FALSE);
  sim_sslcfg_reset (self->settings);
  sim_identity_reset (self->identity);
}

static gboolean
restart (gpointer user_data)
{
  SimModule *self = user_data;
  sim_trace_note (self->trace, "restarts");
  lose_state (self);
  sim_sslio_cure (self->connections, SIM_DEGRADE_UNTIL_RESTART);
  set_boot_timer (self, sim_switch_get (self->switches, SIM_SWITCH_BOOT_MS), on_booted);
  return G_SOURCE_REMOVE;
}

void
sim_module_power_cycle (SimModule *self)
{
  sim_uart_cut (self->uart);
  restart (self);
  sim_sslio_cure (self->connections, SIM_DEGRADE_UNTIL_POWER);
}

void
sim_module_set_coverage (SimModule *self, gboolean is_there)
{
  sim_trace_note (self->trace, is_there ? "network there" : "network gone");
  sim_identity_set_coverage (self->identity, is_there);
}

static SimResult
run_sslcfg (SimModule *self, const SimCommand *command)
{
  return sim_sslcfg_command (self->settings, command);
}

static SimResult
run_sslopen (SimModule *self, const SimCommand *command)
{
  return sim_sslio_open (self->connections, command);
}

static SimResult
run_sslsend (SimModule *self, const SimCommand *command)
{
  return sim_sslio_send (self->connections, command);
}

static SimResult
run_sslclose (SimModule *self, const SimCommand *command)
{
  return sim_sslio_close (self->connections, command);
}

/* OK first, then the restart. */
static SimResult
run_reset (SimModule *self, const SimCommand *command)
{
  gint value;
  if (command->form != SIM_FORM_WRITE || !sim_command_get_number (command, 0, 1, 1, &value))
    return SIM_RESULT_BAD_PARAMETER;
  set_boot_timer (self, 0, restart);
  return SIM_RESULT_OK;
}

static const struct {
  const char *name;
  SimResult (*run) (SimModule *self, const SimCommand *command);
} rows[] = {
  { "+QSSLCFG", run_sslcfg },     { "+QSSLOPEN", run_sslopen }, { "+QSSLSEND", run_sslsend },
  { "+QSSLCLOSE", run_sslclose }, { "+QRST", run_reset },
};

static SimResult
on_command (const char *line, gpointer user_data)
{
  SimModule *self = user_data;
  g_autoptr (SimCommand) command = sim_command_parse (line);
  if (command == NULL)
    return SIM_RESULT_ERROR;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (g_str_equal (rows[i].name, command->name))
      return rows[i].run (self, command);
  }
  return sim_identity_command (self->identity, command);
}

static void
on_relieved (gpointer user_data)
{
  SimModule *self = user_data;
  sim_sslio_resume (self->connections);
}

/* Memory is not powered in it: only NVRAM, and what the network knows, are left. */
static void
fall_into_deep_sleep (SimModule *self)
{
  sim_identity_tell_event (self->identity, "ENTER DEEPSLEEP");
  sim_sslio_reset (self->connections);
  sim_sslcfg_reset (self->settings);
  sim_dialogue_sleep (self->dialogue);
}

static void
on_broken (SimFaultKind kind, gpointer user_data)
{
  SimModule *self = user_data;
  if (kind == SIM_FAULT_RESTART)
    sim_module_power_cycle (self);
  else if (kind == SIM_FAULT_DEEP_SLEEP)
    fall_into_deep_sleep (self);
  else if (kind == SIM_FAULT_LOSE_NETWORK || kind == SIM_FAULT_FIND_NETWORK)
    sim_module_set_coverage (self, kind == SIM_FAULT_FIND_NETWORK);
  else
    self->failed (NULL, self->user_data);
}

static const SimDialogueEvents dialogue_events = { .command = on_command,
                                                   .relieved = on_relieved,
                                                   .broken = on_broken };

static void
on_network_changed (gboolean is_up, gpointer user_data)
{
  SimModule *self = user_data;
  sim_sslio_set_network (self->connections, is_up);
  if (is_up)
    sim_sslio_cure (self->connections, SIM_DEGRADE_UNTIL_RADIO);
}

static void
on_baud_changed (guint baud, gpointer user_data)
{
  SimModule *self = user_data;
  sim_dialogue_set_next_baud (self->dialogue, baud);
}

static const SimIdentityEvents identity_events = { .network_changed = on_network_changed,
                                                   .baud_changed = on_baud_changed };

static void
on_uart_received (const guint8 *data, gsize length, gpointer user_data)
{
  SimModule *self = user_data;
  sim_dialogue_receive (self->dialogue, data, length);
}

static void
on_uart_sent (gpointer user_data)
{
  SimModule *self = user_data;
  sim_dialogue_sent (self->dialogue);
}

static void
on_uart_overflowed (gpointer user_data)
{
  SimModule *self = user_data;
  self->failed ("the host does not read and too much output waits", self->user_data);
}

static const SimUartEvents uart_events = { .received = on_uart_received,
                                           .sent = on_uart_sent,
                                           .overflowed = on_uart_overflowed };

static SimUart *
make_uart (SimModule *self, SimPty *pty, SimNvram *nvram, guint baud)
{
  SimUartSetup setup = {
    .baud = baud != 0 ? sim_identity_get_baud (nvram, baud) : 0,
    .split = sim_switch_get (self->switches, SIM_SWITCH_DELIVER_SPLIT),
    .seed = sim_switch_get (self->switches, SIM_SWITCH_SEED),
  };
  return sim_uart_new (pty, &setup, &uart_events, self);
}

SimModule *
sim_module_new (SimPty *pty, SimNvram *nvram, const SimSwitch *switches, SimFaults *faults, SimTrace *trace,
                guint baud, SimModuleFailed failed, gpointer user_data)
{
  SimModule *self = g_new0 (SimModule, 1);
  self->switches = switches;
  self->trace = trace;
  self->failed = failed;
  self->user_data = user_data;
  self->uart = make_uart (self, pty, nvram, baud);
  self->dialogue = sim_dialogue_new (switches, trace, self->uart, faults, &dialogue_events, self);
  self->identity = sim_identity_new (self->dialogue, nvram, switches, baud, &identity_events, self);
  self->settings = sim_sslcfg_new (self->dialogue, nvram, switches);
  self->connections = sim_sslio_new (self->dialogue, self->settings, switches, trace);

  lose_state (self);
  if (sim_switch_get (switches, SIM_SWITCH_COLD_START) == SIM_YES) {
    restart (self);
    return self;
  }
  sim_dialogue_power (self->dialogue, TRUE);
  sim_identity_start (self->identity, FALSE);
  return self;
}

void
sim_module_free (SimModule *self)
{
  clear_boot_timer (self);
  sim_sslio_free (self->connections);
  sim_sslcfg_free (self->settings);
  sim_identity_free (self->identity);
  sim_dialogue_free (self->dialogue);
  sim_uart_free (self->uart);
  g_free (self);
}
