/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A module that fails, or is silent: which steps are taken, when, and what the clients meanwhile see.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mssl-error.h"
#include "world.h"

#define MINUTE_MS 60000

static World *world;
static GString *logged;   /* the steps that were logged */
static GTask *powering;   /* the command that runs */
static guint power_calls; /* how often it was run */

static void
cycle_async (gpointer power_data, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  ck_assert_ptr_eq (power_data, world->port);
  ck_assert_ptr_null (powering);
  power_calls++;
  powering = g_task_new (NULL, cancellable, callback, user_data);
}

static gboolean
cycle_finish (gpointer power_data, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const ModulePower power = { cycle_async, cycle_finish };

static void
end_power (gboolean cycled)
{
  g_autoptr (GTask) task = g_steal_pointer (&powering);

  if (cycled)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "no relay");
  g_clear_object (&task);
  fake_port_settle ();
}

/* Of "Module m0: recovery step "cfun" (…): …" the step. */
static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  static const char start[] = "Module m0: recovery step \"";

  if (g_str_has_prefix (message, start)) {
    const char *step = message + strlen (start);

    g_string_append_len (logged, step, strchr (step, '"') - step);
    g_string_append (logged, strstr (step, "failed") != NULL ? " failed;" : ";");
  }
  if (strstr (message, "works again") != NULL)
    g_string_append (logged, "works;");
  if (strstr (message, "done what it may") != NULL)
    g_string_append (logged, "exhausted;");
}

static void
set_up_with (const ModuleRecoveryConfig *config)
{
  logged = g_string_new (NULL);
  power_calls = 0;
  g_log_set_default_handler (on_log, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK); /* warnings are expected */
  world = world_new_recovering (config);
  world->port->automatic[FAKE_CLOSE] = TRUE;
}

static void
set_up (void)
{
  const ModuleRecoveryConfig config = {
    .ladder = { .failures = 1,
                .interval_ms = 60 * MINUTE_MS,
                .max_resets = 6,
                .doubt_limit = RECOVERY_RADIO },
    .power = &power,
  };

  set_up_with (&config);
}

/* What modemssld has when nothing is configured but a command. */
static void
set_up_defaults (void)
{
  const ModuleRecoveryConfig config = {
    .ladder = { .failures = 2,
                .interval_ms = 360 * MINUTE_MS,
                .max_resets = 6,
                .doubt_limit = RECOVERY_RADIO },
    .breaker = { 5, MINUTE_MS, 15 * MINUTE_MS },
    .power = &power,
  };

  set_up_with (&config);
}

static void
set_up_breaker (void)
{
  const ModuleRecoveryConfig config = { .breaker = { 2, MINUTE_MS, 3 * MINUTE_MS } };

  set_up_with (&config);
}

static void
tear_down (void)
{
  ck_assert_ptr_null (powering);
  world_free (world);
  g_string_free (logged, TRUE);
}

static void
expect_logged (const char *steps)
{
  ck_assert_str_eq (logged->str, steps);
  g_string_truncate (logged, 0);
}

/* Lets an open end so, and what follows from it come. */
static void
open_ends (CloseReason reason)
{
  g_autoptr (GError) error = NULL;
  Connection *connection = world_open (world, NULL, &error);

  g_assert_no_error (error);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, reason);
  fake_port_settle ();
  if (reason == CLOSE_REASON_NONE)
    connection_close (connection, CLOSE_REASON_REQUESTED);
  fake_port_settle ();
  connection_release (connection);
  fake_port_settle ();
}

static void
expect_reset (ModuleReset reset)
{
  ck_assert (fake_port_is_pending (world->port, FAKE_RESET, FAKE_PORT_NO_SLOT));
  ck_assert_int_eq (world->port->reset, reset);
}

static void
end_reset (ModuleReset reset, CloseReason reason)
{
  expect_reset (reset);
  fake_port_finish (world->port, FAKE_RESET, FAKE_PORT_NO_SLOT, reason);
  fake_port_settle ();
}

START_TEST (every_rung)
{
  ModuleRecovery *recovery = module_get_recovery (world->module);

  world_make_ready (world);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  expect_logged ("retry;");
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_reset (MODULE_RESET_SLOTS, CLOSE_REASON_NONE);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_reset (MODULE_RESET_RADIO, CLOSE_REASON_NONE);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_reset (MODULE_RESET_RESTART, CLOSE_REASON_NONE);
  ck_assert_int_eq (module_recovery_get_step (recovery), RECOVERY_RESTART);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_power (TRUE);
  end_reset (MODULE_RESET_AWAIT, CLOSE_REASON_NONE);
  expect_logged ("close;cfun;qrst;power;");
  open_ends (CLOSE_REASON_MODULE_ERROR);
  expect_logged ("exhausted;");
  for (guint i = 0; i < 20; i++)
    open_ends (CLOSE_REASON_MODULE_ERROR);
  expect_logged ("");
  ck_assert_uint_eq (power_calls, 1);
  ck_assert_uint_eq (world->port->calls[FAKE_RESET], 4);
  for (RecoveryStep step = RECOVERY_RETRY; step < RECOVERY_STEPS; step++)
    ck_assert_uint_eq (module_recovery_count (recovery, step), 1);
  open_ends (CLOSE_REASON_NONE);
  expect_logged ("works;");
  ck_assert_int_eq (module_recovery_get_step (recovery), RECOVERY_NONE);
}
END_TEST

