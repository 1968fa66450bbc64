/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queue for a slot: who is served when, what ends the waiting, and who must give a slot back.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "open-options.h"
#include "watch.h"

#define OTHER_UID 1001

static Connection *
open_as (World *world, const char *options, const char *owner, guint uid, GError **error)
{
  g_autoptr (GVariant) parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, options, NULL, NULL, NULL);

  ck_assert_ptr_nonnull (parsed);
  return manager_open (world->manager, world->context, "example.org", 8883, parsed, owner, uid, error);
}

static Watch *
watch_as (World *world, const char *options, guint uid)
{
  g_autoptr (GError) error = NULL;
  Connection *connection = open_as (world, options, ":1.9", uid, &error);

  ck_assert_msg (connection != NULL, "%s", error != NULL ? error->message : "");
  return watch_new (connection);
}

static void
expect_refused (World *world, const char *options, guint uid, MsslError code, const char *says)
{
  guint before = manager_get_connections (world->manager)->len;
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (open_as (world, options, ":1.9", uid, &error));
  ck_assert_msg (g_error_matches (error, MSSL_ERROR, code), "%s", error->message);
  ck_assert_msg (strstr (error->message, says) != NULL, "%s", error->message);
  ck_assert_uint_eq (manager_get_connections (world->manager)->len, before);
}

static void
expect_queued (Watch *watch, guint position)
{
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_QUEUED);
  ck_assert_uint_eq (connection_get_queue_position (watch->connection), position);
}

static void
expect_served (Watch *watch)
{
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONFIGURING);
  ck_assert_uint_eq (connection_get_queue_position (watch->connection), 0);
}

/* Ends @watch, which has the slot. */
static void
end_holder (World *world, Watch *watch)
{
  connection_close (watch->connection, CLOSE_REASON_REQUESTED);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (watch, CLOSE_REASON_REQUESTED, 0);
}

/* A new module in the place of the one that was removed. */
static void
plug_in (World *world)
{
  ModuleConfig config = { "m0", "/dev/fake0", "device", fake_port_open, NULL, NULL };

  config.user_data = world->port;
  g_object_unref (world->module);
  world->module = module_new (&config, world->ledger, fake_clock_get (world->clock));
  manager_add_module (world->manager, world->module);
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
}

static World *
new_ready_world (void)
{
  World *world = world_new (TRUE);

  world_make_ready (world);
  return world;
}

/* -- the order --------------------------------------------------------------------------------------- */

START_TEST (first_come_first_served)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, NULL);
  g_autoptr (Watch) c = watch_open (world, NULL);
  g_autoptr (Watch) d = watch_open (world, NULL);

  expect_queued (b, 1);
  expect_queued (c, 2);
  expect_queued (d, 3);
  end_holder (world, a);
  expect_served (b);
  expect_queued (c, 1);
  expect_queued (d, 2);
  end_holder (world, b);
  expect_served (c);
  end_holder (world, c);
  expect_served (d);
  ck_assert_uint_eq (world->port->calls[FAKE_OPEN], 4);
  end_holder (world, d);
}
END_TEST

START_TEST (higher_priority_first)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_as (world, "{'priority': <5>}", 0);
  g_autoptr (Watch) low = watch_as (world, "{'priority': <-1>}", OTHER_UID);
  g_autoptr (Watch) usual = watch_as (world, "{}", OTHER_UID);
  g_autoptr (Watch) high = watch_as (world, "{'priority': <5>}", 0);
  g_autoptr (Watch) as_high = watch_as (world, "{'priority': <5>}", 0);

  expect_queued (high, 1);
  expect_queued (as_high, 2);
  expect_queued (usual, 3);
  expect_queued (low, 4);
  /* It waits for the next free slot; a lower priority alone takes nobody's slot away. */
  expect_served (a);
  end_holder (world, a);
  expect_served (high);
  end_holder (world, high);
  expect_served (as_high);
  end_holder (world, as_high);
  expect_served (usual);
  end_holder (world, usual);
  expect_served (low);
}
END_TEST

