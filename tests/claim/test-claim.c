/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every answer of ModemManager, and whatever it does while the port is ours, by a clock that the test turns.
 */
#include <check.h>
#include <stdlib.h>

#include "claim.h"
#include "fake-claim.h"
#include "fake-clock.h"

#define ERROR "org.freedesktop.ModemManager1.Error.Core."

typedef struct {
  FakeClaim *fake;
  FakeClock *clock;
  Claim *claim;
  GCancellable *cancellable;
  gboolean taken; /* the taking has ended */
  SerialPort *port;
  GError *error;
  gboolean given;
  guint revoked;
} World;

static World world;

static void
on_changed (gpointer user_data)
{
}

static void
on_revoked (guint within_ms, gpointer user_data)
{
  world.revoked++;
}

static const ClaimListener listener = { on_changed, on_revoked };

static void
begin (ClaimMode mode, const char *device)
{
  const ClaimConfig config = { .mode = mode, .port = { .device = device, .baud_rate = 115200 } };

  world.fake = fake_claim_new ();
  world.clock = fake_clock_new ();
  world.cancellable = g_cancellable_new ();
  world.claim = claim_new (&config, world.fake->modems, fake_clock_get (world.clock), &listener, NULL);
}

static void
end (void)
{
  g_clear_pointer (&world.port, serial_port_free);
  claim_free (world.claim);
  fake_claim_settle ();
  fake_claim_free (world.fake);
  fake_clock_free (world.clock);
  g_object_unref (world.cancellable);
  g_clear_error (&world.error);
  world = (World){ 0 };
}

static void
on_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  world.taken = TRUE;
  g_clear_error (&world.error);
  world.port = claim_take_finish (world.claim, result, &world.error);
}

static void
on_given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  world.given = TRUE;
}

static void
take (void)
{
  world.taken = FALSE;
  claim_take_async (world.claim, world.cancellable, on_taken, NULL);
  fake_claim_settle ();
}

static void
give (void)
{
  g_clear_pointer (&world.port, serial_port_free);
  world.given = FALSE;
  claim_give_async (world.claim, on_given, NULL);
  fake_claim_settle ();
}

static void
expect (ClaimState state, const char *says)
{
  ck_assert_str_eq (claim_state_get_name (claim_get_state (world.claim)), claim_state_get_name (state));
  ck_assert_msg (strstr (claim_get_text (world.claim), says) != NULL, "%s", claim_get_text (world.claim));
}

/* ModemManager runs and has the modem. */
static void
show_modem (void)
{
  world.fake->life = MAX (world.fake->life, 1);
  world.fake->modem.uid = (char *) "uid0";
  world.fake->modem.equipment_id = (char *) "867713000000001";
  fake_claim_tell (world.fake);
}

static void
hide_modem (guint life)
{
  world.fake->life = life;
  world.fake->modem.uid = NULL;
  fake_claim_tell (world.fake);
}

/* With /dev/null, which is there, as the port that ModemManager tells. */
static void
take_inhibited (void)
{
  begin (CLAIM_MODE_INHIBIT, NULL);
  world.fake->modem.device = (char *) "/dev/null";
  show_modem ();
  take ();
  fake_claim_answer (world.fake, NULL);
  hide_modem (1);
  ck_assert_ptr_nonnull (world.port);
}

START_TEST (waits_until_the_modem_is_ready)
{
  begin (CLAIM_MODE_INHIBIT, NULL);
  take ();
  expect (CLAIM_WAITING, "not running");
  hide_modem (1);
  expect (CLAIM_WAITING, "knows no modem");
  world.fake->modem.hindrance = "It is just being enabled";
  show_modem ();
  expect (CLAIM_WAITING, "just being enabled");
  world.fake->modem.hindrance = NULL;
  show_modem ();
  expect (CLAIM_INHIBITING, "");
  ck_assert_str_eq (world.fake->asked_uid, "uid0");
  fake_claim_answer (world.fake, NULL);
  expect (CLAIM_CLAIMED, "");
  ck_assert_str_eq (claim_get_modem_path (world.claim), "/modem/0");
  ck_assert_str_eq (claim_get_device (world.claim), "/dev/fake0");
  give ();
  ck_assert (world.given);
  expect (CLAIM_RELEASED, "");
  ck_assert_uint_eq (world.fake->given, 1);
  end ();
}
END_TEST

