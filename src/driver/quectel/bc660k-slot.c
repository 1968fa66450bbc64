/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection of the module: open, send, receive, close (note 2.3.2 to 2.4.2). set_state() is the only
 * writer of the state. What the module says decides over what was asked: a result counts when it comes,
 * before or after its OK.
 */
#include "bc660k-slot-private.h"

#include "bc660k-commands.h"
#include "bc660k-network.h"

/* The module's own limit for a DTLS handshake, which no setting changes (note 2.3.2). */
#define DTLS_OPEN_TIMEOUT_MS 123000
/* Note 2.3.4 promises 300 ms. */
#define CLOSE_TIMEOUT_MS 3000
/* Some data may follow a "closed" (unknown, so both orders are served). */
#define CLOSED_GRACE_MS 150
/* Note, chapter 4: the slot is not in the state that the command needs. */
#define RESULT_STATE (-6)

static void run_close (Bc660kSlot *self);

guint
bc660k_slot_get_timeout_ms (Bc660kSlot *self)
{
  guint timeout_ms = self->settings.timeout_s * 1000;

  return self->settings.protocol == TLS_PROTOCOL_DTLS ? timeout_ms : timeout_ms + self->driver->margin_ms;
}

/** How long the module itself may take over an open (note 2.3.2). */
static guint
get_open_limit_ms (Bc660kSlot *self)
{
  if (self->settings.protocol == TLS_PROTOCOL_DTLS)
    return DTLS_OPEN_TIMEOUT_MS + self->driver->margin_ms;
  return bc660k_slot_get_timeout_ms (self);
}

void
bc660k_slot_set_state (Bc660kSlot *self, SlotState state, guint timeout_ms)
{
  gboolean was_taken = self->state != SLOT_FREE;

  self->state = state;
  if (timeout_ms > 0)
    timer_set (&self->timer, timeout_ms);
  else
    timer_clear (&self->timer);
  if (state != SLOT_CONFIGURING)
    g_clear_pointer (&self->opening, bc660k_opening_drop);
  if ((state == SLOT_FREE) == was_taken)
    bc660k_farewell_update (self->driver);
  if (state == SLOT_FREE && was_taken)
    bc660k_sleep_release (self->driver);
}

