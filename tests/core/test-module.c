/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A module's life: found, lost, found again; its slots and its ledger.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mssl-error.h"
#include "world.h"

static const char digest_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/* What a slot's holder was told. */
typedef struct {
  World *world;
  Slot *slot;
  guint starts, connectings, openeds, resumeds, sents, send_errors, endeds;
  gsize confirmed; /* when it was resumed */
  GString *received;
  CloseReason reason; /* of the end; NONE for a plain close */
  gboolean open_at_start;
  const char *digests[MODULE_CREDENTIAL_PARTS];
} Holder;

static void
on_start (gpointer user_data)
{
  Holder *holder = user_data;
  ModuleOpenRequest request = { .host = "h", .port = 1 };

  holder->starts++;
  if (holder->open_at_start)
    slot_open (holder->slot, &request, holder->digests);
}

static void
on_connecting (gpointer user_data)
{
  ((Holder *) user_data)->connectings++;
}

static void
on_opened (gpointer user_data)
{
  ((Holder *) user_data)->openeds++;
}

static void
on_resumed (gsize confirmed, gpointer user_data)
{
  Holder *holder = user_data;

  holder->resumeds++;
  holder->confirmed = confirmed;
}

static void
on_received (GBytes *data, gpointer user_data)
{
  gsize size;
  const char *text = g_bytes_get_data (data, &size);

  g_string_append_len (((Holder *) user_data)->received, text, size);
}

static void
on_sent (const GError *error, gpointer user_data)
{
  Holder *holder = user_data;

  if (error != NULL)
    holder->send_errors++;
  else
    holder->sents++;
}

static void
on_ended (const GError *error, gpointer user_data)
{
  Holder *holder = user_data;

  holder->endeds++;
  holder->slot = NULL;
  holder->reason = error != NULL ? (CloseReason) error->code : CLOSE_REASON_NONE;
}

static const SlotListener listener = {
  on_start, on_connecting, on_opened, on_resumed, on_received, on_sent, on_ended,
};

static Holder *
holder_new (World *world, guint64 number)
{
  Holder *holder = g_new0 (Holder, 1);

  holder->world = world;
  holder->received = g_string_new (NULL);
  holder->open_at_start = TRUE;
  holder->slot = module_take_slot (world->module, number, &listener, holder);
  return holder;
}

static void
holder_free (Holder *holder)
{
  ck_assert_ptr_null (holder->slot);
  g_string_free (holder->received, TRUE);
  g_free (holder);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Holder, holder_free)

static void
count (Module *module, gpointer user_data)
{
  ++*(guint *) user_data;
}

/* -- found and lost -- */

