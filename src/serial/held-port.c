/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Our end of the link to the holder, which is the keeper of the port.
 */
#include "held-port.h"

#include "holder-message.h"

typedef struct {
  GSocket *socket;
  GSource *source;
  GTask *task; /* until the holder has answered */
  guint baud_rate;
  SerialPort *port; /* not owned: it owns this */
  gboolean left;    /* the holder is to take over */
  gboolean deaf;    /* the holder has died, and not read all */
} Link;

/** What a task returns. */
typedef struct {
  SerialPort *port;
  HeldPortFacts facts;
} Opened;

void
held_port_facts_clear (HeldPortFacts *self)
{
  g_clear_pointer (&self->device, g_free);
  g_clear_pointer (&self->uid, g_free);
  g_clear_pointer (&self->note, g_free);
}

static void
opened_free (gpointer data)
{
  Opened *opened = data;

  g_clear_pointer (&opened->port, serial_port_free);
  held_port_facts_clear (&opened->facts);
  g_free (opened);
}

static void
link_free (Link *self)
{
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
  }
  g_clear_object (&self->socket);
  g_clear_object (&self->task);
  g_free (self);
}

static gboolean
say (Link *self, HolderMessageType type, GBytes *data)
{
  g_autoptr (GError) error = NULL;

  if (holder_message_send (self->socket, type, data, -1, &error))
    return TRUE;
  g_prefix_error_literal (&error, "the holder of the port is gone: ");
  serial_port_lose_keeper (self->port, TRUE, error);
  return FALSE;
}

static gboolean
keeper_write (GBytes *data, gpointer user_data)
{
  say (user_data, HOLDER_MESSAGE_WRITE, data);
  return TRUE; /* the hang-up tells the rest */
}

static GVariant *
make_bytes (GBytes *bytes)
{
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

static gboolean
keeper_write_command (GBytes *command, GBytes *ends, gpointer user_data)
{
  g_autoptr (GVariant) value =
      g_variant_ref_sink (g_variant_new ("(@ay@ay)", make_bytes (command), make_bytes (ends)));
  g_autoptr (GBytes) data = g_variant_get_data_as_bytes (value);

  say (user_data, HOLDER_MESSAGE_COMMAND, data);
  return TRUE;
}

static void
keeper_forget_announced (gpointer user_data)
{
  say (user_data, HOLDER_MESSAGE_FORGET, NULL);
}

static void
keeper_note_prompt (gpointer user_data)
{
  say (user_data, HOLDER_MESSAGE_PROMPT, NULL);
}

static gboolean
keeper_write_announced (gpointer user_data)
{
  say (user_data, HOLDER_MESSAGE_WRITE_ANNOUNCED, NULL);
  return TRUE;
}

static void
keeper_set_farewell (const char *const *lines, gpointer user_data)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GBytes) data = NULL;

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (text, "%s\n", lines[i]);
  data = g_string_free_to_bytes (text);
  say (user_data, HOLDER_MESSAGE_FAREWELL, data);
}

static void
keeper_watch (gpointer user_data)
{
  say (user_data, HOLDER_MESSAGE_WATCH, NULL);
}

static void
keeper_unwatch (gpointer user_data)
{
  say (user_data, HOLDER_MESSAGE_UNWATCH, NULL);
}

static void
keeper_set_taken (guint64 position, gpointer user_data)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new (HOLDER_MESSAGE_TAKEN_TYPE, position));
  g_autoptr (GBytes) data = g_variant_get_data_as_bytes (value);

  say (user_data, HOLDER_MESSAGE_TAKEN, data);
}

static gboolean
keeper_keep_journal (guint slot, int fd, gpointer user_data)
{
  Link *self = user_data;

  return slot < HOLDER_MESSAGE_JOURNALS_MAX
         && holder_message_send_value (self->socket, HOLDER_MESSAGE_JOURNAL,
                                       g_variant_new (HOLDER_MESSAGE_JOURNAL_TYPE, "", slot), fd, NULL);
}

static void
keeper_leave (gpointer user_data)
{
  Link *self = user_data;

  self->left = TRUE;
}

static void
keeper_free (gpointer user_data)
{
  Link *self = user_data;

  /* A holder that is gone has nothing to release. */
  if (!self->left)
    holder_message_send (self->socket, HOLDER_MESSAGE_RELEASE, NULL, -1, NULL);
  link_free (self);
}

static const SerialPortKeeper keeper = {
  .write = keeper_write,
  .write_command = keeper_write_command,
  .forget_announced = keeper_forget_announced,
  .note_prompt = keeper_note_prompt,
  .write_announced = keeper_write_announced,
  .set_farewell = keeper_set_farewell,
  .watch = keeper_watch,
  .unwatch = keeper_unwatch,
  .set_taken = keeper_set_taken,
  .keep_journal = keeper_keep_journal,
  .leave = keeper_leave,
  .free = keeper_free,
};

/** The port that @message brings, which now owns the link, and what is told of it. NULL when the message
 * makes no sense. */
