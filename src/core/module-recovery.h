/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Carries out for one module what the ladder (recovery.h) and the breaker (breaker.h) decide: the driver's
 * resets and the integrator's command; counts and tells each step. When nothing else is going on the module
 * says.
 */
#pragma once

#include <gio/gio.h>

#include "breaker.h"
#include "module-driver.h"
#include "recovery.h"
#include "timer.h"

/**
 * ModulePower: the integrator's way to cut the module's power.
 * @cycle_async: runs it, for a limited time; when @cancellable is cancelled it is no longer waited for. The
 *   callback runs once, from the main loop.
 * @cycle_finish: FALSE with an error for a person.
 */
typedef struct {
  void (*cycle_async) (gpointer power_data, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*cycle_finish) (gpointer power_data, GAsyncResult *result, GError **error);
} ModulePower;

/**
 * ModuleRecoveryConfig: copied.
 * @ladder: with failures 0 nothing is ever done. has_power is set from @power.
 * @power: NULL when there is no command.
 */
typedef struct {
  RecoveryConfig ladder;
  BreakerConfig breaker;
  const ModulePower *power;
} ModuleRecoveryConfig;

/**
 * ModuleRecoveryListener: both run from the main loop or inside the call that caused them.
 * @changed: something that a getter tells.
 * @done: a step has ended.
 */
typedef struct {
  void (*changed) (gpointer user_data);
  void (*done) (gpointer user_data);
} ModuleRecoveryListener;

typedef struct ModuleRecovery ModuleRecovery;

/** @module owns it and is kept alive while a step is under way. @power_data is given to the ModulePower. */
ModuleRecovery *module_recovery_new (GObject *module, const char *name, const ModuleRecoveryConfig *config,
                                     gpointer power_data, TimerClock *clock,
                                     const ModuleRecoveryListener *listener, gpointer user_data);
void module_recovery_free (ModuleRecovery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModuleRecovery, module_recovery_free)

/** How the peer of an open is called: the context and the address. The caller frees. */
char *module_recovery_name_peer (const char *context, const char *host, guint16 port);

/** Whether an open to @peer may begin: MSSL_ERROR_BREAKER_OPEN tells when. */
gboolean module_recovery_check (ModuleRecovery *self, const char *peer, GError **error);

/** The same for one that begins now: until its end others may have to wait. */
gboolean module_recovery_enter (ModuleRecovery *self, const char *peer, GError **error);

/** That open has ended: @error, a MODULE_ERROR, or NULL when it succeeded. @network: as far as is known, the
 * network is there. */
void
module_recovery_note_open (ModuleRecovery *self, const char *peer, const GError *error, gboolean network);

/** The port is open but no module answers; or one does. */
void module_recovery_note_silent (ModuleRecovery *self);
void module_recovery_note_answered (ModuleRecovery *self);

/** Begins the step that is due, on a @driver that has nothing else to do; NULL: there is none, the module is
 * silent. TRUE: the driver is busy until "done". */
gboolean module_recovery_begin (ModuleRecovery *self, ModuleDriver *driver);
gboolean module_recovery_is_busy (const ModuleRecovery *self);

/** The driver is gone. */
void module_recovery_forget (ModuleRecovery *self);

/** The module ends: nothing is begun any more, and a command is no longer waited for. */
void module_recovery_stop (ModuleRecovery *self);

/** The last step since the module has worked. */
RecoveryStep module_recovery_get_step (const ModuleRecovery *self);

/** How often @step was taken, and how often the breaker began to stop opens to a peer or went on to. */
guint module_recovery_count (const ModuleRecovery *self, RecoveryStep step);
guint module_recovery_count_breaks (const ModuleRecovery *self);

/** For each peer to which no open may begin: @wait_us from now on. */
typedef void (*ModuleRecoveryFunc) (const char *peer, gint64 wait_us, gpointer user_data);
void module_recovery_for_each_break (ModuleRecovery *self, ModuleRecoveryFunc func, gpointer user_data);
