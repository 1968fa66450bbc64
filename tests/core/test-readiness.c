/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Connections and a network that is there, comes, goes or never comes; and when the module is asked for it.
 */
#include <check.h>
#include <stdlib.h>

#include "readiness.h"
#include "watch.h"

#define TIMEOUT_MS 90000

static const ModuleStatus unknown;
static const ModuleStatus home = { .current = TRUE,
                                   .sim = MODULE_SIM_READY,
                                   .registration = MODULE_REGISTRATION_HOME };
static const ModuleStatus searching = { .current = TRUE,
                                        .sim = MODULE_SIM_READY,
                                        .registration = MODULE_REGISTRATION_SEARCHING };
static const ModuleStatus denied = { .current = TRUE,
                                     .sim = MODULE_SIM_READY,
                                     .registration = MODULE_REGISTRATION_DENIED };
static const ModuleStatus no_card = { .current = TRUE,
                                      .sim = MODULE_SIM_ABSENT,
                                      .registration = MODULE_REGISTRATION_IDLE };

/** A ready module that says this; what it is asked is answered at once. */
static World *
make_world (const ModuleStatus *status)
{
  World *world = world_new (TRUE);

  world->port->status = *status;
  world->port->automatic[FAKE_CHECK] = TRUE;
  world_make_ready (world);
  return world;
}

static guint
count_checks (World *world)
{
  return world->port->calls[FAKE_CHECK];
}

static void
tell (World *world, const ModuleStatus *status)
{
  fake_port_tell_status (world->port, status);
  fake_port_settle ();
}

START_TEST (a_network_that_is_known_costs_nothing)
{
  g_autoptr (World) world = make_world (&home);
  g_autoptr (Watch) watch = watch_open (world, NULL);

  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONFIGURING);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
  ck_assert_uint_eq (count_checks (world), 0);
}
END_TEST

START_TEST (an_idle_module_has_no_timer)
{
  g_autoptr (World) world = make_world (&unknown);

  ck_assert_uint_eq (count_checks (world), 1);
  tell (world, &searching);
  tell (world, &no_card);
  tell (world, &home);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
  ck_assert_uint_eq (count_checks (world), 1);
}
END_TEST

START_TEST (an_open_waits_for_the_first_answer)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) watch = NULL;

  world->port->status = unknown;
  world_make_ready (world);
  watch = watch_open (world, NULL);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_WAITING_FOR_NETWORK);
  ck_assert (!fake_port_is_pending (world->port, FAKE_OPEN, 0));
  fake_port_tell_status (world->port, &home);
  fake_port_finish (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONFIGURING);
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (a_firmware_that_tells_nothing_is_asked_for_each_open)
{
  g_autoptr (World) world = make_world (&unknown);

  for (guint i = 1; i <= 3; i++) {
    g_autoptr (Watch) watch = watch_open (world, NULL);

    fake_port_settle ();
    ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
    ck_assert_uint_eq (count_checks (world), i); /* the first question was that of the start */
    fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_CERTIFICATE);
    fake_port_settle ();
    watch_expect_end (watch, CLOSE_REASON_CERTIFICATE, -3);
  }
}
END_TEST

static const ModuleStatus *const offline[] = { &searching, &denied };

START_TEST (a_slow_registration_is_waited_for)
{
  g_autoptr (World) world = make_world (offline[_i]);
  g_autoptr (Watch) watch = watch_open (world, NULL);

  fake_port_settle ();
  ck_assert_str_eq (connection_state_get_name (connection_get_state (watch->connection)),
                    "waiting-for-network");
  world_advance (world, TIMEOUT_MS - 1);
  ck_assert (!fake_port_is_pending (world->port, FAKE_OPEN, 0));
  tell (world, &home);
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
  world_advance (world, TIMEOUT_MS);
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONFIGURING);
}
END_TEST