typedef struct {
  const char *name;
  ClaimState state;
  const char *says;
} Refusal;

static const Refusal refusals[] = {
  { ERROR "WrongState", CLAIM_WAITING, "ready" },
  { ERROR "NotFound", CLAIM_WAITING, "ready" },
  { ERROR "InProgress", CLAIM_CONFLICT, "Another program" },
  { ERROR "Unauthorized", CLAIM_CONFLICT, "InhibitDevice" },
  { "org.freedesktop.DBus.Error.AccessDenied", CLAIM_CONFLICT, "InhibitDevice" },
  { "org.freedesktop.DBus.Error.NoReply", CLAIM_WAITING, "ended" },
  { "org.freedesktop.DBus.Error.ServiceUnknown", CLAIM_WAITING, "ended" },
  { "org.freedesktop.DBus.Error.NameHasNoOwner", CLAIM_WAITING, "ended" },
  { ERROR "Failed", CLAIM_CONFLICT, "as the test says" },
};

START_TEST (every_refusal_has_an_answer_and_is_tried_again)
{
  const Refusal *refusal = &refusals[_i];

  begin (CLAIM_MODE_INHIBIT, NULL);
  show_modem ();
  take ();
  fake_claim_answer (world.fake, refusal->name);
  expect (refusal->state, refusal->says);
  ck_assert (!world.taken);
  fake_clock_advance (world.clock, 5000);
  ck_assert_uint_eq (world.fake->asked, 2);
  fake_claim_answer (world.fake, NULL);
  expect (CLAIM_CLAIMED, "");
  end ();
}
END_TEST

