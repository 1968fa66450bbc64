/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A socket is a guest until it has said which port it wants; from then on it belongs to that port.
 */
#include "holder-server.h"

#include "holder-message.h"

struct HolderServer {
  GSocket *socket;
  GSource *source;
  HolderPortConfig port_config;
  HolderServerIdleFunc idle;
  gpointer idle_data;
  GPtrArray *guests; /* of Guest */
  GPtrArray *ports;  /* of HolderPort */
};

typedef struct {
  HolderServer *server;
  GSocket *socket;
  GSource *source;
  gboolean greeted; /* we understand each other */
} Guest;

static void
guest_free (gpointer data)
{
  Guest *guest = data;

  g_source_destroy (guest->source);
  g_source_unref (guest->source);
  g_object_unref (guest->socket);
  g_free (guest);
}

gboolean
holder_server_is_idle (HolderServer *self)
{
  return self->ports->len == 0 && self->guests->len == 0;
}

static void
check_idle (HolderServer *self)
{
  if (holder_server_is_idle (self))
    self->idle (self->idle_data);
}

static void
on_gone (HolderPort *port, gpointer user_data)
{
  HolderServer *self = user_data;

  g_ptr_array_remove (self->ports, port);
  check_idle (self);
}

static void
refuse (GSocket *socket, const GError *error)
{
  g_autoptr (GError) ignored = NULL;

  if (!holder_message_send_value (socket, HOLDER_MESSAGE_REFUSED,
                                  g_variant_new (HOLDER_MESSAGE_REFUSED_TYPE, error->code, error->message),
                                  -1, &ignored))
    g_debug ("a refusal was not heard: %s", ignored->message);
}

static HolderPort *
find_port (HolderServer *self, const char *device)
{
  for (guint i = 0; i < self->ports->len; i++) {
    if (holder_port_has_device (self->ports->pdata[i], device))
      return self->ports->pdata[i];
  }
  return NULL;
}

/** What is held with other settings cannot serve. */
static void
drop_unlike (HolderServer *self, const SerialPortSettings *settings, const char *uid)
{
  HolderPort *port = find_port (self, settings->device);

  if (port != NULL
      && (!holder_port_fits (port, settings) || g_strcmp0 (holder_port_get_uid (port), uid) != 0))
    g_ptr_array_remove (self->ports, port);
}

static void
catch_up (HolderServer *self)
{
  for (guint i = 0; i < self->ports->len; i++)
    holder_port_catch_up (self->ports->pdata[i]);
}

static void
handle_open (HolderServer *self, GSocket *socket, const HolderMessage *message)
{
  g_autoptr (GVariant) value = holder_message_get_value (message, HOLDER_MESSAGE_OPEN_TYPE);
  SerialPortSettings settings;
  const char *uid;
  const char *note;
  guint flow_control;
  HolderPort *port;

  if (value == NULL)
    return;
  g_variant_get (value, "(&suu&s&s)", &settings.device, &settings.baud_rate, &flow_control, &uid, &note);
  settings.flow_control = (SerialFlowControl) flow_control;
  if (*uid != '\0' && self->port_config.bus == NULL) {
    g_autoptr (GError) error =
        g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "The holder has no bus");

    refuse (socket, error);
    return;
  }
  catch_up (self);
  drop_unlike (self, &settings, uid);
  port = find_port (self, settings.device);
  if (port == NULL) {
    port = holder_port_new (&self->port_config, &settings, uid, note);
    g_ptr_array_add (self->ports, port);
  }
  holder_port_attach (port, socket);
}

static void
handle_resume (HolderServer *self, GSocket *socket, const HolderMessage *message)
{
  g_autoptr (GVariant) value = holder_message_get_value (message, HOLDER_MESSAGE_RESUME_TYPE);
  g_autoptr (GError) error = NULL;
  SerialPortSettings settings;
  const char *note;
  guint flow_control;

  if (value == NULL)
    return;
  g_variant_get (value, "(&s&suu)", &settings.device, &note, &settings.baud_rate, &flow_control);
  settings.flow_control = (SerialFlowControl) flow_control;
  catch_up (self);
  for (guint i = 0; i < self->ports->len; i++) {
    HolderPort *port = self->ports->pdata[i];

    if (holder_port_is_held_over (port) && holder_port_fits (port, &settings)
        && (*settings.device == '\0' || holder_port_has_device (port, settings.device))
        && g_str_has_prefix (holder_port_get_note (port), note)) {
      holder_port_attach (port, socket);
      return;
    }
  }
  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Nothing is held over");
  refuse (socket, error);
}

static void
handle_give (HolderServer *self, GSocket *socket, const HolderMessage *message)
{
  g_autoptr (GVariant) value = holder_message_get_value (message, HOLDER_MESSAGE_GIVE_TYPE);
  const char *device;
  HolderPort *port;

  if (value == NULL)
    return;
  g_variant_get (value, "(&s)", &device);
  catch_up (self);
  port = find_port (self, device);
  if (port != NULL)
    holder_port_give (port, socket);
  else
    holder_message_send (socket, HOLDER_MESSAGE_GIVEN, NULL, -1, NULL);
}

