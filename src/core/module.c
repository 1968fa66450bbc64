/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of a module: open the port, start the driver, use it, lose it, again. What a slot is used for is
 * not known here.
 */
#include "module.h"

#include "eraser.h"
#include "module-claim.h"
#include "module-facts.h"
#include "mssl-error.h"
#include "slot-table.h"

struct _Module {
  GObject parent_instance;

  ModuleConfig config;
  Ledger *ledger;

  ModuleState state;
  char *state_text;
  char *logged_text;
  ModuleFacts facts;

  ModuleClaim *claim;
  ModuleDriver *driver; /* NULL while absent and lost */
  guint64 life;         /* counts drivers: a result of an earlier one is dropped */
  ModuleDriver *doomed; /* lost, to be freed when none of its code is on the stack */
  GSource *doomed_source;
  Timer retry;
  guint retry_ms;

  SlotTable *slots;     /* grows when the capabilities are known */
  GSource *next_source; /* NULL when nothing is to be begun */
  Eraser *eraser;
  GTask *stop_task;
};

G_DEFINE_FINAL_TYPE (Module, module, G_TYPE_OBJECT)

static guint changed_signal;

static void begin_next (Module *self);
static void give_port (Module *self);

const char *
module_state_get_name (ModuleState state)
{
  static const char *const names[] = {
    [MODULE_ABSENT] = "absent", [MODULE_STARTING] = "starting", [MODULE_READY] = "ready",
    [MODULE_LOST] = "lost",     [MODULE_STOPPED] = "stopped",
  };

  return names[state];
}

static void
emit_changed (Module *self)
{
  g_signal_emit (self, changed_signal, 0);
}

/* A port that is tried for hours is told of once, and again when the cause is another. */
static void
log_state (Module *self)
{
  if (self->state == MODULE_STARTING || g_strcmp0 (self->state_text, self->logged_text) == 0)
    return;

  g_free (self->logged_text);
  self->logged_text = g_strdup (self->state_text);
  g_message ("Module %s (%s) is %s%s%s", self->config.name, self->config.device,
             module_state_get_name (self->state), *self->state_text != '\0' ? ": " : "", self->state_text);
}

/* @text: why, for MODULE_ABSENT and MODULE_LOST, and for MODULE_STARTING why it was one of these before. */
static void
set_state (Module *self, ModuleState state, const char *text)
{
  g_autofree char *old_text = g_steal_pointer (&self->state_text);

  if (state == self->state && g_str_equal (old_text, text)) {
    self->state_text = g_steal_pointer (&old_text);
    return;
  }
  self->state = state;
  self->state_text = g_strdup (text);
  log_state (self);
  emit_changed (self);
}

static gboolean
on_next (gpointer user_data)
{
  Module *self = user_data;

  g_clear_pointer (&self->next_source, g_source_unref);
  begin_next (self);
  return G_SOURCE_REMOVE;
}

static void
schedule_next (Module *self)
{
  if (self->next_source != NULL)
    return;

  self->next_source = g_idle_source_new ();
  g_source_set_priority (self->next_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->next_source, on_next, self, NULL);
  g_source_attach (self->next_source, g_main_context_get_thread_default ());
}

static void
on_erased (gpointer user_data)
{
  schedule_next (user_data);
}

static void
on_slot_changed (Slot *slot, gpointer user_data)
{
  Module *self = user_data;

  if (slot_get_state (slot) == SLOT_FREE)
    eraser_want (self->eraser);
  schedule_next (self);
  emit_changed (self);
}

/* -- the driver: dropped, lost, opened again ------------------------------------------------------- */

static void
free_doomed (Module *self)
{
  if (self->doomed_source == NULL)
    return;

  g_source_destroy (self->doomed_source);
  g_clear_pointer (&self->doomed_source, g_source_unref);
  g_clear_pointer (&self->doomed, module_driver_free);
}

static void on_given (const GError *error, gpointer user_data);

static gboolean
on_port_closed (gpointer user_data)
{
  Module *self = user_data;

  free_doomed (self);
  if (self->stop_task != NULL)
    module_claim_give (self->claim, on_given, self);
  return G_SOURCE_REMOVE;
}

