/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The receive buffer: offsets, bounds, and that no byte changes place.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "receive-buffer.h"

START_TEST (empty)
{
  g_autoptr (ReceiveBuffer) buffer = receive_buffer_new (10, FALSE);
  g_autoptr (GBytes) nothing = receive_buffer_peek (buffer, 10);

  ck_assert_uint_eq (g_bytes_get_size (nothing), 0);
  ck_assert_uint_eq (receive_buffer_get_begin (buffer), 0);
  ck_assert_uint_eq (receive_buffer_get_end (buffer), 0);
  ck_assert (receive_buffer_let_go (buffer, 0));
  ck_assert (!receive_buffer_let_go (buffer, 1));
  ck_assert (receive_buffer_append (buffer, NULL, 0));
}
END_TEST

START_TEST (offsets)
{
  g_autoptr (ReceiveBuffer) buffer = receive_buffer_new (10, FALSE);
  g_autoptr (GBytes) data = NULL;

  ck_assert (receive_buffer_append (buffer, "abcdef", 6));
  ck_assert (receive_buffer_let_go (buffer, 2));
  ck_assert (!receive_buffer_let_go (buffer, 1));
  ck_assert (!receive_buffer_let_go (buffer, 7));
  ck_assert_uint_eq (receive_buffer_get_begin (buffer), 2);
  ck_assert_uint_eq (receive_buffer_get_end (buffer), 6);
  ck_assert_uint_eq (receive_buffer_get_size (buffer), 4);
  data = receive_buffer_peek (buffer, 3);
  ck_assert_mem_eq (g_bytes_get_data (data, NULL), "cde", 3);
  ck_assert_uint_eq (g_bytes_get_size (data), 3);
}
END_TEST

/* Bug class 7: a buffer fills and bytes are dropped in the middle of a stream. */
START_TEST (bug_07_what_does_not_fit_is_refused_as_a_whole)
{
  g_autoptr (ReceiveBuffer) buffer = receive_buffer_new (8, FALSE);
  g_autoptr (GBytes) data = NULL;

  ck_assert (receive_buffer_append (buffer, "12345", 5));
  ck_assert (!receive_buffer_append (buffer, "6789", 4));
  ck_assert (receive_buffer_append (buffer, "678", 3));
  ck_assert (!receive_buffer_append (buffer, "9", 1));
  data = receive_buffer_peek (buffer, 100);
  ck_assert_uint_eq (g_bytes_get_size (data), 8);
  ck_assert_mem_eq (g_bytes_get_data (data, NULL), "12345678", 8);
}
END_TEST

START_TEST (pass)
{
  g_autoptr (ReceiveBuffer) buffer = receive_buffer_new (8, FALSE);
  g_autoptr (GBytes) data = NULL;

  receive_buffer_pass (buffer, 1000);
  ck_assert_uint_eq (receive_buffer_get_begin (buffer), 1000);
  ck_assert (receive_buffer_append (buffer, "x", 1));
  ck_assert_uint_eq (receive_buffer_get_end (buffer), 1001);
  data = receive_buffer_peek (buffer, 8);
  ck_assert_mem_eq (g_bytes_get_data (data, NULL), "x", 1);
}
END_TEST

START_TEST (datagrams)
{
  g_autoptr (ReceiveBuffer) buffer = receive_buffer_new (16, TRUE);
  g_autoptr (GBytes) first = NULL, second = NULL, third = NULL;

  ck_assert (receive_buffer_append (buffer, "12345", 5));
  ck_assert (receive_buffer_append (buffer, "67", 2));
  ck_assert (receive_buffer_append (buffer, "8", 1));
  ck_assert_uint_eq (receive_buffer_get_piece_size (buffer), 5);
  first = receive_buffer_peek (buffer, 100);
  ck_assert_uint_eq (g_bytes_get_size (first), 5);
  ck_assert (!receive_buffer_let_go (buffer, 3));
  ck_assert (!receive_buffer_let_go (buffer, 6));
  ck_assert (receive_buffer_let_go (buffer, 0));
  ck_assert (receive_buffer_let_go (buffer, 5));
  second = receive_buffer_peek (buffer, 100);
  ck_assert_uint_eq (g_bytes_get_size (second), 2);
  ck_assert (receive_buffer_let_go (buffer, 8));
  ck_assert_uint_eq (receive_buffer_get_size (buffer), 0);
  ck_assert (receive_buffer_append (buffer, "9", 1));
  third = receive_buffer_peek (buffer, 100);
  ck_assert_mem_eq (g_bytes_get_data (third, NULL), "9", 1);
}
END_TEST

/* A stream whose byte at offset n is a function of n, in and out by pieces of all sizes. */
static guint8
byte_at (guint64 offset)
{
  return (offset * 2654435761u) >> 13;
}

static void
append_some (ReceiveBuffer *buffer, gsize size)
{
  g_autofree guint8 *data = g_malloc (size + 1);
  guint64 end = receive_buffer_get_end (buffer);
  gboolean fits = receive_buffer_get_size (buffer) + size <= 20000;

  for (gsize i = 0; i < size; i++)
    data[i] = byte_at (end + i);
  ck_assert_int_eq (receive_buffer_append (buffer, data, size), fits);
}

static void
take_some (ReceiveBuffer *buffer, gsize size)
{
  g_autoptr (GBytes) data = receive_buffer_peek (buffer, size);
  guint64 begin = receive_buffer_get_begin (buffer);
  gsize got;
  const guint8 *bytes = g_bytes_get_data (data, &got);
  guint8 different = 0;

  ck_assert_uint_eq (got, MIN (size, receive_buffer_get_size (buffer)));
  for (gsize i = 0; i < got; i++)
    different |= bytes[i] ^ byte_at (begin + i);
  ck_assert_uint_eq (different, 0);
  ck_assert (receive_buffer_let_go (buffer, begin + got / 2));
}

START_TEST (stream_in_random_pieces)
{
  g_autoptr (ReceiveBuffer) buffer = receive_buffer_new (20000, FALSE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < 20000; i++) {
    if (g_rand_boolean (rand))
      append_some (buffer, g_rand_int_range (rand, 0, 1500));
    else
      take_some (buffer, g_rand_int_range (rand, 0, 4000));
  }
  ck_assert_uint_gt (receive_buffer_get_end (buffer), 1000000);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("receive-buffer");
  TCase *tcase = tcase_create ("receive-buffer");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_test (tcase, empty);
  tcase_add_test (tcase, offsets);
  tcase_add_test (tcase, bug_07_what_does_not_fit_is_refused_as_a_whole);
  tcase_add_test (tcase, pass);
  tcase_add_test (tcase, datagrams);
  tcase_add_test (tcase, stream_in_random_pieces);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
