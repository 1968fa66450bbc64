/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fake driver: a table of tasks.
 */
#include "fake-port.h"

struct FakeDriver {
  ModuleDriver parent;
  FakePort *port;
  GTask *tasks[FAKE_OPERATIONS][MODULE_SLOTS_MAX];
  GBytes *sending[MODULE_SLOTS_MAX];
};

static const int results[] = {
  [CLOSE_REASON_CONNECT_FAILED] = -2, [CLOSE_REASON_CERTIFICATE] = -3, [CLOSE_REASON_KEY] = -4,
  [CLOSE_REASON_CIPHER] = -5,         [CLOSE_REASON_STATE] = -6,       [CLOSE_REASON_TIMEOUT] = -7,
  [CLOSE_REASON_MODULE_ERROR] = -1,   [CLOSE_REASON_LAST] = 0,
};

static GError *
make_error (CloseReason reason)
{
  return module_error_new (reason, results[reason], "fake %s", close_reason_get_name (reason));
}

static void
end_task (FakeDriver *self, FakeOperation operation, guint slot, CloseReason reason)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->tasks[operation][slot]);

  if (task == NULL)
    return;
  if (reason == CLOSE_REASON_NONE && operation == FAKE_ADOPT)
    g_task_return_int (task, (gssize) GPOINTER_TO_SIZE (g_task_get_task_data (task)));
  else if (reason == CLOSE_REASON_NONE)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, make_error (reason));
}

static void
begin (ModuleDriver *driver, FakeOperation operation, guint slot, GTask *task)
{
  FakeDriver *self = (FakeDriver *) driver;

  g_assert_null (self->tasks[operation][slot]);
  self->tasks[operation][slot] = task;
  self->port->calls[operation]++;
}

typedef struct {
  FakePort *port;
  guint opened;
  FakeOperation operation;
  guint slot;
} Automatic;

static gboolean
on_automatic (gpointer user_data)
{
  g_autofree Automatic *automatic = user_data;
  FakePort *port = automatic->port;

  if (port->opened == automatic->opened && fake_port_is_pending (port, automatic->operation, automatic->slot))
    fake_port_finish (port, automatic->operation, automatic->slot, CLOSE_REASON_NONE);
  return G_SOURCE_REMOVE;
}

static void
finish_if_automatic (ModuleDriver *driver, FakeOperation operation, guint slot)
{
  FakePort *port = ((FakeDriver *) driver)->port;
  Automatic *automatic;

  if (!port->automatic[operation])
    return;

  automatic = g_new (Automatic, 1);
  *automatic = (Automatic){ port, port->opened, operation, slot };
  g_idle_add_full (G_PRIORITY_DEFAULT, on_automatic, automatic, NULL);
}

static void
start_async (ModuleDriver *driver, GTask *task)
{
  begin (driver, FAKE_START, FAKE_PORT_NO_SLOT, task);
  finish_if_automatic (driver, FAKE_START, FAKE_PORT_NO_SLOT);
}

static void
leave (ModuleDriver *driver)
{
  ((FakeDriver *) driver)->port->left = TRUE;
}

static void
take_journal (FakePort *port, ConnectionJournal *journal)
{
  g_clear_pointer (&port->journal, connection_journal_unref);
  port->journal = journal != NULL ? connection_journal_ref (journal) : NULL;
}

static gboolean
adopt (ModuleDriver *driver, guint slot, const ModuleAdoption *adoption, GAsyncReadyCallback callback,
       gpointer user_data, GError **error)
{
  FakePort *port = ((FakeDriver *) driver)->port;
  const ConnectionJournalPast *past = adoption->past;
  GTask *task;

  if (port->refuses_adoption) {
    g_propagate_error (error, make_error (CLOSE_REASON_MODULE_LOST));
    return FALSE;
  }
  task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (task, module_driver_adopt);
  g_task_set_task_data (task, GSIZE_TO_POINTER (past->sending != NULL ? g_bytes_get_size (past->sending) : 0),
                        NULL);
  begin (driver, FAKE_ADOPT, slot, task);
  take_journal (port, adoption->journal);
  port->settings = adoption->settings;
  finish_if_automatic (driver, FAKE_ADOPT, slot);
  return TRUE;
}

static void
open_async (ModuleDriver *driver, guint slot, const ModuleOpenRequest *request, GTask *task)
{
  FakePort *port = ((FakeDriver *) driver)->port;

  begin (driver, FAKE_OPEN, slot, task);
  take_journal (port, request->journal);
  g_free (port->host);
  port->host = g_strdup (request->host);
  port->port = request->port;
  port->settings = request->settings;
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    port->in_module[part] = request->credentials[part].in_module;
    port->has_pem[part] = request->credentials[part].pem != NULL;
  }
  finish_if_automatic (driver, FAKE_OPEN, slot);
}