/* One of the driver's own functions may be on the stack, so it goes later (bug class 15). */
static void
drop_driver (Module *self)
{
  if (self->driver == NULL)
    return;

  free_doomed (self);
  self->life++;
  eraser_forget (self->eraser);
  module_driver_set_listener (self->driver, NULL, NULL);
  self->doomed = g_steal_pointer (&self->driver);
  self->doomed_source = g_idle_source_new ();
  g_source_set_callback (self->doomed_source, on_port_closed, self, NULL);
  g_source_attach (self->doomed_source, g_main_context_get_thread_default ());
}

static void
retry_later (Module *self)
{
  timer_set (&self->retry, self->retry_ms);
  self->retry_ms = MIN (self->retry_ms * 2, MODULE_RETRY_LAST_MS);
}

static void
lose_driver (Module *self, const GError *error)
{
  g_autoptr (GError) lost = module_error_new (CLOSE_REASON_MODULE_LOST, 0, "%s", error->message);

  slot_table_lose (self->slots, lost);
  drop_driver (self);
  set_state (self, MODULE_LOST, error->message);
  retry_later (self);
  schedule_next (self);
}

static void
on_connecting (guint index, gpointer user_data)
{
  Module *self = user_data;
  Slot *slot = slot_table_get (self->slots, index);

  if (slot != NULL)
    slot_handle_connecting (slot);
}

static void
on_received (guint index, GBytes *data, gpointer user_data)
{
  Module *self = user_data;
  Slot *slot = slot_table_get (self->slots, index);

  if (slot != NULL)
    slot_handle_received (slot, data);
}

static void
on_closed (guint index, const GError *error, gpointer user_data)
{
  Module *self = user_data;
  Slot *slot = slot_table_get (self->slots, index);

  if (slot != NULL)
    slot_handle_closed (slot, error);
}

static void
on_credential_changed (ModuleCredentialPart part, gboolean known, gpointer user_data)
{
  Module *self = user_data;
  Slot *slot = slot_table_find (self->slots, SLOT_CONFIGURING);
  const char *digest = slot != NULL ? slot_get_digest (slot, part) : NULL;
  g_autoptr (GError) error = NULL;
  gboolean noted;

  /* A module without an IMEI cannot be remembered: everything is uploaded to it for each open. */
  if (*self->facts.identity.imei == '\0')
    return;
  if (known)
    noted = ledger_set (self->ledger, self->facts.identity.imei, part, digest, &error);
  else
    noted = ledger_begin_upload (self->ledger, self->facts.identity.imei, part, digest, &error);
  if (noted)
    return;

  g_warning ("Module %s: cannot note which credential it holds: %s", self->config.name, error->message);
  if (slot != NULL)
    slot_fail (slot, module_error_new (CLOSE_REASON_STORAGE, 0, "%s", error->message));
}

static void
on_restarted (gpointer user_data)
{
  Module *self = user_data;

  g_message ("Module %s: it has restarted", self->config.name);
  emit_changed (self);
}

static void
on_lost (const GError *error, gpointer user_data)
{
  Module *self = user_data;

  if (self->state == MODULE_STOPPED)
    give_port (self);
  else
    lose_driver (self, error);
}

static const ModuleDriverListener listener = {
  on_connecting, on_received, on_closed, on_credential_changed, on_restarted, on_lost,
};

/* A call of the driver: what it was for, and by which driver. */
typedef struct {
  Module *module;
  guint64 life;
} Operation;

static Operation *
operation_new (Module *self)
{
  Operation *operation = g_new0 (Operation, 1);

  operation->module = g_object_ref (self);
  operation->life = self->life;
  return operation;
}

static void
operation_free (Operation *operation)
{
  g_object_unref (operation->module);
  g_free (operation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_free)

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  Module *self = operation->module;
  g_autoptr (GError) error = NULL;
  gboolean started = module_driver_start_finish (NULL, result, &error);

  if (operation->life != self->life || self->state != MODULE_STARTING)
    return;

  if (!started) {
    lose_driver (self, error);
    return;
  }
  module_facts_take (&self->facts, self->driver);
  slot_table_grow (self->slots, self->facts.capabilities.slots);
  self->retry_ms = MODULE_RETRY_FIRST_MS;
  eraser_want (self->eraser);
  set_state (self, MODULE_READY, "");
  schedule_next (self);
}

