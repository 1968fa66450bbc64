/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What goes wrong: refusals, results, closes, restarts and losses in every state.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver-fixture.h"

static DriverFixture *const fixture = &driver_fixture;

#define OPEN_LINE "AT+QSSLOPEN=0,0,\"example.org\",8883,0"

/* The state that a connection is in. The script has no answer to what was written last. */
typedef enum {
  WAKING,
  CONFIGURING,
  UPLOADING,
  OPENING,
  OPENING_OK,
  CONNECTED,
  SENDING,
  SENDING_DATA,
  SENDING_OK,
  CLOSING,
} Reached;

static void
reach_opening (Reached state)
{
  driver_fixture_start ();
  if (state == UPLOADING)
    driver_fixture_ask_for_mutual (FALSE);
  driver_fixture_open ();
  if (state == WAKING) {
    driver_fixture_expect ("AT+QSCLK?", NULL);
    return;
  }
  driver_fixture_script_awake ();
  if (state == CONFIGURING) {
    driver_fixture_expect ("AT+QSSLCFG=0,0", NULL);
    return;
  }
  driver_fixture_script_list (&driver_fixture_defaults);
  if (state == UPLOADING) {
    driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",2", "OK");
    driver_fixture_expect ("AT+QSSLCFG=0,0,\"cacert\"", NULL);
    return;
  }
  driver_fixture_expect (OPEN_LINE, state == OPENING ? NULL : "OK");
}

static void
reach_sending (Reached state)
{
  driver_fixture_send ("abSECRET");
  driver_fixture_expect ("AT+QSSLSEND=0,0,8", state == SENDING ? NULL : "> ");
  if (state == SENDING)
    return;
  scripted_module_expect (fixture->module, "abSECRET");
  if (state == SENDING_OK)
    driver_fixture_say (OK);
}

/** The log is empty afterwards. */
static void
reach (Reached state)
{
  if (state < CONNECTED) {
    reach_opening (state);
  } else {
    driver_fixture_connect ();
    if (state == CLOSING) {
      driver_fixture_close ();
      driver_fixture_expect ("AT+QSSLCLOSE=0,0", NULL);
    } else if (state > CONNECTED) {
      reach_sending (state);
    }
  }
  scripted_module_run (fixture->module);
  scripted_module_run_what_is_ready ();
  g_string_truncate (fixture->log, 0);
  fixture->entries = 0;
}

static const struct {
  Reached state;
  const char *ends; /* what the loss ends, with %s for the reason */
} endings[] = {
  { WAKING, "open failed %s 0;" },
  { CONFIGURING, "open failed %s 0;" },
  { UPLOADING, "open failed %s 0;" },
  { OPENING, "open failed %s 0;" },
  { OPENING_OK, "open failed %s 0;" },
  { CONNECTED, "closed %s 0;" },
  { SENDING, "send failed %s 0;closed %s 0;" },
  { SENDING_DATA, "send failed %s 0;closed %s 0;" },
  { SENDING_OK, "send failed %s 0;closed %s 0;" },
  { CLOSING, "close;" },
};

static void
check_ended (const char *ends, const char *reason, const char *last)
{
  g_auto (GStrv) parts = g_strsplit (ends, "%s", -1);
  g_autofree char *joined = g_strjoinv (reason, parts);
  g_autofree char *log = g_strconcat (joined, last, NULL);

  driver_fixture_check (log);
}

START_TEST (a_lost_port_in_every_state)
{
  reach (endings[_i].state);
  scripted_module_hang_up (fixture->module);
  check_ended (endings[_i].ends, "module-lost", "lost;");
}
END_TEST

START_TEST (freed_in_every_state)
{
  g_autofree char *log = NULL;

  reach (endings[_i].state);
  g_clear_pointer (&fixture->driver, module_driver_free);
  scripted_module_run_what_is_ready ();
  log = g_strdup (fixture->log->str);
  ck_assert_ptr_null (strstr (log, "closed"));
  ck_assert_ptr_null (strstr (log, "lost;"));
}
END_TEST

START_TEST (a_restart_in_every_state)
{
  reach (endings[_i].state);
  driver_fixture_say ("\r\nRDY\r\n");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  if (endings[_i].state != WAKING)
    driver_fixture_script_asleep ();
  check_ended (endings[_i].ends, "module-restarted", "restarted;");
  ck_assert_uint_eq (module_driver_get_sleep_locks (fixture->driver), 0);
}
END_TEST

