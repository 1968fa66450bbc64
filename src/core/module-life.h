/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The port and the driver of one module: claimed, opened, started, lost, opened again, stopped; and with that
 * the module's state. Knows nothing of slots and credentials.
 */
#pragma once

#include <gio/gio.h>

#include "module-claim.h"
#include "module-driver.h"
#include "module-recovery.h"
#include "timer.h"

/** The first pause before the port is opened again; it doubles up to the last. */
#define MODULE_RETRY_FIRST_MS 2000
#define MODULE_RETRY_LAST_MS 30000

/** The longest that a driver may take to end in good order when nobody is in a hurry. */
#define MODULE_RELEASE_MS 5000

/** As documented in org.modemssl1.Module.xml. */
typedef enum {
  MODULE_ABSENT,
  MODULE_STARTING,
  MODULE_READY,
  MODULE_LOST,
  MODULE_STOPPED,
} ModuleState;

/** The name on the bus. Static. */
const char *module_state_get_name (ModuleState state);

/**
 * ModuleConfig: copied.
 * @open_driver: opens the port and makes a driver on it, without waiting for the module; or an error for a
 *   person. Called again after each loss.
 * @sync_clock: the module's clock is compared with the host's, and set.
 * @door: is asked for the port before each @open_driver, with @user_data; NULL when nobody else wants it.
 * @recovery: with its power's functions, which get @user_data.
 * @allow_commands: whether module_send_command_async() sends any.
 * @release_when_idle_s: how long no connection may want the module until its port is given back; 0: for ever.
 */
typedef struct {
  const char *name;
  const char *device; /**< NULL while only the door knows it */
  const char *claim_mode;
  ModuleDriver *(*open_driver) (gpointer user_data, GError **error);
  gpointer user_data;
  GDestroyNotify free_user_data;
  const ModuleDoor *door;
  gboolean sync_clock;
  ModuleRecoveryConfig recovery;
  guint release_when_idle_s;
  gboolean allow_commands;
} ModuleConfig;

typedef struct ModuleLife ModuleLife;

/**
 * ModuleLifeListener: what the module is told. All are required; they must not change the life.
 * @changed: state or text, by one step.
 * @opened: there is a driver, which is about to be started.
 * @started: the driver is ready; MODULE_READY follows.
 * @silent: the port is open, but no module has answered the start, or one that restarts again and again.
 *   After MODULE_LOST.
 * @losing: the driver is about to be dropped, because of @error (MODULE_ERROR); MODULE_LOST follows. Or the
 *   state is MODULE_STOPPED.
 */
typedef struct {
  void (*changed) (gpointer user_data);
  void (*opened) (gpointer user_data);
  void (*started) (ModuleDriver *driver, gpointer user_data);
  void (*losing) (const GError *error, gpointer user_data);
  void (*silent) (gpointer user_data);
} ModuleLifeListener;

/**
 * An absent module. @module owns the life and is kept alive while a call of the driver is under way.
 * @driver_listener gets the driver's events with @user_data; its "lost" must call module_life_lose().
 */
ModuleLife *module_life_new (GObject *module, const ModuleConfig *config, TimerClock *clock,
                             const ModuleLifeListener *listener, const ModuleDriverListener *driver_listener,
                             gpointer user_data);

/** None of the driver's functions may be on the stack. */
void module_life_free (ModuleLife *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModuleLife, module_life_free)

const ModuleConfig *module_life_get_config (const ModuleLife *self);
ModuleState module_life_get_state (const ModuleLife *self);

/** Why it is absent or lost, or was before it is starting again; otherwise empty. Borrowed until the next
 * change. */
const char *module_life_get_text (const ModuleLife *self);

/** NULL while there is none; usable when the state is MODULE_READY. */
ModuleDriver *module_life_get_driver (const ModuleLife *self);

/** Opens the port now, and again whenever it is lost. Once, and once after each module_life_yield(). */
void module_life_start (ModuleLife *self);

/** Opens the port now, if it is waiting to open it again. */
void module_life_hurry (ModuleLife *self);

/** The driver is of no more use: drops it and tries again later. */
void module_life_lose (ModuleLife *self, const GError *error);

/** Opens the port now when it is absent and waits for the next attempt. */
void module_life_try_again (ModuleLife *self);

/** Lets the driver end in good order, drops it and gives the port back, because of @why; NULL: the daemon
 * ends.
 * @task (taken) is returned TRUE, once. */
void module_life_stop (ModuleLife *self, const char *why, GTask *task);

/** As module_life_abandon(), but whoever keeps the port takes it over, with what is open. */
void module_life_leave (ModuleLife *self);

/** Drops the driver at once and for ever, inside. */
void module_life_abandon (ModuleLife *self);

/**
 * Lets the driver end in good order, for at most @within_ms, drops it and gives the port back; every
 * connection ends with @error (MODULE_ERROR) at once. Then the module is absent, and @text says why, until
 * module_life_resume(). @task (taken) is returned TRUE, once; NULL when nobody waits.
 */
void
module_life_yield (ModuleLife *self, const GError *error, const char *text, guint within_ms, GTask *task);

/** Asks for the port again that was yielded, or is just being; otherwise it does nothing. */
void module_life_resume (ModuleLife *self);

/** Whether the port was given back, or is just being, and is not asked for. */
gboolean module_life_is_yielded (const ModuleLife *self);

/** What the claim says about itself; also why an absent module waits for its port. */
void module_life_set_claim_facts (ModuleLife *self, const ModuleClaimFacts *facts);
const ModuleClaimFacts *module_life_get_claim_facts (const ModuleLife *self);
