/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inbox: offsets of what is pulled, the window of what is pushed, and how it ends.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fake-clock.h"
#include "fake-port.h"
#include "inbox.h"
#include "mssl-error.h"

/* One inbox and everything that came out of it. */
typedef struct {
  FakeClock *clock;
  Inbox *inbox;
  guint drained, given_up;

  GBytes *data; /* of the last Receive */
  gboolean eof;
  GError *error;
  guint answers;

  guint64 pushed;
  guint deliveries;
  guint probes;
  gsize largest;
} Fixture;

static void
on_drained (gboolean complete, gpointer user_data)
{
  Fixture *f = user_data;

  if (complete)
    f->drained++;
  else
    f->given_up++;
}

static Fixture *
fixture_new_full (gboolean datagrams)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->clock = fake_clock_new ();
  f->inbox = inbox_new (fake_clock_get (f->clock), INBOX_SIZE_USUAL_BYTES, datagrams, on_drained, f);
  return f;
}

static Fixture *
fixture_new (void)
{
  return fixture_new_full (FALSE);
}

static void
fixture_free (Fixture *f)
{
  g_clear_pointer (&f->inbox, inbox_free);
  fake_port_settle ();
  g_clear_pointer (&f->data, g_bytes_unref);
  g_clear_error (&f->error);
  fake_clock_free (f->clock);
  g_free (f);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static gboolean
put (Fixture *f, gsize size)
{
  g_autofree guint8 *bytes = g_malloc (size);
  g_autoptr (GBytes) data = NULL;

  memset (bytes, 'x', size);
  data = g_bytes_new (bytes, size);
  return inbox_put (f->inbox, data);
}

static gboolean
put_text (Fixture *f, const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  return inbox_put (f->inbox, data);
}

static void
on_received (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  g_clear_pointer (&f->data, g_bytes_unref);
  g_clear_error (&f->error);
  f->data = inbox_receive_finish (result, &f->eof, &f->error);
  f->answers++;
}

static void
receive (Fixture *f, guint64 offset, guint max_bytes, guint timeout_ms)
{
  inbox_receive_async (f->inbox, offset, max_bytes, timeout_ms, on_received, f);
  fake_port_settle ();
}

static void
expect_text (Fixture *f, const char *text, gboolean eof)
{
  ck_assert_ptr_nonnull (f->data);
  ck_assert_uint_eq (g_bytes_get_size (f->data), strlen (text));
  ck_assert (strlen (text) == 0 || memcmp (g_bytes_get_data (f->data, NULL), text, strlen (text)) == 0);
  ck_assert_int_eq (f->eof, eof);
}

static void
expect_error (Fixture *f, MsslError code)
{
  ck_assert_ptr_null (f->data);
  ck_assert (g_error_matches (f->error, MSSL_ERROR, code));
}

static void
deliver (guint64 offset, GBytes *data, gpointer user_data)
{
  Fixture *f = user_data;

  ck_assert_uint_eq (offset, f->pushed);
  f->pushed += g_bytes_get_size (data);
  f->largest = MAX (f->largest, g_bytes_get_size (data));
  f->deliveries++;
}

static void
probe (gpointer user_data)
{
  ((Fixture *) user_data)->probes++;
}

static const InboxSink sink = { deliver, probe };

/* -- pulled -- */

START_TEST (receive_keeps_until_let_go)
{
  g_autoptr (Fixture) f = fixture_new ();

  put_text (f, "hello world");
  receive (f, 0, 5, 0);
  expect_text (f, "hello", FALSE);
  receive (f, 0, 100, 0);
  expect_text (f, "hello world", FALSE);
  receive (f, 6, 100, 0);
  expect_text (f, "world", FALSE);
  ck_assert_uint_eq (inbox_get_delivered (f->inbox), 11);
  ck_assert_uint_eq (inbox_get_size (f->inbox), 5);
  receive (f, 11, 0, 0);
  expect_text (f, "", FALSE);
  ck_assert_uint_eq (inbox_get_size (f->inbox), 0);
}
END_TEST

START_TEST (receive_gives_datagrams_whole)
{
  g_autoptr (Fixture) f = fixture_new_full (TRUE);

  ck_assert (put_text (f, "hello"));
  ck_assert (put_text (f, "you"));
  receive (f, 0, 4, 0);
  ck_assert (g_error_matches (f->error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  receive (f, 0, 100, 0);
  expect_text (f, "hello", FALSE);
  receive (f, 2, 100, 0);
  ck_assert (g_error_matches (f->error, MSSL_ERROR, MSSL_ERROR_OFFSET));
  inbox_end (f->inbox);
  receive (f, 5, 100, 0);
  expect_text (f, "you", TRUE);
}
END_TEST

START_TEST (receive_refuses)
{
  g_autoptr (Fixture) f = fixture_new ();

  receive (f, 0, INBOX_RECEIVE_MAX_BYTES + 1, 0);
  expect_error (f, MSSL_ERROR_INVALID_ARGUMENT);
  receive (f, 0, 1, INBOX_RECEIVE_TIMEOUT_MAX_MS + 1);
  expect_error (f, MSSL_ERROR_INVALID_ARGUMENT);
  receive (f, 1, 1, 0);
  expect_error (f, MSSL_ERROR_OFFSET);
  ck_assert_int_eq (inbox_get_mode (f->inbox), RECEIVE_MODE_NONE);
  put_text (f, "abc");
  receive (f, 2, 1, 0);
  expect_text (f, "c", FALSE);
  receive (f, 1, 1, 0);
  expect_error (f, MSSL_ERROR_OFFSET);
  receive (f, 4, 1, 0);
  expect_error (f, MSSL_ERROR_OFFSET);
}
END_TEST

START_TEST (receive_waits)
{
  g_autoptr (Fixture) f = fixture_new ();

  receive (f, 0, 100, 1000);
  ck_assert_uint_eq (f->answers, 0);
  receive (f, 0, 100, 1000);
  expect_error (f, MSSL_ERROR_LIMIT_EXCEEDED);
  put_text (f, "x");
  fake_port_settle ();
  ck_assert_uint_eq (f->answers, 2);
  expect_text (f, "x", FALSE);
  receive (f, 1, 100, 1000);
  fake_clock_advance (f->clock, 999);
  fake_port_settle ();
  ck_assert_uint_eq (f->answers, 2);
  fake_clock_advance (f->clock, 1);
  fake_port_settle ();
  ck_assert_uint_eq (f->answers, 3);
  expect_text (f, "", FALSE);
}
END_TEST

START_TEST (receive_ends)
{
  g_autoptr (Fixture) f = fixture_new ();

  receive (f, 0, 100, 1000);
  inbox_end (f->inbox);
  fake_port_settle ();
  expect_text (f, "", TRUE);
  ck_assert (inbox_is_drained (f->inbox));
}
END_TEST

START_TEST (receive_tells_eof_with_the_last_byte)
{
  g_autoptr (Fixture) f = fixture_new ();

  put_text (f, "abc");
  inbox_end (f->inbox);
  receive (f, 0, 2, 1000);
  expect_text (f, "ab", FALSE);
  receive (f, 2, 2, 1000);
  expect_text (f, "c", TRUE);
  receive (f, 3, 2, 1000);
  expect_text (f, "", TRUE);
}
END_TEST

START_TEST (freed_while_one_waits)
{
  g_autoptr (Fixture) f = fixture_new ();

  receive (f, 0, 100, 1000);
  g_clear_pointer (&f->inbox, inbox_free);
  fake_port_settle ();
  expect_error (f, MSSL_ERROR_NOT_CONNECTED); /* nobody may think that nothing comes any more */
}
END_TEST

START_TEST (refused_while_one_waits_and_later)
{
  g_autoptr (Fixture) f = fixture_new ();

  receive (f, 0, 100, 1000);
  inbox_refuse (f->inbox);
  fake_port_settle ();
  expect_error (f, MSSL_ERROR_NOT_CONNECTED);
  receive (f, 0, 100, 1000);
  expect_error (f, MSSL_ERROR_NOT_CONNECTED);
  ck_assert_uint_eq (f->answers, 2);
}
END_TEST

START_TEST (restored)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  g_ptr_array_add (pieces, g_bytes_new ("one", 3));
  g_ptr_array_add (pieces, g_bytes_new ("two", 3));
  inbox_restore (f->inbox, 1000, pieces);
  ck_assert_uint_eq (inbox_get_begin (f->inbox), 994);
  ck_assert_uint_eq (inbox_get_size (f->inbox), 6);
  receive (f, 993, 100, 0);
  expect_error (f, MSSL_ERROR_OFFSET);
  receive (f, 994, 100, 0);
  expect_text (f, "onetwo", FALSE);
}
END_TEST

/* Bug class 7: a buffer fills and bytes are dropped in the middle of a stream. */
START_TEST (bug_07_what_came_before_the_overflow_stays)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (put (f, INBOX_SIZE_USUAL_BYTES - 1));
  ck_assert (!put (f, 2));
  inbox_end (f->inbox);
  receive (f, 0, INBOX_SIZE_USUAL_BYTES, 0);
  ck_assert_uint_eq (g_bytes_get_size (f->data), INBOX_SIZE_USUAL_BYTES - 1);
  ck_assert (f->eof);
}
END_TEST

/* -- pushed -- */

START_TEST (push_what_lies_there_and_what_comes)
{
  g_autoptr (Fixture) f = fixture_new ();

  put (f, 20000);
  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  ck_assert_uint_eq (f->pushed, 0);
  inbox_deliver (f->inbox);
  ck_assert_uint_eq (f->pushed, 20000);
  ck_assert_uint_eq (f->largest, INBOX_DELIVERY_MAX_BYTES);
  put (f, 100);
  ck_assert_uint_eq (f->pushed, 20100);
  ck_assert_uint_eq (inbox_get_delivered (f->inbox), 20100);
}
END_TEST

START_TEST (push_never_beyond_the_window)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  for (guint i = 0; i < 100; i++)
    ck_assert (put (f, 1400));
  ck_assert_uint_eq (f->probes, 1);
  ck_assert_uint_le (f->pushed + f->deliveries * INBOX_DELIVERY_OVERHEAD_BYTES, INBOX_WINDOW_BYTES);
  ck_assert_uint_gt (f->pushed, INBOX_WINDOW_BYTES / 2);
  ck_assert_uint_eq (f->pushed + inbox_get_size (f->inbox), 140000);
  while (f->pushed < 140000) {
    guint64 before = f->pushed;

    inbox_acknowledge (f->inbox);
    ck_assert_uint_gt (f->pushed, before);
    ck_assert_uint_le (f->pushed - before, INBOX_WINDOW_BYTES);
  }
}
END_TEST