void
bc660k_slot_return_task (GTask **task, GError *error)
{
  g_autoptr (GTask) taken = g_steal_pointer (task);

  if (taken == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (taken, error);
  else
    g_task_return_boolean (taken, TRUE);
}

/**
 * The connection is over in the module: the slot is free; whoever waits is told, the listener last. Each of
 * them may free the driver or open the slot again, so nothing of the slot is used after its state was set.
 */
static void
finish (Bc660kSlot *self, const GError *error)
{
  Bc660kDriver *driver = bc660k_private_ref (self->driver);
  GTask *open_task = g_steal_pointer (&self->open_task);
  GTask *send_task = g_steal_pointer (&self->send_task);
  g_autoptr (GPtrArray) close_tasks = g_steal_pointer (&self->close_tasks);
  g_autoptr (GError) reason = g_steal_pointer (&self->closing_reason);
  gboolean tell = self->connected && close_tasks->len == 0;
  guint number = self->number;

  if (reason == NULL)
    reason = g_error_copy (error);
  self->close_tasks = g_ptr_array_new ();
  self->connected = FALSE;
  self->given_up = self->given_up || self->open_pending;
  self->open_pending = FALSE;
  self->close_pending = FALSE;
  self->came_up = FALSE;
  bc660k_confirm_give_up (&self->confirm, bc660k_slot_get_timeout_ms (self));
  bc660k_record_end (&self->record);
  bc660k_slot_set_state (self, SLOT_FREE, 0);
  bc660k_slot_return_task (&open_task, g_error_copy (reason));
  bc660k_slot_return_task (&send_task, g_error_copy (reason));
  for (guint i = 0; i < close_tasks->len; i++)
    bc660k_slot_return_task ((GTask **) &close_tasks->pdata[i], NULL);
  if (tell && driver->parent.listener != NULL)
    driver->parent.listener->closed (number, reason, driver->parent.listener_data);
  bc660k_private_unref (driver);
}

void
bc660k_slot_close_because (Bc660kSlot *self, GError *error)
{
  GTask *send_task = g_steal_pointer (&self->send_task);

  if (self->closing_reason != NULL || self->state == SLOT_CLOSING) {
    g_error_free (error);
    return;
  }
  self->closing_reason = g_error_copy (error);
  run_close (self);
  bc660k_slot_return_task (&send_task, error);
}

/** As finish(), with an @error that is taken. */
static void
fail (Bc660kSlot *self, GError *error)
{
  g_autoptr (GError) owned = error;

  finish (self, owned);
}

static void
finish_close (Bc660kSlot *self)
{
  fail (self, module_error_new (CLOSE_REASON_REQUESTED, 0, "the connection was closed"));
}

static void
succeed_open (Bc660kSlot *self)
{
  self->connected = TRUE;
  bc660k_record_begin (&self->record);
  bc660k_slot_set_state (self, SLOT_OPEN, 0);
  bc660k_slot_return_task (&self->open_task, NULL);
}

/**
 * A close was refused, or was answered by an error. That means that there is nothing to close, or that the
 * module was still opening: then the result of the open decides.
 */
static void
settle_close (Bc660kSlot *self)
{
  if (self->open_pending) {
    timer_set (&self->timer, get_open_limit_ms (self));
  } else if (self->came_up) {
    self->came_up = FALSE;
    run_close (self);
  } else {
    finish_close (self);
  }
}

/**
 * What is going on now cannot be told apart from an earlier connection that was given up: it may have been
 * opened for another host, or with less authentication, or its end may have reset the settings that were just
 * proven.
 */
static void
refuse_to_guess (Bc660kSlot *self)
{
  self->given_up = FALSE;
  bc660k_slot_close_because (
      self,
      module_error_new (CLOSE_REASON_STATE, 0, "the module came late with news of an earlier connection"));
}

static void
judge_open_result (Bc660kSlot *self, int result)
{
  if (result != 0)
    bc660k_network_doubt (self->driver);
  if (self->given_up)
    refuse_to_guess (self);
  else if (result == 0)
    succeed_open (self);
  else if (result == RESULT_STATE)
    bc660k_slot_close_because (self, bc660k_private_result_error (result, "Opening the connection"));
  else
    fail (self, bc660k_private_result_error (result, "Opening the connection"));
}

void
bc660k_slot_handle_open_result (Bc660kSlot *self, int result)
{
  gboolean was_pending = self->open_pending;

  self->open_pending = FALSE;
  switch (self->state) {
  case SLOT_FREE:
    self->given_up = FALSE;
    if (result != 0)
      break;
    self->driver->sleep.locks++; /* an open that was given up has succeeded after all: nobody wants it */
    run_close (self);
    break;
  case SLOT_CONFIGURING:
    self->given_up = FALSE;
    if (result == 0)
      refuse_to_guess (self);
    break;
  case SLOT_OPENING:
    judge_open_result (self, result);
    break;
  case SLOT_OPEN:
  case SLOT_PEER_CLOSED:
    break;
  case SLOT_CLOSING:
    self->came_up = was_pending && result == 0;
    if (was_pending && !self->close_pending)
      settle_close (self);
    break;
  }
}

GError *
bc660k_slot_translate (const GError *error, const char *what)
{
  if (g_error_matches (error, AT_ERROR, AT_ERROR_TIMEOUT))
    return module_error_new (CLOSE_REASON_TIMEOUT, 0, "%s: %s", what, error->message);
  return bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, what);
}

static void
on_open_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (driver->channel == NULL || self->state != SLOT_OPENING || error == NULL)
    return; /* what counts is the result, which comes as a URC */
  if (g_error_matches (error, AT_ERROR, AT_ERROR_LOST))
    return; /* the loss itself is on its way */
  /* Refused perhaps because of a connection of an earlier life: what follows closes that too. */
  self->open_pending = !g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED);
  bc660k_slot_close_because (self, bc660k_slot_translate (error, "Opening the connection"));
}

static void
run_open (Bc660kSlot *self)
{
  const ModuleDriverListener *listener = self->driver->parent.listener;
  g_autoptr (GError) error = NULL;
  AtCommand *command = bc660k_commands_new_open (self->number, bc660k_opening_get_request (self->opening),
                                                 bc660k_slot_get_timeout_ms (self), &error);

  if (command == NULL) {
    fail (self, module_error_new (CLOSE_REASON_MODULE_ERROR, 0, "%s", error->message));
    return;
  }
  bc660k_slot_set_state (self, SLOT_OPENING, bc660k_slot_get_timeout_ms (self));
  self->open_pending = TRUE;
  bc660k_private_run (self->driver, command, on_open_answered, self);
  if (listener != NULL)
    listener->connecting (self->number, self->driver->parent.listener_data);
}

static void
on_ready (const GError *error, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (error == NULL)
    run_open (self);
  else
    finish (self, error);
}