static void
send_async (ModuleDriver *driver, guint slot, GBytes *data, GTask *task)
{
  FakeDriver *self = (FakeDriver *) driver;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  begin (driver, FAKE_SEND, slot, task);
  g_byte_array_append (self->port->sent, bytes, size);
  self->port->last_send_bytes = size;
  g_clear_pointer (&self->sending[slot], g_bytes_unref);
  self->sending[slot] = g_bytes_ref (data);
  finish_if_automatic (driver, FAKE_SEND, slot);
}

static void
close_async (ModuleDriver *driver, guint slot, GTask *task)
{
  begin (driver, FAKE_CLOSE, slot, task);
  finish_if_automatic (driver, FAKE_CLOSE, slot);
}

static void
erase_credential_async (ModuleDriver *driver, ModuleCredentialPart part, GTask *task)
{
  begin (driver, FAKE_ERASE, FAKE_PORT_NO_SLOT, task);
  ((FakeDriver *) driver)->port->erased = part;
  finish_if_automatic (driver, FAKE_ERASE, FAKE_PORT_NO_SLOT);
}

static void
reset_async (ModuleDriver *driver, ModuleReset reset, GTask *task)
{
  begin (driver, FAKE_RESET, FAKE_PORT_NO_SLOT, task);
  ((FakeDriver *) driver)->port->reset = reset;
  finish_if_automatic (driver, FAKE_RESET, FAKE_PORT_NO_SLOT);
}

static void
check_async (ModuleDriver *driver, gboolean compare_clock, GTask *task)
{
  begin (driver, FAKE_CHECK, FAKE_PORT_NO_SLOT, task);
  ((FakeDriver *) driver)->port->compare_clock = compare_clock;
  finish_if_automatic (driver, FAKE_CHECK, FAKE_PORT_NO_SLOT);
}

static gboolean
check_command (ModuleDriver *driver, const char *line, GError **error)
{
  if (!g_str_has_prefix (line, "AT+BAD"))
    return TRUE;
  g_propagate_error (error, module_error_new (CLOSE_REASON_STATE, 0, "that is a bad one"));
  return FALSE;
}

static void
run_command_async (ModuleDriver *driver, const char *line, guint timeout_ms, GTask *task)
{
  FakePort *port = ((FakeDriver *) driver)->port;
  g_autoptr (GTask) now = task;
  const char *const answer[] = { port->answer, NULL };

  g_free (port->command);
  port->command = g_strdup (line);
  port->command_timeout_ms = timeout_ms;
  if (port->answer != NULL)
    g_task_return_pointer (now, g_strdupv ((char **) answer), (GDestroyNotify) g_strfreev);
  else
    g_task_return_error (now, module_error_new (port->command_failure, 0, "ERROR"));
}

static void
stop_async (ModuleDriver *driver, GTask *task)
{
  begin (driver, FAKE_STOP, FAKE_PORT_NO_SLOT, task);
  finish_if_automatic (driver, FAKE_STOP, FAKE_PORT_NO_SLOT);
}

static guint
get_sleep_locks (ModuleDriver *driver)
{
  return ((FakeDriver *) driver)->port->sleep_locks;
}

static void
driver_free (ModuleDriver *driver)
{
  FakeDriver *self = (FakeDriver *) driver;

  self->port->driver = NULL;
  for (guint operation = 0; operation < FAKE_OPERATIONS; operation++)
    for (guint slot = 0; slot < MODULE_SLOTS_MAX; slot++)
      end_task (self, operation, slot, CLOSE_REASON_MODULE_LOST);
  for (guint slot = 0; slot < MODULE_SLOTS_MAX; slot++)
    g_clear_pointer (&self->sending[slot], g_bytes_unref);
  module_status_clear (&self->parent.status);
  g_free (self);
}

static const ModuleDriverClass klass = {
  .free = driver_free,
  .leave = leave,
  .adopt = adopt,
  .start_async = start_async,
  .open_async = open_async,
  .send_async = send_async,
  .close_async = close_async,
  .erase_credential_async = erase_credential_async,
  .reset_async = reset_async,
  .check_async = check_async,
  .check_command = check_command,
  .run_command_async = run_command_async,
  .stop_async = stop_async,
  .get_sleep_locks = get_sleep_locks,
};

