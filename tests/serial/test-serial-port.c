/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The serial port, on a pseudo-terminal whose other end the test holds.
 */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "serial-port.h"

typedef enum { ACT_NOTHING, ACT_FREE } Act;

typedef struct {
  int master;
  int slave; /* kept open so that settings stay */
  char device[64];
  SerialPort *port;
  GByteArray *received;
  guint hang_ups;
  GError *reason;
  Act on_received;
  Act on_hung_up;
} Fixture;

static Fixture fixture;

static void
on_received (const guint8 *data, gsize size, gpointer user_data)
{
  g_byte_array_append (fixture.received, data, (guint) size);
  if (fixture.on_received == ACT_FREE)
    g_clear_pointer (&fixture.port, serial_port_free);
}

static void
on_hung_up (const GError *error, gpointer user_data)
{
  fixture.hang_ups++;
  g_clear_error (&fixture.reason);
  fixture.reason = g_error_copy (error);
  if (fixture.on_hung_up == ACT_FREE)
    g_clear_pointer (&fixture.port, serial_port_free);
}

static const SerialPortListener listener = { on_received, on_hung_up };

static void
setup (void)
{
  fixture = (Fixture){ 0 };
  ck_assert_int_eq (openpty (&fixture.master, &fixture.slave, fixture.device, NULL, NULL), 0);
  fixture.received = g_byte_array_new ();
}

static void
teardown (void)
{
  g_clear_pointer (&fixture.port, serial_port_free);
  if (fixture.master >= 0)
    close (fixture.master);
  if (fixture.slave >= 0)
    close (fixture.slave);
  g_byte_array_unref (fixture.received);
  g_clear_error (&fixture.reason);
}