START_TEST (after_a_restart_all_is_read_again)
{
  reach (CONNECTED);
  driver_fixture_say ("\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n");
  driver_fixture_script_probe ();
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_script_asleep ();
  driver_fixture_check ("closed module-restarted 0;restarted;");
  driver_fixture_script_open ();
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,0\r\n");
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}
END_TEST

/* Each time: what has to be answered still, and how the close ends it. */
START_TEST (closed_while_waking)
{
  reach (WAKING);
  driver_fixture_close ();
  driver_fixture_say ("\r\n+QSCLK: 1\r\n\r\nOK\r\n");
  driver_fixture_expect ("AT+QSCLK=0", "OK");
  driver_fixture_script_asleep ();
  driver_fixture_check ("open failed requested 0;close;");
}
END_TEST

START_TEST (closed_while_configuring)
{
  reach (CONFIGURING);
  driver_fixture_close ();
  driver_fixture_say ("\r\nERROR\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_check ("open failed requested 0;close;");
}
END_TEST

START_TEST (closed_while_uploading)
{
  reach (UPLOADING);
  driver_fixture_close ();
  driver_fixture_say ("\r\nERROR\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_check ("open failed requested 0;close;");
}
END_TEST

static const char *const closes_of_an_opening[] = {
  "OK\r\n\r\n+QSSLCLOSE: 0,0,0",
  "ERROR\r\n\r\n+QSSLOPEN: 0,0,-7",
  "OK\r\n\r\n+QSSLOPEN: 0,0,-2\r\n\r\n+QSSLCLOSE: 0,0,0",
  "OK\r\n\r\n+QSSLCLOSE: 0,0,-6\r\n\r\n+QSSLOPEN: 0,0,-1",
};

START_TEST (closed_while_opening)
{
  reach (OPENING_OK);
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", closes_of_an_opening[_i]);
  driver_fixture_script_asleep ();
  driver_fixture_close ();
  driver_fixture_check ("open failed requested 0;close;");
}
END_TEST

/* The module could not close while it was opening; then it came up: it has to be closed again. */
static const char *const refused_closes[] = {
  "ERROR\r\n\r\n+QSSLOPEN: 0,0,0",
  "OK\r\n\r\n+QSSLCLOSE: 0,0,-6\r\n\r\n+QSSLOPEN: 0,0,0",
  "OK\r\n\r\n+QSSLOPEN: 0,0,0\r\n\r\n+QSSLCLOSE: 0,0,-6",
};

START_TEST (closed_while_opening_and_it_came_up)
{
  reach (OPENING_OK);
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", refused_closes[_i]);
  driver_fixture_script_close ();
  driver_fixture_close ();
  driver_fixture_check ("open failed requested 0;close;");
}
END_TEST

static const Reached sending_states[] = { SENDING_DATA, SENDING_OK };

START_TEST (closed_while_sending)
{
  reach (sending_states[_i]);
  driver_fixture_close ();
  if (sending_states[_i] == SENDING_DATA)
    driver_fixture_say (OK "\r\n+QSSLSEND: 0,0,0\r\n");
  driver_fixture_script_close ();
  driver_fixture_check ("send failed requested 0;close;");
}
END_TEST

static const struct {
  int result;
  const char *reason;
} results[] = {
  { -1, "module-error" },  { -2, "connect-failed" }, { -3, "certificate" },        { -4, "key" },
  { -5, "cipher" },        { -7, "timeout" },        { -8, "module-error" },       { -9, "module-error" },
  { -42, "module-error" }, { 5, "module-error" },    { G_MININT, "module-error" },
};

START_TEST (a_failed_open)
{
  g_autofree char *urc = g_strdup_printf ("\r\n+QSSLOPEN: 0,0,%d\r\n", results[_i].result);
  g_autofree char *log = g_strdup_printf ("open failed %s %d;", results[_i].reason, results[_i].result);

  reach (OPENING_OK);
  driver_fixture_say (urc);
  driver_fixture_script_asleep ();
  driver_fixture_check (log);
}
END_TEST

/* -6: something is in the slot that should not be; it is closed, so that the next open works. */
static const struct {
  const char *answer;
  const char *log;
} blocked[] = {
  { "\r\nERROR\r\n", "open failed module-error 0;" },
  { "\r\nOK\r\n\r\n+QSSLOPEN: 0,0,-6\r\n", "open failed state -6;" },
};

START_TEST (bug_22_an_orphan_blocks_one_open_only)
{
  reach (OPENING);
  driver_fixture_say (blocked[_i].answer);
  driver_fixture_script_close ();
  driver_fixture_check (blocked[_i].log);
}
END_TEST

START_TEST (bug_08_and_09_a_send_that_failed_behind_its_ok)
{
  g_autofree char *urc = g_strdup_printf ("\r\n+QSSLSEND: 0,0,%d\r\n", results[_i].result);
  g_autofree char *log = g_strdup_printf ("send failed %s %d;closed %s %d;", results[_i].reason,
                                          results[_i].result, results[_i].reason, results[_i].result);

  reach (SENDING_OK);
  driver_fixture_say (urc);
  driver_fixture_script_close ();
  driver_fixture_check (log);
}
END_TEST

START_TEST (a_refused_send_ends_the_connection)
{
  reach (SENDING);
  driver_fixture_say ("\r\nERROR\r\n");
  driver_fixture_script_close ();
  driver_fixture_check ("send failed module-error 0;closed module-error 0;");
}
END_TEST

static const struct {
  const char *urcs;
  const char *log;
} closings[] = {
  { "\r\n+QSSLURC: \"closed\",0,0\r\n", "closed server-closed 0;" },
  { "\r\n+QSSLURC: \"recv\",0,0,2,\"ab\"\r\n\r\n+QSSLURC: \"closed\",0,0\r\n",
    "received ab;closed server-closed 0;" },
  { "\r\n+QSSLURC: \"closed\",0,0\r\n\r\n+QSSLURC: \"recv\",0,0,2,\"ab\"\r\n",
    "received ab;closed server-closed 0;" },
  { "\r\n+QSSLURC: \"closed\",0,0\r\n\r\n+QSSLURC: \"closed\",0,0\r\n", "closed server-closed 0;" },
  { "\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n+QSSLURC: \"recv\",0,0,1,\"b\"\r\n+QSSLURC: \"closed\",0,0\r\n"
    "+QSSLURC: \"recv\",0,0,1,\"c\"\r\n",
    "received a;received b;received c;closed server-closed 0;" },
};

START_TEST (bug_02_data_and_close_in_one_read)
{
  reach (CONNECTED);
  driver_fixture_say (closings[_i].urcs);
  driver_fixture_script_asleep ();
  driver_fixture_check (closings[_i].log);
}
END_TEST

START_TEST (the_last_data_may_come_slowly)
{
  reach (CONNECTED);
  driver_fixture_say ("\r\n+QSSLURC: \"closed\",0,0\r\n\r\n+QSSLURC: \"recv\",0,0,10,\"");
  for (guint i = 0; i < 10; i++) {
    scripted_module_pause (fixture->module, 30);
    driver_fixture_say ("x");
  }
  driver_fixture_say ("\"\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_check ("received xxxxxxxxxx;closed server-closed 0;");
}
END_TEST

START_TEST (the_server_closes_while_it_opens)
{
  reach (OPENING_OK);
  driver_fixture_say ("\r\n+QSSLURC: \"closed\",0,0\r\n\r\n+QSSLOPEN: 0,0,-2\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_check ("open failed connect-failed 0;");
}
END_TEST

START_TEST (the_server_closes_while_sending)
{
  reach (SENDING_OK);
  driver_fixture_say ("\r\n+QSSLURC: \"closed\",0,0\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_check ("send failed server-closed 0;closed server-closed 0;");
}
END_TEST

START_TEST (closed_by_both)
{
  reach (CONNECTED);
  driver_fixture_say ("\r\n+QSSLURC: \"closed\",0,0\r\n\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n");
  driver_fixture_script_asleep ();
  driver_fixture_wait (1);
  driver_fixture_close ();
  driver_fixture_check ("received a;close;");
}
END_TEST

START_TEST (an_unknown_urc_is_no_damage)
{
  reach (CONNECTED);
  driver_fixture_say (
      "\r\n+QSSLURC: \"pdpdeact\",0\r\n\r\n+QSSLNEW: 1\r\n\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n");
  driver_fixture_check ("received a;");
}
END_TEST

START_TEST (settings_that_do_not_stay_are_refused)
{
  driver_fixture_start ();
  fixture->request.settings.authentication = TLS_AUTHENTICATION_SERVER;
  fixture->request.credentials[MODULE_CREDENTIAL_CA].pem = g_bytes_new_static ("SECRET", 6);
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",1", _i == 0 ? "OK" : "ERROR");
  driver_fixture_script_upload ("cacert", "SECRET", 6);
  driver_fixture_script_list (&(DriverFixtureList){ 0, 4, 0, 0, 90, 0, 6, 0, 0, 0 });
  driver_fixture_script_asleep ();
  driver_fixture_open ();
  driver_fixture_check ("credential 0 unknown;credential 0 known;open failed settings 0;");
}
END_TEST

START_TEST (a_setting_that_cannot_be_read_is_refused)
{
  driver_fixture_start ();
  driver_fixture_script_awake ();
  for (guint i = 0; i < 2; i++) {
    driver_fixture_expect ("AT+QSSLCFG=0,0",
                           "+QSSLCFG: 0,0,\"sslversion\",4\r\n+QSSLCFG: 0,0,\"dataformat\",0,0\r\n"
                           "+QSSLCFG: 0,0,\"timeout\",90\r\n+QSSLCFG: 0,0,\"debug\",0\r\n"
                           "+QSSLCFG: 0,0,\"dtls\",0\r\n\r\nOK");
    driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\"", "ERROR");
    if (i == 0)
      driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",0", "OK");
  }
  driver_fixture_script_asleep ();
  driver_fixture_open ();
  driver_fixture_check ("open failed settings 0;");
}
END_TEST

START_TEST (a_missing_credential_is_not_that_of_somebody_else)
{
  driver_fixture_start ();
  driver_fixture_ask_for_mutual (TRUE);
  g_clear_pointer (&fixture->request.credentials[_i].pem, g_bytes_unref);
  driver_fixture_script_awake ();
  driver_fixture_script_asleep ();
  driver_fixture_open ();
  driver_fixture_check ("open failed credential 0;");
}
END_TEST

static const int lengths[] = { 0, sizeof CA_PEM - 2, sizeof CA_PEM, 100000, -1 };

START_TEST (bug_20_an_upload_of_another_length)
{
  driver_fixture_start ();
  driver_fixture_ask_for_mutual (FALSE);
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",2", "OK");
  driver_fixture_script_upload ("cacert", CA_PEM, lengths[_i]);
  if (lengths[_i] < 0)
    driver_fixture_script_probe ();
  driver_fixture_script_asleep ();
  driver_fixture_open ();
  driver_fixture_check ("credential 0 unknown;open failed credential 0;");
}
END_TEST

START_TEST (a_slot_is_taken_once)
{
  reach (CONNECTED);
  driver_fixture_open ();
  driver_fixture_check ("open failed state 0;");
}
END_TEST

START_TEST (no_send_without_a_connection)
{
  driver_fixture_start ();
  driver_fixture_send ("abc");
  driver_fixture_check ("send failed state 0;");
}
END_TEST

START_TEST (bug_14_a_host_that_would_inject_is_refused)
{
  fixture->request.host = "example.org\",1,0\rAT+QRST=1";
  driver_fixture_start ();
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_script_asleep ();
  driver_fixture_open ();
  driver_fixture_check ("open failed module-error 0;");
}
END_TEST

/* An open that was given up succeeds after all: nobody wants it. */
START_TEST (an_open_that_nobody_wants_is_closed)
{
  driver_fixture_start ();
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,0\r\n");
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_check ("");
  ck_assert_uint_eq (module_driver_get_sleep_locks (fixture->driver), 0);
}
END_TEST

/* What was proven about the settings no longer holds. */
static const char *const late_news[] = { "\r\n+QSSLOPEN: 0,0,0\r\n", "\r\n+QSSLCLOSE: 0,0,0\r\n" };

START_TEST (late_news_while_configuring)
{
  reach (CONFIGURING);
  driver_fixture_say (late_news[_i]);
  driver_fixture_say ("\r\nERROR\r\n");
  driver_fixture_script_close ();
  driver_fixture_check ("open failed state 0;");
}
END_TEST

START_TEST (a_late_close_while_opening)
{
  reach (OPENING_OK);
  driver_fixture_say (late_news[1]);
  driver_fixture_script_close ();
  driver_fixture_check ("open failed state 0;");
}
END_TEST

START_TEST (results_of_nobody)
{
  driver_fixture_start ();
  driver_fixture_say ("\r\n+QSSLSEND: 0,0,0\r\n\r\n+QSSLCLOSE: 0,0,0\r\n\r\n+QSSLOPEN: 0,0,-2\r\n"
                      "\r\n+QSSLURC: \"closed\",0,0\r\n\r\n+QSSLURC: \"recv\",0,0,6,\"SECRET\"\r\n"
                      "\r\n+QSSLOPEN: 0,7,-2\r\n\r\n+QSSLURC: \"closed\",0,7\r\n\r\n+QSSLOPEN: 0,99,0\r\n");
  scripted_module_run (fixture->module);
  driver_fixture_check ("");
}
END_TEST

/* Bug class 15: a callback frees the driver. */
static const struct {
  Reached state;
  const char *say;
  const char *free_at;
} frees[] = {
  { OPENING_OK, "\r\n+QSSLOPEN: 0,0,0\r\n\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n", "open" },
  { OPENING_OK, "\r\n+QSSLOPEN: 0,0,-2\r\n\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n", "open failed" },
  { CONNECTED, "\r\n+QSSLURC: \"recv\",0,0,1,\"a\"\r\n\r\n+QSSLURC: \"recv\",0,0,1,\"b\"\r\n", "received" },
  { CONNECTED, "\r\n+QSSLURC: \"closed\",0,0\r\n", "closed" },
  { SENDING_OK, "\r\n+QSSLSEND: 0,0,0\r\n\r\n+QSSLURC: \"closed\",0,0\r\n", "send" },
  { SENDING_OK, "\r\n+QSSLSEND: 0,0,-1\r\n\r\n+QSSLURC: \"closed\",0,0\r\n", "send failed" },
  { SENDING_OK, "\r\n+QSSLURC: \"closed\",0,0\r\n", "send failed" },
  { SENDING_OK, "\r\nRDY\r\n", "send failed" },
  { SENDING_OK, "\r\nRDY\r\n", "closed" },
  { CONNECTED, "\r\nRDY\r\n", "restarted" },
  { CLOSING, "\r\nOK\r\n\r\n+QSSLCLOSE: 0,0,0\r\n", "close" },
  { CLOSING, "\r\nRDY\r\n", "close" },
};

START_TEST (bug_15_freed_in_a_callback)
{
  reach (frees[_i].state);
  fixture->free_at = frees[_i].free_at;
  driver_fixture_say (frees[_i].say);
  while (fixture->driver != NULL)
    g_main_context_iteration (NULL, TRUE);
  scripted_module_run_what_is_ready ();
  ck_assert_uint_eq (fixture->tasks, 0);
  scripted_module_ignore (fixture->module);
}
END_TEST

static const char *const setup_frees[] = { "credential 0 unknown", "credential 0 known", "connecting" };

START_TEST (bug_15_freed_while_setting_up)
{
  fixture->free_at = NULL;
  driver_fixture_start ();
  driver_fixture_ask_for_mutual (FALSE);
  fixture->free_at = setup_frees[_i];
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLCFG=0,0,\"seclevel\",2", "OK");
  driver_fixture_script_upload ("cacert", CA_PEM, sizeof CA_PEM - 1);
  driver_fixture_script_upload ("clientcert", CERT_PEM, sizeof CERT_PEM - 1);
  driver_fixture_script_upload ("clientkey", KEY_PEM, sizeof KEY_PEM - 1);
  driver_fixture_script_list (&(DriverFixtureList){ 2, 4, 0, 0, 90, 0, sizeof CA_PEM - 1, sizeof CERT_PEM - 1,
                                                    sizeof KEY_PEM - 1, 0 });
  driver_fixture_open ();
  while (fixture->driver != NULL)
    g_main_context_iteration (NULL, TRUE);
  scripted_module_run_what_is_ready ();
  ck_assert_uint_eq (fixture->tasks, 0);
  scripted_module_ignore (fixture->module);
}
END_TEST

