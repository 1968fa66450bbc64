/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection of the module: open, send, receive, close (note 2.3.2 to 2.4.2). set_state() is the only
 * writer of the state. What the module says decides over what was asked: a result counts when it comes,
 * before or after its OK.
 */
#include "bc660k-private.h"

#include <string.h>

/* Beyond the module's own time-out, for its OK and the line. */
#define MARGIN_MS 5000
/* Note 2.3.4 promises 300 ms. */
#define CLOSE_TIMEOUT_MS 3000
/* Some data may follow a "closed" (unknown, so both orders are served). */
#define CLOSED_GRACE_MS 150

typedef enum {
  SLOT_FREE,
  SLOT_CONFIGURING, /* waking the module, settings, credentials */
  SLOT_OPENING,     /* AT+QSSLOPEN was given */
  SLOT_OPEN,
  SLOT_PEER_CLOSED, /* "closed" has come; the last data may follow */
  SLOT_CLOSING,     /* AT+QSSLCLOSE was given */
} SlotState;

/** What an open needs until AT+QSSLOPEN is given. It outlives the open when a command for it is still under
 * way. */
typedef struct {
  int ref_count;
  Bc660kSlot *slot;
  ModuleOpenRequest request;
  char *host; /* behind request.host */
  gboolean cancelled;
} Opening;

struct Bc660kSlot {
  Bc660kDriver *driver; /* not owned: the driver frees its slots */
  guint number;
  SlotState state;
  TlsSettings settings;  /* of the present or last connection */
  Opening *opening;      /* while configuring */
  gboolean open_pending; /* AT+QSSLOPEN was given and its result has not come */
  gboolean connected;    /* the open has succeeded; the listener is owed a closed event */
  GTask *open_task;
  GTask *send_task;
  GTask *close_task;
  GError *closing_reason; /* why the driver itself closes */
  Alarm *alarm;           /* result of open, send, close; or the grace */
};

static void run_close (Bc660kSlot *self);

static Opening *
opening_new (Bc660kSlot *slot, const ModuleOpenRequest *request)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->ref_count = 1;
  opening->slot = slot;
  opening->request = *request;
  opening->host = g_strdup (request->host);
  opening->request.host = opening->host;
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    if (request->credentials[part].pem != NULL)
      g_bytes_ref (request->credentials[part].pem);
  }
  return opening;
}

static void
opening_unref (Opening *opening)
{
  if (--opening->ref_count > 0)
    return;
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++)
    g_clear_pointer (&opening->request.credentials[part].pem, g_bytes_unref);
  g_free (opening->host);
  g_free (opening);
}

static void
drop_opening (Bc660kSlot *self)
{
  if (self->opening == NULL)
    return;
  self->opening->cancelled = TRUE;
  g_clear_pointer (&self->opening, opening_unref);
}

static guint
get_timeout_ms (Bc660kSlot *self)
{
  return self->settings.timeout_s * 1000 + MARGIN_MS;
}

static void
set_state (Bc660kSlot *self, SlotState state, guint timeout_ms)
{
  gboolean was_taken = self->state != SLOT_FREE;

  self->state = state;
  if (timeout_ms > 0)
    alarm_set (self->alarm, timeout_ms);
  else
    alarm_clear (self->alarm);
  if (state != SLOT_CONFIGURING)
    drop_opening (self);
  if (state == SLOT_FREE && was_taken)
    bc660k_sleep_release (self->driver);
}