START_TEST (found)
{
  g_autoptr (World) world = world_new (TRUE);

  ck_assert_int_eq (module_get_state (world->module), MODULE_ABSENT);
  ck_assert_str_eq (module_get_identity (world->module)->imei, "");
  manager_start (world->manager);
  ck_assert_int_eq (module_get_state (world->module), MODULE_STARTING);
  fake_port_finish (world->port, FAKE_START, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (module_get_state (world->module), MODULE_READY);
  ck_assert_str_eq (module_get_identity (world->module)->imei, FAKE_PORT_IMEI);
  ck_assert_str_eq (module_get_identity (world->module)->model, "Quectel_BC660K-GL");
  ck_assert_uint_eq (module_get_capabilities (world->module)->max_send_bytes, 1024);
  ck_assert (module_has_free_slot (world->module));
  world->port->sleep_locks = 1;
  ck_assert_uint_eq (module_get_sleep_locks (world->module), 1);
}
END_TEST

START_TEST (absent_is_tried_again_with_growing_pauses)
{
  g_autoptr (World) world = world_new (TRUE);
  guint changes = 0;

  world->port->refusal = "no such file";
  g_signal_connect (world->module, "changed", G_CALLBACK (count), &changes);
  manager_start (world->manager);
  ck_assert_int_eq (module_get_state (world->module), MODULE_ABSENT);
  ck_assert_str_eq (module_get_state_text (world->module), "no such file");
  ck_assert_uint_eq (changes, 1);
  world_advance (world, 2000 + 4000 + 8000 + 16000 + 30000);
  ck_assert_uint_eq (changes, 1);
  world->port->refusal = NULL;
  world_advance (world, 29999);
  ck_assert_uint_eq (world->port->opened, 0);
  world_advance (world, 1);
  ck_assert_uint_eq (world->port->opened, 1);
  ck_assert_int_eq (module_get_state (world->module), MODULE_STARTING);
  g_signal_handlers_disconnect_by_data (world->module, &changes);
}
END_TEST

START_TEST (no_answer_is_tried_again)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autofree char *lost_text = NULL;

  manager_start (world->manager);
  fake_port_finish (world->port, FAKE_START, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
  ck_assert_int_eq (module_get_state (world->module), MODULE_LOST);
  ck_assert_str_ne (module_get_state_text (world->module), "");
  ck_assert_ptr_null (world->port->driver);
  lost_text = g_strdup (module_get_state_text (world->module));
  world_advance (world, 2000);
  ck_assert_int_eq (module_get_state (world->module), MODULE_STARTING);
  ck_assert_str_eq (module_get_state_text (world->module), lost_text);
  fake_port_finish (world->port, FAKE_START, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (module_get_state (world->module), MODULE_READY);
  ck_assert_str_eq (module_get_state_text (world->module), "");
}
END_TEST

/* Bug class 15: the driver is on the stack when it says that it is lost. */
START_TEST (bug_15_lost_inside_a_callback)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;

  world_make_ready (world);
  holder = holder_new (world, 1);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  fake_port_tell_lost (world->port, "hang-up");
  ck_assert_ptr_nonnull (world->port->driver);
  ck_assert_uint_eq (holder->endeds, 1);
  ck_assert_int_eq (holder->reason, CLOSE_REASON_MODULE_LOST);
  ck_assert_int_eq (module_get_state (world->module), MODULE_LOST);
  fake_port_settle ();
  ck_assert_ptr_null (world->port->driver);
  world_advance (world, 2000);
  ck_assert_uint_eq (world->port->opened, 2);
}
END_TEST

START_TEST (lost_while_starting_and_the_answer_is_late)
{
  g_autoptr (World) world = world_new (TRUE);

  manager_start (world->manager);
  fake_port_tell_lost (world->port, "hang-up");
  fake_port_settle (); /* the start ends with an error now */
  ck_assert_int_eq (module_get_state (world->module), MODULE_LOST);
  ck_assert_str_eq (module_get_state_text (world->module), "hang-up");
}
END_TEST

START_TEST (restarted_stays_ready)
{
  g_autoptr (World) world = world_new (TRUE);

  world_make_ready (world);
  fake_port_tell_restarted (world->port);
  ck_assert_int_eq (module_get_state (world->module), MODULE_READY);
}
END_TEST

/* -- slots -- */

START_TEST (slot_is_given_once)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) holders = NULL;

  ck_assert (!module_has_free_slot (world->module));
  module_set_slot_error (world->module, &error);
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_NOT_READY));
  g_clear_error (&error);
  world_make_ready (world);
  holder = holder_new (world, 12);
  ck_assert (!module_has_free_slot (world->module));
  module_set_slot_error (world->module, &error);
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_BUSY));
  ck_assert_ptr_nonnull (strstr (error->message, "12"));
  holders = module_list_holders (world->module);
  ck_assert_uint_eq (holders->len, 1);
  ck_assert_uint_eq (g_array_index (holders, guint64, 0), 12);
  ck_assert_uint_eq (holder->starts, 0);
  fake_port_settle ();
  ck_assert_uint_eq (holder->starts, 1);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_CIPHER);
  fake_port_settle ();
  ck_assert_int_eq (holder->reason, CLOSE_REASON_CIPHER);
  ck_assert (module_has_free_slot (world->module));
}
END_TEST

START_TEST (slot_is_free_only_when_the_close_has_ended)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;

  world_make_ready (world);
  holder = holder_new (world, 1);
  fake_port_settle ();
  slot_close (holder->slot);
  slot_close (holder->slot);
  /* The open succeeds late, data comes late: nobody wants either. */
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  fake_port_tell_received (world->port, 0, "x", 1);
  ck_assert_uint_eq (holder->openeds, 0);
  ck_assert_uint_eq (holder->received->len, 0);
  ck_assert_uint_eq (holder->endeds, 0);
  ck_assert (!module_has_free_slot (world->module));
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
  ck_assert_uint_eq (holder->endeds, 1);
  ck_assert_uint_eq (world->port->calls[FAKE_CLOSE], 1);
  ck_assert (module_has_free_slot (world->module));
}
END_TEST

