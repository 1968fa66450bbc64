/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The driver's normal work: dialogues byte by byte.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver-fixture.h"

static DriverFixture *const fixture = &driver_fixture;

#define ALL_UPLOADED                                                                 \
  "credential 0 unknown;credential 0 known;credential 1 unknown;credential 1 known;" \
  "credential 2 unknown;credential 2 known;"

static const int ca_length = sizeof CA_PEM - 1, cert_length = sizeof CERT_PEM - 1,
                 key_length = sizeof KEY_PEM - 1;

static DriverFixtureList
mutual_list (void)
{
  DriverFixtureList list = driver_fixture_defaults;

  list.seclevel = 2;
  list.ca = ca_length;
  list.cert = cert_length;
  list.key = key_length;
  return list;
}

static void
script_opened (void)
{
  driver_fixture_expect ("AT+QSSLOPEN=0,0,\"example.org\",8883,0", "OK\r\n\r\n+QSSLOPEN: 0,0,0");
}

/* The note's example 3.1, with the reading back that the design adds. */
START_TEST (two_way_authentication)
{
  DriverFixtureList list = mutual_list ();

  driver_fixture_start ();
  driver_fixture_ask_for_mutual (FALSE);
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",2", "OK");
  driver_fixture_script_upload ("cacert", CA_PEM, ca_length);
  driver_fixture_script_upload ("clientcert", CERT_PEM, cert_length);
  driver_fixture_script_upload ("clientkey", KEY_PEM, key_length);
  driver_fixture_script_list (&list);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check (ALL_UPLOADED "connecting;open;");
  ck_assert_uint_eq (module_driver_get_sleep_locks (fixture->driver), 1);
  driver_fixture_script_send ("hello SECRET", "\r\nOK\r\n\r\n+QSSLSEND: 0,0,0\r\n");
  driver_fixture_say ("\r\n+QSSLURC: \"recv\",0,0,16,\"1234567890SECRET\"\r\n");
  driver_fixture_send ("hello SECRET");
  driver_fixture_check ("send;received 1234567890SECRET;");
  driver_fixture_script_close ();
  driver_fixture_close ();
  driver_fixture_check ("close;");
  ck_assert_uint_eq (module_driver_get_sleep_locks (fixture->driver), 0);
}
END_TEST

START_TEST (what_does_not_differ_is_not_written)
{
  DriverFixtureList list = mutual_list ();

  driver_fixture_start ();
  driver_fixture_ask_for_mutual (TRUE);
  driver_fixture_script_awake ();
  driver_fixture_script_list (&list);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}
END_TEST

START_TEST (another_length_is_another_credential)
{
  DriverFixtureList list = mutual_list (), before = list;

  before.cert++;
  driver_fixture_start ();
  driver_fixture_ask_for_mutual (TRUE);
  driver_fixture_script_awake ();
  driver_fixture_script_list (&before);
  driver_fixture_script_upload ("clientcert", CERT_PEM, cert_length);
  driver_fixture_script_list (&list);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("credential 1 unknown;credential 1 known;connecting;open;");
}
END_TEST

START_TEST (bug_21_the_same_length_may_be_another_credential)
{
  DriverFixtureList list = mutual_list ();

  driver_fixture_start ();
  driver_fixture_ask_for_mutual (TRUE);
  fixture->request.credentials[MODULE_CREDENTIAL_CLIENT_KEY].in_module = FALSE;
  driver_fixture_script_awake ();
  driver_fixture_script_list (&list);
  driver_fixture_script_upload ("clientkey", KEY_PEM, key_length);
  driver_fixture_script_list (&list);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("credential 2 unknown;credential 2 known;connecting;open;");
}
END_TEST

START_TEST (every_setting_is_written)
{
  DriverFixtureList before = { 2, 1, 1, 1, 300, 4, 0, 0, 0, 1 }, after = { 0, 3, 0, 0, 90, 0, 0, 0, 0, 0 };

  fixture->request.settings.tls_version = TLS_VERSION_1_2;
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_script_list (&before);
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",0", "OK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"sslversion\",3", "OK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"dataformat\",0,0", "OK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"timeout\",90", "OK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"debug\",0", "OK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"dtls\",0", "OK");
  driver_fixture_script_list (&after);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}
END_TEST