START_TEST (each_move_is_told)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a G_GNUC_UNUSED = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, NULL);
  g_autoptr (Watch) c = watch_open (world, NULL);
  guint told = c->n_states;

  connection_close (b->connection, CLOSE_REASON_REQUESTED);
  watch_expect_end (b, CLOSE_REASON_REQUESTED, 0);
  fake_port_settle ();
  ck_assert_uint_eq (c->n_states, told + 1);
  expect_queued (c, 1);
}
END_TEST

START_TEST (priority_above_0_is_for_root)
{
  g_autoptr (World) world = new_ready_world ();

  expect_refused (world, "{'priority': <1>}", OTHER_UID, MSSL_ERROR_ACCESS_DENIED, "\"priority\" is 1");
  watch_free (watch_as (world, "{'priority': <1>}", 0));
}
END_TEST

/* -- what ends the waiting --------------------------------------------------------------------------- */

START_TEST (queue_timeout)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, "{'queue-timeout': <uint32 7>}");
  g_autoptr (Watch) c = watch_open (world, NULL);

  world_advance (world, 6999);
  expect_queued (b, 1);
  world_advance (world, 1);
  watch_expect_end (b, CLOSE_REASON_QUEUE_TIMEOUT, 0);
  ck_assert_ptr_nonnull (strstr (connection_get_close_text (b->connection), "connection 1 holds"));
  expect_queued (c, 1);
  world_advance (world, 300 * 1000 - 7000);
  watch_expect_end (c, CLOSE_REASON_QUEUE_TIMEOUT, 0);
  ck_assert_uint_eq (a->closed, 0);
}
END_TEST

START_TEST (queue_timeout_ends_with_the_waiting)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, "{'queue-timeout': <uint32 7>}");

  end_holder (world, a);
  expect_served (b);
  world_advance (world, 8000);
  ck_assert_uint_eq (b->closed, 0);
}
END_TEST

START_TEST (does_not_wait)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_open (world, "{'queue-timeout': <uint32 0>}");

  expect_served (a);
  expect_refused (world, "{'queue-timeout': <uint32 0>}", 1000, MSSL_ERROR_BUSY, "connection 1 holds");
}
END_TEST

START_TEST (owner_leaves_the_queue)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, NULL);
  g_autoptr (Watch) c = watch_open (world, "{'persist': <true>}");

  connection_owner_left (b->connection);
  watch_expect_end (b, CLOSE_REASON_OWNER_LEFT, 0);
  ck_assert_uint_eq (b->released, 1);
  connection_owner_left (c->connection);
  fake_port_settle ();
  expect_queued (c, 1);
  end_holder (world, a);
  expect_served (c);
}
END_TEST

START_TEST (shutdown_ends_the_queue)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, NULL);

  g_clear_pointer (&world->manager, manager_free);
  watch_expect_end (b, CLOSE_REASON_SHUTDOWN, 0);
  watch_expect_end (a, CLOSE_REASON_SHUTDOWN, 0);
}
END_TEST

/* -- modules that are not ready ---------------------------------------------------------------------- */

START_TEST (waits_for_a_module_that_starts)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) a = watch_open (world, NULL);
  g_autoptr (Watch) b = watch_open (world, "{'module': <'m0'>}");

  ck_assert_ptr_null (connection_get_module_name (a->connection));
  ck_assert_str_eq (connection_get_module_name (b->connection), "m0");
  expect_queued (a, 1);
  expect_queued (b, 2);
  world_make_ready (world);
  expect_served (a);
  ck_assert_str_eq (connection_get_module_name (a->connection), "m0");
  expect_queued (b, 1);
}
END_TEST

START_TEST (waits_for_a_module_that_is_absent)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) a = NULL;

  world->port->refusal = "no such port";
  manager_start (world->manager);
  a = watch_open (world, "{'queue-timeout': <uint32 60>}");
  world_advance (world, 60000);
  watch_expect_end (a, CLOSE_REASON_QUEUE_TIMEOUT, 0);
  ck_assert_ptr_nonnull (strstr (connection_get_close_text (a->connection), "no such port"));
}
END_TEST