static void
on_claimed (const GError *claim_error, gpointer user_data)
{
  Module *self = user_data;
  g_autoptr (GError) error = claim_error != NULL ? g_error_copy (claim_error) : NULL;

  if (error == NULL)
    self->driver = self->config.open_driver (self->config.user_data, &error);
  if (self->driver == NULL) {
    set_state (self, MODULE_ABSENT, error->message);
    retry_later (self);
    return;
  }
  self->life++;
  module_driver_set_listener (self->driver, &listener, self);
  /* Why it failed the last time stays to be seen: trying again takes longer than waiting for it. */
  set_state (self, MODULE_STARTING, self->state_text);
  module_driver_start_async (self->driver, on_started, operation_new (self));
}

static void
open_port (Module *self)
{
  free_doomed (self);
  module_claim_take (self->claim, on_claimed, self);
}

static void
on_retry (gpointer user_data)
{
  open_port (user_data);
}

void
module_start (Module *self)
{
  g_return_if_fail (self->state == MODULE_ABSENT && self->driver == NULL);

  open_port (self);
}

/* -- what comes next: a waiting open, or a credential that is to be overwritten -------------------- */

static gboolean
begin_erasure (Module *self)
{
  return self->state == MODULE_READY && slot_table_is_idle (self->slots)
         && eraser_begin (self->eraser, self->driver, self->facts.identity.imei);
}

/* One thing at a time that touches the module's credentials, so that the ledger knows what is meant. */
static void
begin_next (Module *self)
{
  Slot *waiting;

  if (eraser_is_busy (self->eraser))
    return;

  waiting = slot_table_find (self->slots, SLOT_WAITING);
  if (waiting != NULL) {
    if (slot_table_find (self->slots, SLOT_CONFIGURING) == NULL)
      slot_start (waiting);
  } else if (begin_erasure (self)) {
    return;
  }
  eraser_return_tasks (self->eraser);
}

void
module_erase_credentials_async (Module *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, module_erase_credentials_async);
  eraser_add_task (self->eraser, task);
  eraser_want (self->eraser);
  schedule_next (self);
}

gboolean
module_erase_credentials_finish (Module *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- slots ------------------------------------------------------------------------------------------ */

gboolean
module_has_free_slot (Module *self)
{
  return self->state == MODULE_READY && slot_table_find (self->slots, SLOT_FREE) != NULL;
}

static void
set_not_ready (Module *self, GError **error)
{
  const char *why = *self->state_text != '\0' ? self->state_text : "try again in some seconds";

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_READY, "Module \"%s\" is %s: %s", self->config.name,
               module_state_get_name (self->state), why);
}

static void
set_busy (Module *self, GError **error)
{
  g_autoptr (GArray) holders = module_list_holders (self);
  g_autoptr (GString) numbers = g_string_new (NULL);

  for (guint i = 0; i < holders->len; i++)
    g_string_append_printf (numbers, "%s%" G_GUINT64_FORMAT, i > 0 ? ", " : "",
                            g_array_index (holders, guint64, i));
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_BUSY,
               "Module \"%s\" has no free slot: connection %s holds %s; try again when it has closed",
               self->config.name, numbers->str,
               slot_table_count (self->slots) == 1 ? "its only one" : "them");
}

Slot *
module_take_slot (Module *self, guint64 number, const SlotListener *slot_listener, gpointer user_data,
                  GError **error)
{
  Slot *slot;

  if (self->state != MODULE_READY) {
    set_not_ready (self, error);
    return NULL;
  }
  slot = slot_table_find (self->slots, SLOT_FREE);
  if (slot == NULL) {
    set_busy (self, error);
    return NULL;
  }
  slot_take (slot, self->driver, number, slot_listener, user_data);
  return slot;
}

gboolean
module_holds_credential (Module *self, ModuleCredentialPart part, const char *digest)
{
  return ledger_holds (self->ledger, self->facts.identity.imei, part, digest);
}

GArray *
module_list_holders (Module *self)
{
  return slot_table_list_holders (self->slots);
}

/* -- the end ----------------------------------------------------------------------------------------- */