START_TEST (a_network_that_never_comes)
{
  g_autoptr (World) world = make_world (offline[_i]);
  g_autoptr (Watch) watch = watch_open (world, NULL);

  for (guint ms = 0; ms < TIMEOUT_MS; ms += 1000) {
    ck_assert_uint_eq (watch->closed, 0);
    world_advance (world, 1000);
  }
  watch_expect_end (watch, CLOSE_REASON_NO_NETWORK, 0);
  watch_expect_slot_free (world);
  /* At once, and after 5, 15, 35 and 75 s. */
  ck_assert_uint_eq (count_checks (world), 1 + 4);
  world_advance (world, CONNECTION_LINGER_MS);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
  ck_assert_uint_eq (count_checks (world), 1 + 4);
}
END_TEST

/* The module asked as a fallback knows better than the URC that never came. */
START_TEST (a_lost_urc_is_made_up_for)
{
  g_autoptr (World) world = make_world (&searching);
  g_autoptr (Watch) watch G_GNUC_UNUSED = watch_open (world, NULL);

  fake_port_settle ();
  world->port->automatic[FAKE_CHECK] = FALSE;
  world_advance (world, READINESS_PAUSE_FIRST_MS);
  ck_assert (fake_port_is_pending (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT));
  fake_port_tell_status (world->port, &home);
  fake_port_finish (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
}
END_TEST

START_TEST (what_speaks_against_an_open_is_asked_for)
{
  g_autoptr (World) world = make_world (&home);
  g_autoptr (Watch) watch = NULL;

  tell (world, &searching);
  world->port->automatic[FAKE_CHECK] = FALSE;
  watch = watch_open (world, NULL);
  fake_port_settle ();
  ck_assert_uint_eq (count_checks (world), 1);
  fake_port_tell_status (world->port, &home);
  fake_port_finish (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
}
END_TEST

START_TEST (no_card_is_the_end_after_the_grace)
{
  g_autoptr (World) world = make_world (&no_card);
  g_autoptr (Watch) watch = watch_open (world, NULL);
  g_autoptr (Watch) again = NULL;

  world_advance (world, READINESS_SIM_GRACE_MS - 1);
  ck_assert_uint_eq (watch->closed, 0);
  world_advance (world, READINESS_PAUSE_FIRST_MS);
  watch_expect_end (watch, CLOSE_REASON_NO_SIM, 0);
  watch_expect_slot_free (world);
  again = watch_open (world, NULL);
  fake_port_settle ();
  watch_expect_end (again, CLOSE_REASON_NO_SIM, 0);
}
END_TEST

/* What ended one open is not held against the next, hours later, without a question: a card may have been put
 * in, or the network found, without a URC. */
START_TEST (each_open_without_network_is_asked_for)
{
  const ModuleStatus *former = _i == 0 ? &no_card : &searching;
  g_autoptr (World) world = make_world (former);
  g_autoptr (Watch) watch = watch_open (world, NULL);
  g_autoptr (Watch) again G_GNUC_UNUSED = NULL;

  for (guint ms = 0; ms < TIMEOUT_MS; ms += 1000)
    world_advance (world, 1000);
  watch_expect_end (watch, _i == 0 ? CLOSE_REASON_NO_SIM : CLOSE_REASON_NO_NETWORK, 0);
  world->port->automatic[FAKE_CHECK] = FALSE;
  again = watch_open (world, NULL);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT));
  fake_port_tell_status (world->port, &home);
  fake_port_finish (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
}
END_TEST

START_TEST (a_card_that_is_found_within_the_grace)
{
  g_autoptr (World) world = make_world (&no_card);
  g_autoptr (Watch) watch = watch_open (world, NULL);

  world_advance (world, READINESS_SIM_GRACE_MS / 2);
  tell (world, &searching);
  world_advance (world, READINESS_SIM_GRACE_MS);
  ck_assert_uint_eq (watch->closed, 0);
  tell (world, &home);
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
}
END_TEST

START_TEST (a_restart_gives_the_card_time_again)
{
  g_autoptr (World) world = make_world (&home);
  g_autoptr (Watch) watch = NULL;
  guint before;

  world_advance (world, 10 * READINESS_SIM_GRACE_MS);
  before = count_checks (world);
  fake_port_tell_status (world->port, &no_card);
  fake_port_tell_restarted (world->port);
  fake_port_settle ();
  ck_assert_uint_eq (count_checks (world), before + 1);
  watch = watch_open (world, NULL);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_WAITING_FOR_NETWORK);
}
END_TEST

