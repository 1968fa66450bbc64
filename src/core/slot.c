/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A slot's states. Each operation of the driver carries the number of the holding that started it; a result
 * with another number is late and is dropped.
 */
#include "slot.h"

struct Slot {
  GObject *module; /* not owned: the module owns the slot */
  guint index;
  SlotChangedFunc changed;
  gpointer changed_data;

  SlotState state;
  guint64 holding; /* counts slot_take() */
  guint64 holder;
  ModuleDriver *driver;
  const SlotListener *listener;
  gpointer user_data;
  char *digests[MODULE_CREDENTIAL_PARTS];
  GError *failure;  /* what @ended will say, when we closed it because of that */
  gboolean started; /* the driver is ready */
  gssize confirmed; /* of what was adopted; -1 while that is not known, or nothing was */
};

typedef struct {
  GObject *module; /* keeps the slot alive */
  Slot *slot;
  guint64 holding;
} Operation;

static Operation *
operation_new (Slot *self)
{
  Operation *operation = g_new (Operation, 1);

  *operation = (Operation){ g_object_ref (self->module), self, self->holding };
  return operation;
}

static void
operation_free (Operation *operation)
{
  g_object_unref (operation->module);
  g_free (operation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_free)

/* Whether the result of @operation still concerns somebody. */
static gboolean
is_current (const Operation *operation)
{
  return operation->holding == operation->slot->holding && operation->slot->state != SLOT_FREE;
}

static void
set_state (Slot *self, SlotState state)
{
  self->state = state;
  self->changed (self, self->changed_data);
}

static void
clear_digests (Slot *self)
{
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++)
    g_clear_pointer (&self->digests[part], g_free);
}

Slot *
slot_new (GObject *module, guint index, SlotChangedFunc changed, gpointer user_data)
{
  Slot *self = g_new0 (Slot, 1);

  self->module = module;
  self->index = index;
  self->changed = changed;
  self->changed_data = user_data;
  return self;
}

void
slot_free (Slot *self)
{
  g_return_if_fail (self->state == SLOT_FREE);

  g_free (self);
}

SlotState
slot_get_state (const Slot *self)
{
  return self->state;
}

guint64
slot_get_holder (const Slot *self)
{
  return self->holder;
}

const char *
slot_get_digest (const Slot *self, ModuleCredentialPart part)
{
  return self->digests[part];
}

guint
slot_get_max_send_bytes (const Slot *self)
{
  return module_driver_get_capabilities (self->driver)->max_send_bytes;
}

/* The only way to SLOT_FREE. */
static void
end (Slot *self, const GError *error)
{
  g_autoptr (GError) failure = g_steal_pointer (&self->failure);
  const SlotListener *listener = self->listener;
  gpointer user_data = self->user_data;
  g_autoptr (GObject) module G_GNUC_UNUSED = g_object_ref (self->module);

  self->holder = 0;
  self->driver = NULL;
  self->listener = NULL;
  self->user_data = NULL;
  clear_digests (self);
  set_state (self, SLOT_FREE);
  listener->ended (failure != NULL ? failure : error, user_data);
}

void
slot_take (Slot *self, ModuleDriver *driver, guint64 holder, const SlotListener *listener, gpointer user_data)
{
  g_return_if_fail (self->state == SLOT_FREE && holder != 0);

  self->holding++;
  self->holder = holder;
  self->driver = driver;
  self->listener = listener;
  self->user_data = user_data;
  self->started = FALSE;
  self->confirmed = -1;
  set_state (self, SLOT_WAITING);
}

void
slot_start (Slot *self)
{
  g_return_if_fail (self->state == SLOT_WAITING);

  self->listener->start (self->user_data);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  Slot *self = operation->slot;
  g_autoptr (GError) error = NULL;
  gboolean opened = module_driver_open_finish (NULL, result, &error);

  /* While closing, the slot is free only when the close has ended too. */
  if (!is_current (operation) || self->state == SLOT_CLOSING)
    return;

  if (!opened) {
    end (self, error);
    return;
  }
  set_state (self, SLOT_OPEN);
  if (is_current (operation) && self->state == SLOT_OPEN)
    self->listener->opened (self->user_data);
}