START_TEST (nothing_opens_during_a_step)
{
  g_autoptr (GError) error = NULL;
  Connection *connection;

  world_make_ready (world);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  expect_reset (MODULE_RESET_SLOTS);
  connection = world_open (world, NULL, &error);
  g_assert_no_error (error);
  fake_port_settle ();
  ck_assert (!fake_port_is_pending (world->port, FAKE_OPEN, 0));
  end_reset (MODULE_RESET_SLOTS, CLOSE_REASON_NONE);
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
  connection_release (connection);
  fake_port_settle ();
}
END_TEST

/* The step is due, but it would end the connection of somebody else. */
START_TEST (an_open_connection_is_left_alone)
{
  Connection *open;
  g_autoptr (GError) error = NULL;

  world->port->capabilities.slots = 2;
  world_make_ready (world);
  open = world_connect (world, NULL);
  for (guint i = 0; i < 5; i++) {
    Connection *other = world_open (world, NULL, &error);

    g_assert_no_error (error);
    fake_port_settle ();
    fake_port_finish (world->port, FAKE_OPEN, 1, CLOSE_REASON_MODULE_ERROR);
    fake_port_settle ();
    connection_release (other);
  }
  ck_assert_uint_eq (world->port->calls[FAKE_RESET], 0);
  expect_logged ("");
  connection_release (open);
  fake_port_settle ();
  expect_logged ("retry;");
}
END_TEST

static gboolean
is_allowed (void)
{
  g_autofree char *peer = module_recovery_name_peer ("c0", "example.org", 8883);

  return module_recovery_check (module_get_recovery (world->module), peer, NULL);
}

/* A client that tries every five seconds. docs/recovery.md promises these numbers. */
START_TEST (a_server_that_is_down_for_a_night)
{
  ModuleRecovery *recovery = module_get_recovery (world->module);
  guint handshakes = 0;

  world_make_ready (world);
  world->port->automatic[FAKE_RESET] = TRUE;
  for (guint tries = 0; tries < 12 * 60 * 12; tries++) {
    if (is_allowed ()) {
      open_ends (tries % 2 == 0 ? CLOSE_REASON_CONNECT_FAILED : CLOSE_REASON_TIMEOUT);
      handshakes++;
    }
    world_advance (world, MINUTE_MS / 12);
  }
  ck_assert_uint_eq (power_calls, 0);
  ck_assert_uint_eq (module_recovery_count (recovery, RECOVERY_RADIO), 2);
  ck_assert_uint_eq (module_recovery_count (recovery, RECOVERY_RESTART), 0);
  ck_assert_uint_le (handshakes, 60);
}
END_TEST

static const CloseReason innocent[] = { CLOSE_REASON_CERTIFICATE, CLOSE_REASON_KEY, CLOSE_REASON_CIPHER };

START_TEST (a_wrong_certificate_is_no_fault_of_the_module)
{
  world_make_ready (world);
  for (guint i = 0; i < 100; i++)
    open_ends (innocent[_i]);
  ck_assert_uint_eq (world->port->calls[FAKE_RESET], 0);
  expect_logged ("");
}
END_TEST

START_TEST (a_step_that_fails)
{
  world_make_ready (world);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_reset (MODULE_RESET_SLOTS, CLOSE_REASON_NONE);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_reset (MODULE_RESET_RADIO, CLOSE_REASON_MODULE_ERROR);
  expect_logged ("retry;close;cfun;cfun failed;");
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_reset (MODULE_RESET_RESTART, CLOSE_REASON_NONE);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_power (FALSE);
  expect_logged ("qrst;power;power failed;");
  ck_assert (!module_recovery_is_busy (module_get_recovery (world->module)));
}
END_TEST

START_TEST (lost_during_a_step)
{
  world_make_ready (world);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  expect_reset (MODULE_RESET_SLOTS);
  fake_port_tell_lost (world->port, "gone");
  fake_port_settle ();
  ck_assert_int_eq (module_get_state (world->module), MODULE_LOST);
  ck_assert (!module_recovery_is_busy (module_get_recovery (world->module)));
  world->port->automatic[FAKE_START] = TRUE;
  world_advance (world, MODULE_RETRY_FIRST_MS);
  open_ends (CLOSE_REASON_MODULE_ERROR);
  end_reset (MODULE_RESET_RADIO, CLOSE_REASON_NONE);
}
END_TEST