START_TEST (without_the_list_each_key_is_asked)
{
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_expect ("AT+QSSLCFG=0,0", "ERROR");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\"", "+QSSLCFG: 0,0,\"seclevel\",0\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"sslversion\"", "+QSSLCFG: 0,0,\"ssIversion\",4\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"dataformat\"", "+QSSLCFG: 0,0,\"dataformat\",0,0\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"timeout\"", "+QSSLCFG: 0,0,\"timeout\",90\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"debug\"", "+QSSLCFG: 0,0,\"debug\",0\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"dtls\"", "+QSSLCFG: 0,0,\"dtls\",0\r\n\r\nOK");
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}
END_TEST

START_TEST (a_short_list_is_completed)
{
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_expect ("AT+QSSLCFG=0,0",
                         "+QSSLCFG: 0,0,\"sslversion\",4\r\n+QSSLCFG: 0,0,\"dataformat\",0,0\r\n"
                         "+QSSLCFG: 0,0,\"timeout\",90\r\n+QSSLCFG: 0,0,\"debug\",0\r\n"
                         "+QSSLCFG: 0,0,\"dtls\",0\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\"", "+QSSLCFG: 0,0,\"seclevel\",0\r\n\r\nOK");
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}
END_TEST

static const char *const open_answers[] = {
  "OK\r\n\r\n+QSSLOPEN: 0,0,0",
  "+QSSLOPEN: 0,0,0\r\n\r\nOK",
  "+CEREG: 5\r\n\r\nOK\r\n\r\n+QNBIOTEVENT: \"x\"\r\n\r\n+QSSLOPEN: 0,0,0",
  "OK\r\n+QSSLOPEN: 0,0,0\r\n\r\n+QSSLOPEN: 0,0,0",
};

START_TEST (bug_01_the_result_before_its_ok)
{
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLOPEN=0,0,\"example.org\",8883,0", open_answers[_i]);
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}
END_TEST

static const char *const send_answers[] = {
  "\r\nOK\r\n\r\n+QSSLSEND: 0,0,0\r\n",
  "\r\n+QSSLSEND: 0,0,0\r\n\r\nOK\r\n",
  "\r\nOK\r\n+QSSLSEND: 0,0,0\r\n",
};

START_TEST (sends_one_after_the_other)
{
  driver_fixture_connect ();
  for (guint i = 0; i < 3; i++) {
    driver_fixture_script_send ("abc", send_answers[_i]);
    driver_fixture_send ("abc");
    driver_fixture_check ("send;");
  }
}
END_TEST

/* Bug class 4: whatever stands in the data, it arrives and is nothing else. */
START_TEST (bug_04_data_that_looks_like_protocol)
{
  driver_fixture_connect ();
  driver_fixture_script_send ("\r\nOK\r\n>\"\x1a\x1b\r\nRDY\r\n", send_answers[0]);
  driver_fixture_say ("\r\n+QSSLURC: \"recv\",0,0,19,\"\r\nOK\r\n>\"\x1a\x1b\r\nRDY\r\n!!\"\r\n");
  driver_fixture_send ("\r\nOK\r\n>\"\x1a\x1b\r\nRDY\r\n");
  driver_fixture_check ("send;received \r\nOK\r\n>\"\x1a\x1b\r\nRDY\r\n!!;");
}
END_TEST

START_TEST (hex_is_sent)
{
  DriverFixtureList list = driver_fixture_defaults;

  list.send_format = 1;
  fixture->request.settings.send_format = DATA_FORMAT_HEX;
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_script_list (&list);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
  driver_fixture_expect ("AT+QSSLSEND=0,0,3", "> ");
  scripted_module_expect (fixture->module, "1AFF62");
  driver_fixture_say (send_answers[0]);
  driver_fixture_send ("\x1a\xff\x62");
  driver_fixture_check ("send;");
}
END_TEST

static const char *const hex_urcs[] = {
  "+QSSLURC: \"recv\",0,0,4,\"6a6b6c6d\"",
  "+QSSLURC: \"recv\",0,0,4,6A6B6C6D",
  "+QSSLURC: \"recv\",0,0,8,6A6b6C6d",
  "+QSSLURC: \"recv\",0,0,8,\"6A6B6C6D\"",
};

