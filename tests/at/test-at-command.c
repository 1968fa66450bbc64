/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command builder: what it writes, and that no argument can leave its quotes (bug class 14).
 */
#include <check.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#include "at-command.h"

#define MAX_BYTES 150

START_TEST (arguments_are_separated_by_commas)
{
  g_autoptr (AtCommand) command = at_command_new ("AT+X=", "+X:", 300);

  at_command_add_int (command, 0);
  at_command_add_int (command, -7);
  at_command_add_keyword (command, "key");
  ck_assert (at_command_add_string (command, "host.example", MAX_BYTES, NULL));
  at_command_add_int (command, G_MAXINT);
  at_command_add_int (command, G_MININT);
  ck_assert_str_eq (command->line->str, "AT+X=0,-7,\"key\",\"host.example\",2147483647,-2147483648");
  ck_assert_str_eq (command->response, "+X:");
  ck_assert_uint_eq (command->timeout_ms, 300);
  ck_assert_int_eq (command->data_mode, AT_DATA_NONE);
}
END_TEST

START_TEST (a_text_may_be_first)
{
  g_autoptr (AtCommand) command = at_command_new ("AT+X=", NULL, 300);

  ck_assert (at_command_add_string (command, "a,b;c=d>e'f", MAX_BYTES, NULL));
  ck_assert_str_eq (command->line->str, "AT+X=\"a,b;c=d>e'f\"");
}
END_TEST

START_TEST (payload_is_referenced)
{
  g_autoptr (GBytes) payload = g_bytes_new_static ("\0\x1a", 2);
  g_autoptr (AtCommand) command = at_command_new ("AT+X=", NULL, 300);

  at_command_set_payload (command, AT_DATA_COUNTED, payload);
  ck_assert_ptr_eq (command->payload, payload);
  ck_assert_int_eq (command->data_mode, AT_DATA_COUNTED);
}
END_TEST

static const struct {
  const char *what;
  const char *value;
} refused[] = {
  { "empty", "" },
  { "CR", "host\rAT+CFUN=0" },
  { "a CR alone", "\r" },
  { "LF", "host\nAT+CFUN=0" },
  { "quote", "host\",8883,0;+CFUN=0\"" },
  { "quote at the end", "host\"" },
  { "backslash", "host\\22" },
  { "Ctrl-Z", "host\x1a" },
  { "ESC", "\x1bhost" },
  { "tab", "ho\tst" },
  { "space", "ho st" },
  { "DEL", "host\x7f" },
  { "0x01", "\x01" },
  { "UTF-8", "h\xc3\xb6st" },
  { "0xff", "host\xff" },
};

START_TEST (bug_14_what_could_inject_a_command_is_refused)
{
  g_autoptr (AtCommand) command = at_command_new ("AT+X=", NULL, 300);
  g_autoptr (GError) error = NULL;

  ck_assert_msg (!at_command_add_string (command, refused[_i].value, MAX_BYTES, &error), "%s was taken",
                 refused[_i].what);
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  ck_assert_str_eq (command->line->str, "AT+X=");
}
END_TEST

START_TEST (bug_14_every_single_byte)
{
  for (guint byte = 1; byte < 256; byte++) {
    g_autoptr (AtCommand) command = at_command_new ("AT+X=", NULL, 300);
    const char value[] = { 'a', (char) byte, 'b', '\0' };
    gboolean allowed = byte > 0x20 && byte < 0x7f && byte != '"' && byte != '\\';

    ck_assert_msg (at_command_add_string (command, value, MAX_BYTES, NULL) == allowed, "byte %u", byte);
  }
}
END_TEST

START_TEST (the_length_is_limited)
{
  g_autofree char *longest = g_strnfill (MAX_BYTES, 'a');
  g_autofree char *too_long = g_strnfill (MAX_BYTES + 1, 'a');
  g_autoptr (AtCommand) command = at_command_new ("AT+X=", NULL, 300);
  g_autoptr (GError) error = NULL;

  ck_assert (at_command_add_string (command, longest, MAX_BYTES, NULL));
  ck_assert (!at_command_add_string (command, too_long, MAX_BYTES, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  ck_assert_uint_eq (command->line->len, strlen ("AT+X=") + 2 + MAX_BYTES);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("at-command");
  TCase *tcase = tcase_create ("at-command");
  SRunner *runner;
  int failed;

  tcase_add_test (tcase, arguments_are_separated_by_commas);
  tcase_add_test (tcase, a_text_may_be_first);
  tcase_add_test (tcase, payload_is_referenced);
  tcase_add_loop_test (tcase, bug_14_what_could_inject_a_command_is_refused, 0, G_N_ELEMENTS (refused));
  tcase_add_test (tcase, bug_14_every_single_byte);
  tcase_add_test (tcase, the_length_is_limited);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