START_TEST (slot_closed_before_its_turn)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;

  world_make_ready (world);
  holder = holder_new (world, 1);
  slot_close (holder->slot);
  ck_assert_uint_eq (holder->endeds, 1);
  fake_port_settle ();
  ck_assert_uint_eq (holder->starts, 0);
  ck_assert_uint_eq (world->port->calls[FAKE_OPEN], 0);
}
END_TEST

/* The result of an operation of an earlier holder must not reach the next one. */
START_TEST (bug_12_late_result_is_dropped)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) first = NULL;
  g_autoptr (Holder) second = NULL;
  g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);

  world_make_ready (world);
  first = holder_new (world, 1);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  slot_send (first->slot, data);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  second = holder_new (world, 2);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_SEND, 0, CLOSE_REASON_CONNECT_FAILED);
  fake_port_settle ();
  ck_assert_uint_eq (first->send_errors + second->send_errors, 0);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (second->openeds, 1);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
}
END_TEST

/* Bug class 2: data and close in one read, before the result of the open was dispatched. */
START_TEST (bug_02_data_and_close_before_the_result_of_the_open)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;

  world_make_ready (world);
  holder = holder_new (world, 1);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_tell_received (world->port, 0, "bye", 3);
  fake_port_tell_closed (world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
  fake_port_settle ();
  ck_assert_str_eq (holder->received->str, "bye");
  ck_assert_uint_eq (holder->endeds, 1);
  ck_assert_uint_eq (holder->openeds, 0);
  ck_assert_int_eq (holder->reason, CLOSE_REASON_SERVER_CLOSED);
}
END_TEST

START_TEST (several_slots_configure_one_by_one)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) first = NULL;
  g_autoptr (Holder) second = NULL;

  world->port->capabilities.slots = 2;
  world_make_ready (world);
  first = holder_new (world, 1);
  second = holder_new (world, 2);
  fake_port_settle ();
  ck_assert_uint_eq (first->starts, 1);
  ck_assert_uint_eq (second->starts, 0);
  fake_port_tell_connecting (world->port, 0);
  fake_port_settle ();
  ck_assert_uint_eq (second->starts, 1);
  fake_port_finish (world->port, FAKE_OPEN, 1, CLOSE_REASON_NONE);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (first->openeds + second->openeds, 2);
  fake_port_tell_received (world->port, 1, "b", 1);
  ck_assert_str_eq (second->received->str, "b");
  fake_port_tell_lost (world->port, "gone");
  fake_port_settle ();
}
END_TEST

/* -- the ledger -- */

START_TEST (ledger_follows_an_upload)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;

  world_make_ready (world);
  holder = holder_new (world, 1);
  holder->digests[MODULE_CREDENTIAL_CA] = digest_a;
  fake_port_settle ();
  fake_port_tell_credential_changed (world->port, MODULE_CREDENTIAL_CA, FALSE);
  ck_assert (!module_holds_credential (world->module, MODULE_CREDENTIAL_CA, digest_a));
  fake_port_tell_credential_changed (world->port, MODULE_CREDENTIAL_CA, TRUE);
  ck_assert (module_holds_credential (world->module, MODULE_CREDENTIAL_CA, digest_a));
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
}
END_TEST

START_TEST (ledger_that_cannot_be_written_fails_the_open)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;
  g_autofree char *ledger = NULL;

  /* A file where the ledger wants its directory. */
  ledger = g_build_filename (world->directory, "ledger", NULL);
  ck_assert (g_file_set_contents (ledger, "", 0, NULL));
  world_make_ready (world);
  holder = holder_new (world, 1);
  holder->digests[MODULE_CREDENTIAL_CA] = digest_a;
  fake_port_settle ();
  g_log_set_always_fatal (G_LOG_FATAL_MASK); /* it warns */
  fake_port_tell_credential_changed (world->port, MODULE_CREDENTIAL_CA, FALSE);
  ck_assert (fake_port_is_pending (world->port, FAKE_CLOSE, 0));
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_int_eq (holder->reason, CLOSE_REASON_STORAGE);
}
END_TEST

