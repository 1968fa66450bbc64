/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Open, send, close as AT commands.
 */
#include "bc660k-commands.h"

#include <string.h>

#include "bc660k-reply.h"

static AtCommand *
new_command (const char *start, guint slot, guint timeout_ms)
{
  AtCommand *command = at_command_new (start, NULL, timeout_ms);

  at_command_add_int (command, BC660K_CONTEXT_ID);
  at_command_add_int (command, (int) slot);
  return command;
}

AtCommand *
bc660k_commands_new_open (guint slot, const ModuleOpenRequest *request, guint timeout_ms, GError **error)
{
  g_autoptr (AtCommand) command = new_command ("AT+QSSLOPEN=", slot, timeout_ms);

  if (!at_command_add_string (command, request->host, BC660K_HOST_MAX_BYTES, error))
    return NULL;
  at_command_add_int (command, request->port);
  at_command_add_int (command, 0); /* non-transparent, the only mode that is supported (note 2.3.2) */
  return g_steal_pointer (&command);
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

AtCommand *
bc660k_commands_new_send (guint slot, GBytes *data, const Bc660kSendFormat *format)
{
  g_autoptr (GBytes) payload = format->hex ? encode_hex (data) : g_bytes_ref (data);
  AtCommand *command;

  if (!format->counted && !fits_ctrl_z (payload))
    return NULL;
  command = new_command ("AT+QSSLSEND=", slot, format->timeout_ms);
  command->data_delay_ms = format->prompt_delay_ms;
  if (format->counted)
    at_command_add_int (command, (int) g_bytes_get_size (data));
  at_command_set_payload (command, format->counted ? AT_DATA_COUNTED : AT_DATA_CTRL_Z, payload);
  return command;
}

AtCommand *
bc660k_commands_new_close (guint slot, guint timeout_ms)
{
  return new_command ("AT+QSSLCLOSE=", slot, timeout_ms);
}