START_TEST (waits_for_a_module_that_is_missing)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (GPtrArray) missing = missing_module_list_new ();
  g_autoptr (Watch) a = NULL;
  g_autoptr (Watch) b = NULL;

  missing_module_list_add (missing, "m0", "/dev/fake0", "/dev/fake0 is not there");
  manager_remove_module (world->manager, world->module, "unplugged");
  manager_set_missing (world->manager, missing);
  a = watch_open (world, "{'module': <'m0'>, 'queue-timeout': <uint32 60>}");
  b = watch_open (world, NULL);
  expect_queued (a, 1);
  expect_queued (b, 2);
  ck_assert_str_eq (connection_get_module_name (a->connection), "m0");
  world_advance (world, 60000);
  watch_expect_end (a, CLOSE_REASON_QUEUE_TIMEOUT, 0);
  ck_assert_ptr_nonnull (strstr (connection_get_close_text (a->connection), "/dev/fake0 is not there"));
  expect_queued (b, 1);
  plug_in (world);
  expect_served (b);
}
END_TEST

/* No module tells what it takes, yet what waits is bounded. */
START_TEST (a_host_is_bounded_while_no_module_is_there)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (GPtrArray) missing = missing_module_list_new ();
  g_autoptr (GVariant) options = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autofree char *host = g_strnfill (OPEN_OPTIONS_HOST_MAX_BYTES + 1, 'h');
  g_autoptr (GError) error = NULL;

  missing_module_list_add (missing, "m0", "/dev/fake0", "/dev/fake0 is not there");
  manager_remove_module (world->manager, world->module, "unplugged");
  manager_set_missing (world->manager, missing);
  ck_assert_ptr_null (manager_open (world->manager, world->context, host, 1, options, ":1.9", 0, &error));
  ck_assert (g_error_matches (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT));
  host[OPEN_OPTIONS_HOST_MAX_BYTES] = '\0';
  ck_assert_ptr_nonnull (manager_open (world->manager, world->context, host, 1, options, ":1.9", 0, NULL));
}
END_TEST

START_TEST (waits_on_when_the_module_is_lost)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, NULL);

  fake_port_tell_lost (world->port, "hang-up");
  fake_port_settle ();
  watch_expect_end (a, CLOSE_REASON_MODULE_LOST, 0);
  expect_queued (b, 1);
  world_advance (world, MODULE_RETRY_FIRST_MS);
  fake_port_finish (world->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  expect_served (b);
}
END_TEST

/* -- several slots and modules ----------------------------------------------------------------------- */

START_TEST (every_slot_is_used)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) a = NULL;
  g_autoptr (Watch) b = NULL;
  g_autoptr (Watch) c = NULL;

  world->port->capabilities.slots = 2;
  world_make_ready (world);
  a = watch_connect (world, NULL);
  b = watch_open (world, NULL);
  c = watch_open (world, NULL);
  expect_served (b);
  expect_queued (c, 1);
  end_holder (world, a);
  /* Its turn to be configured comes when the other is. */
  expect_served (c);
  fake_port_tell_connecting (world->port, 1);
  fake_port_settle ();
  ck_assert (fake_port_is_pending (world->port, FAKE_OPEN, 0));
}
END_TEST

typedef struct {
  World *world;
  FakePort *port;
  Module *module;
} Second;

static void
add_second (World *world, Second *second)
{
  ModuleConfig config = { "m1", "/dev/fake1", "device", fake_port_open, NULL, NULL };

  second->port = fake_port_new ();
  second->port->no_imei = TRUE;
  second->port->capabilities.slots = 2;
  config.user_data = second->port;
  second->module = module_new (&config, world->ledger, fake_clock_get (world->clock));
  manager_add_module (world->manager, second->module);
}

static void
second_clear (Second *second)
{
  g_clear_pointer (&second->world->manager, manager_free);
  g_object_unref (second->module);
  fake_port_settle ();
  fake_port_free (second->port);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Second, second_clear)