START_TEST (a_restart_during_a_question)
{
  g_autoptr (World) world = world_new (TRUE);

  world->port->status = unknown;
  world_make_ready (world);
  fake_port_tell_restarted (world->port);
  ck_assert_uint_eq (count_checks (world), 1);
  fake_port_finish (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT, CLOSE_REASON_MODULE_RESTARTED);
  fake_port_settle ();
  ck_assert_uint_eq (count_checks (world), 2);
  fake_port_finish (world->port, FAKE_CHECK, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (count_checks (world), 2);
}
END_TEST

static void
close_it (Watch *watch)
{
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
}

static void
leave (Watch *watch)
{
  connection_owner_left (watch->connection);
}

static const struct {
  void (*end) (Watch *watch);
  CloseReason reason;
} ways[] = { { close_it, CLOSE_REASON_REQUESTED }, { leave, CLOSE_REASON_OWNER_LEFT } };

START_TEST (ended_while_it_waits)
{
  g_autoptr (World) world = make_world (&searching);
  g_autoptr (Watch) watch = watch_open (world, NULL);

  fake_port_settle ();
  ways[_i].end (watch);
  watch_expect_end (watch, ways[_i].reason, 0);
  watch_expect_slot_free (world);
  fake_port_settle ();
  ck_assert_uint_eq (world->port->calls[FAKE_OPEN], 0);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 0);
  world_advance (world, CONNECTION_LINGER_MS);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (lost_while_it_waits)
{
  g_autoptr (World) world = make_world (&searching);
  g_autoptr (Watch) watch = watch_open (world, NULL);

  fake_port_settle ();
  world->port->automatic[FAKE_CHECK] = FALSE;
  world_advance (world, READINESS_PAUSE_FIRST_MS);
  fake_port_tell_lost (world->port, "unplugged");
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_MODULE_LOST, 0);
  ck_assert (!module_is_online (world->module));
  ck_assert_str_eq (module_status_get_registration_name (module_get_status (world->module)), "");
}
END_TEST

START_TEST (the_module_tells_its_status)
{
  g_autoptr (World) world = make_world (&searching);

  ck_assert_str_eq (module_status_get_registration_name (module_get_status (world->module)), "searching");
  tell (world, &home);
  ck_assert_str_eq (module_status_get_registration_name (module_get_status (world->module)), "home");
}
END_TEST

/* -- more than one module ------------------------------------------------------------------------------ */

static Module *
add_module (World *world, FakePort *port, gboolean sync_clock)
{
  ModuleConfig config = { .name = "m1",
                          .device = "/dev/fake1",
                          .claim_mode = "device",
                          .open_driver = fake_port_open,
                          .user_data = port,
                          .sync_clock = sync_clock };
  Module *module = module_new (&config, world->ledger, fake_clock_get (world->clock));

  port->automatic[FAKE_START] = port->automatic[FAKE_CHECK] = TRUE;
  manager_add_module (world->manager, module);
  return module;
}

static void
remove_module (Module *module)
{
  module_abandon (module);
  fake_port_settle ();
  g_object_unref (module);
}