START_TEST (is_given_up_in_the_middle)
{
  begin (CLAIM_MODE_INHIBIT, NULL);
  show_modem ();
  take ();
  g_cancellable_cancel (world.cancellable);
  fake_claim_settle ();
  ck_assert (!world.taken);
  fake_claim_answer (world.fake, NULL);
  ck_assert (g_error_matches (world.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  give ();
  ck_assert_uint_eq (world.fake->given, 1);
  end ();
}
END_TEST

START_TEST (is_freed_in_the_middle)
{
  begin (CLAIM_MODE_INHIBIT, NULL);
  show_modem ();
  take ();
  end ();
}
END_TEST

START_TEST (modem_manager_ends_and_starts)
{
  take_inhibited ();
  hide_modem (0);
  expect (CLAIM_CLAIMED, "until it is back");
  ck_assert_uint_eq (world.revoked, 0);
  hide_modem (2);
  expect (CLAIM_RELEASING, "started");
  hide_modem (2);
  ck_assert_uint_eq (world.revoked, 1);
  give ();
  ck_assert_uint_eq (world.fake->given, 0); /* it has nothing to be given back */
  take ();
  expect (CLAIM_WAITING, "knows no modem");
  show_modem ();
  fake_claim_answer (world.fake, NULL);
  expect (CLAIM_CLAIMED, "");
  end ();
}
END_TEST

START_TEST (modem_manager_starts_while_the_port_is_opened)
{
  begin (CLAIM_MODE_INHIBIT, NULL);
  show_modem ();
  take ();
  hide_modem (0);
  hide_modem (2);
  fake_claim_answer (world.fake, NULL);
  ck_assert_uint_eq (world.revoked, 1);
  expect (CLAIM_RELEASING, "started");
  end ();
}
END_TEST

START_TEST (lost_module_is_opened_again_without_asking_modem_manager)
{
  take_inhibited ();
  g_clear_pointer (&world.port, serial_port_free);
  take ();
  ck_assert_uint_eq (world.fake->asked, 2);
  fake_claim_answer (world.fake, NULL);
  ck_assert_ptr_nonnull (world.port);
  ck_assert_uint_eq (world.fake->given, 0);
  end ();
}
END_TEST

START_TEST (enabled_modem_is_enabled_again)
{
  begin (CLAIM_MODE_INHIBIT, NULL);
  world.fake->modem.is_enabled = TRUE;
  show_modem ();
  take ();
  fake_claim_answer (world.fake, NULL);
  hide_modem (1);
  give ();
  ck_assert (!world.given);
  show_modem ();
  ck_assert (world.given);
  ck_assert_uint_eq (world.fake->enabled, 1);
  end ();
}
END_TEST

START_TEST (auto_lets_modem_manager_look_first)
{
  begin (CLAIM_MODE_AUTO, "/dev/fake0");
  world.fake->life = 1;
  world.fake->age_ms = 5000;
  take ();
  expect (CLAIM_WAITING, "may still be looking");
  world.fake->age_ms = CLAIM_SETTLE_MS;
  fake_clock_advance (world.clock, CLAIM_SETTLE_MS - 5000);
  ck_assert_ptr_null (world.fake->asked_uid);
  fake_claim_answer (world.fake, NULL);
  expect (CLAIM_CLAIMED, "");
  hide_modem (2);
  ck_assert_uint_eq (world.revoked, 1);
  end ();
}
END_TEST

START_TEST (auto_takes_what_fits)
{
  begin (CLAIM_MODE_AUTO, "/dev/fake0");
  world.fake->modem.is_ignored = _i == 1;
  show_modem ();
  take ();
  ck_assert_int_eq (world.fake->asked_uid == NULL, _i == 1);
  fake_claim_answer (world.fake, NULL);
  expect (CLAIM_CLAIMED, "");
  end ();
}
END_TEST

START_TEST (device_is_refused_while_modem_manager_uses_it)
{
  begin (CLAIM_MODE_DEVICE, "/dev/fake0");
  show_modem ();
  take ();
  expect (CLAIM_CONFLICT, "claim=inhibit");
  ck_assert (g_error_matches (world.error, G_IO_ERROR, G_IO_ERROR_BUSY));
  hide_modem (1);
  take ();
  fake_claim_answer (world.fake, NULL);
  expect (CLAIM_CLAIMED, "");
  show_modem ();
  ck_assert_uint_eq (world.revoked, 1);
  end ();
}
END_TEST

START_TEST (ignored_port_follows_the_network)
{
  begin (CLAIM_MODE_IGNORED_PORT, NULL);
  show_modem ();
  take ();
  expect (CLAIM_CONFLICT, "ID_MM_PORT_IGNORE");
  world.fake->modem.is_ignored = TRUE;
  world.fake->modem.registration = 1;
  world.fake->modem.signal_dbm = -90;
  show_modem ();
  fake_claim_answer (world.fake, NULL);
  ck_assert_int_eq (claim_get_registration (world.claim), MODULE_REGISTRATION_HOME);
  ck_assert_int_eq (claim_get_signal_dbm (world.claim), -90);
  hide_modem (0);
  ck_assert_int_eq (claim_get_registration (world.claim), MODULE_REGISTRATION_UNTOLD);
  ck_assert_uint_eq (world.revoked, 0);
  end ();
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("claim");
  TCase *tcase = tcase_create ("claim");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_test (tcase, waits_until_the_modem_is_ready);
  tcase_add_loop_test (tcase, every_refusal_has_an_answer_and_is_tried_again, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tcase, is_given_up_in_the_middle);
  tcase_add_test (tcase, is_freed_in_the_middle);
  tcase_add_test (tcase, modem_manager_ends_and_starts);
  tcase_add_test (tcase, modem_manager_starts_while_the_port_is_opened);
  tcase_add_test (tcase, lost_module_is_opened_again_without_asking_modem_manager);
  tcase_add_test (tcase, enabled_modem_is_enabled_again);
  tcase_add_test (tcase, auto_lets_modem_manager_look_first);
  tcase_add_loop_test (tcase, auto_takes_what_fits, 0, 2);
  tcase_add_test (tcase, device_is_refused_while_modem_manager_uses_it);
  tcase_add_test (tcase, ignored_port_follows_the_network);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