static void
return_task (GTask **task, GError *error)
{
  g_autoptr (GTask) taken = g_steal_pointer (task);

  if (taken == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (taken, error);
  else
    g_task_return_boolean (taken, TRUE);
}

/** The connection is over in the module: the slot is free; whoever waits is told, the listener last. */
static void
finish (Bc660kSlot *self, const GError *error)
{
  const ModuleDriverListener *listener = self->driver->parent.listener;
  gboolean tell = self->connected && self->close_task == NULL;
  g_autoptr (GError) reason = g_steal_pointer (&self->closing_reason);

  if (reason == NULL)
    reason = g_error_copy (error);
  self->connected = FALSE;
  self->open_pending = FALSE;
  set_state (self, SLOT_FREE, 0);
  return_task (&self->open_task, g_error_copy (reason));
  return_task (&self->send_task, g_error_copy (reason));
  return_task (&self->close_task, NULL);
  if (tell && listener != NULL)
    listener->closed (self->number, reason, self->driver->parent.listener_data);
}

/** The driver ends a connection by itself because of @error (taken): closes it in the module, then tells. */
static void
close_because (Bc660kSlot *self, GError *error)
{
  if (self->closing_reason != NULL || self->state == SLOT_CLOSING) {
    g_error_free (error);
    return;
  }
  return_task (&self->send_task, g_error_copy (error));
  self->closing_reason = error;
  run_close (self);
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
  set_state (self, SLOT_OPEN, 0);
  return_task (&self->open_task, NULL);
}

void
bc660k_slot_handle_open_result (Bc660kSlot *self, int result)
{
  gboolean was_pending = self->open_pending;

  self->open_pending = FALSE;
  if (self->state == SLOT_OPENING && result == 0) {
    succeed_open (self);
  } else if (self->state == SLOT_OPENING) {
    fail (self, bc660k_private_result_error (result, "Opening the connection"));
  } else if (self->state == SLOT_CLOSING && was_pending && result == 0) {
    run_close (self); /* it could not be closed while it was being opened; now it can */
  } else if (self->state == SLOT_CLOSING && was_pending) {
    finish_close (self);
  } else if (self->state == SLOT_FREE && result == 0) {
    self->driver->sleep.locks++; /* an open that was given up has succeeded after all: nobody wants it */
    run_close (self);
  }
}

static void
on_open_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (driver->channel == NULL || self->state != SLOT_OPENING || error == NULL)
    return; /* what counts is the result, which comes as a URC */
  if (g_error_matches (error, AT_ERROR, AT_ERROR_TIMEOUT))
    close_because (self, bc660k_private_translate (error, CLOSE_REASON_TIMEOUT, "Opening the connection"));
  else
    fail (self, bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Opening the connection"));
}

static AtCommand *
new_open_command (Bc660kSlot *self, const ModuleOpenRequest *request, GError **error)
{
  AtCommand *command = at_command_new ("AT+QSSLOPEN=", NULL, get_timeout_ms (self));

  at_command_add_int (command, BC660K_CONTEXT_ID);
  at_command_add_int (command, (int) self->number);
  if (!at_command_add_string (command, request->host, BC660K_HOST_MAX_BYTES, error)) {
    at_command_free (command);
    return NULL;
  }
  at_command_add_int (command, request->port);
  at_command_add_int (command, 0); /* non-transparent, the only mode that is supported (note 2.3.2) */
  return command;
}

static void
run_open (Bc660kSlot *self)
{
  const ModuleDriverListener *listener = self->driver->parent.listener;
  g_autoptr (GError) error = NULL;
  AtCommand *command = new_open_command (self, &self->opening->request, &error);

  if (command == NULL) {
    fail (self, module_error_new (CLOSE_REASON_MODULE_ERROR, 0, "%s", error->message));
    return;
  }
  set_state (self, SLOT_OPENING, get_timeout_ms (self));
  self->open_pending = TRUE;
  bc660k_private_run (self->driver, command, on_open_answered, self);
  if (listener != NULL)
    listener->connecting (self->number, self->driver->parent.listener_data);
}

static void
on_set_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Opening *opening = user_data;
  Bc660kSlot *self = opening->slot;
  Bc660kDriver *driver = self->driver;
  gboolean ready = g_task_propagate_boolean (G_TASK (result), &error);

  if (self->opening == opening && ready && !opening->cancelled)
    run_open (self);
  else if (self->opening == opening && ready)
    finish_close (self);
  else if (self->opening == opening)
    fail (self, g_steal_pointer (&error));
  opening_unref (opening);
  bc660k_private_unref (driver);
}