START_TEST (least_loaded_module)
{
  g_autoptr (World) world = world_new (TRUE);
  g_auto (Second) second = { world, NULL, NULL };
  g_autoptr (Watch) a = NULL;
  g_autoptr (Watch) b = NULL;
  g_autoptr (Watch) c = NULL;
  g_autoptr (Watch) d = NULL;
  g_autoptr (Watch) named = NULL;

  add_second (world, &second);
  world_make_ready (world);
  fake_port_finish (second.port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  a = watch_open (world, NULL);
  b = watch_open (world, NULL);
  c = watch_open (world, NULL);
  ck_assert_str_eq (connection_get_module_name (a->connection), "m0");
  ck_assert_str_eq (connection_get_module_name (b->connection), "m1");
  ck_assert_str_eq (connection_get_module_name (c->connection), "m1");
  named = watch_open (world, "{'module': <'m0'>}");
  d = watch_open (world, NULL);
  expect_queued (named, 1);
  expect_queued (d, 2);
  /* A slot that the first cannot use goes to the second. */
  connection_close (b->connection, CLOSE_REASON_REQUESTED);
  fake_port_settle ();
  expect_served (d);
  ck_assert_str_eq (connection_get_module_name (d->connection), "m1");
  expect_queued (named, 1);
}
END_TEST

/* -- slots that are wanted back ---------------------------------------------------------------------- */

START_TEST (max_hold_counts_only_when_others_wait)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_connect (world, "{'max-hold': <uint32 10>}");
  g_autoptr (Watch) b = NULL;

  world_advance (world, 60000);
  ck_assert_uint_eq (a->closed, 0);
  b = watch_open (world, NULL);
  fake_port_settle ();
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  expect_served (b);
  watch_expect_end (a, CLOSE_REASON_PREEMPTED, 0);
}
END_TEST

START_TEST (max_hold_ends_while_others_wait)
{
  g_autoptr (World) world = new_ready_world ();
  g_autoptr (Watch) a = watch_open (world, "{'max-hold': <uint32 10>}");
  g_autoptr (Watch) b = watch_open (world, NULL);

  world_advance (world, 9999);
  ck_assert_int_eq (connection_get_state (a->connection), CONNECTION_CONFIGURING);
  world_advance (world, 1);
  ck_assert_int_eq (connection_get_state (a->connection), CONNECTION_CLOSING);
  expect_queued (b, 1);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  expect_served (b);
  watch_expect_end (a, CLOSE_REASON_PREEMPTED, 0);
}
END_TEST

START_TEST (no_more_are_preempted_than_wait)
{
  g_autoptr (World) world = world_new (TRUE);
  g_autoptr (Watch) a = NULL;
  g_autoptr (Watch) b = NULL;
  g_autoptr (Watch) c = NULL;
  g_autoptr (Watch) d = NULL;

  world->port->capabilities.slots = 2;
  world_make_ready (world);
  a = watch_open (world, "{'max-hold': <uint32 10>}");
  b = watch_open (world, "{'max-hold': <uint32 10>}");
  world_advance (world, 10000);
  c = watch_open (world, NULL);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (a->connection), CONNECTION_CLOSING);
  ck_assert_int_eq (connection_get_state (b->connection), CONNECTION_CONFIGURING);
  d = watch_open (world, NULL);
  fake_port_settle ();
  ck_assert_int_eq (connection_get_state (b->connection), CONNECTION_CLOSING);
  expect_queued (c, 1);
  fake_port_finish (world->port, FAKE_CLOSE, 1, CLOSE_REASON_NONE);
  expect_served (c);
  watch_expect_end (b, CLOSE_REASON_PREEMPTED, 0);
  expect_queued (d, 1);
  fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  expect_served (d);
  watch_expect_end (a, CLOSE_REASON_PREEMPTED, 0);
}
END_TEST

START_TEST (a_slot_of_another_module_is_of_no_use)
{
  g_autoptr (World) world = world_new (TRUE);
  g_auto (Second) second = { world, NULL, NULL };
  g_autoptr (Watch) a = NULL;
  g_autoptr (Watch) b = NULL;

  add_second (world, &second);
  world_make_ready (world);
  a = watch_open (world, "{'max-hold': <uint32 10>}");
  b = watch_open (world, "{'module': <'m1'>}");
  world_advance (world, 11000);
  ck_assert_int_eq (connection_get_state (a->connection), CONNECTION_CONFIGURING);
  expect_queued (b, 1);
}
END_TEST

