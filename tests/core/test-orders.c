/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two clients, one slot, and every order of what can happen: opens, closes, releases, owners that leave,
 * results early and late, restarts, losses, and each timer at any moment. All states that can be reached are
 * visited, each by a way as short as there is; from each, everything that can happen then happens once, and
 * so does every pair of things between which the main loop does not run. Whatever was done, all comes to
 * rest: no slot is lost or given twice, and each open has ended in exactly one Closed.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch.h"

#define CLIENTS 2
#define TIMERS_MAX 8

/* Steps from the first state; MODEMSSL_FULL goes on until there is no new state. */
#define DEPTH_QUICK 5

typedef enum {
  OPEN, /* of a client, as are the next three */
  CLOSE,
  RELEASE,
  OWNER_LEFT,
  RING, /* of a timer */
  START_OK,
  START_FAILS,
  CHECK_OK, /* of the network */
  CHECK_FAILS,
  CONNECTING,
  OPEN_OK,
  OPEN_FAILS,
  CLOSE_ENDS,
  SERVER_CLOSES,
  RESTART,
  LOSS,
  N_KINDS,
} Kind;

/* One thing that happens. @at_once: the main loop does not run after it. */
typedef struct {
  guint8 kind;
  guint8 index;
  guint8 at_once;
} Event;

typedef struct {
  Watch *watch; /* NULL when it has no connection */
  const Timer *timer;
  gboolean released;
  gboolean overdue; /* its max-hold is over */
} Client;

typedef struct {
  World *world;
  const char *const *options; /* of each client's opens */
  Client clients[CLIENTS];
  gboolean open_in_driver;
  guint opens;
  guint closed;
} Scene;

typedef struct {
  Scene *scene;
  GHashTable *seen; /* how a state reads */
  GQueue ways;      /* GArray of Event: to states whose followers were not visited */
  guint transitions;
} Search;

/* -- what is -------------------------------------------------------------------------------------------- */

static gboolean
is_pending (Scene *scene, FakeOperation operation)
{
  return fake_port_is_pending (scene->world->port, operation, 0);
}

static gboolean
has_driver (Scene *scene)
{
  ModuleState state = module_get_state (scene->world->module);

  return state == MODULE_READY || state == MODULE_STARTING;
}

static gboolean
can_happen (Scene *scene, Event event)
{
  const Client *client = &scene->clients[event.index % CLIENTS];

  switch ((Kind) event.kind) {
  case OPEN:
    return client->watch == NULL;
  case CLOSE:
    return client->watch != NULL && client->watch->closed == 0;
  case RELEASE:
  case OWNER_LEFT:
    return client->watch != NULL && !client->released;
  case RING:
    return event.index < fake_clock_count (scene->world->clock);
  case START_OK:
  case START_FAILS:
    return is_pending (scene, FAKE_START);
  case CHECK_OK:
  case CHECK_FAILS:
    return is_pending (scene, FAKE_CHECK);
  case CONNECTING:
    return has_driver (scene) && is_pending (scene, FAKE_OPEN);
  case OPEN_OK:
  case OPEN_FAILS:
    return is_pending (scene, FAKE_OPEN);
  case CLOSE_ENDS:
    return is_pending (scene, FAKE_CLOSE);
  case SERVER_CLOSES:
    return scene->open_in_driver && has_driver (scene) && !is_pending (scene, FAKE_CLOSE);
  case RESTART:
    return module_get_state (scene->world->module) == MODULE_READY;
  case LOSS:
    return has_driver (scene);
  case N_KINDS:
    return FALSE;
  }
  g_assert_not_reached ();
}

static char
name_owner (Scene *scene, const Timer *timer)
{
  for (guint i = 0; i < CLIENTS; i++) {
    if (scene->clients[i].timer == timer)
      return (char) ('a' + i);
    if (scene->clients[i].watch != NULL && timer->user_data == scene->clients[i].watch->connection)
      return (char) ('A' + i);
  }
  return 'm';
}