static const char *const lost_entries[] = { "send failed", "closed", "lost" };

START_TEST (bug_15_freed_when_lost)
{
  reach (SENDING_DATA);
  fixture->free_at = lost_entries[_i];
  scripted_module_hang_up (fixture->module);
  while (fixture->driver != NULL)
    g_main_context_iteration (NULL, TRUE);
  scripted_module_run_what_is_ready ();
}
END_TEST

/* The slot is free in its last callback: the next open may be asked for right there. */
static const struct {
  Reached state;
  const char *say;
  const char *open_at;
  const char *log;
} again[] = {
  { OPENING_OK, "\r\n+QSSLOPEN: 0,0,-2\r\n", "open failed",
    "open failed connect-failed -2;connecting;open;" },
  { CONNECTED, "\r\n+QSSLURC: \"closed\",0,0\r\n", "closed", "closed server-closed 0;connecting;open;" },
  { CLOSING, "\r\nOK\r\n\r\n+QSSLCLOSE: 0,0,0\r\n", "close", "close;connecting;open;" },
};

START_TEST (opened_again_in_the_callback)
{
  reach (again[_i].state);
  fixture->open_at = again[_i].open_at;
  driver_fixture_say (again[_i].say);
  driver_fixture_script_asleep ();
  driver_fixture_script_open ();
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,0\r\n");
  driver_fixture_check (again[_i].log);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-failures");
  TCase *tcase = tcase_create ("bc660k-failures");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, driver_fixture_set_up, driver_fixture_tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, a_lost_port_in_every_state, 0, G_N_ELEMENTS (endings));
  tcase_add_loop_test (tcase, freed_in_every_state, 0, G_N_ELEMENTS (endings));
  tcase_add_loop_test (tcase, a_restart_in_every_state, 0, G_N_ELEMENTS (endings));
  tcase_add_test (tcase, after_a_restart_all_is_read_again);
  tcase_add_test (tcase, closed_while_waking);
  tcase_add_test (tcase, closed_while_configuring);
  tcase_add_test (tcase, closed_while_uploading);
  tcase_add_loop_test (tcase, closed_while_opening, 0, G_N_ELEMENTS (closes_of_an_opening));
  tcase_add_loop_test (tcase, closed_while_opening_and_it_came_up, 0, G_N_ELEMENTS (refused_closes));
  tcase_add_loop_test (tcase, closed_while_sending, 0, G_N_ELEMENTS (sending_states));
  tcase_add_loop_test (tcase, a_failed_open, 0, G_N_ELEMENTS (results));
  tcase_add_loop_test (tcase, bug_22_an_orphan_blocks_one_open_only, 0, G_N_ELEMENTS (blocked));
  tcase_add_loop_test (tcase, bug_08_and_09_a_send_that_failed_behind_its_ok, 0, G_N_ELEMENTS (results));
  tcase_add_test (tcase, a_refused_send_ends_the_connection);
  tcase_add_loop_test (tcase, bug_02_data_and_close_in_one_read, 0, G_N_ELEMENTS (closings));
  tcase_add_test (tcase, the_last_data_may_come_slowly);
  tcase_add_test (tcase, the_server_closes_while_it_opens);
  tcase_add_test (tcase, the_server_closes_while_sending);
  tcase_add_test (tcase, closed_by_both);
  tcase_add_test (tcase, an_unknown_urc_is_no_damage);
  tcase_add_loop_test (tcase, settings_that_do_not_stay_are_refused, 0, 2);
  tcase_add_test (tcase, a_setting_that_cannot_be_read_is_refused);
  tcase_add_loop_test (tcase, a_missing_credential_is_not_that_of_somebody_else, 0, MODULE_CREDENTIAL_PARTS);
  tcase_add_loop_test (tcase, bug_20_an_upload_of_another_length, 0, G_N_ELEMENTS (lengths));
  tcase_add_test (tcase, a_slot_is_taken_once);
  tcase_add_test (tcase, no_send_without_a_connection);
  tcase_add_test (tcase, bug_14_a_host_that_would_inject_is_refused);
  tcase_add_test (tcase, an_open_that_nobody_wants_is_closed);
  tcase_add_loop_test (tcase, late_news_while_configuring, 0, G_N_ELEMENTS (late_news));
  tcase_add_test (tcase, a_late_close_while_opening);
  tcase_add_test (tcase, results_of_nobody);
  tcase_add_loop_test (tcase, bug_15_freed_in_a_callback, 0, G_N_ELEMENTS (frees));
  tcase_add_loop_test (tcase, bug_15_freed_while_setting_up, 0, G_N_ELEMENTS (setup_frees));
  tcase_add_loop_test (tcase, bug_15_freed_when_lost, 0, G_N_ELEMENTS (lost_entries));
  tcase_add_loop_test (tcase, opened_again_in_the_callback, 0, G_N_ELEMENTS (again));
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
