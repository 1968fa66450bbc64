/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One byte of type, then the data; a descriptor goes beside it.
 */
#include "holder-message.h"

#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>
#include <unistd.h>

GSocket *
holder_message_connect (const char *path, GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, error);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  if (!g_socket_connect (socket, address, NULL, error)
      || !holder_message_send_value (socket, HOLDER_MESSAGE_PROTOCOL_IS,
                                     g_variant_new (HOLDER_MESSAGE_PROTOCOL_IS_TYPE, HOLDER_MESSAGE_PROTOCOL),
                                     -1, error))
    return NULL;
  return g_steal_pointer (&socket);
}

void
holder_message_clear (HolderMessage *self)
{
  g_clear_pointer (&self->data, g_bytes_unref);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

gboolean
holder_message_send (GSocket *socket, HolderMessageType type, GBytes *data, int fd, GError **error)
{
  guint8 head = (guint8) type;
  gsize size = 0;
  gconstpointer bytes = data != NULL ? g_bytes_get_data (data, &size) : NULL;
  GOutputVector vectors[] = { { &head, sizeof head }, { bytes, size } };
  g_autoptr (GSocketControlMessage) control = fd >= 0 ? g_unix_fd_message_new () : NULL;

  if (size > HOLDER_MESSAGE_MAX_BYTES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "a message of %" G_GSIZE_FORMAT " bytes",
                 size);
    return FALSE;
  }
  if (control != NULL && !g_unix_fd_message_append_fd (G_UNIX_FD_MESSAGE (control), fd, error))
    return FALSE;
  return g_socket_send_message (socket, NULL, vectors, size > 0 ? 2 : 1, &control, control != NULL ? 1 : 0,
                                G_SOCKET_MSG_NONE, NULL, error)
         >= 0;
}

gboolean
holder_message_send_value (GSocket *socket, HolderMessageType type, GVariant *value, int fd, GError **error)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (value);
  g_autoptr (GBytes) data = g_variant_get_data_as_bytes (held);

  return holder_message_send (socket, type, data, fd, error);
}

/** The one descriptor that may have come; any others are closed. */
static int
take_fd (GSocketControlMessage **messages, int n_messages)
{
  int taken = -1;

  for (int i = 0; i < n_messages; i++) {
    g_autofree int *fds = NULL;
    int n_fds = 0;

    if (G_IS_UNIX_FD_MESSAGE (messages[i]))
      fds = g_unix_fd_message_steal_fds (G_UNIX_FD_MESSAGE (messages[i]), &n_fds);
    for (int j = 0; j < n_fds; j++) {
      if (taken < 0)
        taken = fds[j];
      else
        close (fds[j]);
    }
    g_object_unref (messages[i]);
  }
  return taken;
}

gboolean
holder_message_receive (GSocket *socket, HolderMessage *ret_message, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (HOLDER_MESSAGE_MAX_BYTES + 1);
  GInputVector vector = { buffer, HOLDER_MESSAGE_MAX_BYTES + 1 };
  g_autofree GSocketControlMessage **controls = NULL;
  int n_controls = 0;
  g_autoptr (GError) reset = NULL;
  gssize size =
      g_socket_receive_message (socket, NULL, &vector, 1, &controls, &n_controls, NULL, NULL, &reset);

  /* An end that dies with messages unread is told of once, ahead of what it has said itself. */
  if (size < 0 && g_error_matches (reset, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    size = g_socket_receive_message (socket, NULL, &vector, 1, &controls, &n_controls, NULL, NULL, error);
  else if (size < 0)
    g_propagate_error (error, g_steal_pointer (&reset));
  if (size < 0)
    return FALSE;
  if (size == 0) {
    g_set_error_literal (error, G_IO_ERROR, reset != NULL ? G_IO_ERROR_CONNECTION_CLOSED : G_IO_ERROR_CLOSED,
                         "the other end has closed");
    return FALSE;
  }
  ret_message->was_deaf = reset != NULL;
  ret_message->type = buffer[0];
  ret_message->data = g_bytes_new (buffer + 1, (gsize) size - 1);
  ret_message->fd = take_fd (controls, n_controls);
  return TRUE;
}

GVariant *
holder_message_get_value (const HolderMessage *self, const char *type)
{
  g_autoptr (GVariant) value =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), self->data, FALSE));

  return g_variant_is_normal_form (value) ? g_steal_pointer (&value) : NULL;
}

GError *
holder_message_make_error (const HolderMessage *self)
{
  g_autoptr (GVariant) value = self->type == HOLDER_MESSAGE_REFUSED
                                   ? holder_message_get_value (self, HOLDER_MESSAGE_REFUSED_TYPE)
                                   : NULL;
  const char *text;
  int code;

  if (value == NULL)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "the holder's answer cannot be understood");
  g_variant_get (value, "(i&s)", &code, &text);
  return g_error_new_literal (G_IO_ERROR, code, text);
}