static void
on_awake (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Opening *opening = user_data;
  Bc660kSlot *self = opening->slot;

  if (self->opening != opening) {
    opening_unref (opening);
    return;
  }
  if (error != NULL) {
    fail (self, bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Waking the module"));
    opening_unref (opening);
    return;
  }
  bc660k_private_ref (driver);
  bc660k_setup_async (driver, self->number, &opening->request, &opening->cancelled, on_set_up, opening);
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
  self->opening = opening_new (self, request);
  set_state (self, SLOT_CONFIGURING, 0);
  self->opening->ref_count++;
  bc660k_sleep_acquire (self->driver, on_awake, self->opening);
}

static GBytes *
encode_hex (GBytes *data)
{
  static const char digits[] = "0123456789ABCDEF";
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  char *text = g_malloc (2 * size);

  for (gsize i = 0; i < size; i++) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 0xf];
  }
  return g_bytes_new_take (text, 2 * size);
}

static gboolean
fits_ctrl_z (GBytes *payload)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (payload, &size);

  return memchr (bytes, 0x1a, size) == NULL && memchr (bytes, 0x1b, size) == NULL;
}

/**
 * The counted form whenever the module has it: it carries every byte, and its end cannot be missed. The
 * Ctrl-Z form is for a firmware without it, and then only for data that it can carry. NULL when no form can
 * carry @data.
 */
static AtCommand *
new_send_command (Bc660kSlot *self, GBytes *data)
{
  gboolean hex = self->settings.send_format == DATA_FORMAT_HEX;
  g_autoptr (GBytes) payload = hex ? encode_hex (data) : g_bytes_ref (data);
  AtCommand *command;

  if (!self->driver->counted_send && !fits_ctrl_z (payload))
    return NULL;
  command = at_command_new ("AT+QSSLSEND=", NULL, get_timeout_ms (self));
  command->data_delay_ms = self->driver->prompt_delay_ms;
  at_command_add_int (command, BC660K_CONTEXT_ID);
  at_command_add_int (command, (int) self->number);
  if (self->driver->counted_send)
    at_command_add_int (command, (int) g_bytes_get_size (data));
  at_command_set_payload (command, self->driver->counted_send ? AT_DATA_COUNTED : AT_DATA_CTRL_Z, payload);
  return command;
}

void
bc660k_slot_handle_send_result (Bc660kSlot *self, int result)
{
  if (self->state != SLOT_OPEN || self->send_task == NULL)
    return;
  alarm_clear (self->alarm);
  if (result == 0)
    return_task (&self->send_task, NULL);
  else
    close_because (self, bc660k_private_result_error (result, "Sending"));
}

static void
on_send_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (driver->channel == NULL || self->state != SLOT_OPEN || self->send_task == NULL)
    return;
  /* OK alone does not mean sent (note 2.3.3): the result must still come. */
  if (error == NULL)
    alarm_set (self->alarm, get_timeout_ms (self));
  else
    close_because (self, bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Sending"));
}

void
bc660k_slot_send (Bc660kSlot *self, GBytes *data, GTask *task)
{
  g_autoptr (GTask) owned = task;
  AtCommand *command;

  if (self->state != SLOT_OPEN || self->send_task != NULL) {
    g_task_return_error (task, module_error_new (CLOSE_REASON_STATE, 0, "the connection cannot send now"));
    return;
  }
  self->send_task = g_steal_pointer (&owned);
  command = new_send_command (self, data);
  if (command != NULL)
    bc660k_private_run (self->driver, command, on_send_answered, self);
  else
    close_because (
        self,
        module_error_new (CLOSE_REASON_MODULE_ERROR, 0,
                          "this firmware cannot send the bytes 0x1A and 0x1B as text: set send-format=hex"));
}