static void
open_port (SerialFlowControl flow_control)
{
  SerialPortSettings settings = { fixture.device, 115200, flow_control };
  GError *error = NULL;

  fixture.port = serial_port_open (&settings, &error);
  ck_assert_msg (fixture.port != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_ptr_null (error);
  serial_port_set_listener (fixture.port, &listener, NULL);
}

static void
fail_to_open (const char *device, guint baud_rate, int code)
{
  SerialPortSettings settings = { device, baud_rate, SERIAL_FLOW_CONTROL_NONE };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (serial_port_open (&settings, &error));
  ck_assert_msg (g_error_matches (error, G_IO_ERROR, code), "%s", error->message);
  ck_assert_ptr_nonnull (strstr (error->message, device));
}

static void
run_what_is_ready (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
fill_with_every_byte (guint8 *bytes)
{
  for (guint i = 0; i < 256; i++)
    bytes[i] = (guint8) i;
}

static void
write_port (const void *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  ck_assert (serial_port_write (fixture.port, bytes));
}

/** Reads @size bytes from the other end; the port's queue runs meanwhile. */
static void
read_master (guint8 *data, gsize size)
{
  gsize used = 0;

  ck_assert_int_eq (fcntl (fixture.master, F_SETFL, O_NONBLOCK), 0);
  while (used < size) {
    ssize_t got = read (fixture.master, data + used, size - used);

    if (got > 0)
      used += (gsize) got;
    g_main_context_iteration (NULL, FALSE);
  }
}

START_TEST (every_byte_from_the_module)
{
  guint8 bytes[256];

  fill_with_every_byte (bytes);
  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert_int_eq (write (fixture.master, bytes, sizeof bytes), sizeof bytes);
  while (fixture.received->len < sizeof bytes)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_eq (fixture.received->len, sizeof bytes);
  ck_assert_mem_eq (fixture.received->data, bytes, sizeof bytes);
}
END_TEST

START_TEST (every_byte_to_the_module)
{
  guint8 bytes[256], got[256];

  fill_with_every_byte (bytes);
  open_port (SERIAL_FLOW_CONTROL_NONE);
  write_port (bytes, sizeof bytes);
  read_master (got, sizeof got);
  ck_assert_mem_eq (got, bytes, sizeof bytes);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.received->len, 0); /* no echo */
}
END_TEST

START_TEST (the_tty_is_fully_raw)
{
  struct termios tio;

  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert_int_eq (tcgetattr (fixture.slave, &tio), 0);
  ck_assert_uint_eq (tio.c_lflag & (ICANON | ECHO | ECHONL | ISIG | IEXTEN), 0);
  ck_assert_uint_eq (tio.c_oflag & OPOST, 0);
  ck_assert_uint_eq (tio.c_iflag
                         & (IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF | IXANY
                            | INPCK | IUCLC),
                     0);
  ck_assert_uint_eq (tio.c_cflag & (CSIZE | CSTOPB | PARENB | CRTSCTS | CLOCAL | CREAD),
                     CS8 | CLOCAL | CREAD);
  ck_assert_uint_eq (cfgetospeed (&tio), B115200);
  ck_assert_uint_eq (cfgetispeed (&tio), B115200);
}
END_TEST

START_TEST (rts_cts)
{
  struct termios tio;

  open_port (SERIAL_FLOW_CONTROL_RTS_CTS);
  ck_assert_int_eq (tcgetattr (fixture.slave, &tio), 0);
  ck_assert_uint_ne (tio.c_cflag & CRTSCTS, 0);
}
END_TEST

static void
check_same (const struct termios *before, const struct termios *after)
{
  ck_assert_uint_eq (after->c_iflag, before->c_iflag);
  ck_assert_uint_eq (after->c_oflag, before->c_oflag);
  ck_assert_uint_eq (after->c_cflag, before->c_cflag);
  ck_assert_uint_eq (after->c_lflag, before->c_lflag);
  ck_assert_uint_eq (after->c_cc[VINTR], before->c_cc[VINTR]);
  ck_assert_uint_eq (after->c_cc[VMIN], before->c_cc[VMIN]);
}

START_TEST (former_settings_come_back)
{
  struct termios before, after;

  ck_assert_int_eq (tcgetattr (fixture.slave, &before), 0);
  before.c_cc[VINTR] = 7;
  cfsetospeed (&before, B9600);
  cfsetispeed (&before, B9600);
  ck_assert_int_eq (tcsetattr (fixture.slave, TCSANOW, &before), 0);
  ck_assert_int_eq (tcgetattr (fixture.slave, &before), 0);
  open_port (SERIAL_FLOW_CONTROL_RTS_CTS);
  g_clear_pointer (&fixture.port, serial_port_free);
  ck_assert_int_eq (tcgetattr (fixture.slave, &after), 0);
  check_same (&before, &after);
}
END_TEST

START_TEST (what_was_buffered_is_thrown_away)
{
  guint8 byte = 'x';

  ck_assert_int_eq (write (fixture.master, "old\n", 4), 4);
  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert_int_eq (write (fixture.master, &byte, 1), 1);
  while (fixture.received->len == 0)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_eq (fixture.received->len, 1);
  ck_assert_uint_eq (fixture.received->data[0], 'x');
}
END_TEST

START_TEST (a_second_open_is_busy)
{
  open_port (SERIAL_FLOW_CONTROL_NONE);
  fail_to_open (fixture.device, 115200, G_IO_ERROR_BUSY);
  g_clear_pointer (&fixture.port, serial_port_free);
  open_port (SERIAL_FLOW_CONTROL_NONE);
}
END_TEST

START_TEST (exclusive_use_is_given_back)
{
  int exclusive = -1;

  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert_int_eq (ioctl (fixture.slave, TIOCGEXCL, &exclusive), 0);
  ck_assert_int_ne (exclusive, 0);
  g_clear_pointer (&fixture.port, serial_port_free);
  ck_assert_int_eq (ioctl (fixture.slave, TIOCGEXCL, &exclusive), 0);
  ck_assert_int_eq (exclusive, 0);
}
END_TEST

START_TEST (a_wrong_baud_rate_leaves_no_trace)
{
  struct termios before, after;
  int exclusive = -1;

  ck_assert_int_eq (tcgetattr (fixture.slave, &before), 0);
  fail_to_open (fixture.device, 12345, G_IO_ERROR_NOT_SUPPORTED);
  ck_assert_int_eq (tcgetattr (fixture.slave, &after), 0);
  check_same (&before, &after);
  ck_assert_int_eq (ioctl (fixture.slave, TIOCGEXCL, &exclusive), 0);
  ck_assert_int_eq (exclusive, 0);
  open_port (SERIAL_FLOW_CONTROL_NONE);
}
END_TEST

START_TEST (no_such_device)
{
  fail_to_open ("/nonexistent/tty", 115200, G_IO_ERROR_NOT_FOUND);
}
END_TEST

START_TEST (no_tty)
{
  fail_to_open ("/dev/null", 115200, G_IO_ERROR_NOT_SUPPORTED);
}
END_TEST

START_TEST (baud_rates)
{
  static const guint good[] = {
    2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 4000000
  };
  static const guint bad[] = { 0, 1, 1200, 2401, 115201, 5000000, G_MAXUINT };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    SerialPortSettings settings = { fixture.device, good[i], SERIAL_FLOW_CONTROL_NONE };
    g_autoptr (SerialPort) port = serial_port_open (&settings, NULL);

    ck_assert (serial_port_baud_rate_is_valid (good[i]));
    ck_assert_ptr_nonnull (port);
  }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    ck_assert (!serial_port_baud_rate_is_valid (bad[i]));
}
END_TEST

