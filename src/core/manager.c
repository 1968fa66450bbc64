/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lists of modules and connections, and the checks of an open.
 */
#include "manager.h"

#include "connection-number.h"
#include "mssl-error.h"
#include "open-options.h"
#include "open-request.h"

struct Manager {
  ManagerConfig config;
  ConnectionNumber *numbers;
  const ManagerListener *listener;
  gpointer listener_data;
  GPtrArray *modules; /* Module */
  GPtrArray *missing; /* MissingModule */
  gboolean started;
  GPtrArray *connections; /* Connection */
  Scheduler *scheduler;

  GTask *stop_task;
  gboolean stopping;
  guint modules_stopping;
  Timer stop_timeout;
};

/* What the modules have of MANAGER_STOP_MS when the connections do not close. */
#define STOP_MODULES_MS 2000

static void check_connections_closed (Manager *self);

/* -- connections ------------------------------------------------------------------------------------- */

static void
on_connection_closed (Connection *connection, gpointer user_data)
{
  check_connections_closed (user_data);
}

static void
on_connection_released (Connection *connection, gpointer user_data)
{
  Manager *self = user_data;
  g_autoptr (Connection) alive G_GNUC_UNUSED = g_object_ref (connection);

  g_signal_handlers_disconnect_by_data (connection, self);
  g_ptr_array_remove (self->connections, connection);
  if (self->listener != NULL)
    self->listener->removed (connection, self->listener_data);
}

static void
add_connection (Manager *self, Connection *connection)
{
  g_signal_connect (connection, "closed", G_CALLBACK (on_connection_closed), self);
  g_signal_connect (connection, "released", G_CALLBACK (on_connection_released), self);
  g_ptr_array_add (self->connections, g_object_ref (connection));
  if (self->listener != NULL)
    self->listener->added (connection, self->listener_data);
}

/* -- the checks of an open --------------------------------------------------------------------------- */

static void
set_no_module (const char *name, gpointer user_data, GError **error)
{
  Manager *self = user_data;
  g_autofree char *missing = missing_module_list_describe (self->missing);

  if (name != NULL)
    manager_find_module (self, name, error);
  else if (self->missing->len == 0)
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_READY, "No module is configured");
  else
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_READY, "No configured module is there: %s", missing);
}

/* How many of the connections are of @uid, or of anybody; all of them, or those that wait. */
static guint
count_connections (Manager *self, const guint *uid, gboolean queued_only)
{
  guint n = 0;

  for (guint i = 0; i < self->connections->len; i++) {
    Connection *connection = self->connections->pdata[i];

    n += (uid == NULL || connection_get_config (connection)->owner_uid == *uid)
         && (!queued_only || connection_get_state (connection) == CONNECTION_QUEUED);
  }
  return n;
}

/* Root is not limited as a user. */
static gboolean
check_counts (Manager *self, guint uid, gboolean queued_only, QuotasKey total, QuotasKey per_user,
              GError **error)
{
  const Quotas *quotas = &self->config.quotas;

  return quotas_check_count (quotas, total, count_connections (self, NULL, queued_only), error)
         && (uid == 0
             || quotas_check_count (quotas, per_user, count_connections (self, &uid, queued_only), error));
}

static gboolean
check_room (Manager *self, guint uid, GError **error)
{
  if (self->stopping) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_READY, "The daemon is ending");
    return FALSE;
  }
  return check_counts (self, uid, FALSE, QUOTAS_CONNECTIONS, QUOTAS_CONNECTIONS_PER_USER, error);
}

/* One that begins now, or soon; those to come are looked at again when their turn has come. */
static gboolean
check_breakers (Manager *self, const ConnectionConfig *config, GError **error)
{
  g_autofree char *peer =
      module_recovery_name_peer (context_get_name (config->context), config->host, config->port);
  g_autoptr (GError) stopped = NULL;

  for (guint i = 0; i < self->modules->len; i++) {
    Module *module = self->modules->pdata[i];

    if (config->module != NULL && !g_str_equal (config->module, module_get_name (module)))
      continue;
    if (module_recovery_check (module_get_recovery (module), peer, stopped == NULL ? &stopped : NULL))
      return TRUE;
  }
  if (stopped == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&stopped));
  return FALSE;
}

