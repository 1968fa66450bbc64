/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The door between a module and whoever owns its port: asks for the port, gives it back, and keeps what the
 * owner says about it. Who that is and what it takes is not known here.
 */
#pragma once

#include <gio/gio.h>

/**
 * ModuleDoor: the owner's side. Every callback runs from the main loop, once.
 * @claim_async: makes the port ours, however long that takes, until @cancellable is cancelled. Also called
 *   when it is ours and its driver was lost: then it may have to be opened again.
 * @claim_finish: FALSE with an error for a person: it is asked again later.
 * @release_async: the port is closed and no longer needed. Not while a claim is under way.
 */
typedef struct {
  void (*claim_async) (gpointer door_data, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*claim_finish) (gpointer door_data, GAsyncResult *result, GError **error);
  void (*release_async) (gpointer door_data, GAsyncReadyCallback callback, gpointer user_data);
} ModuleDoor;

/**
 * ModuleClaimFacts: what the owner says about the port. Never NULL.
 * @state: as documented in org.modemssl1.Module.xml.
 * @text: a sentence, or empty.
 * @modem_path: ModemManager's object, or empty.
 * @device: the port; empty while it is not known.
 */
typedef struct {
  const char *state;
  const char *text;
  const char *modem_path;
  const char *device;
} ModuleClaimFacts;

typedef struct ModuleClaim ModuleClaim;

/** The end of a claim (@error is NULL when the port is ours) or of a release (never an error). */
typedef void (*ModuleClaimFunc) (const GError *error, gpointer user_data);

/** @door must outlive it; NULL for a port that needs no asking. @device: NULL while it is not known. */
ModuleClaim *module_claim_new (const ModuleDoor *door, gpointer door_data, const char *device);

/** No callback runs any more. */
void module_claim_free (ModuleClaim *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModuleClaim, module_claim_free)

/** Asks for the port. Without a door @done runs inside the call. Not while another call is under way. */
void module_claim_take (ModuleClaim *self, ModuleClaimFunc done, gpointer user_data);

/** Gives the port back, or asks no more for it: then the @done of the taking does not run. Without a door
 * @done runs inside the call. */
void module_claim_give (ModuleClaim *self, ModuleClaimFunc done, gpointer user_data);

/** Copies @facts; whether they are new. */
gboolean module_claim_set_facts (ModuleClaim *self, const ModuleClaimFacts *facts);

/** Borrowed until they are set again. At first the claim is "released". */
const ModuleClaimFacts *module_claim_get_facts (ModuleClaim *self);