/* Everything that what comes next could depend on. */
static char *
describe (Scene *scene)
{
  GString *text = g_string_new (NULL);
  char owners[TIMERS_MAX + 1] = "";
  guint timers = fake_clock_count (scene->world->clock);

  ck_assert_uint_lt (timers, TIMERS_MAX);
  for (guint i = 0; i < timers; i++)
    owners[i] = name_owner (scene, fake_clock_get_timer (scene->world->clock, i));
  for (guint i = 0; i < CLIENTS; i++) {
    const Watch *watch = scene->clients[i].watch;

    if (watch == NULL)
      g_string_append (text, "none ");
    else
      g_string_append_printf (
          text, "%s%u%s ", connection_state_get_name (connection_get_state (watch->connection)),
          connection_get_queue_position (watch->connection), scene->clients[i].released ? "!" : "");
  }
  g_string_append_printf (text, "%s %s%s%s ", module_state_get_name (module_get_state (scene->world->module)),
                          owners, scene->open_in_driver ? "+" : "",
                          module_is_online (scene->world->module) ? "n" : "");
  for (FakeOperation operation = FAKE_START; operation < FAKE_OPERATIONS; operation++)
    g_string_append_c (text, is_pending (scene, operation) ? 'p' : '-');
  return g_string_free (text, FALSE);
}

/* -- what happens ---------------------------------------------------------------------------------------- */

static void
happen_open (Scene *scene, guint index)
{
  Client *client = &scene->clients[index];
  g_autoptr (GError) error = NULL;
  Connection *connection = world_open (scene->world, scene->options[index], &error);

  ck_assert_msg (connection != NULL, "%s", error != NULL ? error->message : "");
  scene->opens++;
  client->watch = watch_new (connection);
  client->released = FALSE;
  client->overdue = FALSE;
  client->timer = NULL;
  /* The last that was set and is not the connection's own: the one of its place in the queue, or of its slot.
   */
  for (guint i = 0; i < fake_clock_count (scene->world->clock); i++) {
    const Timer *timer = fake_clock_get_timer (scene->world->clock, i);

    if (name_owner (scene, timer) == 'm'
        && timer->due_us > timer_clock_get_now_us (fake_clock_get (scene->world->clock)) + 4000000000)
      client->timer = timer;
  }
}

static void
note_overdue (Scene *scene, const Timer *timer)
{
  for (guint i = 0; i < CLIENTS; i++) {
    Client *client = &scene->clients[i];

    if (client->timer == timer && connection_get_state (client->watch->connection) != CONNECTION_QUEUED)
      client->overdue = TRUE;
  }
}

static void
happen_restart (Scene *scene)
{
  FakePort *port = scene->world->port;

  if (is_pending (scene, FAKE_OPEN))
    fake_port_finish (port, FAKE_OPEN, 0, CLOSE_REASON_MODULE_RESTARTED);
  else if (scene->open_in_driver && !is_pending (scene, FAKE_CLOSE))
    fake_port_tell_closed (port, 0, CLOSE_REASON_MODULE_RESTARTED, 0);
  scene->open_in_driver = FALSE;
  fake_port_tell_restarted (port);
}