START_TEST (transfer_time)
{
  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert_uint_eq (serial_port_get_transfer_ms (fixture.port, 0), 0);
  ck_assert_uint_eq (serial_port_get_transfer_ms (fixture.port, 1), 1);
  ck_assert_uint_eq (serial_port_get_transfer_ms (fixture.port, 11520), 1000);
}
END_TEST

static void
close_master (void)
{
  close (fixture.master);
  fixture.master = -1;
}

START_TEST (a_hang_up_comes_once)
{
  fixture.on_hung_up = (Act) _i;
  open_port (SERIAL_FLOW_CONTROL_NONE);
  close_master ();
  while (fixture.hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  if (fixture.port != NULL) {
    write_port ("AT\r", 3);
    write_port ("AT\r", 3);
  }
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.hang_ups, 1);
  ck_assert (g_error_matches (fixture.reason, G_IO_ERROR, G_IO_ERROR_CLOSED));
}
END_TEST

START_TEST (a_failed_write_is_a_hang_up_from_the_main_loop)
{
  fixture.on_hung_up = (Act) _i;
  open_port (SERIAL_FLOW_CONTROL_NONE);
  close_master ();
  write_port ("AT\r", 3);
  ck_assert_uint_eq (fixture.hang_ups, 0);
  write_port ("AT\r", 3);
  while (fixture.hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  if (fixture.port != NULL)
    write_port ("AT\r", 3);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.hang_ups, 1);
}
END_TEST

START_TEST (freed_in_received)
{
  fixture.on_received = ACT_FREE;
  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert_int_eq (write (fixture.master, "abc", 3), 3);
  while (fixture.port != NULL)
    g_main_context_iteration (NULL, TRUE);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.received->len, 3);
}
END_TEST

/* A full tty buffer: what waits keeps its order, and nothing is lost. */
START_TEST (writes_keep_their_order)
{
  enum { BLOCK = 4096, BLOCKS = 15 };
  g_autofree guint8 *sent = g_malloc (BLOCK * BLOCKS);
  g_autofree guint8 *got = g_malloc (BLOCK * BLOCKS);

  for (guint i = 0; i < BLOCK * BLOCKS; i++)
    sent[i] = (guint8) (i * 7 + i / 256);
  open_port (SERIAL_FLOW_CONTROL_NONE);
  for (guint i = 0; i < BLOCKS; i++)
    write_port (sent + i * BLOCK, BLOCK);
  read_master (got, BLOCK * BLOCKS);
  ck_assert_mem_eq (got, sent, BLOCK * BLOCKS);
}
END_TEST

START_TEST (the_queue_is_bounded)
{
  g_autoptr (GBytes) block = g_bytes_new_take (g_malloc0 (16384), 16384);
  g_autoptr (GBytes) huge =
      g_bytes_new_take (g_malloc0 (SERIAL_PORT_QUEUE_MAX_BYTES + 1), SERIAL_PORT_QUEUE_MAX_BYTES + 1);
  guint taken = 0;

  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert (!serial_port_write (fixture.port, huge));
  while (serial_port_write (fixture.port, block) && taken < 1000)
    taken++;
  ck_assert_uint_ge (taken, SERIAL_PORT_QUEUE_MAX_BYTES / 16384);
  ck_assert_uint_lt (taken, 1000);
  /* Once the other end reads, there is room again. */
  read_master (g_byte_array_set_size (fixture.received, taken * 16384)->data, taken * 16384);
  ck_assert (serial_port_write (fixture.port, block));
}
END_TEST

START_TEST (freed_with_a_full_queue)
{
  g_autoptr (GBytes) block = g_bytes_new_take (g_malloc0 (16384), 16384);
  gint64 begin = g_get_monotonic_time ();

  open_port (SERIAL_FLOW_CONTROL_NONE);
  while (serial_port_write (fixture.port, block))
    ;
  g_clear_pointer (&fixture.port, serial_port_free);
  run_what_is_ready ();
  ck_assert_int_lt (g_get_monotonic_time () - begin, G_USEC_PER_SEC);
}
END_TEST