static gboolean
check_host_of_module (Module *module, const char *host, GError **error)
{
  guint max_bytes = module_get_capabilities (module)->max_host_bytes;

  return max_bytes == 0 || open_options_check_host (host, max_bytes, error);
}

/* A module that is configured but missing is waited for like any other. */
static gboolean
check_module (Manager *self, const char *name, const char *host, GError **error)
{
  g_autoptr (GError) missing = NULL;

  if (name == NULL && self->modules->len == 0 && self->missing->len == 0) {
    set_no_module (NULL, self, error);
    return FALSE;
  }
  if (name != NULL && manager_find_module (self, name, &missing) == NULL
      && g_error_matches (missing, MSSL_ERROR, MSSL_ERROR_NOT_FOUND)) {
    g_propagate_error (error, g_steal_pointer (&missing));
    return FALSE;
  }
  for (guint i = 0; i < self->modules->len; i++) {
    Module *module = self->modules->pdata[i];

    if ((name == NULL || g_str_equal (name, module_get_name (module)))
        && !check_host_of_module (module, host, error))
      return FALSE;
  }
  return TRUE;
}

static Connection *
take_connection (Manager *self, ConnectionConfig *config, GError **error)
{
  g_autoptr (Connection) connection = NULL;
  g_autoptr (GError) full = NULL;

  config->number = connection_number_take (self->numbers, error);
  if (config->number == 0)
    return NULL;

  if (config->queue_timeout_s > 0
      && !check_counts (self, config->owner_uid, TRUE, QUOTAS_QUEUED, QUOTAS_QUEUED_PER_USER, &full))
    config->queue_timeout_s = 0;
  connection = connection_new (config, self->scheduler, self->config.clock, full == NULL ? error : NULL);
  if (connection == NULL) {
    if (full != NULL)
      g_propagate_error (error, g_steal_pointer (&full));
    return NULL;
  }

  add_connection (self, connection);
  return connection; /* the list has a reference */
}

Connection *
manager_open (Manager *self, Context *context, const char *host, guint16 port, GVariant *options,
              const char *owner, guint owner_uid, GError **error)
{
  g_autoptr (OpenOptions) parsed = open_options_new (options, error);
  ConnectionConfig config = { .host = host, .port = port, .owner = owner, .owner_uid = owner_uid };

  if (parsed == NULL || !open_request_check (self->config.contexts, context, host, port, error)
      || !check_room (self, owner_uid, error) || !check_module (self, parsed->module, host, error)
      || !open_request_add_options (&config, parsed, &self->config.quotas, error)
      || !open_request_add_context (&config, context, self->config.credentials, error)
      || !check_breakers (self, &config, error))
    return NULL;

  return take_connection (self, &config, error);
}

void
manager_resume (Manager *self, const char *device, guint slot, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Connection) connection = connection_resume (device, slot, fd, self->config.contexts,
                                                         self->scheduler, self->config.clock, &error);

  if (connection != NULL)
    add_connection (self, connection);
  else
    g_message ("A connection of the daemon before this one is closed: %s", error->message);
}

/* -- credentials that are to be overwritten ---------------------------------------------------------- */

typedef struct {
  GTask *task;
  guint waiting;
} Erasure;

static void
erasure_step (Erasure *erasure)
{
  if (--erasure->waiting > 0)
    return;

  g_task_return_boolean (erasure->task, TRUE);
  g_object_unref (erasure->task);
  g_free (erasure);
}

static void
on_module_erased (GObject *source, GAsyncResult *result, gpointer user_data)
{
  module_erase_credentials_finish (MSSL_MODULE (source), result, NULL);
  erasure_step (user_data);
}

