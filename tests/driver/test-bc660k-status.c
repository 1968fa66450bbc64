/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parsers of SIM card, network and clock, by tables with what they must refuse; and what "online" is.
 */
#include <check.h>
#include <stdlib.h>

#include "bc660k-status.h"
#include "module-error.h"

#define UNTOUCHED 99

/* -1 for the mode of a URC; MODULE_REGISTRATION_UNTOLD: not understood. */
static const struct {
  const char *line;
  int mode;
  ModuleRegistration registration;
} registrations[] = {
  { "+CEREG: 1", -1, MODULE_REGISTRATION_HOME },
  { "+CEREG: 0", -1, MODULE_REGISTRATION_IDLE },
  { "+CEREG:5", -1, MODULE_REGISTRATION_ROAMING },
  { "+CEREG: 4", -1, MODULE_REGISTRATION_UNKNOWN },
  { "+CEREG: 10", -1, MODULE_REGISTRATION_ROAMING_CSFB_NOT_PREFERRED },
  { "+CEREG: 1,\"1A2B\",\"00C0FFEE\",9", -1, MODULE_REGISTRATION_HOME },
  { "+CEREG: 5,1A2B,00C0FFEE,9", -1, MODULE_REGISTRATION_ROAMING },
  { "+CEREG: 5,0001,00C0FFEE,9", -1, MODULE_REGISTRATION_ROAMING },
  { "+CEREG: 2,,,", -1, MODULE_REGISTRATION_SEARCHING },
  { "+CEREG: 3,,,,0,15", -1, MODULE_REGISTRATION_DENIED },
  { "+CEREG: 0,1", 0, MODULE_REGISTRATION_HOME },
  { "+CEREG: 1,5", 1, MODULE_REGISTRATION_ROAMING },
  { "+CEREG: 1,0", 1, MODULE_REGISTRATION_IDLE },
  { "+CEREG: 2,1,\"1A2B\",\"00C0FFEE\",9", 2, MODULE_REGISTRATION_HOME },
  { "+CEREG: 5, 3,,,,0,15", 5, MODULE_REGISTRATION_DENIED },
  { "+CEREG: 0,10", 0, MODULE_REGISTRATION_ROAMING_CSFB_NOT_PREFERRED },
  { "+CEREG: 6,1", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CEREG: 0,12", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CEREG: 11", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CEREG: -1", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CEREG: 1x", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CEREG: (0-5)", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CEREG: \"1\"", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CEREG:", 0, MODULE_REGISTRATION_UNTOLD },
  { "+CREG: 0,1", 0, MODULE_REGISTRATION_UNTOLD },
  { "", 0, MODULE_REGISTRATION_UNTOLD },
};

START_TEST (bug_17_urc_and_answer_of_cereg_are_told_apart)
{
  ModuleRegistration registration = MODULE_REGISTRATION_UNTOLD;
  int mode = UNTOUCHED;
  gboolean understood = bc660k_status_parse_registration (registrations[_i].line, &mode, &registration);

  ck_assert_msg (registration == registrations[_i].registration, "%s", registrations[_i].line);
  ck_assert_int_eq (understood, registration != MODULE_REGISTRATION_UNTOLD);
  ck_assert_int_eq (mode, understood ? registrations[_i].mode : UNTOUCHED);
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
  ModuleSim sim;
} sims[] = {
  { "+CPIN: READY", TRUE, MODULE_SIM_READY },       { "+CPIN: \"READY\"", TRUE, MODULE_SIM_READY },
  { "+CPIN: SIM PIN", TRUE, MODULE_SIM_LOCKED },    { "+CPIN: SIM PUK", TRUE, MODULE_SIM_LOCKED },
  { "+CPIN: PH-SIM PIN", TRUE, MODULE_SIM_LOCKED }, { "+CPIN: SIM PIN2", TRUE, MODULE_SIM_LOCKED },
  { "+CPIN: NOT READY", TRUE, MODULE_SIM_ABSENT },  { "+CPIN: NOT INSERTED", TRUE, MODULE_SIM_ABSENT },
  { "+CPIN: ready", FALSE, MODULE_SIM_UNKNOWN },    { "+CPIN: ", FALSE, MODULE_SIM_UNKNOWN },
  { "+CPIN: 1", FALSE, MODULE_SIM_UNKNOWN },        { "+CME ERROR: 10", FALSE, MODULE_SIM_UNKNOWN },
};

START_TEST (sim_line)
{
  ModuleSim sim = MODULE_SIM_UNKNOWN;

  ck_assert_msg (bc660k_status_parse_sim (sims[_i].line, &sim) == sims[_i].understood, "%s", sims[_i].line);
  ck_assert_int_eq (sim, sims[_i].sim);
}
END_TEST

static const struct {
  const char *refusal;
  ModuleSim sim;
} refusals[] = {
  { "ERROR", MODULE_SIM_ABSENT },           { "+CME ERROR: 10", MODULE_SIM_ABSENT },
  { "+CME ERROR: 13", MODULE_SIM_ABSENT },  { "+CME ERROR: SIM not inserted", MODULE_SIM_ABSENT },
  { "+CME ERROR: 11", MODULE_SIM_LOCKED },  { "+CME ERROR: SIM PUK required", MODULE_SIM_LOCKED },
  { "+CME ERROR: 14", MODULE_SIM_UNKNOWN }, { "+CME ERROR: SIM busy", MODULE_SIM_UNKNOWN },
  { "+CME ERROR: 3", MODULE_SIM_UNKNOWN },  { "+CME ERROR: 4", MODULE_SIM_UNKNOWN },
};

START_TEST (sim_refused)
{
  ck_assert_int_eq (bc660k_status_judge_sim_refusal (refusals[_i].refusal), refusals[_i].sim);
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
  const char *address;
} addresses[] = {
  { "+CGPADDR: 0,\"100.64.0.7\"", TRUE, "100.64.0.7" },
  { "+CGPADDR: 0,100.64.0.7", TRUE, "100.64.0.7" },
  { "+CGPADDR: 0,\"10.0.0.1\",\"2001:DB8::1\"", TRUE, "10.0.0.1" },
  { "+CGPADDR: 0,\"32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1\"", TRUE, "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1" },
  { "+CGPADDR: 0", TRUE, NULL },
  { "+CGPADDR: 0,\"\"", TRUE, NULL },
  { "+CGPADDR: 0,\"0.0.0.0\"", TRUE, NULL },
  { "+IP: 100.64.0.7", TRUE, "100.64.0.7" },
  { "+IP: 2001:db8::7", TRUE, "2001:db8::7" },
  { "+CGPADDR: 1,\"10.0.0.1\"", FALSE, NULL },
  { "+CGPADDR: x", FALSE, NULL },
  { "+CGPADDR:", FALSE, NULL },
  { "+CGPADDR: 0,\"10.0.0.1", FALSE, NULL },
  { "+CGPADDR: 0,\"ten\"", FALSE, NULL },
  { "+IP: localhost", FALSE, NULL },
  { "+IP: 1111111111111111111111111111111111111111111111111111111111111111.", FALSE, NULL },
};

START_TEST (address_line)
{
  char *address = (char *) "untouched";
  gboolean understood = bc660k_status_parse_address (addresses[_i].line, &address);

  ck_assert_msg (understood == addresses[_i].understood, "%s", addresses[_i].line);
  if (!understood) {
    ck_assert_str_eq (address, "untouched");
    return;
  }
  ck_assert_pstr_eq (address, addresses[_i].address);
  g_free (address);
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
  int dbm;
} signals[] = {
  { "+CESQ: 41,0,255,255,20,41", TRUE, -100 }, { "+CESQ: 99,99,255,255,255,255", TRUE, 0 },
  { "+CESQ: 99,99,255,255,34,97", TRUE, -44 }, { "+CESQ: 0,0,255,255,0,0", TRUE, -141 },
  { "+CESQ: 41,0,255,255,20", FALSE, 0 },      { "+CESQ: 41,0,255,255,20,98", FALSE, 0 },
  { "+CESQ: 41,0,255,255,20,41,1", FALSE, 0 }, { "+CESQ: 41,0,255,255,20,-41", FALSE, 0 },
  { "+CESQ: (0-63,99),(0-7,99)", FALSE, 0 },   { "+CSQ: 21,0", FALSE, 0 },
};

START_TEST (signal_line)
{
  int dbm = UNTOUCHED;
  gboolean understood = bc660k_status_parse_signal (signals[_i].line, &dbm);

  ck_assert_msg (understood == signals[_i].understood, "%s", signals[_i].line);
  ck_assert_int_eq (dbm, understood ? signals[_i].dbm : UNTOUCHED);
}
END_TEST

START_TEST (small_lines)
{
  ModuleAnswer attached = MODULE_ANSWER_UNTOLD;
  ModuleSleep asleep = MODULE_SLEEP_AWAKE;
  int mode = UNTOUCHED;

  ck_assert (!bc660k_status_parse_attached ("+CGATT: 2", &attached));
  ck_assert (!bc660k_status_parse_attached ("+CGATT: 1,1", &attached));
  ck_assert (bc660k_status_parse_attached ("+CGATT: 1", &attached));
  ck_assert_int_eq (attached, MODULE_ANSWER_YES);
  ck_assert (bc660k_status_parse_attached ("+CGATT: 0", &attached));
  ck_assert_int_eq (attached, MODULE_ANSWER_NO);
  ck_assert (!bc660k_status_parse_mode ("+CPSMS: 3", "+CPSMS:", &mode));
  ck_assert (!bc660k_status_parse_mode ("+QNBIOTEVENT: \"ENTER PSM\"", "+QNBIOTEVENT:", &mode));
  ck_assert_int_eq (mode, UNTOUCHED);
  ck_assert (bc660k_status_parse_mode ("+CPSMS: 1,,,\"00000100\",\"00000001\"", "+CPSMS:", &mode));
  ck_assert_int_eq (mode, 1);
  ck_assert (!bc660k_status_parse_event ("+QNBIOTEVENT: 1,1", &asleep));
  ck_assert (!bc660k_status_parse_event ("+QNBIOTEVENT: \"ENTER\"", &asleep));
  ck_assert (bc660k_status_parse_event ("+QNBIOTEVENT: \"ENTER DEEPSLEEP\"", &asleep));
  ck_assert_int_eq (asleep, MODULE_SLEEP_DEEP);
  ck_assert (bc660k_status_parse_event ("+QNBIOTEVENT:\"ENTER PSM\"", &asleep));
  ck_assert_int_eq (asleep, MODULE_SLEEP_POWER_SAVING);
  ck_assert (bc660k_status_parse_event ("+QNBIOTEVENT: \"EXIT PSM\"", &asleep));
  ck_assert_int_eq (asleep, MODULE_SLEEP_AWAKE);
}
END_TEST

/* 2026-11-22 21:00:00 UTC is 1795381200. */
static const struct {
  const char *line;
  gboolean understood;
  gint64 unix_s;
  int zone;
} clocks[] = {
  { "+CCLK: \"26/11/22,21:00:00+00\"", TRUE, 1795381200, 0 },
  { "+CCLK: \"26/11/22,23:00:00+08\"", TRUE, 1795381200, 8 },
  { "+CCLK: \"26/11/22,17:15:00-15\"", TRUE, 1795381200, -15 },
  { "+CCLK: \"26/11/23,11:00:00+56\"", TRUE, 1795381200, 56 },
  { "+CCLK: \"26/11/22,21:00:00\"", TRUE, 1795381200, 0 },
  { "+CCLK: \"2026/11/22,21:00:00+00\"", TRUE, 1795381200, 0 },
  { "+CCLK: \"70/01/01,00:00:12+00\"", TRUE, 12, 0 },
  { "+CCLK: \"1980/01/06,00:00:00\"", TRUE, 315964800, 0 },
  { "+CCLK: \"69/12/31,23:59:59+00\"", TRUE, 3155759999, 0 },
  { "+CCLK: \"26/11/22,21:00:00+57\"", FALSE, 0, 0 },
  { "+CCLK: \"26/11/22,21:00:00+8\"", FALSE, 0, 0 },
  { "+CCLK: \"26/11/22,21:00:00 08\"", FALSE, 0, 0 },
  { "+CCLK: \"26/11/22,21:00:00+080\"", FALSE, 0, 0 },
  { "+CCLK: \"26/13/22,21:00:00+00\"", FALSE, 0, 0 },
  { "+CCLK: \"26/02/30,21:00:00+00\"", FALSE, 0, 0 },
  { "+CCLK: \"26/11/22,24:00:00+00\"", FALSE, 0, 0 },
  { "+CCLK: \"26/11/22,21:00\"", FALSE, 0, 0 },
  { "+CCLK: \"126/11/22,21:00:00\"", FALSE, 0, 0 },
  { "+CCLK: \"26-11-22,21:00:00\"", FALSE, 0, 0 },
  { "+CCLK: \"26/11/22,21:00:00+00\",1", FALSE, 0, 0 },
  { "+CCLK: \"\"", FALSE, 0, 0 },
  { "+CCLK: 26/11/22,21:00:00+00", FALSE, 0, 0 },
  { "+CCLK:", FALSE, 0, 0 },
};

START_TEST (clock_line)
{
  gint64 unix_s = UNTOUCHED;
  int zone = UNTOUCHED;
  gboolean understood = bc660k_status_parse_clock (clocks[_i].line, &unix_s, &zone);

  ck_assert_msg (understood == clocks[_i].understood, "%s", clocks[_i].line);
  ck_assert_int_eq (unix_s, understood ? clocks[_i].unix_s : UNTOUCHED);
  ck_assert_int_eq (zone, understood ? clocks[_i].zone : UNTOUCHED);
}
END_TEST

static const struct {
  int zone;
  const char *text;
} formats[] = {
  { 0, "26/11/22,21:00:00+00" },
  { 8, "26/11/22,23:00:00+08" },
  { -15, "26/11/22,17:15:00-15" },
  { 56, "26/11/23,11:00:00+56" },
};

START_TEST (clock_argument)
{
  g_autofree char *text = bc660k_status_format_clock (1795381200, formats[_i].zone);

  ck_assert_str_eq (text, formats[_i].text);
}
END_TEST

/* CLOSE_REASON_NONE: online. */
static const struct {
  ModuleStatus status;
  CloseReason reason;
} obstacles[] = {
  { { 0 }, CLOSE_REASON_NONE },
  { { .registration = MODULE_REGISTRATION_HOME }, CLOSE_REASON_NONE },
  { { .registration = MODULE_REGISTRATION_ROAMING,
      .attached = MODULE_ANSWER_YES,
      .has_address = MODULE_ANSWER_YES },
    CLOSE_REASON_NONE },
  /* Who is on the network has a card, whatever a refused AT+CPIN? may mean. */
  { { .registration = MODULE_REGISTRATION_HOME, .sim = MODULE_SIM_ABSENT }, CLOSE_REASON_NONE },
  { { .registration = MODULE_REGISTRATION_HOME, .attached = MODULE_ANSWER_NO }, CLOSE_REASON_NO_NETWORK },
  { { .registration = MODULE_REGISTRATION_HOME, .has_address = MODULE_ANSWER_NO }, CLOSE_REASON_NO_NETWORK },
  { { .registration = MODULE_REGISTRATION_SEARCHING }, CLOSE_REASON_NO_NETWORK },
  { { .registration = MODULE_REGISTRATION_DENIED }, CLOSE_REASON_NO_NETWORK },
  { { .registration = MODULE_REGISTRATION_HOME_SMS_ONLY }, CLOSE_REASON_NO_NETWORK },
  { { .registration = MODULE_REGISTRATION_IDLE, .sim = MODULE_SIM_READY }, CLOSE_REASON_NO_NETWORK },
  { { .registration = MODULE_REGISTRATION_IDLE, .sim = MODULE_SIM_LOCKED }, CLOSE_REASON_NO_SIM },
  { { .registration = MODULE_REGISTRATION_IDLE, .sim = MODULE_SIM_ABSENT }, CLOSE_REASON_NO_SIM },
};

START_TEST (online)
{
  const ModuleStatus *status = &obstacles[_i].status;
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (module_status_is_online (status), obstacles[_i].reason == CLOSE_REASON_NONE);
  ck_assert_int_eq (module_status_lacks_sim (status), obstacles[_i].reason == CLOSE_REASON_NO_SIM);
  if (obstacles[_i].reason == CLOSE_REASON_NONE)
    return;
  error = module_status_make_error (status);
  ck_assert (g_error_matches (error, MODULE_ERROR, (int) obstacles[_i].reason));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-status");
  TCase *tcase = tcase_create ("bc660k-status");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, bug_17_urc_and_answer_of_cereg_are_told_apart, 0, G_N_ELEMENTS (registrations));
  tcase_add_loop_test (tcase, sim_line, 0, G_N_ELEMENTS (sims));
  tcase_add_loop_test (tcase, sim_refused, 0, G_N_ELEMENTS (refusals));
  tcase_add_loop_test (tcase, address_line, 0, G_N_ELEMENTS (addresses));
  tcase_add_loop_test (tcase, signal_line, 0, G_N_ELEMENTS (signals));
  tcase_add_test (tcase, small_lines);
  tcase_add_loop_test (tcase, clock_line, 0, G_N_ELEMENTS (clocks));
  tcase_add_loop_test (tcase, clock_argument, 0, G_N_ELEMENTS (formats));
  tcase_add_loop_test (tcase, online, 0, G_N_ELEMENTS (obstacles));
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