START_TEST (module_without_imei_gets_everything_each_time)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;

  world->port->no_imei = TRUE;
  world_make_ready (world);
  holder = holder_new (world, 1);
  holder->digests[MODULE_CREDENTIAL_CA] = digest_a;
  fake_port_settle ();
  fake_port_tell_credential_changed (world->port, MODULE_CREDENTIAL_CA, FALSE);
  fake_port_tell_credential_changed (world->port, MODULE_CREDENTIAL_CA, TRUE);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
  ck_assert (!module_holds_credential (world->module, MODULE_CREDENTIAL_CA, digest_a));
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
}
END_TEST

static gboolean
wants_nothing (const char *digest, gpointer user_data)
{
  return FALSE;
}

static void
mark (World *world, ModuleCredentialPart part)
{
  g_autoptr (GError) error = NULL;

  ck_assert (ledger_set (world->ledger, FAKE_PORT_IMEI, part, digest_a, &error));
  ck_assert (ledger_update_marks (world->ledger, wants_nothing, NULL, &error));
}

static void
on_erased (GObject *source, GAsyncResult *result, gpointer user_data)
{
  module_erase_credentials_finish (MSSL_MODULE (source), result, NULL);
  ++*(guint *) user_data;
}

START_TEST (erases_when_ready)
{
  g_autoptr (World) world = world_new (TRUE);
  ModuleCredentialPart part;

  mark (world, MODULE_CREDENTIAL_CLIENT_KEY);
  world_make_ready (world);
  ck_assert (fake_port_is_pending (world->port, FAKE_ERASE, 0));
  ck_assert_int_eq (world->port->erased, MODULE_CREDENTIAL_CLIENT_KEY);
  fake_port_tell_credential_changed (world->port, MODULE_CREDENTIAL_CLIENT_KEY, FALSE);
  fake_port_finish (world->port, FAKE_ERASE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert (!ledger_next_erasure (world->ledger, FAKE_PORT_IMEI, &part));
  ck_assert_uint_eq (world->port->calls[FAKE_ERASE], 1);
}
END_TEST

START_TEST (an_open_waits_for_an_erasure)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;

  mark (world, MODULE_CREDENTIAL_CA);
  world_make_ready (world);
  holder = holder_new (world, 1);
  fake_port_settle ();
  ck_assert_uint_eq (holder->starts, 0);
  fake_port_finish (world->port, FAKE_ERASE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (holder->starts, 1);
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
}
END_TEST

START_TEST (erases_when_asked)
{
  g_autoptr (World) world = world_new (TRUE);
  guint done = 0;

  module_erase_credentials_async (world->module, on_erased, &done);
  ck_assert_uint_eq (done, 0);
  fake_port_settle ();
  ck_assert_uint_eq (done, 1); /* not ready: nothing can be done */
  world_make_ready (world);
  mark (world, MODULE_CREDENTIAL_CA);
  module_erase_credentials_async (world->module, on_erased, &done);
  fake_port_settle ();
  ck_assert_uint_eq (done, 1);
  fake_port_finish (world->port, FAKE_ERASE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (done, 2);
}
END_TEST

START_TEST (a_failed_erasure_is_tried_again_when_a_slot_is_free)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Holder) holder = NULL;
  guint done = 0;

  mark (world, MODULE_CREDENTIAL_CA);
  world_make_ready (world);
  module_erase_credentials_async (world->module, on_erased, &done);
  fake_port_finish (world->port, FAKE_ERASE, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
  ck_assert_uint_eq (done, 1);
  ck_assert_uint_eq (world->port->calls[FAKE_ERASE], 1);
  holder = holder_new (world, 1);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_OPEN, 0, CLOSE_REASON_TIMEOUT);
  fake_port_settle ();
  ck_assert_uint_eq (world->port->calls[FAKE_ERASE], 2);
  fake_port_tell_lost (world->port, "gone in the middle of it");
  fake_port_settle ();
  ck_assert_int_eq (module_get_state (world->module), MODULE_LOST);
}
END_TEST

