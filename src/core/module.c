/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A module's driver, slots and credentials together: the driver's events go to the slots, and one thing at a
 * time touches the credentials. What a slot is used for is not known here.
 */
#include "module-private.h"

#include "mssl-error.h"

G_DEFINE_FINAL_TYPE (Module, module, G_TYPE_OBJECT)

static guint changed_signal;
static guint opened_signal;

static void begin_next (Module *self);

static void
emit_changed (Module *self)
{
  dozer_look (self->dozer, slot_table_count_taken (self->slots) == 0);
  g_signal_emit (self, changed_signal, 0);
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
on_errand_done (gpointer user_data)
{
  schedule_next (user_data);
}

static void
on_recovery_changed (gpointer user_data)
{
  emit_changed (user_data);
}

static void
on_recovery_done (gpointer user_data)
{
  Module *self = user_data;

  schedule_next (self);
  module_life_hurry (self->life);
}

static const ModuleRecoveryListener recovery_listener = { on_recovery_changed, on_recovery_done };

static void
on_slot_changed (Slot *slot, gpointer user_data)
{
  Module *self = user_data;

  if (slot_get_state (slot) == SLOT_FREE)
    eraser_want (self->eraser);
  schedule_next (self);
  emit_changed (self);
}

/* -- the driver ------------------------------------------------------------------------------------- */

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

  g_warning ("Module %s: cannot note which credential it holds: %s", module_get_name (self), error->message);
  if (slot != NULL)
    slot_fail (slot, module_error_new (CLOSE_REASON_STORAGE, 0, "%s", error->message));
}

static void
on_readiness_changed (gpointer user_data)
{
  schedule_next (user_data);
}

void
module_handle_status_changed (gpointer user_data)
{
  Module *self = user_data;

  readiness_handle_status_changed (self->readiness);
  emit_changed (self);
}

static void
on_restarted (gpointer user_data)
{
  Module *self = user_data;

  g_message ("Module %s: it has restarted", module_get_name (self));
  readiness_handle_restarted (self->readiness);
  emit_changed (self);
}

static void
on_lost (const GError *error, gpointer user_data)
{
  Module *self = user_data;

  module_life_lose (self->life, error);
}

static const ModuleDriverListener driver_listener = {
  on_connecting, on_received, on_closed, on_credential_changed, module_handle_status_changed,
  on_restarted,  on_lost,
};

static void
on_life_changed (gpointer user_data)
{
  emit_changed (user_data);
}

static void
on_life_opened (gpointer user_data)
{
  g_signal_emit (user_data, opened_signal, 0);
}

static void
on_started (ModuleDriver *driver, gpointer user_data)
{
  Module *self = user_data;

  module_facts_take (&self->facts, driver);
  slot_table_grow (self->slots, self->facts.capabilities.slots);
  module_recovery_note_answered (self->recovery);
  readiness_begin (self->readiness, driver);
  eraser_want (self->eraser);
  slot_table_handle_started (self->slots);
  schedule_next (self);
}

static void
on_losing (const GError *error, gpointer user_data)
{
  Module *self = user_data;

  readiness_end (self->readiness);
  slot_table_lose (self->slots, error);
  eraser_forget (self->eraser);
  eraser_return_tasks (self->eraser);
  module_recovery_forget (self->recovery);
}

static void
on_silent (gpointer user_data)
{
  Module *self = user_data;

  module_recovery_note_silent (self->recovery);
  module_recovery_begin (self->recovery, NULL);
}

static const ModuleLifeListener life_listener = { on_life_changed, on_life_opened, on_started, on_losing,
                                                  on_silent };

void
module_start (Module *self)
{
  module_life_start (self->life);
}

void
module_try_again (Module *self)
{
  module_life_try_again (self->life);
}

/* -- what comes next: a step of the recovery, a waiting open, or a credential that is to be overwritten - */

static gboolean
begin_erasure (Module *self)
{
  return module_get_state (self) == MODULE_READY && slot_table_is_quiet (self->slots)
         && eraser_begin (self->eraser, module_life_get_driver (self->life), self->facts.identity.imei);
}

static gboolean
begin_recovery (Module *self)
{
  return module_get_state (self) == MODULE_READY && slot_table_is_quiet (self->slots)
         && module_recovery_begin (self->recovery, module_life_get_driver (self->life));
}

/* Whether the network is there for those that wait. They wait no longer than they want to, by themselves. */
static gboolean
network_is_there (Module *self)
{
  Slot *waiting;

  switch (readiness_want (self->readiness)) {
  case READINESS_READY:
    return TRUE;
  case READINESS_WAIT:
    return FALSE;
  case READINESS_NO_SIM:
    while ((waiting = slot_table_find (self->slots, SLOT_WAITING)) != NULL)
      slot_fail (waiting, module_status_make_error (module_get_status (self)));
    return FALSE;
  }
  g_assert_not_reached ();
}