START_TEST (push_small_ones_do_not_flood)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  for (guint i = 0; i < 10000; i++)
    ck_assert (put (f, 1));
  ck_assert_uint_le (f->deliveries, INBOX_WINDOW_BYTES / INBOX_DELIVERY_OVERHEAD_BYTES);
  /* What waited goes in larger ones. */
  inbox_acknowledge (f->inbox);
  inbox_acknowledge (f->inbox);
  ck_assert_uint_eq (f->pushed, 10000);
}
END_TEST

START_TEST (push_modes_exclude_each_other)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (Fixture) g = fixture_new ();
  g_autoptr (GError) error = NULL;

  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  receive (f, 0, 1, 0);
  expect_error (f, MSSL_ERROR_RECEIVE_MODE);
  ck_assert (!inbox_set_sink (f->inbox, &sink, f, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_RECEIVE_MODE));
  g_clear_error (&error);
  receive (g, 0, 1, 0);
  ck_assert (!inbox_set_sink (g->inbox, &sink, g, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_RECEIVE_MODE));
}
END_TEST

START_TEST (push_goes_on_with_another)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  put (f, 60000);
  inbox_remove_sink (f->inbox);
  inbox_acknowledge (f->inbox); /* late */
  put (f, 100);
  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  inbox_deliver (f->inbox);
  ck_assert_uint_eq (f->pushed, 60100);
}
END_TEST