START_TEST (hang_up_with_a_full_queue)
{
  g_autoptr (GBytes) block = g_bytes_new_take (g_malloc0 (16384), 16384);

  open_port (SERIAL_FLOW_CONTROL_NONE);
  while (serial_port_write (fixture.port, block))
    ;
  close_master ();
  while (fixture.hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.hang_ups, 1);
}
END_TEST

START_TEST (one_end_of_a_socket_pair)
{
  int ends[2];
  char got[3];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  fixture.port = serial_port_new_for_fd (ends[0], 9600);
  serial_port_set_listener (fixture.port, &listener, NULL);
  write_port ("AT\r", 3);
  write_port ("", 0);
  ck_assert_int_eq (read (ends[1], got, 3), 3);
  ck_assert_mem_eq (got, "AT\r", 3);
  close (ends[1]);
  while (fixture.hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
}
END_TEST

/** Nothing is read while it is paused; afterwards all is. */
START_TEST (paused)
{
  struct pollfd slave = { fixture.slave, POLLIN, 0 };

  open_port (SERIAL_FLOW_CONTROL_NONE);
  serial_port_set_paused (fixture.port, TRUE);
  ck_assert_int_eq (write (fixture.master, "abc", 3), 3);
  ck_assert_int_eq (poll (&slave, 1, -1), 1);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.received->len, 0);
  serial_port_set_paused (fixture.port, FALSE);
  while (fixture.received->len < 3)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_mem_eq (fixture.received->data, "abc", 3);
}
END_TEST

START_TEST (a_hang_up_while_it_is_paused)
{
  fixture.on_hung_up = (Act) _i;
  open_port (SERIAL_FLOW_CONTROL_NONE);
  serial_port_set_paused (fixture.port, TRUE);
  close_master ();
  while (fixture.hang_ups == 0)
    g_main_context_iteration (NULL, TRUE);
  run_what_is_ready ();
  ck_assert_uint_eq (fixture.hang_ups, 1);
}
END_TEST

START_TEST (nobody_keeps_it)
{
  static const SerialPortHistory none = { 0 };

  open_port (SERIAL_FLOW_CONTROL_NONE);
  ck_assert_mem_eq (serial_port_get_history (fixture.port), &none, sizeof none);
  ck_assert (!serial_port_watch (fixture.port));
  ck_assert (!serial_port_is_watched (fixture.port));
  serial_port_unwatch (fixture.port);
  serial_port_set_taken (fixture.port, 1);
  ck_assert (!serial_port_keep_journal (fixture.port, 0, fixture.slave));
  serial_port_leave (fixture.port);
  ck_assert_int_eq (write (fixture.master, "abc", 3), 3);
  while (fixture.received->len < 3)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_eq (serial_port_get_position (fixture.port), 0);
}
END_TEST

static void
add_tests (TCase *tcase)
{
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, every_byte_from_the_module);
  tcase_add_test (tcase, every_byte_to_the_module);
  tcase_add_test (tcase, the_tty_is_fully_raw);
  tcase_add_test (tcase, rts_cts);
  tcase_add_test (tcase, former_settings_come_back);
  tcase_add_test (tcase, what_was_buffered_is_thrown_away);
  tcase_add_test (tcase, a_second_open_is_busy);
  tcase_add_test (tcase, exclusive_use_is_given_back);
  tcase_add_test (tcase, a_wrong_baud_rate_leaves_no_trace);
  tcase_add_test (tcase, no_such_device);
  tcase_add_test (tcase, no_tty);
  tcase_add_test (tcase, baud_rates);
  tcase_add_test (tcase, transfer_time);
  tcase_add_loop_test (tcase, a_hang_up_comes_once, ACT_NOTHING, ACT_FREE + 1);
  tcase_add_loop_test (tcase, a_failed_write_is_a_hang_up_from_the_main_loop, ACT_NOTHING, ACT_FREE + 1);
  tcase_add_test (tcase, freed_in_received);
  tcase_add_test (tcase, writes_keep_their_order);
  tcase_add_test (tcase, the_queue_is_bounded);
  tcase_add_test (tcase, freed_with_a_full_queue);
  tcase_add_test (tcase, hang_up_with_a_full_queue);
  tcase_add_test (tcase, one_end_of_a_socket_pair);
  tcase_add_test (tcase, paused);
  tcase_add_loop_test (tcase, a_hang_up_while_it_is_paused, ACT_NOTHING, ACT_FREE + 1);
  tcase_add_test (tcase, nobody_keeps_it);
}

int
main (void)
{
  Suite *suite = suite_create ("serial-port");
  TCase *tcase = tcase_create ("serial-port");
  SRunner *runner;
  int failed;

  add_tests (tcase);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