/* -- limits ------------------------------------------------------------------------------------------ */

static World *
new_limited_world (QuotasKey key, guint value)
{
  Quotas quotas;
  World *world;

  quotas_init (&quotas);
  quotas.values[key] = value;
  world = world_new_limited (&quotas);
  world_make_ready (world);
  return world;
}

START_TEST (waiting_connections_are_limited)
{
  g_autoptr (World) world = new_limited_world (QUOTAS_QUEUED, 1);
  g_autoptr (Watch) a = watch_connect (world, NULL);
  g_autoptr (Watch) b = watch_open (world, NULL);

  expect_refused (world, "{}", 1000, MSSL_ERROR_LIMIT_EXCEEDED, "max-queued=1");
  expect_refused (world, "{}", 0, MSSL_ERROR_LIMIT_EXCEEDED, "max-queued=1");
  end_holder (world, a);
  expect_served (b);
  watch_free (watch_open (world, NULL));
}
END_TEST

START_TEST (no_wait_is_no_limit)
{
  g_autoptr (World) world = new_limited_world (QUOTAS_QUEUED, 0);

  watch_free (watch_connect (world, NULL));
  expect_refused (world, "{}", 1000, MSSL_ERROR_LIMIT_EXCEEDED, "max-queued=0");
}
END_TEST

START_TEST (waiting_connections_of_a_user_are_limited)
{
  g_autoptr (World) world = new_limited_world (QUOTAS_QUEUED_PER_USER, 1);
  g_autoptr (Watch) a G_GNUC_UNUSED = watch_connect (world, NULL);
  g_autoptr (Watch) b G_GNUC_UNUSED = watch_as (world, "{}", 1000);

  expect_refused (world, "{}", 1000, MSSL_ERROR_LIMIT_EXCEEDED, "max-queued-per-user=1");
  watch_free (watch_as (world, "{}", OTHER_UID));
  watch_free (watch_as (world, "{}", 0));
  watch_free (watch_as (world, "{}", 0));
}
END_TEST

START_TEST (connections_of_a_user_are_limited)
{
  g_autoptr (World) world = new_limited_world (QUOTAS_CONNECTIONS_PER_USER, 1);
  g_autoptr (Watch) a G_GNUC_UNUSED = watch_as (world, "{}", 1000);

  expect_refused (world, "{}", 1000, MSSL_ERROR_LIMIT_EXCEEDED, "max-connections-per-user=1");
  watch_free (watch_as (world, "{}", OTHER_UID));
  watch_free (watch_as (world, "{}", 0));
  watch_free (watch_as (world, "{}", 0));
}
END_TEST