void
module_abandon (Module *self)
{
  g_autoptr (GError) error = module_error_new (CLOSE_REASON_SHUTDOWN, 0, "The daemon is ending");
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  timer_clear (&self->retry);
  set_state (self, MODULE_STOPPED, "");
  slot_table_lose (self->slots, error);
  drop_driver (self);
  eraser_return_tasks (self->eraser);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
on_given (const GError *error, gpointer user_data)
{
  module_abandon (user_data);
}

/* The port is closed before it is given back, and nothing of its driver may be on the stack then. */
static void
give_port (Module *self)
{
  drop_driver (self);
  if (self->doomed_source == NULL)
    module_claim_give (self->claim, on_given, self);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  Module *self = operation->module;
  g_autoptr (GError) error = NULL;

  if (!module_driver_stop_finish (NULL, result, &error))
    g_message ("Module %s: it did not end in good order: %s", self->config.name, error->message);
  if (operation->life == self->life)
    give_port (self);
}

void
module_stop_async (Module *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, module_stop_async);
  g_return_if_fail (self->stop_task == NULL);

  self->stop_task = g_steal_pointer (&task);
  timer_clear (&self->retry);
  set_state (self, MODULE_STOPPED, "");
  if (self->driver == NULL)
    give_port (self);
  else
    module_driver_stop_async (self->driver, on_stopped, operation_new (self));
}

gboolean
module_stop_finish (Module *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* -- the object -------------------------------------------------------------------------------------- */

const char *
module_get_name (Module *self)
{
  return self->config.name;
}

const char *
module_get_device (Module *self)
{
  return self->config.device;
}

const char *
module_get_claim_mode (Module *self)
{
  return self->config.claim_mode;
}

ModuleState
module_get_state (Module *self)
{
  return self->state;
}

const char *
module_get_state_text (Module *self)
{
  return self->state_text;
}

const ModuleIdentity *
module_get_identity (Module *self)
{
  return &self->facts.identity;
}

const ModuleCapabilities *
module_get_capabilities (Module *self)
{
  return &self->facts.capabilities;
}

guint
module_get_sleep_locks (Module *self)
{
  return self->state == MODULE_READY ? module_driver_get_sleep_locks (self->driver) : 0;
}

static void
module_dispose (GObject *object)
{
  Module *self = MSSL_MODULE (object);

  /* Slots are held by connections, which hold the module: so all are free by now. */
  timer_dispose (&self->retry);
  drop_driver (self);
  free_doomed (self);
  g_clear_pointer (&self->claim, module_claim_free);
  if (self->next_source != NULL) {
    g_source_destroy (self->next_source);
    g_clear_pointer (&self->next_source, g_source_unref);
  }
  G_OBJECT_CLASS (module_parent_class)->dispose (object);
}

static void
module_finalize (GObject *object)
{
  Module *self = MSSL_MODULE (object);

  if (self->config.free_user_data != NULL)
    self->config.free_user_data (self->config.user_data);
  g_free ((char *) self->config.name);
  g_free ((char *) self->config.device);
  g_free ((char *) self->config.claim_mode);
  module_facts_clear (&self->facts);
  g_free (self->state_text);
  g_free (self->logged_text);
  slot_table_free (self->slots);
  g_clear_pointer (&self->eraser, eraser_free);
  G_OBJECT_CLASS (module_parent_class)->finalize (object);
}

static void
module_class_init (ModuleClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = module_dispose;
  object_class->finalize = module_finalize;
  changed_signal =
      g_signal_new ("changed", MODULE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
module_init (Module *self)
{
  self->state_text = g_strdup ("");
  module_facts_init (&self->facts);
  self->retry_ms = MODULE_RETRY_FIRST_MS;
  self->slots = slot_table_new (G_OBJECT (self), on_slot_changed, self);
}

Module *
module_new (const ModuleConfig *config, Ledger *ledger, TimerClock *clock)
{
  Module *self = g_object_new (MODULE_TYPE, NULL);

  self->config = *config;
  self->config.name = g_strdup (config->name);
  self->config.device = g_strdup (config->device);
  self->config.claim_mode = g_strdup (config->claim_mode);
  self->ledger = ledger;
  self->eraser = eraser_new (G_OBJECT (self), config->name, ledger, on_erased, self);
  self->claim = module_claim_new (config->door, config->user_data);
  timer_init (&self->retry, clock, on_retry, self);
  return self;
}