START_TEST (a_module_off_the_network_is_the_last_choice)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (FakePort) port = fake_port_new ();
  Module *module;
  g_autoptr (Watch) first = NULL;
  g_autoptr (Watch) second = NULL;

  world->port->automatic[FAKE_CHECK] = TRUE;
  port->status = no_card;
  module = add_module (world, port, FALSE);
  world_make_ready (world);
  first = watch_open (world, NULL);
  second = watch_open (world, NULL);
  fake_port_settle ();
  ck_assert_str_eq (connection_get_module_name (first->connection), "m0");
  ck_assert_int_eq (connection_get_state (second->connection), CONNECTION_QUEUED);
  tell (world, &searching);
  ck_assert_str_eq (connection_get_module_name (second->connection), "m1");
  ck_assert_int_eq (connection_get_state (second->connection), CONNECTION_WAITING_FOR_NETWORK);
  connection_close (second->connection, CLOSE_REASON_REQUESTED);
  remove_module (module);
}
END_TEST

/* -- the clock ----------------------------------------------------------------------------------------- */

static void
open_and_fail (Module *module, FakePort *port, World *world)
{
  g_autofree char *options = g_strdup_printf ("{'module': <'%s'>}", module_get_name (module));
  g_autoptr (Watch) watch G_GNUC_UNUSED = watch_open (world, options);

  fake_port_settle ();
  ck_assert (fake_port_is_pending (port, FAKE_OPEN, 0));
  fake_port_finish (port, FAKE_OPEN, 0, CLOSE_REASON_CERTIFICATE);
  fake_port_settle ();
}

START_TEST (the_clock_is_compared_once_a_day)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (FakePort) port = fake_port_new ();
  Module *module = add_module (world, port, TRUE);

  world_make_ready (world);
  ck_assert_uint_eq (port->calls[FAKE_CHECK], 1);
  ck_assert (port->compare_clock);
  open_and_fail (module, port, world);
  ck_assert_uint_eq (port->calls[FAKE_CHECK], 1);
  fake_clock_advance (world->clock, READINESS_CLOCK_INTERVAL_US / 1000);
  fake_port_settle ();
  ck_assert_uint_eq (port->calls[FAKE_CHECK], 1); /* nobody wants to open */
  open_and_fail (module, port, world);
  open_and_fail (module, port, world);
  ck_assert_uint_eq (port->calls[FAKE_CHECK], 2);
  ck_assert (port->compare_clock);
  fake_port_tell_restarted (port);
  fake_port_settle ();
  ck_assert_uint_eq (port->calls[FAKE_CHECK], 3);
  ck_assert (port->compare_clock);
  remove_module (module);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("readiness");
  TCase *tcase = tcase_create ("readiness");
  SRunner *runner;
  int failed;

  tcase_add_test (tcase, a_network_that_is_known_costs_nothing);
  tcase_add_test (tcase, an_idle_module_has_no_timer);
  tcase_add_test (tcase, an_open_waits_for_the_first_answer);
  tcase_add_test (tcase, a_firmware_that_tells_nothing_is_asked_for_each_open);
  tcase_add_loop_test (tcase, a_slow_registration_is_waited_for, 0, G_N_ELEMENTS (offline));
  tcase_add_loop_test (tcase, a_network_that_never_comes, 0, G_N_ELEMENTS (offline));
  tcase_add_test (tcase, a_lost_urc_is_made_up_for);
  tcase_add_test (tcase, what_speaks_against_an_open_is_asked_for);
  tcase_add_test (tcase, no_card_is_the_end_after_the_grace);
  tcase_add_loop_test (tcase, each_open_without_network_is_asked_for, 0, 2);
  tcase_add_test (tcase, a_card_that_is_found_within_the_grace);
  tcase_add_test (tcase, a_restart_gives_the_card_time_again);
  tcase_add_test (tcase, a_restart_during_a_question);
  tcase_add_loop_test (tcase, ended_while_it_waits, 0, G_N_ELEMENTS (ways));
  tcase_add_test (tcase, lost_while_it_waits);
  tcase_add_test (tcase, the_module_tells_its_status);
  tcase_add_test (tcase, a_module_off_the_network_is_the_last_choice);
  tcase_add_test (tcase, the_clock_is_compared_once_a_day);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