void
manager_erase_credentials_async (Manager *self, GAsyncReadyCallback callback, gpointer user_data)
{
  Erasure *erasure = g_new0 (Erasure, 1);

  erasure->task = g_task_new (NULL, NULL, callback, user_data);
  erasure->waiting = self->modules->len + 1;
  for (guint i = 0; i < self->modules->len; i++)
    module_erase_credentials_async (self->modules->pdata[i], on_module_erased, erasure);
  erasure_step (erasure);
}

gboolean
manager_erase_credentials_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- the end ----------------------------------------------------------------------------------------- */

static void
finish_stop (Manager *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  if (task == NULL)
    return;

  timer_clear (&self->stop_timeout);
  g_task_return_boolean (task, TRUE);
}

static void
on_module_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Manager *self = g_task_get_task_data (user_data);
  g_autoptr (GTask) task = user_data;

  module_stop_finish (MSSL_MODULE (source), result, NULL);
  if (g_task_get_completed (task))
    return;
  if (--self->modules_stopping == 0)
    finish_stop (self);
}

static gboolean
has_left_connection (Manager *self, Module *module)
{
  for (guint i = 0; i < self->connections->len; i++) {
    Connection *connection = self->connections->pdata[i];

    if (connection_is_left (connection)
        && g_strcmp0 (connection_get_module_name (connection), module_get_name (module)) == 0)
      return TRUE;
  }
  return FALSE;
}

static void
stop_modules (Manager *self)
{
  for (guint i = 0; i < self->modules->len; i++) {
    Module *module = self->modules->pdata[i];

    /* One that was taken out of the configuration is stopping already. */
    if (module_get_state (module) == MODULE_STOPPED)
      continue;
    if (has_left_connection (self, module)) {
      module_leave (module);
      continue;
    }
    self->modules_stopping++;
    module_stop_async (module, NULL, on_module_stopped, g_object_ref (self->stop_task));
  }
  if (self->modules_stopping == 0)
    finish_stop (self);
}

/* Copies: what is done to them may remove them from the lists. */
static void
for_each (GPtrArray *objects, GFunc func)
{
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < objects->len; i++)
    g_ptr_array_add (copies, g_object_ref (objects->pdata[i]));
  g_ptr_array_foreach (copies, func, NULL);
}

static void
abandon_module (gpointer module, gpointer user_data)
{
  module_abandon (module);
}

static void
stop_draining (gpointer connection, gpointer user_data)
{
  connection_stop_draining (connection);
}

static void
leave_or_close (gpointer connection, gpointer user_data)
{
  if (!connection_leave (connection))
    connection_close (connection, CLOSE_REASON_SHUTDOWN);
}

static void
close_for_shutdown (gpointer connection, gpointer user_data)
{
  connection_close (connection, CLOSE_REASON_SHUTDOWN);
}

/* First the connections have their time, then the modules have theirs. */
static void
on_stop_timeout (gpointer user_data)
{
  Manager *self = user_data;

  g_message ("Not all has ended in good order in time");
  for_each (self->connections, stop_draining);
  if (self->modules_stopping == 0 && self->stop_task != NULL) {
    timer_set (&self->stop_timeout, STOP_MODULES_MS);
    stop_modules (self);
    return;
  }
  for_each (self->modules, abandon_module);
  finish_stop (self);
}

static void
check_connections_closed (Manager *self)
{
  if (self->stop_task == NULL || self->modules_stopping > 0)
    return;

  for (guint i = 0; i < self->connections->len; i++) {
    Connection *connection = self->connections->pdata[i];

    if (connection_get_state (connection) != CONNECTION_CLOSED && !connection_is_left (connection))
      return;
  }
  stop_modules (self);
}

void
manager_stop_async (Manager *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (!self->stopping);

  self->stopping = TRUE;
  for_each (self->connections, leave_or_close);
  self->stop_task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_task_data (self->stop_task, self, NULL);
  timer_set (&self->stop_timeout, MANAGER_STOP_MS - STOP_MODULES_MS);
  check_connections_closed (self);
}

gboolean
manager_stop_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- the rest ---------------------------------------------------------------------------------------- */

void
manager_set_listener (Manager *self, const ManagerListener *listener, gpointer user_data)
{
  self->listener = listener;
  self->listener_data = user_data;
}