void
bc660k_slot_open (Bc660kSlot *self, const ModuleOpenRequest *request, GTask *task)
{
  if (self->state != SLOT_FREE) {
    g_task_return_error (task, module_error_new (CLOSE_REASON_STATE, 0, "the module's slot is taken"));
    g_object_unref (task);
    return;
  }
  self->open_task = task;
  self->settings = request->settings;
  bc660k_record_prepare (&self->record, request->journal);
  bc660k_slot_set_state (self, SLOT_CONFIGURING, 0);
  self->opening = bc660k_opening_start (self->driver, self->number, request, on_ready, self);
}

void
bc660k_slot_handle_received (Bc660kSlot *self, GBytes *data)
{
  g_autoptr (GBytes) held = g_bytes_ref (data); /* the listener may free the driver, and with it the parser */
  const ModuleDriverListener *listener = self->driver->parent.listener;

  if (bc660k_record_is_known (&self->record))
    return;
  if (self->state == SLOT_OPENING) {
    bc660k_slot_close_because (
        self, module_error_new (CLOSE_REASON_PROTOCOL, 0, "data came before the connection was open"));
    return;
  }
  if (self->state == SLOT_PEER_CLOSED)
    timer_set (&self->timer, CLOSED_GRACE_MS);
  else if (self->state != SLOT_OPEN)
    return;
  bc660k_record_note_received (&self->record, held);
  if (listener != NULL)
    listener->received (self->number, held, self->driver->parent.listener_data);
}

static void
handle_closed_while_open (Bc660kSlot *self)
{
  GTask *send_task = g_steal_pointer (&self->send_task);

  bc660k_record_freeze (&self->record);
  bc660k_slot_set_state (self, SLOT_PEER_CLOSED, CLOSED_GRACE_MS);
  bc660k_slot_return_task (
      &send_task, module_error_new (CLOSE_REASON_SERVER_CLOSED, 0, "the server closed the connection"));
}

void
bc660k_slot_handle_closed (Bc660kSlot *self)
{
  switch (self->state) {
  case SLOT_FREE:
  case SLOT_CONFIGURING:
  case SLOT_PEER_CLOSED:
    break;
  case SLOT_OPENING:
    self->open_pending = FALSE;
    fail (self, module_error_new (CLOSE_REASON_CONNECT_FAILED, 0, "the server closed during the handshake"));
    break;
  case SLOT_OPEN:
    handle_closed_while_open (self);
    break;
  case SLOT_CLOSING:
    self->open_pending = FALSE;
    fail (self, module_error_new (CLOSE_REASON_SERVER_CLOSED, 0, "the server closed the connection"));
    break;
  }
}

void
bc660k_slot_handle_broken (Bc660kSlot *self)
{
  GError *error =
      module_error_new (CLOSE_REASON_PROTOCOL, 0, "received data was incomplete or garbled on the line");

  if (self->state == SLOT_OPEN || self->state == SLOT_OPENING)
    bc660k_slot_close_because (self, error);
  else if (self->state == SLOT_PEER_CLOSED)
    fail (self, error);
  else
    g_error_free (error);
}

void
bc660k_slot_handle_close_result (Bc660kSlot *self, int result)
{
  switch (self->state) {
  case SLOT_FREE:
  case SLOT_OPEN:
  case SLOT_PEER_CLOSED:
    break;
  case SLOT_CONFIGURING:
  case SLOT_OPENING:
    if (result == 0)
      refuse_to_guess (self);
    break;
  case SLOT_CLOSING:
    self->close_pending = FALSE;
    self->open_pending = self->open_pending && result != 0;
    self->came_up = self->came_up && result != 0;
    settle_close (self);
    break;
  }
}

static void
on_close_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (driver->channel == NULL || self->state != SLOT_CLOSING || !self->close_pending)
    return;
  if (g_error_matches (error, AT_ERROR, AT_ERROR_LOST))
    return; /* the loss itself is on its way */
  if (error == NULL) {
    timer_set (&self->timer, CLOSE_TIMEOUT_MS);
    return;
  }
  self->close_pending = FALSE;
  settle_close (self);
}

static void
run_close (Bc660kSlot *self)
{
  bc660k_record_end (&self->record);
  bc660k_slot_set_state (self, SLOT_CLOSING, 0);
  self->close_pending = TRUE;
  bc660k_private_run (self->driver, bc660k_commands_new_close (self->number, CLOSE_TIMEOUT_MS),
                      on_close_answered, self);
}