void
slot_open (Slot *self, const ModuleOpenRequest *request, const char *const *digests)
{
  g_return_if_fail (self->state == SLOT_WAITING);

  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++)
    self->digests[part] = g_strdup (digests[part]);
  set_state (self, SLOT_CONFIGURING);
  module_driver_open_async (self->driver, self->index, request, on_opened, operation_new (self));
}

/* Not before the driver is ready, which knows only then how much it can send at a time. */
static void
resume_if_possible (Slot *self)
{
  guint64 holding = self->holding;

  if (self->state != SLOT_CONNECTING || !self->started || self->confirmed < 0)
    return;

  set_state (self, SLOT_OPEN);
  if (self->holding == holding && self->state == SLOT_OPEN)
    self->listener->resumed ((gsize) self->confirmed, self->user_data);
}

static void
on_adopted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  Slot *self = operation->slot;
  g_autoptr (GError) error = NULL;
  gssize confirmed = module_driver_adopt_finish (NULL, result, &error);

  /* After an error the driver's closed event says the same. */
  if (!is_current (operation) || confirmed < 0)
    return;

  self->confirmed = confirmed;
  resume_if_possible (self);
}

void
slot_handle_started (Slot *self)
{
  self->started = TRUE;
  resume_if_possible (self);
}

void
slot_adopt (Slot *self, const ModuleAdoption *adoption)
{
  Operation *operation = operation_new (self);
  g_autoptr (GError) error = NULL;

  g_return_if_fail (self->state == SLOT_WAITING);

  if (module_driver_adopt (self->driver, self->index, adoption, on_adopted, operation, &error)) {
    set_state (self, SLOT_CONNECTING);
    return;
  }
  operation_free (operation);
  end (self, error);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  Slot *self = operation->slot;
  g_autoptr (GError) error = NULL;

  module_driver_send_finish (NULL, result, &error);
  if (is_current (operation) && self->state == SLOT_OPEN)
    self->listener->sent (error, self->user_data);
}

void
slot_send (Slot *self, GBytes *data)
{
  g_return_if_fail (self->state == SLOT_OPEN);

  module_driver_send_async (self->driver, self->index, data, on_sent, operation_new (self));
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  g_autoptr (GError) error = NULL;

  if (!module_driver_close_finish (NULL, result, &error))
    g_debug ("close: %s", error->message);
  /* The slot is free whatever the result. */
  if (is_current (operation))
    end (operation->slot, NULL);
}

void
slot_close (Slot *self)
{
  if (self->state == SLOT_FREE || self->state == SLOT_CLOSING)
    return;

  if (self->state == SLOT_WAITING) {
    end (self, NULL);
    return;
  }
  set_state (self, SLOT_CLOSING);
  module_driver_close_async (self->driver, self->index, on_closed, operation_new (self));
}

void
slot_fail (Slot *self, GError *error)
{
  if (self->state == SLOT_FREE || self->state == SLOT_CLOSING) {
    g_error_free (error);
    return;
  }
  self->failure = error;
  slot_close (self);
}

void
slot_lose (Slot *self, const GError *error)
{
  if (self->state != SLOT_FREE)
    end (self, error);
}

void
slot_handle_connecting (Slot *self)
{
  guint64 holding = self->holding;

  if (self->state != SLOT_CONFIGURING)
    return;

  set_state (self, SLOT_CONNECTING);
  if (self->holding == holding && self->state == SLOT_CONNECTING)
    self->listener->connecting (self->user_data);
}

void
slot_handle_received (Slot *self, GBytes *data)
{
  switch (self->state) {
  case SLOT_CONFIGURING:
  case SLOT_CONNECTING: /* it may come before the result of the open was dispatched */
  case SLOT_OPEN:
    self->listener->received (data, self->user_data);
    return;
  case SLOT_FREE:
  case SLOT_WAITING:
  case SLOT_CLOSING:
    return;
  }
}

void
slot_handle_closed (Slot *self, const GError *error)
{
  switch (self->state) {
  case SLOT_CONFIGURING:
  case SLOT_CONNECTING: /* it may come before the result of the open was dispatched */
  case SLOT_OPEN:
    end (self, error);
    return;
  case SLOT_FREE:
  case SLOT_WAITING:
  case SLOT_CLOSING:
    return;
  }
}
