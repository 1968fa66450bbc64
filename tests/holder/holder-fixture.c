/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-fixture.h.
 */
#include "holder-fixture.h"

#include <check.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

Fixture fixture;

const HolderPortTiming patient = { 60000, 60000, 60000, { 60000, 1, 2 } };
const HolderPortTiming hasty = { 1, 1, 1, { 60000, 1, 2 } };
/* What is written last must be with the module before the port is closed, which drops it. */
const HolderPortTiming deaf = { 1, 1, 1, { 100, 1, 2 } };

static void
on_idle (gpointer user_data)
{
  fixture.idle++;
}

void
setup (void)
{
  fixture = (Fixture){ 0 };
  ck_assert_int_eq (openpty (&fixture.master, &fixture.slave, fixture.device, NULL, NULL), 0);
  ck_assert_int_eq (fcntl (fixture.master, F_SETFL, O_NONBLOCK), 0);
  fixture.dir = g_dir_make_tmp ("modemssl-test-XXXXXX", NULL);
  fixture.path = g_build_filename (fixture.dir, "holder.sock", NULL);
  fixture.written = g_string_new (NULL);
  fixture.log = g_string_new (NULL);
}

void
teardown (void)
{
  g_clear_object (&fixture.daemon);
  g_clear_pointer (&fixture.server, holder_server_free);
  if (fixture.master >= 0)
    close (fixture.master);
  close (fixture.slave);
  g_unlink (fixture.path);
  g_rmdir (fixture.dir);
  g_free (fixture.dir);
  g_free (fixture.path);
  g_string_free (fixture.written, TRUE);
  g_string_free (fixture.log, TRUE);
}

static GSocket *
make_socket (void)
{
  return g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, G_SOCKET_PROTOCOL_DEFAULT, NULL);
}

void
serve (const HolderPortTiming *timing)
{
  g_autoptr (GSocket) socket = make_socket ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (fixture.path);

  ck_assert (g_socket_bind (socket, address, FALSE, NULL));
  ck_assert (g_socket_listen (socket, NULL));
  fixture.server = holder_server_new (socket, NULL, timing, on_idle, NULL);
}

void
serve_daemon (const HolderPortTiming *timing)
{
  serve (timing);
  begin_daemon (115200);
  expect_opened (FALSE, "");
}

/* -- the module ------------------------------------------------------------------------------------- */

void
read_module (void)
{
  char data[4096];
  ssize_t size = read (fixture.master, data, sizeof data);

  if (size > 0)
    g_string_append_len (fixture.written, data, size);
}

void
expect_written (const char *text)
{
  while (fixture.written->len < strlen (text)) {
    read_module ();
    g_main_context_iteration (NULL, FALSE);
  }
  ck_assert_str_eq (fixture.written->str, text);
  g_string_truncate (fixture.written, 0);
}

void
say (const char *text)
{
  ck_assert_int_eq (write (fixture.master, text, strlen (text)), strlen (text));
}

/* -- the main loop ---------------------------------------------------------------------------------- */

void
wait_idle (void)
{
  while (fixture.idle == 0)
    g_main_context_iteration (NULL, TRUE);
}

void
run_what_is_ready (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  read_module ();
}

/* -- the daemon ------------------------------------------------------------------------------------- */

GSocket *
connect_guest (void)
{
  GSocket *socket = holder_message_connect (fixture.path, NULL);

  ck_assert_ptr_nonnull (socket);
  return socket;
}

/** @value: floating, consumed. */
static void
ask (GSocket *guest, HolderMessageType type, GVariant *value)
{
  g_clear_object (&fixture.daemon);
  fixture.daemon = guest;
  ck_assert (holder_message_send_value (fixture.daemon, type, value, -1, NULL));
}

void
begin_daemon (guint baud_rate)
{
  ask (connect_guest (), HOLDER_MESSAGE_OPEN,
       g_variant_new (HOLDER_MESSAGE_OPEN_TYPE, fixture.device, baud_rate, 0, "", "note"));
}

void
resume_daemon (GSocket *guest, const char *note)
{
  ask (guest != NULL ? guest : connect_guest (), HOLDER_MESSAGE_RESUME,
       g_variant_new (HOLDER_MESSAGE_RESUME_TYPE, fixture.device, note, 115200, 0));
}

void
expect_message (HolderMessage *ret_message)
{
  g_autoptr (GError) error = NULL;

  while (!holder_message_receive (fixture.daemon, ret_message, &error)) {
    ck_assert_msg (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK), "%s", error->message);
    g_clear_error (&error);
    g_main_context_iteration (NULL, FALSE);
  }
}

void
read_opened (void)
{
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) log = NULL;
  SerialPortHistory *history = &fixture.history;

  expect_message (&message);
  ck_assert_int_eq (message.type, HOLDER_MESSAGE_OPENED);
  ck_assert_int_ge (message.fd, 0);
  value = holder_message_get_value (&message, HOLDER_MESSAGE_OPENED_TYPE);
  ck_assert_ptr_nonnull (value);
  g_variant_get (value, "(b@ayb^asssstbt)", &history->held_over, &log, &history->complete, NULL, NULL, NULL,
                 NULL, &history->log_begin, &history->watched, &history->commands);
  g_string_truncate (fixture.log, 0);
  if (g_variant_get_size (log) > 0)
    g_string_append_len (fixture.log, g_variant_get_data (log), (gssize) g_variant_get_size (log));
}

void
expect_opened (gboolean held_over, const char *log)
{
  read_opened ();
  ck_assert_int_eq (fixture.history.held_over, held_over);
  ck_assert_str_eq (fixture.log->str, log);
  ck_assert (fixture.history.complete);
}

void
tell_value (HolderMessageType type, GVariant *value)
{
  ck_assert (holder_message_send_value (fixture.daemon, type, value, -1, NULL));
}

void
expect_received (const char *text)
{
  g_autoptr (GString) received = g_string_new (NULL);

  while (received->len < strlen (text)) {
    g_auto (HolderMessage) message = { .fd = -1 };

    expect_message (&message);
    ck_assert_int_eq (message.type, HOLDER_MESSAGE_RECEIVED);
    g_string_append_len (received, g_bytes_get_data (message.data, NULL),
                         (gssize) g_bytes_get_size (message.data));
  }
  ck_assert_str_eq (received->str, text);
}

void
expect_silence (void)
{
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GError) error = NULL;

  run_what_is_ready ();
  ck_assert (!holder_message_receive (fixture.daemon, &message, &error));
  ck_assert_msg (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK), "%s", error->message);
}

void
tell (HolderMessageType type, const char *text)
{
  g_autoptr (GBytes) data = text != NULL ? g_bytes_new (text, strlen (text)) : NULL;

  ck_assert (holder_message_send (fixture.daemon, type, data, -1, NULL));
}

void
tell_command (const char *command, const char *ends)
{
  tell_value (HOLDER_MESSAGE_COMMAND,
              g_variant_new ("(@ay@ay)",
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, command, strlen (command), 1),
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, ends, strlen (ends), 1)));
}

void
kill_daemon (void)
{
  g_socket_close (fixture.daemon, NULL);
  g_clear_object (&fixture.daemon);
}