START_TEST (times_are_limited)
{
  static const struct {
    QuotasKey key;
    const char *more;
    const char *never;
    const char *says;
  } cases[] = {
    { QUOTAS_MAX_HOLD, "{'max-hold': <uint32 11>}", "{'max-hold': <uint32 0>}", "max-hold=10" },
    { QUOTAS_IDLE_TIMEOUT, "{'idle-timeout': <uint32 11>}", "{'idle-timeout': <uint32 0>}",
      "idle-timeout=10" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (World) world = new_limited_world (cases[i].key, 10);

    expect_refused (world, cases[i].more, 1000, MSSL_ERROR_LIMIT_EXCEEDED, cases[i].says);
    expect_refused (world, cases[i].never, 1000, MSSL_ERROR_LIMIT_EXCEEDED, cases[i].says);
    watch_free (watch_as (world, cases[i].never, 0));
  }
}
END_TEST

START_TEST (receive_buffers_are_limited)
{
  g_autoptr (World) world = new_limited_world (QUOTAS_RECEIVE_BUFFER, 5000);
  static const guint8 data[5001];

  expect_refused (world, "{'receive-buffer': <uint32 4095>}", 1000, MSSL_ERROR_INVALID_ARGUMENT, "4096");
  expect_refused (world, "{'receive-buffer': <uint32 67108865>}", 0, MSSL_ERROR_INVALID_ARGUMENT, "67108864");
  expect_refused (world, "{'receive-buffer': <uint32 5001>}", 1000, MSSL_ERROR_LIMIT_EXCEEDED,
                  "receive-buffer");
  for (guint i = 0; i < 3; i++) {
    static const char *const options[] = { NULL, "{'receive-buffer': <uint32 4096>}",
                                           "{'receive-buffer': <uint32 5000>}" };
    gsize size = i == 1 ? 4096 : 5000;
    g_autoptr (Watch) watch = watch_connect (world, options[i]);

    fake_port_tell_received (world->port, 0, data, size);
    ck_assert_int_eq (connection_get_state (watch->connection), CONNECTION_CONNECTED);
    fake_port_tell_received (world->port, 0, data, 1);
    fake_port_finish (world->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
    fake_port_settle ();
    watch_expect_end (watch, CLOSE_REASON_OVERFLOW, 0);
    connection_release (watch->connection);
  }
}
END_TEST

START_TEST (limits_are_defaults)
{
  g_autoptr (World) held = new_limited_world (QUOTAS_MAX_HOLD, 10);
  g_autoptr (Watch) a = watch_connect (held, NULL);
  g_autoptr (Watch) b G_GNUC_UNUSED = watch_open (held, NULL);
  g_autoptr (World) idle = new_limited_world (QUOTAS_IDLE_TIMEOUT, 20);
  g_autoptr (Watch) c = watch_connect (idle, "{'persist': <true>}");
  g_autoptr (World) queued = new_limited_world (QUOTAS_QUEUE_TIMEOUT, 30);
  g_autoptr (Watch) d G_GNUC_UNUSED = watch_connect (queued, NULL);
  g_autoptr (Watch) e = watch_open (queued, NULL);

  world_advance (held, 10000);
  fake_port_finish (held->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (a, CLOSE_REASON_PREEMPTED, 0);
  world_advance (idle, 20000);
  fake_port_finish (idle->port, FAKE_CLOSE, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  watch_expect_end (c, CLOSE_REASON_IDLE_TIMEOUT, 0);
  world_advance (queued, 30000);
  watch_expect_end (e, CLOSE_REASON_QUEUE_TIMEOUT, 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("queue");
  TCase *tcase = tcase_create ("queue");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_test (tcase, first_come_first_served);
  tcase_add_test (tcase, higher_priority_first);
  tcase_add_test (tcase, each_move_is_told);
  tcase_add_test (tcase, priority_above_0_is_for_root);
  tcase_add_test (tcase, queue_timeout);
  tcase_add_test (tcase, queue_timeout_ends_with_the_waiting);
  tcase_add_test (tcase, does_not_wait);
  tcase_add_test (tcase, owner_leaves_the_queue);
  tcase_add_test (tcase, shutdown_ends_the_queue);
  tcase_add_test (tcase, waits_for_a_module_that_starts);
  tcase_add_test (tcase, waits_for_a_module_that_is_absent);
  tcase_add_test (tcase, waits_for_a_module_that_is_missing);
  tcase_add_test (tcase, a_host_is_bounded_while_no_module_is_there);
  tcase_add_test (tcase, waits_on_when_the_module_is_lost);
  tcase_add_test (tcase, every_slot_is_used);
  tcase_add_test (tcase, least_loaded_module);
  tcase_add_test (tcase, max_hold_counts_only_when_others_wait);
  tcase_add_test (tcase, max_hold_ends_while_others_wait);
  tcase_add_test (tcase, no_more_are_preempted_than_wait);
  tcase_add_test (tcase, a_slot_of_another_module_is_of_no_use);
  tcase_add_test (tcase, waiting_connections_are_limited);
  tcase_add_test (tcase, no_wait_is_no_limit);
  tcase_add_test (tcase, waiting_connections_of_a_user_are_limited);
  tcase_add_test (tcase, connections_of_a_user_are_limited);
  tcase_add_test (tcase, times_are_limited);
  tcase_add_test (tcase, receive_buffers_are_limited);
  tcase_add_test (tcase, limits_are_defaults);
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