static void
start_ends (CloseReason reason)
{
  ck_assert (fake_port_is_pending (world->port, FAKE_START, FAKE_PORT_NO_SLOT));
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, reason);
  fake_port_settle ();
}

static const CloseReason silences[] = { CLOSE_REASON_MODULE_LOST, CLOSE_REASON_MODULE_RESTARTED };

START_TEST (a_silent_module)
{
  manager_start (world->manager);
  start_ends (silences[_i]);
  expect_logged ("retry;");
  world_advance (world, MODULE_RETRY_FIRST_MS);
  start_ends (silences[_i]);
  expect_logged ("power;");
  ck_assert_uint_eq (power_calls, 1);
  /* Nobody waits for the pause when the command has ended. */
  end_power (TRUE);
  world_advance (world, 0);
  start_ends (CLOSE_REASON_NONE);
  ck_assert_int_eq (module_get_state (world->module), MODULE_READY);
  ck_assert_int_eq (module_recovery_get_step (module_get_recovery (world->module)), RECOVERY_NONE);
  open_ends (CLOSE_REASON_NONE);
  expect_logged ("");
}
END_TEST

START_TEST (a_module_that_stays_silent)
{
  world->port->automatic[FAKE_START] = FALSE;
  manager_start (world->manager);
  for (guint i = 0; i < 20; i++) {
    start_ends (CLOSE_REASON_MODULE_LOST);
    if (powering != NULL)
      end_power (TRUE);
    world_advance (world, MODULE_RETRY_LAST_MS);
  }
  expect_logged ("retry;power;exhausted;");
  ck_assert_uint_eq (power_calls, 1);
  start_ends (CLOSE_REASON_NONE);
}
END_TEST

START_TEST (another_device_is_not_silent)
{
  manager_start (world->manager);
  for (guint i = 0; i < 10; i++) {
    start_ends (CLOSE_REASON_MODULE_ERROR);
    world_advance (world, MODULE_RETRY_LAST_MS);
  }
  expect_logged ("");
  start_ends (CLOSE_REASON_NONE);
}
END_TEST

/* The port comes back before the command ends: nothing is opened until it has. */
START_TEST (back_before_the_command_ends)
{
  g_autoptr (GError) error = NULL;
  Connection *connection;

  manager_start (world->manager);
  start_ends (CLOSE_REASON_MODULE_LOST);
  world_advance (world, MODULE_RETRY_FIRST_MS);
  start_ends (CLOSE_REASON_MODULE_LOST);
  world_advance (world, MODULE_RETRY_LAST_MS);
  start_ends (CLOSE_REASON_NONE);
  connection = world_open (world, NULL, &error);
  g_assert_no_error (error);
  fake_port_settle ();
  ck_assert (!fake_port_is_pending (world->port, FAKE_OPEN, 0));
  end_power (TRUE);
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
  connection_release (connection);
  fake_port_settle ();
}
END_TEST

START_TEST (stopped_while_the_command_runs)
{
  manager_start (world->manager);
  start_ends (CLOSE_REASON_MODULE_LOST);
  world_advance (world, MODULE_RETRY_FIRST_MS);
  start_ends (CLOSE_REASON_MODULE_LOST);
  ck_assert_ptr_nonnull (powering);
  module_abandon (world->module);
  ck_assert (g_cancellable_is_cancelled (g_task_get_cancellable (powering)));
  end_power (TRUE);
}
END_TEST

/* -- the breaker -------------------------------------------------------------------------------------- */

static void
expect_refused (const char *says)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (world_open (world, NULL, &error));
  g_assert_error (error, MSSL_ERROR, MSSL_ERROR_BREAKER_OPEN);
  ck_assert_msg (strstr (error->message, says) != NULL, "%s", error->message);
}

static void
add_break (const char *peer, gint64 wait_us, gpointer user_data)
{
  g_string_append_printf (user_data, "%s %d;", peer, (int) (wait_us / 1000));
}

static void
expect_breaks (const char *breaks)
{
  g_autoptr (GString) found = g_string_new (NULL);

  module_recovery_for_each_break (module_get_recovery (world->module), add_break, found);
  ck_assert_str_eq (found->str, breaks);
}

static void
count (Module *module, gpointer user_data)
{
  ++*(guint *) user_data;
}