static void
happen (Scene *scene, Event event)
{
  FakePort *port = scene->world->port;
  Client *client = &scene->clients[event.index % CLIENTS];

  switch ((Kind) event.kind) {
  case OPEN:
    happen_open (scene, event.index);
    break;
  case CLOSE:
    connection_close (client->watch->connection, CLOSE_REASON_REQUESTED);
    break;
  case RELEASE:
    client->released = TRUE;
    connection_release (client->watch->connection);
    break;
  case OWNER_LEFT:
    client->released = TRUE;
    connection_owner_left (client->watch->connection);
    break;
  case RING:
    note_overdue (scene, fake_clock_get_timer (scene->world->clock, event.index));
    fake_clock_ring (scene->world->clock, event.index);
    break;
  case START_OK:
    fake_port_finish (port, FAKE_START, 0, CLOSE_REASON_NONE);
    break;
  case START_FAILS:
    fake_port_finish (port, FAKE_START, 0, CLOSE_REASON_TIMEOUT);
    break;
  case CHECK_OK:
    fake_port_finish (port, FAKE_CHECK, 0, CLOSE_REASON_NONE);
    break;
  case CHECK_FAILS:
    fake_port_finish (port, FAKE_CHECK, 0, CLOSE_REASON_TIMEOUT);
    break;
  case CONNECTING:
    fake_port_tell_connecting (port, 0);
    break;
  case OPEN_OK:
    scene->open_in_driver = has_driver (scene); /* else it comes from one that was dropped */
    fake_port_finish (port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
    break;
  case OPEN_FAILS:
    fake_port_finish (port, FAKE_OPEN, 0, CLOSE_REASON_CIPHER);
    break;
  case CLOSE_ENDS:
    scene->open_in_driver = FALSE;
    fake_port_finish (port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
    break;
  case SERVER_CLOSES:
    scene->open_in_driver = FALSE;
    fake_port_tell_closed (port, 0, CLOSE_REASON_SERVER_CLOSED, 0);
    break;
  case RESTART:
    happen_restart (scene);
    break;
  case LOSS:
    scene->open_in_driver = FALSE;
    fake_port_tell_lost (port, "an event");
    break;
  case N_KINDS:
    break;
  }
}

/* -- what must hold ------------------------------------------------------------------------------------- */

static void
forget_released (Scene *scene)
{
  for (guint i = 0; i < CLIENTS; i++) {
    Client *client = &scene->clients[i];

    if (client->watch == NULL || client->watch->released == 0)
      continue;
    ck_assert_uint_eq (client->watch->closed, 1);
    scene->closed++;
    g_clear_pointer (&client->watch, watch_free);
    client->timer = NULL;
  }
}

static guint
count_states (Scene *scene, ConnectionState first, ConnectionState last)
{
  guint n = 0;

  for (guint i = 0; i < CLIENTS; i++) {
    const Watch *watch = scene->clients[i].watch;

    n += watch != NULL && connection_get_state (watch->connection) >= first
         && connection_get_state (watch->connection) <= last;
  }
  return n;
}

/* Nobody keeps for longer than allowed what others wait for. */
static void
check_overdue (Scene *scene)
{
  for (guint i = 0; i < CLIENTS; i++) {
    const Client *client = &scene->clients[i];

    if (client->watch != NULL && client->overdue)
      ck_assert_int_ge (connection_get_state (client->watch->connection), CONNECTION_CLOSING);
  }
}

/* @settled: nothing is left to do for the main loop. */
static void
check (Scene *scene, gboolean settled)
{
  g_autoptr (GArray) holders = module_list_holders (scene->world->module);
  guint queued = count_states (scene, CONNECTION_QUEUED, CONNECTION_QUEUED);
  guint positions = 0;

  ck_assert_uint_le (holders->len, 1);
  ck_assert_uint_eq (holders->len, count_states (scene, CONNECTION_WAITING_FOR_NETWORK, CONNECTION_CLOSING));
  /* No slot lies idle while somebody waits. */
  ck_assert (!settled || queued == 0 || !module_has_free_slot (scene->world->module));
  if (settled && queued > 0)
    check_overdue (scene);
  for (guint i = 0; i < CLIENTS && settled; i++)
    if (scene->clients[i].watch != NULL)
      positions += connection_get_queue_position (scene->clients[i].watch->connection);
  ck_assert (!settled || positions == queued * (queued + 1) / 2);
}

static void
step (Scene *scene, Event event)
{
  happen (scene, event);
  if (!event.at_once)
    fake_port_settle ();
  forget_released (scene);
  check (scene, !event.at_once);
}

static gboolean
is_anything_pending (Scene *scene)
{
  for (FakeOperation operation = FAKE_START; operation < FAKE_OPERATIONS; operation++)
    if (is_pending (scene, operation))
      return TRUE;
  return FALSE;
}

static void
finish_what_is_pending (Scene *scene)
{
  for (FakeOperation operation = FAKE_START; operation < FAKE_OPERATIONS; operation++)
    if (is_pending (scene, operation))
      fake_port_finish (scene->world->port, operation, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
}

/* Back to the first state, wherever it is now; every open must have come to its end. */
static void
come_to_rest (Scene *scene)
{
  fake_port_settle ();
  for (guint i = 0; i < CLIENTS; i++)
    if (scene->clients[i].watch != NULL)
      connection_release (scene->clients[i].watch->connection);
  while (module_get_state (scene->world->module) != MODULE_READY || fake_clock_count (scene->world->clock) > 0
         || is_anything_pending (scene)) {
    finish_what_is_pending (scene);
    if (fake_clock_count (scene->world->clock) > 0)
      fake_clock_ring (scene->world->clock, 0);
    fake_port_settle ();
  }
  forget_released (scene);
  check (scene, TRUE);
  scene->open_in_driver = FALSE;
  ck_assert_uint_eq (scene->opens, scene->closed);
  ck_assert (module_has_free_slot (scene->world->module));
  ck_assert (!context_is_used (scene->world->context));
  ck_assert_uint_eq (manager_get_connections (scene->world->manager)->len, 0);
}

/* -- the search ------------------------------------------------------------------------------------------ */

static void
go (Scene *scene, const GArray *way)
{
  for (guint i = 0; i < way->len; i++)
    step (scene, g_array_index (way, Event, i));
}

/* Every thing that can happen now; the caller unrefs. Element type Event. */
static GArray *
list_events (Scene *scene)
{
  GArray *events = g_array_new (FALSE, TRUE, sizeof (Event));

  for (guint8 kind = 0; kind < N_KINDS; kind++) {
    guint8 n = kind < RING ? CLIENTS : kind == RING ? TIMERS_MAX : 1;

    for (guint8 index = 0; index < n; index++) {
      const Event event = { kind, index, FALSE };

      if (can_happen (scene, event))
        g_array_append_val (events, event);
    }
  }
  return events;
}

static GArray *
append (const GArray *way, Event event)
{
  GArray *longer = g_array_copy ((GArray *) way);

  g_array_append_val (longer, event);
  return longer;
}

/* The scene is at the end of @way. */
static void
arrive (Search *search, const GArray *way)
{
  g_autofree char *text = describe (search->scene);

  search->transitions++;
  if (g_hash_table_add (search->seen, g_steal_pointer (&text)))
    g_queue_push_tail (&search->ways, g_array_copy ((GArray *) way));
  come_to_rest (search->scene);
}

static void
try_event (Search *search, const GArray *way, Event event)
{
  g_autoptr (GArray) one = append (way, event);
  g_autoptr (GArray) begun = NULL;
  g_autoptr (GArray) events = NULL;

  go (search->scene, one);
  arrive (search, one);

  event.at_once = TRUE;
  begun = append (way, event);
  go (search->scene, begun);
  events = list_events (search->scene);
  come_to_rest (search->scene);
  for (guint i = 0; i < events->len; i++) {
    g_autoptr (GArray) two = append (begun, g_array_index (events, Event, i));

    go (search->scene, two);
    arrive (search, two);
  }
}

static void
follow (Search *search, const GArray *way)
{
  g_autoptr (GArray) events = NULL;

  go (search->scene, way);
  events = list_events (search->scene);
  come_to_rest (search->scene);
  for (guint i = 0; i < events->len; i++)
    try_event (search, way, g_array_index (events, Event, i));
}

static void
search_all (Scene *scene, guint depth)
{
  Search search = { .scene = scene };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GArray) nowhere = g_array_new (FALSE, FALSE, sizeof (Event));
  GArray *way;

  search.seen = seen;
  g_queue_init (&search.ways);
  come_to_rest (scene);
  arrive (&search, nowhere);
  while ((way = g_queue_pop_head (&search.ways)) != NULL) {
    if (way->len < depth)
      follow (&search, way);
    g_array_unref (way);
  }
  printf ("%u states, %u transitions\n", g_hash_table_size (seen), search.transitions);
  ck_assert_uint_gt (search.transitions, 1000);
}

static void
be_quiet (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
}

/* What the two clients ask for. Long times tell their timers from the others. */
static const char *const options[][CLIENTS] = {
  { "{'queue-timeout': <uint32 10000>, 'max-hold': <uint32 20000>}",
    "{'queue-timeout': <uint32 10000>, 'max-hold': <uint32 20000>}" },
  { "{'queue-timeout': <uint32 10000>}",
    "{'queue-timeout': <uint32 10000>, 'max-hold': <uint32 20000>, 'priority': <-1>}" },
};

START_TEST (every_order)
{
  const gboolean full = g_strcmp0 (g_getenv ("MODEMSSL_FULL"), "1") == 0;
  g_autoptr (World) world = world_new (TRUE);
  Scene scene = { .world = world, .options = options[_i] };

  g_log_set_handler (NULL, G_LOG_LEVEL_MESSAGE, be_quiet, NULL);
  manager_start (world->manager);
  search_all (&scene, full ? G_MAXUINT : DEPTH_QUICK);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("orders");
  TCase *tcase = tcase_create ("orders");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tcase, 600);
  tcase_add_loop_test (tcase, every_order, 0, G_N_ELEMENTS (options));
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
