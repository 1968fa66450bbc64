/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The send queue: pieces in order, each call back exactly once.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "send-queue.h"

static gpointer
mark (guint number)
{
  return GUINT_TO_POINTER (number);
}

static gboolean
push (SendQueue *queue, const char *text, guint number)
{
  g_autoptr (GBytes) data = g_bytes_new_static (text, strlen (text));

  return send_queue_push (queue, data, mark (number));
}

static void
expect_piece (SendQueue *queue, const char *text)
{
  g_autoptr (GBytes) piece = send_queue_begin_piece (queue, 4);

  ck_assert_ptr_nonnull (piece);
  ck_assert_uint_eq (g_bytes_get_size (piece), strlen (text));
  ck_assert_mem_eq (g_bytes_get_data (piece, NULL), text, strlen (text));
  ck_assert (send_queue_is_sending (queue));
  ck_assert_ptr_null (send_queue_begin_piece (queue, 4));
}

static void
expect_confirm (SendQueue *queue, gsize bytes, guint number)
{
  gsize confirmed = 0;

  ck_assert_ptr_eq (send_queue_confirm (queue, &confirmed), mark (number));
  ck_assert_uint_eq (confirmed, bytes);
}

START_TEST (pieces_in_order)
{
  g_autoptr (SendQueue) queue = send_queue_new (16);

  ck_assert_ptr_null (send_queue_begin_piece (queue, 4));
  ck_assert (push (queue, "abcdefghij", 1));
  ck_assert (push (queue, "klmn", 2));
  expect_piece (queue, "abcd");
  expect_confirm (queue, 4, 0);
  expect_piece (queue, "efgh");
  expect_confirm (queue, 4, 0);
  expect_piece (queue, "ij");
  expect_confirm (queue, 2, 1);
  expect_piece (queue, "klmn");
  expect_confirm (queue, 4, 2);
  ck_assert_ptr_null (send_queue_begin_piece (queue, 4));
  ck_assert_ptr_null (send_queue_pop (queue));
}
END_TEST

START_TEST (pieces_are_not_copies)
{
  g_autoptr (SendQueue) queue = send_queue_new (16);
  g_autoptr (GBytes) data = g_bytes_new ("abcdefgh", 8);
  g_autoptr (GBytes) piece = NULL;

  ck_assert (send_queue_push (queue, data, mark (1)));
  expect_piece (queue, "abcd");
  expect_confirm (queue, 4, 0);
  piece = send_queue_begin_piece (queue, 4);
  ck_assert_ptr_eq (g_bytes_get_data (piece, NULL), (const char *) g_bytes_get_data (data, NULL) + 4);
  ck_assert_ptr_eq (send_queue_pop (queue), mark (1));
}
END_TEST

START_TEST (bounded)
{
  g_autoptr (SendQueue) queue = send_queue_new (2);

  ck_assert (push (queue, "a", 1));
  ck_assert (push (queue, "b", 2));
  ck_assert (!push (queue, "c", 3));
  ck_assert_ptr_eq (send_queue_pop (queue), mark (1));
  ck_assert (push (queue, "c", 3));
  ck_assert_ptr_eq (send_queue_pop (queue), mark (2));
  ck_assert_ptr_eq (send_queue_pop (queue), mark (3));
}
END_TEST

START_TEST (pop_in_the_middle_of_a_call)
{
  g_autoptr (SendQueue) queue = send_queue_new (16);

  ck_assert (push (queue, "abcdefgh", 1));
  ck_assert (push (queue, "xyz", 2));
  expect_piece (queue, "abcd");
  expect_confirm (queue, 4, 0);
  expect_piece (queue, "efgh");
  ck_assert_ptr_eq (send_queue_pop (queue), mark (1));
  ck_assert (!send_queue_is_sending (queue));
  expect_piece (queue, "xyz");
  expect_confirm (queue, 3, 2);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("send-queue");
  TCase *tcase = tcase_create ("send-queue");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_test (tcase, pieces_in_order);
  tcase_add_test (tcase, pieces_are_not_copies);
  tcase_add_test (tcase, bounded);
  tcase_add_test (tcase, pop_in_the_middle_of_a_call);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
