/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * modemssld: reads options and configuration, puts the layers together, runs until a signal or the loss of
 * the bus.
 */
#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <stdlib.h>

#include "build-config.h"
#include "claim-note.h"
#include "daemon-config.h"
#include "daemon-discovery.h"
#include "daemon-log.h"
#include "daemon-options.h"
#include "daemon-port.h"
#include "daemon-ports.h"
#include "dbus-service.h"
#include "held-port.h"
#include "manager.h"
#include "mssl-names.h"

/* A wrong option or configuration, which a restart does not mend. */
#define EXIT_USAGE 2

/* For the holder to say what it keeps, and to be started before if need be. */
#define RECALL_MS 5000

typedef struct {
  DaemonOptions options;
  DaemonConfig *config;
  AtTrace *trace;
  StateDir *state_dir;
  Ledger *ledger;
  CredentialStore *credentials;
  ContextStore *contexts;
  Manager *manager;
  DaemonPorts *ports; /* NULL before they may be opened, and when the daemon is ending */
  MmModems *modems;
  GStrv held_over;            /* IMEIs of modules that the daemon before this one had; NULL at first */
  DaemonDiscovery *discovery; /* NULL where modules are configured */
  GDBusConnection *bus;
  DBusService *service;
  GMainLoop *loop;
  gboolean stopping;
  int status;
} Daemon;

static int
complain (int status, const GError *error)
{
  g_printerr ("modemssld: %s\n", error->message);
  return status;
}

static gboolean
open_stores (Daemon *self, GError **error)
{
  ManagerConfig manager_config;

  self->state_dir = state_dir_open (self->options.state_dir, error);
  if (self->state_dir == NULL)
    return FALSE;
  self->ledger = ledger_new (self->state_dir, error);
  if (self->ledger == NULL)
    return FALSE;
  self->credentials = credential_store_new (self->state_dir, self->ledger, error);
  if (self->credentials == NULL)
    return FALSE;
  self->contexts = context_store_new (self->state_dir, self->credentials, error);
  if (self->contexts == NULL)
    return FALSE;
  manager_config = (ManagerConfig){
    .state_dir = self->state_dir,
    .ledger = self->ledger,
    .credentials = self->credentials,
    .contexts = self->contexts,
    .clock = timer_clock_get_system (),
    .quotas = self->config->quotas,
  };
  self->manager = manager_new (&manager_config, error);
  return self->manager != NULL;
}

static void
quit (Daemon *self, int status)
{
  self->status = MAX (self->status, status);
  g_main_loop_quit (self->loop);
}

static void
on_name (gboolean owned, const char *text, gpointer user_data)
{
  if (owned) {
    g_debug ("%s is ours", MSSL_BUS_NAME);
    return;
  }
  g_printerr ("modemssld: %s\n", text);
  quit (user_data, EXIT_FAILURE);
}

static Module *
make_module (DaemonConfigModule *config, gpointer user_data)
{
  Daemon *self = user_data;

  return daemon_port_new_module (config, self->modems, self->ledger, self->options.holder, self->trace);
}

static void
on_discovered (gpointer user_data)
{
  Daemon *self = user_data;

  daemon_ports_configure (self->ports, daemon_discovery_get_modules (self->discovery));
}

static void
configure (Daemon *self)
{
  g_clear_pointer (&self->discovery, daemon_discovery_free);
  if (self->config->modules->len > 0) {
    daemon_ports_configure (self->ports, self->config->modules);
    return;
  }
  g_message ("no module is configured in %s: %s", self->options.config,
             mm_modems_is_supported () ? "those that ModemManager finds are used" : "the daemon runs idle");
  self->discovery =
      daemon_discovery_new (self->modems, (const char *const *) self->held_over, on_discovered, self);
  on_discovered (self);
}

/** What the holder has kept of the daemon before this one: the connections are there before the name is. */
static void
recall (Daemon *self)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) notes = NULL;
  g_autoptr (GPtrArray) journals = held_port_recall (self->options.holder, RECALL_MS, &notes, &error);

  if (journals == NULL) {
    g_message ("%s: a crash of this daemon may leave a module in the middle of a send", error->message);
    return;
  }
  for (guint i = 0; i < journals->len; i++) {
    HeldJournal *journal = journals->pdata[i];

    manager_resume (self->manager, journal->device, journal->slot, g_steal_fd (&journal->fd));
  }
  self->held_over = claim_note_list_equipment_ids ((const char *const *) notes);
}