static Opened *
take_port (Link *self, HolderMessage *message)
{
  g_autoptr (GVariant) value = holder_message_get_value (message, HOLDER_MESSAGE_OPENED_TYPE);
  g_autoptr (GVariant) log = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_auto (GStrv) unsaid = NULL;
  SerialPortHistory history;
  Opened *opened;

  if (value == NULL || message->fd < 0)
    return NULL;
  opened = g_new0 (Opened, 1);
  g_variant_get (value, "(b@ayb^asssstbt)", &history.held_over, &log, &history.complete, &unsaid,
                 &opened->facts.device, &opened->facts.uid, &opened->facts.note, &history.log_begin,
                 &history.watched, &history.commands);
  bytes = g_variant_get_data_as_bytes (log);
  self->port = serial_port_new_kept (g_steal_fd (&message->fd), self->baud_rate, &history, bytes,
                                     (const char *const *) unsaid, &keeper, self);
  opened->port = self->port;
  return opened;
}

static void
answer (Link *self, HolderMessage *message)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  Opened *opened;

  if (message->type == HOLDER_MESSAGE_GIVEN) {
    link_free (self);
    g_task_return_boolean (task, TRUE);
    return;
  }
  if (message->type != HOLDER_MESSAGE_OPENED) {
    link_free (self);
    g_task_return_error (task, holder_message_make_error (message));
    return;
  }
  opened = take_port (self, message);
  if (opened == NULL) {
    link_free (self);
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "the holder's answer cannot be understood");
    return;
  }
  g_task_return_pointer (task, opened, opened_free);
}

static void
lose (Link *self, GError *error)
{
  g_autoptr (GError) owned = error;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  /* What it has not read ends with the last thing that we have said. */
  gboolean deaf = self->deaf || g_error_matches (owned, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  g_prefix_error_literal (&owned, "the holder of the port is gone: ");
  if (task == NULL) {
    serial_port_lose_keeper (self->port, deaf, owned);
    return;
  }
  link_free (self);
  g_task_return_error (task, g_steal_pointer (&owned));
}

/** The listener may free the port, and this with it. */
static void
handle_message (Link *self, const HolderMessage *message)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message->data, &size);

  if (message->type == HOLDER_MESSAGE_RECEIVED)
    serial_port_receive (self->port, data, size);
  else if (message->type == HOLDER_MESSAGE_UNWATCHED)
    serial_port_end_watch (self->port);
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Link *self = user_data;
  g_auto (HolderMessage) message = { .fd = -1 };
  GError *error = NULL;

  if (!holder_message_receive (socket, &message, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
      g_error_free (error);
      return G_SOURCE_CONTINUE;
    }
    lose (self, error);
    return G_SOURCE_REMOVE;
  }
  self->deaf |= message.was_deaf;
  if (self->task != NULL)
    answer (self, &message);
  else
    handle_message (self, &message);
  return G_SOURCE_CONTINUE;
}

/** Says the first message, @value (floating), to the holder; what it answers ends @task (taken). */
static void
start (const char *socket_path, HolderMessageType type, GVariant *value, guint baud_rate, GTask *task)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (value);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = holder_message_connect (socket_path, &error);
  Link *self;

  if (socket == NULL || !holder_message_send_value (socket, type, held, -1, &error)) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                             "the holder of the ports at %s cannot be reached: %s", socket_path,
                             error->message);
    g_object_unref (task);
    return;
  }
  self = g_new0 (Link, 1);
  self->socket = g_steal_pointer (&socket);
  self->task = task;
  self->baud_rate = baud_rate;
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_can_recurse (self->source, TRUE); /* as in serial-port.c */
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

void
held_port_open_async (const char *socket_path, const char *uid, const char *note,
                      const SerialPortSettings *settings, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, held_port_open_async);
  start (socket_path, HOLDER_MESSAGE_OPEN,
         g_variant_new (HOLDER_MESSAGE_OPEN_TYPE, settings->device, settings->baud_rate,
                        (guint) settings->flow_control, uid != NULL ? uid : "", note),
         settings->baud_rate, task);
}

void
held_port_resume_async (const char *socket_path, const char *note, const SerialPortSettings *settings,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, held_port_open_async);
  start (socket_path, HOLDER_MESSAGE_RESUME,
         g_variant_new (HOLDER_MESSAGE_RESUME_TYPE, settings->device != NULL ? settings->device : "", note,
                        settings->baud_rate, (guint) settings->flow_control),
         settings->baud_rate, task);
}

SerialPort *
held_port_open_finish (GAsyncResult *result, HeldPortFacts *ret_facts, GError **error)
{
  Opened *opened;
  SerialPort *port;

  g_return_val_if_fail (g_async_result_is_tagged (result, held_port_open_async), NULL);

  opened = g_task_propagate_pointer (G_TASK (result), error);
  if (opened == NULL)
    return NULL;
  port = g_steal_pointer (&opened->port);
  if (ret_facts != NULL) {
    *ret_facts = opened->facts;
    opened->facts = (HeldPortFacts){ 0 };
  }
  opened_free (opened);
  return port;
}

void
held_port_give_async (const char *socket_path, const char *device, GAsyncReadyCallback callback,
                      gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, held_port_give_async);
  start (socket_path, HOLDER_MESSAGE_GIVE, g_variant_new (HOLDER_MESSAGE_GIVE_TYPE, device), 0, task);
}

gboolean
held_port_give_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, held_port_give_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