/* -- the end -- */

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ck_assert (module_stop_finish (MSSL_MODULE (source), result, NULL));
  ++*(guint *) user_data;
}

START_TEST (stops)
{
  g_autoptr (World) world = world_new (TRUE);
  guint done = 0;

  world_make_ready (world);
  module_stop_async (world->module, NULL, on_stopped, &done);
  ck_assert_int_eq (module_get_state (world->module), MODULE_STOPPED);
  ck_assert_uint_eq (done, 0);
  fake_port_finish (world->port, FAKE_STOP, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  ck_assert_uint_eq (done, 1);
  ck_assert_ptr_null (world->port->driver);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (tries_again_when_told)
{
  g_autoptr (World) world = world_new (TRUE);

  world->port->refusal = "no permission yet";
  manager_start (world->manager);
  ck_assert_int_eq (module_get_state (world->module), MODULE_ABSENT);
  module_try_again (world->module);
  ck_assert_int_eq (module_get_state (world->module), MODULE_ABSENT);
  ck_assert_uint_eq (fake_clock_count (world->clock), 1);
  world->port->refusal = NULL;
  module_try_again (world->module);
  ck_assert_int_eq (module_get_state (world->module), MODULE_STARTING);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
  module_try_again (world->module);
  ck_assert_uint_eq (world->port->opened, 1);
}
END_TEST

START_TEST (stops_while_absent)
{
  g_autoptr (World) world = world_new (TRUE);
  guint done = 0;

  world->port->refusal = "no";
  manager_start (world->manager);
  module_stop_async (world->module, NULL, on_stopped, &done);
  fake_port_settle ();
  ck_assert_uint_eq (done, 1);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

START_TEST (lost_while_stopping)
{
  g_autoptr (World) world = world_new (TRUE);
  guint done = 0;

  world_make_ready (world);
  module_stop_async (world->module, NULL, on_stopped, &done);
  fake_port_tell_lost (world->port, "hang-up");
  fake_port_settle ();
  ck_assert_uint_eq (done, 1);
  ck_assert_int_eq (module_get_state (world->module), MODULE_STOPPED);
  ck_assert_uint_eq (fake_clock_count (world->clock), 0);
}
END_TEST

static void
add_life_tests (TCase *tcase)
{
  tcase_add_test (tcase, found);
  tcase_add_test (tcase, absent_is_tried_again_with_growing_pauses);
  tcase_add_test (tcase, no_answer_is_tried_again);
  tcase_add_test (tcase, bug_15_lost_inside_a_callback);
  tcase_add_test (tcase, lost_while_starting_and_the_answer_is_late);
  tcase_add_test (tcase, restarted_stays_ready);
  tcase_add_test (tcase, stops);
  tcase_add_test (tcase, tries_again_when_told);
  tcase_add_test (tcase, stops_while_absent);
  tcase_add_test (tcase, lost_while_stopping);
}

static void
add_slot_tests (TCase *tcase)
{
  tcase_add_test (tcase, slot_is_given_once);
  tcase_add_test (tcase, slot_is_free_only_when_the_close_has_ended);
  tcase_add_test (tcase, slot_closed_before_its_turn);
  tcase_add_test (tcase, bug_12_late_result_is_dropped);
  tcase_add_test (tcase, bug_02_data_and_close_before_the_result_of_the_open);
  tcase_add_test (tcase, several_slots_configure_one_by_one);
}

static void
add_ledger_tests (TCase *tcase)
{
  tcase_add_test (tcase, ledger_follows_an_upload);
  tcase_add_test (tcase, erases_when_ready);
  tcase_add_test (tcase, an_open_waits_for_an_erasure);
  tcase_add_test (tcase, erases_when_asked);
  tcase_add_test (tcase, a_failed_erasure_is_tried_again_when_a_slot_is_free);
  tcase_add_test (tcase, ledger_that_cannot_be_written_fails_the_open);
  tcase_add_test (tcase, module_without_imei_gets_everything_each_time);
}

int
main (void)
{
  Suite *suite = suite_create ("module");
  TCase *tcase = tcase_create ("module");
  SRunner *runner = srunner_create (suite);
  int failed;

  add_life_tests (tcase);
  add_slot_tests (tcase);
  add_ledger_tests (tcase);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