static void
close_open_slot (Bc660kSlot *self)
{
  GTask *open_task = g_steal_pointer (&self->open_task);
  GTask *send_task = g_steal_pointer (&self->send_task);

  run_close (self);
  bc660k_slot_return_task (&open_task,
                           module_error_new (CLOSE_REASON_REQUESTED, 0, "closed while it was being opened"));
  bc660k_slot_return_task (&send_task, module_error_new (CLOSE_REASON_REQUESTED, 0, "closed while sending"));
}

void
bc660k_slot_close (Bc660kSlot *self, GTask *task)
{
  if (self->state == SLOT_FREE) {
    bc660k_slot_return_task (&task, NULL);
    return;
  }
  g_ptr_array_add (self->close_tasks, task);
  switch (self->state) {
  case SLOT_FREE:
    break;
  case SLOT_CONFIGURING:
    bc660k_opening_cancel (self->opening);
    break;
  case SLOT_OPENING:
  case SLOT_OPEN:
    close_open_slot (self);
    break;
  case SLOT_PEER_CLOSED:
    finish_close (self);
    break;
  case SLOT_CLOSING:
    break;
  }
}

void
bc660k_slot_close_leftover (Bc660kSlot *self, GTask *task)
{
  g_return_if_fail (self->state == SLOT_FREE);

  self->driver->sleep.locks++; /* given back with the slot */
  g_ptr_array_add (self->close_tasks, task);
  run_close (self);
}

void
bc660k_slot_end (Bc660kSlot *self, const GError *error)
{
  self->open_pending = FALSE;
  self->given_up = FALSE;
  bc660k_confirm_forget (&self->confirm);
  /* What looked like damage was the beginning of this. */
  if (g_error_matches (self->closing_reason, MODULE_ERROR, CLOSE_REASON_PROTOCOL))
    g_clear_error (&self->closing_reason);
  if (self->state != SLOT_FREE)
    finish (self, error);
}

void
bc660k_slot_handle_deep_sleep (Bc660kSlot *self, const GError *error)
{
  if (self->state != SLOT_CONFIGURING)
    bc660k_slot_end (self, error);
}

/** The grace is over, unless what it is for is just coming in. */
static void
end_grace (Bc660kSlot *self)
{
  if (at_channel_is_receiving (self->driver->channel))
    timer_set (&self->timer, CLOSED_GRACE_MS);
  else
    fail (self, module_error_new (CLOSE_REASON_SERVER_CLOSED, 0, "the server closed the connection"));
}

static void
on_timer (gpointer user_data)
{
  Bc660kSlot *self = user_data;

  switch (self->state) {
  case SLOT_FREE:
  case SLOT_CONFIGURING:
  case SLOT_OPEN:
    break;
  case SLOT_OPENING:
    bc660k_network_doubt (self->driver);
    bc660k_slot_close_because (self,
                               module_error_new (CLOSE_REASON_TIMEOUT, 0,
                                                 "the module did not report the result of the open in time"));
    break;
  case SLOT_PEER_CLOSED:
    end_grace (self);
    break;
  case SLOT_CLOSING:
    finish_close (self);
    break;
  }
}

Bc660kSlot *
bc660k_slot_new (Bc660kDriver *driver, guint number)
{
  Bc660kSlot *self = g_new0 (Bc660kSlot, 1);

  self->driver = driver;
  self->number = number;
  timer_init (&self->timer, timer_clock_get_system (), on_timer, self);
  self->close_tasks = g_ptr_array_new ();
  bc660k_confirm_init (&self->confirm, bc660k_slot_handle_confirmed, self);
  bc660k_record_init (&self->record, driver, number);
  return self;
}

void
bc660k_slot_free (Bc660kSlot *self)
{
  g_clear_pointer (&self->opening, bc660k_opening_drop);
  timer_dispose (&self->timer);
  bc660k_confirm_dispose (&self->confirm);
  bc660k_record_dispose (&self->record);
  g_clear_error (&self->closing_reason);
  g_ptr_array_unref (self->close_tasks);
  g_free (self);
}

gboolean
bc660k_slot_is_free (Bc660kSlot *self)
{
  return self->state == SLOT_FREE;
}

Bc660kRecord *
bc660k_slot_get_record (Bc660kSlot *self)
{
  return &self->record;
}

DataFormat
bc660k_slot_get_receive_format (Bc660kSlot *self)
{
  return self->settings.receive_format;
}

gboolean
bc660k_slot_is_verbose (Bc660kSlot *self)
{
  return self->settings.module_debug > 0;
}