/* One thing at a time that touches the module's credentials, so that the ledger knows what is meant. */
static void
begin_next (Module *self)
{
  Slot *waiting;

  /* An erasure before the next open, or a module that is never without one would keep what was deleted. */
  if (eraser_is_busy (self->eraser) || module_errand_is_restarting (self->errand)
      || module_recovery_is_busy (self->recovery) || begin_recovery (self) || begin_erasure (self))
    return;

  waiting = slot_table_find (self->slots, SLOT_WAITING);
  if (waiting == NULL)
    readiness_rest (self->readiness);
  else if (slot_table_find (self->slots, SLOT_CONFIGURING) == NULL && network_is_there (self))
    slot_start (waiting);
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
  return module_get_state (self) == MODULE_READY && slot_table_find (self->slots, SLOT_FREE) != NULL;
}

void
module_set_not_ready (Module *self, GError **error)
{
  const char *text = module_get_state_text (self);
  const char *why = *text != '\0' ? text : "try again in some seconds";

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_READY, "Module \"%s\" is %s: %s", module_get_name (self),
               module_state_get_name (module_get_state (self)), why);
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
               module_get_name (self), numbers->str,
               slot_table_count (self->slots) == 1 ? "its only one" : "them");
}

void
module_set_slot_error (Module *self, GError **error)
{
  if (module_get_state (self) != MODULE_READY)
    module_set_not_ready (self, error);
  else
    set_busy (self, error);
}

double
module_get_load (Module *self)
{
  return (double) slot_table_count_taken (self->slots) / MAX (slot_table_count (self->slots), 1);
}

Slot *
module_take_slot (Module *self, guint64 number, const SlotListener *slot_listener, gpointer user_data)
{
  Slot *slot = slot_table_find (self->slots, SLOT_FREE);

  g_return_val_if_fail (module_has_free_slot (self), NULL);

  slot_take (slot, module_life_get_driver (self->life), number, slot_listener, user_data);
  return slot;
}

Slot *
module_adopt_slot (Module *self, guint index, guint64 number, const SlotListener *slot_listener,
                   gpointer user_data)
{
  Slot *slot;

  g_return_val_if_fail (module_get_state (self) == MODULE_STARTING, NULL);

  slot_table_grow (self->slots, index + 1);
  slot = slot_table_get (self->slots, index);
  slot_take (slot, module_life_get_driver (self->life), number, slot_listener, user_data);
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

const ModuleStatus *
module_get_status (Module *self)
{
  static const ModuleStatus nothing;

  return module_get_state (self) == MODULE_READY
             ? module_driver_get_status (module_life_get_driver (self->life))
             : &nothing;
}

gboolean
module_is_online (Module *self)
{
  return readiness_is_online (self->readiness);
}

/* -- the object -------------------------------------------------------------------------------------- */

const char *
module_get_name (Module *self)
{
  return module_life_get_config (self->life)->name;
}

const char *
module_get_device (Module *self)
{
  return module_life_get_claim_facts (self->life)->device;
}

const char *
module_get_claim_mode (Module *self)
{
  return module_life_get_config (self->life)->claim_mode;
}

ModuleState
module_get_state (Module *self)
{
  return module_life_get_state (self->life);
}

const char *
module_get_state_text (Module *self)
{
  return module_life_get_text (self->life);
}

ModuleRecovery *
module_get_recovery (Module *self)
{
  return self->recovery;
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
  return module_get_state (self) == MODULE_READY
             ? module_driver_get_sleep_locks (module_life_get_driver (self->life))
             : 0;
}

static void
module_dispose (GObject *object)
{
  Module *self = MSSL_MODULE (object);

  /* Slots are held by connections, which hold the module: so all are free by now. */
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

  g_clear_pointer (&self->dozer, dozer_free);
  g_clear_pointer (&self->life, module_life_free);
  module_recovery_free (self->recovery);
  module_errand_free (self->errand);
  module_facts_clear (&self->facts);
  slot_table_free (self->slots);
  g_clear_pointer (&self->eraser, eraser_free);
  readiness_free (self->readiness);
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
  opened_signal =
      g_signal_new ("opened", MODULE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
module_init (Module *self)
{
  module_facts_init (&self->facts);
  self->slots = slot_table_new (G_OBJECT (self), on_slot_changed, self);
}

Module *
module_new (const ModuleConfig *config, Ledger *ledger, TimerClock *clock)
{
  Module *self = g_object_new (MODULE_TYPE, NULL);

  self->ledger = ledger;
  self->eraser = eraser_new (G_OBJECT (self), config->name, ledger, on_erased, self);
  self->errand = module_errand_new (config->name, on_errand_done, self);
  self->recovery = module_recovery_new (G_OBJECT (self), config->name, &config->recovery, config->user_data,
                                        clock, &recovery_listener, self);
  self->readiness = readiness_new (G_OBJECT (self), config->sync_clock, clock, on_readiness_changed, self);
  self->life = module_life_new (G_OBJECT (self), config, clock, &life_listener, &driver_listener, self);
  self->dozer = dozer_new (self->life, clock);
  return self;
}