/** What ModemManager uses is known: the ports may be opened. */
static void
on_modems (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Daemon *self = user_data;

  self->modems = mm_modems_new_finish (result);
  recall (self);
  self->ports = daemon_ports_new (self->manager, make_module, self);
  configure (self);
  self->service = dbus_service_new (self->bus, self->manager, &error);
  if (self->service == NULL) {
    quit (self, complain (EXIT_FAILURE, error));
    return;
  }
  dbus_service_own_name (self->service, on_name, self);
  manager_start (self->manager);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  manager_stop_finish (result, NULL);
  quit (user_data, EXIT_SUCCESS);
}

static gboolean
on_signal (gpointer user_data)
{
  Daemon *self = user_data;

  /* The end takes some seconds at most; who is told twice does not leave the module in the middle of it. */
  if (self->stopping)
    return G_SOURCE_CONTINUE;

  g_debug ("told to stop");
  self->stopping = TRUE;
  g_clear_pointer (&self->discovery, daemon_discovery_free);
  g_clear_pointer (&self->ports, daemon_ports_free);
  manager_stop_async (self->manager, on_stopped, self);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload (gpointer user_data)
{
  Daemon *self = user_data;
  g_autoptr (GError) error = NULL;
  DaemonConfig *config;

  /* Before the ports are there, the file may be that of the start; and nothing begins at the end. */
  if (self->ports == NULL)
    return G_SOURCE_CONTINUE;

  config = daemon_config_load (self->options.config, &error);
  if (config == NULL) {
    g_warning ("the configuration stays as it was: %s", error->message);
    return G_SOURCE_CONTINUE;
  }
  daemon_config_free (self->config);
  self->config = config;
  manager_set_quotas (self->manager, &config->quotas);
  configure (self);
  g_message ("%s was read again", self->options.config);
  return G_SOURCE_CONTINUE;
}

static void
daemon_clear (Daemon *self)
{
  g_clear_pointer (&self->discovery, daemon_discovery_free);
  g_clear_pointer (&self->ports, daemon_ports_free);
  g_clear_pointer (&self->service, dbus_service_free);
  g_clear_pointer (&self->manager, manager_free);
  g_clear_pointer (&self->contexts, context_store_free);
  g_clear_pointer (&self->credentials, credential_store_free);
  g_clear_pointer (&self->ledger, ledger_free);
  g_clear_pointer (&self->state_dir, state_dir_free);
  g_clear_object (&self->modems);
  g_clear_pointer (&self->held_over, g_strfreev);
  g_clear_pointer (&self->trace, at_trace_unref);
  g_clear_pointer (&self->config, daemon_config_free);
  g_clear_object (&self->bus);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  daemon_options_clear (&self->options);
}

static int
run (Daemon *self)
{
  g_autoptr (GError) error = NULL;

  if (self->options.trace != NULL) {
    self->trace = at_trace_open (self->options.trace, &error);
    if (self->trace == NULL)
      return complain (EXIT_USAGE, error);
  }
  self->bus = g_bus_get_sync (self->options.bus, NULL, &error);
  if (self->bus == NULL) {
    g_prefix_error (&error, "cannot connect to the %s bus: ",
                    self->options.bus == G_BUS_TYPE_SYSTEM ? "system" : "session");
    return complain (EXIT_FAILURE, error);
  }
  /* GDBus would end the process by itself, without a word. */
  g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  if (!open_stores (self, &error))
    return complain (EXIT_FAILURE, error);
  self->loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, on_signal, self);
  g_unix_signal_add (SIGINT, on_signal, self);
  g_unix_signal_add (SIGHUP, on_reload, self);
  mm_modems_new_async (on_modems, self);
  g_main_loop_run (self->loop);
  return self->status;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Daemon self = { 0 };
  int status;

  setlocale (LC_ALL, "");
  if (!daemon_options_parse (&self.options, argc, argv, &error))
    return complain (EXIT_USAGE, error);
  if (self.options.show_version) {
    g_print ("modemssld %s\n", MODEMSSL_VERSION);
    daemon_options_clear (&self.options);
    return EXIT_SUCCESS;
  }
  daemon_log_set_level (self.options.log_level);
  self.config = daemon_config_load (self.options.config, &error);
  status = self.config != NULL ? run (&self) : complain (EXIT_USAGE, error);
  daemon_clear (&self);
  return status;
}