static void
handle_recall (HolderServer *self, GSocket *socket)
{
  GVariantBuilder notes = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  gboolean sent = TRUE;

  catch_up (self);
  for (guint i = 0; i < self->ports->len && sent; i++) {
    HolderPort *port = self->ports->pdata[i];

    if (!holder_port_is_held_over (port))
      continue;
    g_variant_builder_add (&notes, "s", holder_port_get_note (port));
    sent = holder_port_send_journals (port, socket, &error);
  }
  value = g_variant_ref_sink (g_variant_new (HOLDER_MESSAGE_RECALLED_TYPE, &notes));
  if (!sent || !holder_message_send_value (socket, HOLDER_MESSAGE_RECALLED, value, -1, &error))
    g_debug ("the journals cannot be told of: %s", error->message);
}

static void
handle_first (HolderServer *self, GSocket *socket, const HolderMessage *message)
{
  if (message->type == HOLDER_MESSAGE_OPEN)
    handle_open (self, socket, message);
  else if (message->type == HOLDER_MESSAGE_RESUME)
    handle_resume (self, socket, message);
  else if (message->type == HOLDER_MESSAGE_GIVE)
    handle_give (self, socket, message);
  else if (message->type == HOLDER_MESSAGE_RECALL)
    handle_recall (self, socket);
}

/** What another protocol says is nobody's to guess. */
static gboolean
greet (Guest *guest, const HolderMessage *message)
{
  g_autoptr (GVariant) value = message->type == HOLDER_MESSAGE_PROTOCOL_IS
                                   ? holder_message_get_value (message, HOLDER_MESSAGE_PROTOCOL_IS_TYPE)
                                   : NULL;
  g_autoptr (GError) error = NULL;
  guint protocol = 0;

  if (value != NULL)
    g_variant_get (value, "(u)", &protocol);
  guest->greeted = protocol == HOLDER_MESSAGE_PROTOCOL;
  if (guest->greeted)
    return TRUE;
  error = g_error_new_literal (
      G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "the holder of the ports is of another version than this daemon; it ends by itself "
      "soon, when it has given its ports back");
  refuse (guest->socket, error);
  return FALSE;
}

static gboolean
on_guest (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Guest *guest = user_data;
  HolderServer *self = guest->server;
  g_autoptr (GSocket) held = g_object_ref (socket);
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GError) error = NULL;
  gboolean received = holder_message_receive (socket, &message, &error);

  if (!received && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (received && !guest->greeted && greet (guest, &message))
    return G_SOURCE_CONTINUE;
  received = received && guest->greeted;
  g_ptr_array_remove_fast (self->guests, guest);
  if (received)
    handle_first (self, held, &message);
  check_idle (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_connection (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  HolderServer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) accepted = g_socket_accept (socket, NULL, &error);
  Guest *guest;

  if (accepted == NULL) {
    g_debug ("accept: %s", error->message);
    return G_SOURCE_CONTINUE;
  }
  g_socket_set_blocking (accepted, FALSE);
  guest = g_new0 (Guest, 1);
  guest->server = self;
  guest->source = g_socket_create_source (accepted, G_IO_IN, NULL);
  guest->socket = g_steal_pointer (&accepted);
  g_source_set_callback (guest->source, G_SOURCE_FUNC (on_guest), guest, NULL);
  g_source_attach (guest->source, NULL);
  g_ptr_array_add (self->guests, guest);
  return G_SOURCE_CONTINUE;
}

HolderServer *
holder_server_new (GSocket *socket, GDBusConnection *bus, const HolderPortTiming *timing,
                   HolderServerIdleFunc idle, gpointer user_data)
{
  HolderServer *self = g_new0 (HolderServer, 1);

  self->socket = g_object_ref (socket);
  self->port_config = (HolderPortConfig){ bus, timing, on_gone, self };
  self->idle = idle;
  self->idle_data = user_data;
  self->guests = g_ptr_array_new_with_free_func (guest_free);
  self->ports = g_ptr_array_new_with_free_func ((GDestroyNotify) holder_port_free);
  g_socket_set_blocking (socket, FALSE);
  self->source = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_connection), self, NULL);
  g_source_attach (self->source, NULL);
  return self;
}

static void
stop_listening (HolderServer *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

void
holder_server_stop (HolderServer *self)
{
  stop_listening (self);
  g_ptr_array_set_size (self->guests, 0);
  for (guint i = 0; i < self->ports->len; i++)
    holder_port_hurry (self->ports->pdata[i]);
  check_idle (self);
}

void
holder_server_free (HolderServer *self)
{
  stop_listening (self);
  g_ptr_array_unref (self->guests);
  g_ptr_array_unref (self->ports);
  g_object_unref (self->socket);
  g_free (self);
}