void
manager_set_quotas (Manager *self, const Quotas *quotas)
{
  self->config.quotas = *quotas;
  context_store_set_quotas (self->config.contexts, quotas);
  credential_store_set_quotas (self->config.credentials, quotas);
}

ContextStore *
manager_get_contexts (Manager *self)
{
  return self->config.contexts;
}

CredentialStore *
manager_get_credentials (Manager *self)
{
  return self->config.credentials;
}

void
manager_add_module (Manager *self, Module *module)
{
  g_return_if_fail (manager_lookup_module (self, module_get_name (module)) == NULL);

  g_ptr_array_add (self->modules, g_object_ref (module));
  scheduler_add_module (self->scheduler, module);
  if (self->listener != NULL)
    self->listener->module_added (module, self->listener_data);
  if (self->started)
    module_start (module);
}

void
manager_remove_module (Manager *self, Module *module, const char *why)
{
  g_autoptr (Module) alive G_GNUC_UNUSED = g_object_ref (module);

  scheduler_remove_module (self->scheduler, module);
  module_unplug (module, why);
  if (g_ptr_array_remove (self->modules, module) && self->listener != NULL)
    self->listener->module_removed (module, self->listener_data);
}

void
manager_set_missing (Manager *self, GPtrArray *missing)
{
  if (missing_module_list_equal (self->missing, missing))
    return;

  g_ptr_array_unref (self->missing);
  self->missing = g_ptr_array_ref (missing);
  if (self->listener != NULL)
    self->listener->missing_changed (self->listener_data);
}

GPtrArray *
manager_get_missing (Manager *self)
{
  return self->missing;
}

void
manager_start (Manager *self)
{
  self->started = TRUE;
  for (guint i = 0; i < self->modules->len; i++)
    module_start (self->modules->pdata[i]);
}

Module *
manager_lookup_module (Manager *self, const char *name)
{
  for (guint i = 0; i < self->modules->len; i++)
    if (g_str_equal (module_get_name (self->modules->pdata[i]), name))
      return self->modules->pdata[i];
  return NULL;
}

Module *
manager_find_module (Manager *self, const char *name, GError **error)
{
  Module *module = manager_lookup_module (self, name);
  const MissingModule *missing = missing_module_list_find (self->missing, name);

  if (module != NULL)
    return module;

  if (missing != NULL)
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_READY, "Module \"%s\" is missing: %s", name, missing->why);
  else
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND, "There is no module \"%s\"", name);
  return NULL;
}

GPtrArray *
manager_get_modules (Manager *self)
{
  return self->modules;
}

GPtrArray *
manager_get_connections (Manager *self)
{
  return self->connections;
}

Manager *
manager_new (const ManagerConfig *config, GError **error)
{
  ConnectionNumber *numbers = connection_number_new (config->state_dir, error);
  Manager *self;

  if (numbers == NULL)
    return NULL;

  self = g_new0 (Manager, 1);
  self->config = *config;
  self->numbers = numbers;
  self->modules = g_ptr_array_new_with_free_func (g_object_unref);
  self->missing = missing_module_list_new ();
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->scheduler = scheduler_new (config->clock, set_no_module, self);
  timer_init (&self->stop_timeout, config->clock, on_stop_timeout, self);
  manager_set_quotas (self, &config->quotas);
  return self;
}

void
manager_free (Manager *self)
{
  self->listener = NULL;
  timer_dispose (&self->stop_timeout);
  for_each (self->connections, stop_draining);
  for_each (self->connections, close_for_shutdown);
  for_each (self->modules, abandon_module);
  for (guint i = 0; i < self->connections->len; i++)
    g_signal_handlers_disconnect_by_data (self->connections->pdata[i], self);
  g_ptr_array_unref (self->connections);
  scheduler_free (self->scheduler);
  g_ptr_array_unref (self->modules);
  g_ptr_array_unref (self->missing);
  g_clear_object (&self->stop_task);
  connection_number_free (self->numbers);
  g_free (self);
}
