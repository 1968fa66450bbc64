/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two clients, one slot, and everything that can happen in any order: a long walk by chance through opens,
 * closes, late results, restarts and losses. No slot lost, none given twice, one Closed for each open.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "watch.h"

#define STEPS 20000

typedef struct {
  World *world;
  GRand *rand;
  GPtrArray *watches; /* Watch; of connections that are not yet released */
  guint opens;
  guint closed;
} Walk;

static Watch *
pick (Walk *walk)
{
  if (walk->watches->len == 0)
    return NULL;
  return walk->watches->pdata[g_rand_int_range (walk->rand, 0, walk->watches->len)];
}

static void
step_open (Walk *walk)
{
  static const char *const options[] = { NULL, "{'persist': <true>}", "{'queue-timeout': <uint32 0>}",
                                         "{'queue-timeout': <uint32 7>, 'priority': <-1>}",
                                         "{'max-hold': <uint32 9>}" };
  g_autoptr (GError) error = NULL;
  Connection *connection =
      world_open (walk->world, options[g_rand_int_range (walk->rand, 0, G_N_ELEMENTS (options))], &error);

  if (connection == NULL) {
    ck_assert (error->domain == MSSL_ERROR);
    return;
  }
  walk->opens++;
  g_ptr_array_add (walk->watches, watch_new (connection));
}

static void
step_close (Walk *walk)
{
  Watch *watch = pick (walk);

  if (watch != NULL)
    connection_close (watch->connection, CLOSE_REASON_REQUESTED);
}

static void
step_release (Walk *walk)
{
  Watch *watch = pick (walk);

  if (watch != NULL)
    connection_release (watch->connection);
}

static void
step_owner_left (Walk *walk)
{
  Watch *watch = pick (walk);

  if (watch != NULL)
    connection_owner_left (watch->connection);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint64 confirmed;

  connection_send_finish (MSSL_CONNECTION (source), result, &confirmed, &error);
}

static void
step_send (Walk *walk)
{
  g_autoptr (GBytes) data = g_bytes_new_static ("hello", 5);
  Watch *watch = pick (walk);

  if (watch != NULL)
    connection_send_async (watch->connection, data, on_sent, NULL);
}

/* Ends one of the driver's operations that wait, well or badly. */
static void
step_finish (Walk *walk)
{
  FakeOperation operation = g_rand_int_range (walk->rand, FAKE_START, FAKE_ERASE + 1);
  CloseReason reason = g_rand_int_range (walk->rand, 0, 4) > 0 ? CLOSE_REASON_NONE : CLOSE_REASON_TIMEOUT;

  if (fake_port_is_pending (walk->world->port, operation, 0))
    fake_port_finish (walk->world->port, operation, 0, reason);
}

static gboolean
is_ready (Walk *walk)
{
  return module_get_state (walk->world->module) == MODULE_READY;
}

/* A driver tells nothing of a slot that it is closing or that is free. */
static gboolean
is_used (Walk *walk)
{
  g_autoptr (GArray) holders = module_list_holders (walk->world->module);

  return is_ready (walk) && holders->len > 0 && walk->world->port->calls[FAKE_OPEN] > 0
         && !fake_port_is_pending (walk->world->port, FAKE_CLOSE, 0);
}

static void
step_connecting (Walk *walk)
{
  if (is_ready (walk) && fake_port_is_pending (walk->world->port, FAKE_OPEN, 0))
    fake_port_tell_connecting (walk->world->port, 0);
}

static void
step_received (Walk *walk)
{
  if (is_used (walk) && !fake_port_is_pending (walk->world->port, FAKE_OPEN, 0))
    fake_port_tell_received (walk->world->port, 0, "data", 4);
}

static void
step_server_closes (Walk *walk)
{
  if (is_used (walk) && !fake_port_is_pending (walk->world->port, FAKE_OPEN, 0)
      && !fake_port_is_pending (walk->world->port, FAKE_SEND, 0))
    fake_port_tell_closed (walk->world->port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
}

static void
step_lost (Walk *walk)
{
  ModuleState state = module_get_state (walk->world->module);

  if ((state == MODULE_READY || state == MODULE_STARTING) && g_rand_int_range (walk->rand, 0, 4) == 0)
    fake_port_tell_lost (walk->world->port, "by chance");
}

static void
step_time (Walk *walk)
{
  world_advance (walk->world, g_rand_int_range (walk->rand, 1, 20000));
}

static void
step_settle (Walk *walk)
{
  fake_port_settle ();
}

static void (*const steps[]) (Walk *walk) = {
  step_open,     step_open,          step_close,  step_release,    step_owner_left,
  step_send,     step_finish,        step_finish, step_finish,     step_finish,
  step_finish,   step_finish,        step_finish, step_connecting, step_connecting,
  step_received, step_server_closes, step_lost,   step_time,       step_settle,
};

static void
check (Walk *walk)
{
  g_autoptr (GArray) holders = module_list_holders (walk->world->module);
  guint open = 0;

  for (guint i = 0; i < walk->watches->len;) {
    Watch *watch = walk->watches->pdata[i];

    open += watch->closed == 0 && connection_get_state (watch->connection) != CONNECTION_QUEUED;
    if (watch->released == 0) {
      i++;
      continue;
    }
    ck_assert_uint_eq (watch->closed, 1);
    walk->closed++;
    g_ptr_array_remove_index (walk->watches, i);
  }
  ck_assert_uint_le (holders->len, 1);
  ck_assert_uint_eq (open, holders->len);
}

/* Everything that waits ends, and then all must be as at first. */
static void
come_to_rest (Walk *walk)
{
  for (guint i = 0; i < walk->watches->len; i++)
    connection_release (((Watch *) walk->watches->pdata[i])->connection);
  for (guint i = 0; i < 20; i++) {
    world_advance (walk->world, MODULE_RETRY_LAST_MS);
    for (guint operation = 0; operation < FAKE_OPERATIONS; operation++)
      if (fake_port_is_pending (walk->world->port, operation, 0))
        fake_port_finish (walk->world->port, operation, 0, CLOSE_REASON_NONE);
    fake_port_settle ();
  }
  check (walk);
  ck_assert_uint_eq (walk->watches->len, 0);
  ck_assert_uint_eq (walk->opens, walk->closed);
  ck_assert (module_has_free_slot (walk->world->module));
  ck_assert (!context_is_used (walk->world->context));
  ck_assert_uint_eq (manager_get_connections (walk->world->manager)->len, 0);
  ck_assert_uint_eq (fake_clock_count (walk->world->clock), 0);
}

static void
be_quiet (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
}

START_TEST (walk_by_chance)
{
  const char *given = g_getenv ("MODEMSSL_SEED");
  guint32 seed = given != NULL ? g_ascii_strtoull (given, NULL, 10) : g_random_int ();
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (GPtrArray) watches = g_ptr_array_new_with_free_func ((GDestroyNotify) watch_free);
  Walk walk = { world, rand, watches, 0, 0 };

  printf ("MODEMSSL_SEED=%u\n", seed);
  fflush (stdout);
  g_log_set_handler (NULL, G_LOG_LEVEL_MESSAGE, be_quiet, NULL);
  manager_start (world->manager);
  for (guint i = 0; i < STEPS; i++) {
    steps[g_rand_int_range (rand, 0, G_N_ELEMENTS (steps))](&walk);
    check (&walk);
    if (i % 1000 == 999)
      come_to_rest (&walk);
  }
  ck_assert_uint_gt (walk.opens, 100);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("interleavings");
  TCase *tcase = tcase_create ("interleavings");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, walk_by_chance);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