FakePort *
fake_port_new (void)
{
  FakePort *self = g_new0 (FakePort, 1);

  self->sent = g_byte_array_new ();
  self->capabilities = (ModuleCapabilities){
    .slots = 1, .max_send_bytes = 1024, .max_receive_bytes = 1400, .max_host_bytes = 150
  };
  self->status = (ModuleStatus){ .current = TRUE,
                                 .sim = MODULE_SIM_READY,
                                 .registration = MODULE_REGISTRATION_HOME,
                                 .attached = MODULE_ANSWER_YES,
                                 .has_address = MODULE_ANSWER_YES,
                                 .address = (char *) "100.64.0.9" };
  return self;
}

void
fake_port_free (FakePort *self)
{
  g_assert_null (self->driver);
  g_byte_array_unref (self->sent);
  g_clear_pointer (&self->journal, connection_journal_unref);
  g_free (self->host);
  g_free (self->command);
  g_free (self);
}

static void
set_status (ModuleDriver *driver, const ModuleStatus *status)
{
  g_free (driver->status.address);
  driver->status = *status;
  driver->status.address = g_strdup (status->address);
}

ModuleDriver *
fake_port_open (gpointer port, GError **error)
{
  FakePort *self = port;

  if (self->refusal != NULL) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, self->refusal);
    return NULL;
  }
  /* The port of a driver that was not freed yet would still be locked. */
  g_assert_null (self->driver);
  self->opened++;
  self->left = FALSE;
  self->driver = g_new0 (FakeDriver, 1);
  self->driver->port = self;
  self->driver->parent.klass = &klass;
  self->driver->parent.identity = (ModuleIdentity){ "Quectel_Ltd", "Quectel_BC660K-GL", "BC660KGLAAR01A05",
                                                    self->no_imei ? NULL : FAKE_PORT_IMEI };
  self->driver->parent.capabilities = self->capabilities;
  set_status (&self->driver->parent, &self->status);
  return &self->driver->parent;
}

gboolean
fake_port_is_pending (FakePort *self, FakeOperation operation, guint slot)
{
  return self->driver != NULL && self->driver->tasks[operation][slot] != NULL;
}

void
fake_port_finish (FakePort *self, FakeOperation operation, guint slot, CloseReason reason)
{
  FakeDriver *driver = self->driver;

  g_assert_true (fake_port_is_pending (self, operation, slot));
  if (operation == FAKE_CLOSE) {
    end_task (driver, FAKE_OPEN, slot, CLOSE_REASON_REQUESTED);
    end_task (driver, FAKE_SEND, slot, CLOSE_REASON_REQUESTED);
    end_task (driver, FAKE_ADOPT, slot, CLOSE_REASON_REQUESTED);
  }
  end_task (driver, operation, slot, reason);
  if (operation == FAKE_SEND && reason == CLOSE_REASON_NONE && self->echo) {
    g_autoptr (GBytes) echo = g_steal_pointer (&driver->sending[slot]);

    driver->parent.listener->received (slot, echo, driver->parent.listener_data);
  }
}

void
fake_port_tell_connecting (FakePort *self, guint slot)
{
  ModuleDriver *driver = &self->driver->parent;

  driver->listener->connecting (slot, driver->listener_data);
}

void
fake_port_tell_received (FakePort *self, guint slot, gconstpointer data, gsize size)
{
  ModuleDriver *driver = &self->driver->parent;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  driver->listener->received (slot, bytes, driver->listener_data);
}

void
fake_port_tell_closed (FakePort *self, guint slot, CloseReason reason, int result)
{
  ModuleDriver *driver = &self->driver->parent;
  g_autoptr (GError) error = module_error_new (reason, result, "fake %s", close_reason_get_name (reason));

  driver->listener->closed (slot, error, driver->listener_data);
}

void
fake_port_tell_credential_changed (FakePort *self, ModuleCredentialPart part, gboolean known)
{
  ModuleDriver *driver = &self->driver->parent;

  driver->listener->credential_changed (part, known, driver->listener_data);
}

void
fake_port_tell_status (FakePort *self, const ModuleStatus *status)
{
  ModuleDriver *driver = &self->driver->parent;

  set_status (driver, status);
  driver->listener->status_changed (driver->listener_data);
}

void
fake_port_tell_restarted (FakePort *self)
{
  ModuleDriver *driver = &self->driver->parent;

  driver->listener->restarted (driver->listener_data);
}

void
fake_port_tell_lost (FakePort *self, const char *why)
{
  ModuleDriver *driver = &self->driver->parent;
  g_autoptr (GError) error = module_error_new (CLOSE_REASON_MODULE_LOST, 0, "%s", why);

  driver->listener->lost (error, driver->listener_data);
}

void
fake_port_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}
