/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A whole core on a fake port and a fake clock, with a state directory of its own. For the tests.
 */
#pragma once

#include "fake-clock.h"
#include "fake-port.h"
#include "manager.h"

/** World: all fields may be used; @module is named "m0" and not started, @context has authentication none. */
typedef struct {
  char *directory;
  FakeClock *clock; /* NULL: on the system's clock */
  FakePort *port;
  StateDir *state_dir;
  Ledger *ledger;
  CredentialStore *credentials;
  ContextStore *contexts;
  Manager *manager;
  Module *module;
  Context *context;
  Quotas quotas;
} World;

World *world_new (gboolean fake_clock);

/** On a fake clock, with a recovery; the functions of its power get the FakePort. */
World *world_new_recovering (const ModuleRecoveryConfig *recovery);

/** On a fake clock, with other limits. */
World *world_new_limited (const Quotas *quotas);

void world_free (World *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/** Starts the module and lets it become ready. */
void world_make_ready (World *self);

/** Opens with the context "c0"; @options in GVariant text or NULL. */
Connection *world_open (World *self, const char *options, GError **error);

/** Opens and lets the open succeed. */
Connection *world_connect (World *self, const char *options);

/** Lets time pass, and all that follows from it. */
void world_advance (World *self, guint ms);