START_TEST (drained_at_once)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  put (f, 100);
  inbox_end (f->inbox);
  ck_assert (inbox_is_drained (f->inbox));
  ck_assert_uint_eq (f->drained, 0);
}
END_TEST

START_TEST (drained_later)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  put (f, 200000);
  inbox_end (f->inbox);
  ck_assert (!inbox_is_drained (f->inbox));
  for (guint i = 0; i < 20 && f->drained == 0; i++) {
    /* Slow, but it reads. */
    fake_clock_advance (f->clock, INBOX_PATIENCE_MS - 1);
    inbox_acknowledge (f->inbox);
  }
  ck_assert_uint_eq (f->drained, 1);
  ck_assert_uint_eq (f->given_up, 0);
  ck_assert_uint_eq (f->pushed, 200000);
  ck_assert_uint_eq (fake_clock_count (f->clock), 0);
}
END_TEST

START_TEST (given_up)
{
  g_autoptr (Fixture) f = fixture_new ();

  ck_assert (inbox_set_sink (f->inbox, &sink, f, NULL));
  put (f, 200000);
  inbox_end (f->inbox);
  fake_clock_advance (f->clock, INBOX_PATIENCE_MS);
  ck_assert_uint_eq (f->given_up, 1);
  ck_assert (inbox_is_drained (f->inbox));
  inbox_acknowledge (f->inbox);
  ck_assert_uint_eq (f->drained, 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("inbox");
  TCase *tcase = tcase_create ("inbox");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_test (tcase, receive_keeps_until_let_go);
  tcase_add_test (tcase, receive_gives_datagrams_whole);
  tcase_add_test (tcase, receive_refuses);
  tcase_add_test (tcase, receive_waits);
  tcase_add_test (tcase, receive_ends);
  tcase_add_test (tcase, receive_tells_eof_with_the_last_byte);
  tcase_add_test (tcase, freed_while_one_waits);
  tcase_add_test (tcase, refused_while_one_waits_and_later);
  tcase_add_test (tcase, restored);
  tcase_add_test (tcase, bug_07_what_came_before_the_overflow_stays);
  tcase_add_test (tcase, push_what_lies_there_and_what_comes);
  tcase_add_test (tcase, push_never_beyond_the_window);
  tcase_add_test (tcase, push_small_ones_do_not_flood);
  tcase_add_test (tcase, push_modes_exclude_each_other);
  tcase_add_test (tcase, push_goes_on_with_another);
  tcase_add_test (tcase, drained_at_once);
  tcase_add_test (tcase, drained_later);
  tcase_add_test (tcase, given_up);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
