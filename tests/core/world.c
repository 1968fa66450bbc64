/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Building and tearing down.
 */
#include "world.h"

#include "scratch.h"

static Context *
make_context (World *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) settings = g_variant_ref_sink (g_variant_new_parsed ("{'authentication': <'none'>}"));
  Context *context = context_store_create (self->contexts, "c0", settings, 0, &error);

  g_assert_no_error (error);
  return g_object_ref (context);
}

static World *
make_world (gboolean fake_clock, const ModuleRecoveryConfig *recovery, const Quotas *quotas)
{
  World *self = g_new0 (World, 1);
  ManagerConfig config;
  ModuleConfig module = { "m0", "/dev/fake0", "device", fake_port_open, .allow_commands = TRUE };
  g_autoptr (GError) error = NULL;

  self->quotas = *quotas;
  self->directory = scratch_new ();
  self->clock = fake_clock ? fake_clock_new () : NULL;
  self->port = fake_port_new ();
  self->state_dir = state_dir_open (self->directory, &error);
  g_assert_no_error (error);
  self->ledger = ledger_new (self->state_dir, &error);
  self->credentials = credential_store_new (self->state_dir, self->ledger, &error);
  self->contexts = context_store_new (self->state_dir, self->credentials, &error);
  config = (ManagerConfig){ self->state_dir,
                            self->ledger,
                            self->credentials,
                            self->contexts,
                            fake_clock ? fake_clock_get (self->clock) : timer_clock_get_system (),
                            self->quotas };
  self->manager = manager_new (&config, &error);
  g_assert_no_error (error);
  module.user_data = self->port;
  module.recovery = *recovery;
  self->module = module_new (&module, self->ledger, config.clock);
  manager_add_module (self->manager, self->module);
  self->context = make_context (self);
  return self;
}

World *
world_new (gboolean fake_clock)
{
  const ModuleRecoveryConfig none = { 0 };
  Quotas quotas;

  quotas_init (&quotas);
  return make_world (fake_clock, &none, &quotas);
}

World *
world_new_recovering (const ModuleRecoveryConfig *recovery)
{
  Quotas quotas;

  quotas_init (&quotas);
  return make_world (TRUE, recovery, &quotas);
}

World *
world_new_limited (const Quotas *quotas)
{
  const ModuleRecoveryConfig none = { 0 };

  return make_world (TRUE, &none, quotas);
}

void
world_free (World *self)
{
  g_clear_pointer (&self->manager, manager_free);
  module_abandon (self->module); /* the manager may have let go of it */
  g_object_unref (self->module);
  fake_port_settle ();
  g_object_unref (self->context);
  context_store_free (self->contexts);
  credential_store_free (self->credentials);
  ledger_free (self->ledger);
  state_dir_free (self->state_dir);
  fake_port_free (self->port);
  g_clear_pointer (&self->clock, fake_clock_free);
  scratch_free (self->directory);
  g_free (self);
}

void
world_make_ready (World *self)
{
  manager_start (self->manager);
  fake_port_finish (self->port, FAKE_START, FAKE_PORT_NO_SLOT, CLOSE_REASON_NONE);
  fake_port_settle ();
  g_assert_cmpint (module_get_state (self->module), ==, MODULE_READY);
}

Connection *
world_open (World *self, const char *options, GError **error)
{
  g_autoptr (GVariant) parsed =
      g_variant_parse (G_VARIANT_TYPE_VARDICT, options != NULL ? options : "{}", NULL, NULL, NULL);

  g_assert_nonnull (parsed);
  return manager_open (self->manager, self->context, "example.org", 8883, parsed, ":1.7", 1000, error);
}

Connection *
world_connect (World *self, const char *options)
{
  g_autoptr (GError) error = NULL;
  Connection *connection = world_open (self, options, &error);

  g_assert_no_error (error);
  fake_port_settle ();
  fake_port_tell_connecting (self->port, 0);
  fake_port_finish (self->port, FAKE_OPEN, 0, CLOSE_REASON_NONE);
  fake_port_settle ();
  g_assert_cmpint (connection_get_state (connection), ==, CONNECTION_CONNECTED);
  return connection;
}

void
world_advance (World *self, guint ms)
{
  fake_clock_advance (self->clock, ms);
  fake_port_settle ();
}