START_TEST (a_storm_of_handshakes)
{
  guint changes = 0;

  world_make_ready (world);
  open_ends (CLOSE_REASON_CERTIFICATE);
  expect_breaks ("");
  open_ends (CLOSE_REASON_CERTIFICATE);
  expect_breaks ("c0 example.org:8883 60000;");
  expect_refused ("the next is allowed in 60 s");
  expect_refused ("certificate");
  world_advance (world, MINUTE_MS - 1);
  expect_refused ("in 1 s");
  g_signal_connect (world->module, "changed", G_CALLBACK (count), &changes);
  world_advance (world, 1);
  ck_assert_uint_eq (changes, 1);
  g_signal_handlers_disconnect_by_data (world->module, &changes);
  expect_breaks ("");
  open_ends (CLOSE_REASON_CERTIFICATE);
  expect_refused ("in 120 s");
  world_advance (world, 2 * MINUTE_MS);
  open_ends (CLOSE_REASON_CERTIFICATE);
  expect_refused ("in 180 s");
  world_advance (world, 3 * MINUTE_MS);
  open_ends (CLOSE_REASON_NONE);
  open_ends (CLOSE_REASON_CERTIFICATE);
  ck_assert_uint_eq (module_recovery_count_breaks (module_get_recovery (world->module)), 3);
  expect_logged ("");
}
END_TEST

/* One that was accepted before: it ends without a handshake, and says why. */
START_TEST (an_open_that_waits_already)
{
  g_autoptr (GError) error = NULL;
  Connection *first, *second;

  world->port->capabilities.slots = 2;
  world_make_ready (world);
  open_ends (CLOSE_REASON_TIMEOUT);
  first = world_open (world, NULL, &error);
  second = world_open (world, NULL, &error);
  g_assert_no_error (error);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_close_reason (first), CLOSE_REASON_TIMEOUT);
  ck_assert_int_eq (connection_get_close_reason (second), CLOSE_REASON_BREAKER);
  ck_assert_ptr_nonnull (strstr (connection_get_close_text (second), "in 60 s"));
  connection_release (first);
  connection_release (second);
}
END_TEST

START_TEST (what_the_client_ends_does_not_count)
{
  g_autoptr (GError) error = NULL;

  world_make_ready (world);
  for (guint i = 0; i < 10; i++) {
    Connection *connection = world_open (world, NULL, &error);

    g_assert_no_error (error);
    fake_port_settle ();
    connection_release (connection);
    fake_port_settle ();
  }
  expect_breaks ("");
}
END_TEST

START_TEST (a_module_that_comes_back_is_tried_at_once)
{
  world->port->automatic[FAKE_START] = TRUE;
  manager_start (world->manager);
  fake_port_settle ();
  open_ends (CLOSE_REASON_TIMEOUT);
  open_ends (CLOSE_REASON_TIMEOUT);
  expect_refused ("60 s");
  fake_port_tell_lost (world->port, "gone");
  world_advance (world, MODULE_RETRY_FIRST_MS);
  open_ends (CLOSE_REASON_TIMEOUT);
  expect_refused ("120 s");
}
END_TEST

static TCase *
make_tcase (const char *name, SFun set_up_func)
{
  TCase *tcase = tcase_create (name);

  tcase_add_checked_fixture (tcase, set_up_func, tear_down);
  tcase_set_timeout (tcase, 60);
  return tcase;
}

int
main (void)
{
  Suite *suite = suite_create ("module-recovery");
  TCase *ladder = make_tcase ("ladder", set_up);
  TCase *defaults = make_tcase ("defaults", set_up_defaults);
  TCase *breaker = make_tcase ("breaker", set_up_breaker);
  SRunner *runner;
  int failed;

  tcase_add_test (ladder, every_rung);
  tcase_add_test (ladder, nothing_opens_during_a_step);
  tcase_add_test (ladder, an_open_connection_is_left_alone);
  tcase_add_test (defaults, a_server_that_is_down_for_a_night);
  tcase_add_loop_test (ladder, a_wrong_certificate_is_no_fault_of_the_module, 0, G_N_ELEMENTS (innocent));
  tcase_add_test (ladder, a_step_that_fails);
  tcase_add_test (ladder, lost_during_a_step);
  tcase_add_loop_test (ladder, a_silent_module, 0, G_N_ELEMENTS (silences));
  tcase_add_test (ladder, a_module_that_stays_silent);
  tcase_add_test (ladder, another_device_is_not_silent);
  tcase_add_test (ladder, back_before_the_command_ends);
  tcase_add_test (ladder, stopped_while_the_command_runs);
  tcase_add_test (breaker, a_storm_of_handshakes);
  tcase_add_test (breaker, an_open_that_waits_already);
  tcase_add_test (breaker, what_the_client_ends_does_not_count);
  tcase_add_test (breaker, a_module_that_comes_back_is_tried_at_once);
  suite_add_tcase (suite, ladder);
  suite_add_tcase (suite, defaults);
  suite_add_tcase (suite, breaker);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