START_TEST (hex_is_received_in_every_form)
{
  DriverFixtureList list = driver_fixture_defaults;

  list.receive_format = 1;
  fixture->request.settings.receive_format = DATA_FORMAT_HEX;
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_script_list (&list);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
  driver_fixture_say ("\r\n");
  driver_fixture_say (hex_urcs[_i]);
  driver_fixture_say ("\r\n");
  driver_fixture_check ("received jklm;");
}
END_TEST

static void
start_without_lengths (void)
{
  driver_fixture_script_probe ();
  driver_fixture_script_identity ();
  driver_fixture_expect ("AT+QSSLCFG=?", "ERROR");
  driver_fixture_expect ("AT+QSSLOPEN=?", "ERROR");
  driver_fixture_expect ("AT+QSSLSEND=?", "+QSSLSEND: (0),(0)\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
  driver_fixture_script_open ();
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,0\r\n");
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ck_assert (module_driver_start_finish (fixture->driver, result, NULL));
  driver_fixture_open ();
}

START_TEST (the_ctrl_z_form)
{
  start_without_lengths ();
  module_driver_start_async (fixture->driver, on_started, NULL);
  driver_fixture_check ("connecting;open;");
  driver_fixture_expect ("AT+QSSLSEND=0,0", "> ");
  scripted_module_expect (fixture->module, "abc\x1a");
  driver_fixture_say (send_answers[0]);
  driver_fixture_send ("abc");
  driver_fixture_check ("send;");
  /* It can carry neither 0x1A nor 0x1B; the connection goes on. */
  driver_fixture_send ("a\x1a");
  driver_fixture_check ("send failed module-error 0;");
  driver_fixture_send ("\x1b");
  driver_fixture_check ("send failed module-error 0;");
  driver_fixture_expect ("AT+QSSLSEND=0,0", "> ");
  scripted_module_expect (fixture->module, "d\x1a");
  driver_fixture_say (send_answers[0]);
  driver_fixture_send ("d");
  driver_fixture_check ("send;");
}
END_TEST

static const struct {
  const char *answer;
  gboolean woken;
  int former;
} sleeps[] = {
  { "+QSCLK: 1\r\n\r\nOK", TRUE, 1 },
  { "+QSCLK: 2\r\n\r\nOK", TRUE, 2 },
  { "+QSCLK: 0\r\n\r\nOK", FALSE, 0 },
  { "ERROR", FALSE, 0 },
  { "OK", FALSE, 0 },
};

START_TEST (the_sleep_mode_comes_back)
{
  g_autofree char *line = g_strdup_printf ("AT+QSCLK=%d", sleeps[_i].former);

  driver_fixture_start ();
  driver_fixture_expect ("AT+QSCLK?", sleeps[_i].answer);
  if (sleeps[_i].woken)
    driver_fixture_expect ("AT+QSCLK=0", "OK");
  driver_fixture_script_list (&driver_fixture_defaults);
  script_opened ();
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  if (sleeps[_i].woken)
    driver_fixture_expect (line, "OK");
  driver_fixture_close ();
  driver_fixture_check ("close;");
}
END_TEST

static const char *const close_answers[] = {
  "OK\r\n\r\n+QSSLCLOSE: 0,0,0",           "+QSSLCLOSE: 0,0,0\r\n\r\nOK",
  "OK\r\n\r\n+QSSLCLOSE: 0,0,-6",          "ERROR",
  "+QSSLURC: \"closed\",0,0\r\n\r\nERROR",
};

START_TEST (bug_10_closed_whatever_it_says)
{
  driver_fixture_connect ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", close_answers[_i]);
  driver_fixture_script_asleep ();
  driver_fixture_close ();
  driver_fixture_check ("close;");
}
END_TEST

START_TEST (bug_10_closed_twice)
{
  driver_fixture_connect ();
  driver_fixture_script_close ();
  driver_fixture_close ();
  driver_fixture_close ();
  driver_fixture_check ("close;close;");
  driver_fixture_close ();
  driver_fixture_check ("close;");
}
END_TEST

START_TEST (nothing_is_received_after_the_close)
{
  driver_fixture_connect ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0",
                         "+QSSLURC: \"recv\",0,0,6,\"SECRET\"\r\n\r\nOK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_script_asleep ();
  driver_fixture_close ();
  driver_fixture_check ("close;");
}
END_TEST

START_TEST (a_second_connection)
{
  driver_fixture_connect ();
  driver_fixture_script_close ();
  driver_fixture_close ();
  driver_fixture_check ("close;");
  driver_fixture_script_open ();
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,0\r\n");
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}
END_TEST

START_TEST (erase)
{
  driver_fixture_start ();
  driver_fixture_script_upload ("clientkey", "erased by modemssl\n", 19);
  driver_fixture_erase (MODULE_CREDENTIAL_CLIENT_KEY);
  ck_assert_str_eq (fixture->log->str, "");
  driver_fixture_check ("credential 2 unknown;erase;");
}
END_TEST

static const int erase_lengths[] = { -1, 0, 1679 };

START_TEST (an_erase_that_did_not_happen)
{
  driver_fixture_start ();
  driver_fixture_script_upload ("clientkey", "erased by modemssl\n", erase_lengths[_i]);
  if (erase_lengths[_i] < 0)
    driver_fixture_script_probe ();
  driver_fixture_erase (MODULE_CREDENTIAL_CLIENT_KEY);
  if (erase_lengths[_i] < 0) {
    driver_fixture_wait (2);
    driver_fixture_expect ("AT", "OK");
    driver_fixture_stop ();
    driver_fixture_check ("credential 2 unknown;erase failed credential 0;stop;");
    return;
  }
  driver_fixture_check ("credential 2 unknown;erase failed credential 0;");
}
END_TEST

START_TEST (no_erase_while_connected)
{
  driver_fixture_connect ();
  driver_fixture_erase (MODULE_CREDENTIAL_CA);
  driver_fixture_check ("erase failed state 0;");
}
END_TEST

START_TEST (stop)
{
  driver_fixture_connect ();
  driver_fixture_script_close ();
  driver_fixture_expect ("AT", "OK");
  driver_fixture_stop ();
  driver_fixture_check ("stop;");
}
END_TEST

START_TEST (stop_while_closing_waits_for_the_end)
{
  driver_fixture_connect ();
  driver_fixture_script_close ();
  driver_fixture_expect ("AT", "OK");
  driver_fixture_close ();
  driver_fixture_stop ();
  driver_fixture_check ("close;stop;");
}
END_TEST

START_TEST (stop_while_configuring)
{
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_script_asleep ();
  driver_fixture_expect ("AT", "OK");
  driver_fixture_open ();
  driver_fixture_stop ();
  driver_fixture_check ("open failed requested 0;stop;");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-driver");
  TCase *tcase = tcase_create ("bc660k-driver");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, two_way_authentication);
  tcase_add_test (tcase, what_does_not_differ_is_not_written);
  tcase_add_test (tcase, another_length_is_another_credential);
  tcase_add_test (tcase, bug_21_the_same_length_may_be_another_credential);
  tcase_add_test (tcase, every_setting_is_written);
  tcase_add_test (tcase, without_the_list_each_key_is_asked);
  tcase_add_test (tcase, a_short_list_is_completed);
  tcase_add_loop_test (tcase, bug_01_the_result_before_its_ok, 0, G_N_ELEMENTS (open_answers));
  tcase_add_loop_test (tcase, sends_one_after_the_other, 0, G_N_ELEMENTS (send_answers));
  tcase_add_test (tcase, bug_04_data_that_looks_like_protocol);
  tcase_add_test (tcase, hex_is_sent);
  tcase_add_loop_test (tcase, hex_is_received_in_every_form, 0, G_N_ELEMENTS (hex_urcs));
  tcase_add_test (tcase, the_ctrl_z_form);
  tcase_add_loop_test (tcase, the_sleep_mode_comes_back, 0, G_N_ELEMENTS (sleeps));
  tcase_add_loop_test (tcase, bug_10_closed_whatever_it_says, 0, G_N_ELEMENTS (close_answers));
  tcase_add_test (tcase, bug_10_closed_twice);
  tcase_add_test (tcase, nothing_is_received_after_the_close);
  tcase_add_test (tcase, a_second_connection);
  tcase_add_test (tcase, erase);
  tcase_add_loop_test (tcase, an_erase_that_did_not_happen, 0, G_N_ELEMENTS (erase_lengths));
  tcase_add_test (tcase, no_erase_while_connected);
  tcase_add_test (tcase, stop);
  tcase_add_test (tcase, stop_while_closing_waits_for_the_end);
  tcase_add_test (tcase, stop_while_configuring);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