void
bc660k_slot_handle_received (Bc660kSlot *self, GBytes *data)
{
  const ModuleDriverListener *listener = self->driver->parent.listener;

  if (self->state == SLOT_OPENING) {
    close_because (self,
                   module_error_new (CLOSE_REASON_PROTOCOL, 0, "data came before the connection was open"));
    return;
  }
  if (self->state == SLOT_PEER_CLOSED)
    alarm_set (self->alarm, CLOSED_GRACE_MS);
  else if (self->state != SLOT_OPEN)
    return;
  if (listener != NULL)
    listener->received (self->number, data, self->driver->parent.listener_data);
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
    fail (self, module_error_new (CLOSE_REASON_CONNECT_FAILED, 0, "the server closed during the handshake"));
    break;
  case SLOT_OPEN:
    return_task (&self->send_task,
                 module_error_new (CLOSE_REASON_SERVER_CLOSED, 0, "the server closed the connection"));
    set_state (self, SLOT_PEER_CLOSED, CLOSED_GRACE_MS);
    break;
  case SLOT_CLOSING:
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
    close_because (self, error);
  else if (self->state == SLOT_PEER_CLOSED)
    fail (self, error);
  else
    g_error_free (error);
}

void
bc660k_slot_handle_close_result (Bc660kSlot *self, int result)
{
  /* Whatever the result (-6: it was closed already), the connection is gone. */
  if (self->state == SLOT_CLOSING)
    finish_close (self);
}

static void
on_close_answered (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Bc660kSlot *self = user_data;

  if (driver->channel == NULL || self->state != SLOT_CLOSING)
    return;
  if (error == NULL)
    alarm_set (self->alarm, CLOSE_TIMEOUT_MS);
  else if (self->open_pending)
    alarm_set (self->alarm,
               get_timeout_ms (self)); /* the module cannot close what it is opening: wait for that */
  else
    finish_close (self); /* ERROR: there was nothing to close */
}

static void
run_close (Bc660kSlot *self)
{
  AtCommand *command = at_command_new ("AT+QSSLCLOSE=", NULL, CLOSE_TIMEOUT_MS);

  at_command_add_int (command, BC660K_CONTEXT_ID);
  at_command_add_int (command, (int) self->number);
  set_state (self, SLOT_CLOSING, 0);
  bc660k_private_run (self->driver, command, on_close_answered, self);
}

static void
close_open_slot (Bc660kSlot *self)
{
  return_task (&self->open_task,
               module_error_new (CLOSE_REASON_REQUESTED, 0, "closed while it was being opened"));
  return_task (&self->send_task, module_error_new (CLOSE_REASON_REQUESTED, 0, "closed while sending"));
  run_close (self);
}

void
bc660k_slot_close (Bc660kSlot *self, GTask *task)
{
  if (self->close_task != NULL) {
    g_task_return_error (task,
                         module_error_new (CLOSE_REASON_STATE, 0, "the connection is being closed already"));
    g_object_unref (task);
    return;
  }
  self->close_task = task;
  switch (self->state) {
  case SLOT_FREE:
    return_task (&self->close_task, NULL);
    break;
  case SLOT_CONFIGURING:
    self->opening->cancelled = TRUE;
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
  self->close_task = task;
  run_close (self);
}

void
bc660k_slot_end (Bc660kSlot *self, const GError *error)
{
  if (self->state != SLOT_FREE)
    finish (self, error);
}

static void
on_alarm (gpointer user_data)
{
  Bc660kSlot *self = user_data;

  switch (self->state) {
  case SLOT_FREE:
  case SLOT_CONFIGURING:
    break;
  case SLOT_OPENING:
    close_because (self, module_error_new (CLOSE_REASON_TIMEOUT, 0,
                                           "the module did not report the result of the open in time"));
    break;
  case SLOT_OPEN:
    close_because (self,
                   module_error_new (CLOSE_REASON_TIMEOUT, 0, "the module did not confirm the data in time"));
    break;
  case SLOT_PEER_CLOSED:
    fail (self, module_error_new (CLOSE_REASON_SERVER_CLOSED, 0, "the server closed the connection"));
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
  self->alarm = alarm_new (on_alarm, self);
  return self;
}

void
bc660k_slot_free (Bc660kSlot *self)
{
  drop_opening (self);
  alarm_free (self->alarm);
  g_clear_error (&self->closing_reason);
  g_free (self);
}

gboolean
bc660k_slot_is_free (Bc660kSlot *self)
{
  return self->state == SLOT_FREE;
}

DataFormat
bc660k_slot_get_receive_format (Bc660kSlot *self)
{
  return self->settings.receive_format;
}
