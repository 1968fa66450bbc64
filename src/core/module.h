/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One configured port and the module behind it: keeps a driver running on it, hands out its slots, keeps the
 * ledger of what the module holds. Knows the driver's interface and no vendor; knows no bus.
 *
 * Signals, without arguments. They run inside the call that caused them.
 * "changed": something that a getter tells has changed; a step of the state is one emission. Handlers must
 * not change the module. "opened": it is about to be started; now, and not later, slots can be adopted.
 */
#pragma once

#include <gio/gio.h>

#include "ledger.h"
#include "module-driver.h"
#include "module-life.h"
#include "slot.h"
#include "timer.h"

#define MODULE_TYPE (module_get_type ())
G_DECLARE_FINAL_TYPE (Module, module, MSSL, MODULE, GObject)

/** An absent module that does nothing yet. @ledger and @clock must outlive it. */
Module *module_new (const ModuleConfig *config, Ledger *ledger, TimerClock *clock);

/** Opens the port now, and again whenever it is lost. Once, and once after each module_unplug(). */
void module_start (Module *self);

/** The port may have become usable: when it is absent, it is opened now and not only after the pause. */
void module_try_again (Module *self);

/**
 * Lets the driver end in good order, then drops it; every slot ends. The callback runs once. No error.
 * @why: a sentence for the connections, which end with CLOSE_REASON_MODULE_LOST; NULL when the daemon ends
 * (CLOSE_REASON_SHUTDOWN).
 */
void module_stop_async (Module *self, const char *why, GAsyncReadyCallback callback, gpointer user_data);
gboolean module_stop_finish (Module *self, GAsyncResult *result, GError **error);

/** The daemon ends and its successor goes on with what is open here: leaves port and module as they are to
 * whoever keeps the port. Every slot ends inside. */
void module_leave (Module *self);

/** Drops the driver at once, for the case that module_stop_async() takes too long. Every slot ends inside. */
void module_abandon (Module *self);

/**
 * The port is gone, as @why says: every slot ends inside (CLOSE_REASON_MODULE_LOST), and the port is closed
 * as soon as possible. What is known of earlier failures stays, so that a module which is plugged in again by
 * its own resets is not reset without end. Nothing happens to one that is stopped.
 */
void module_unplug (Module *self, const char *why);

/**
 * Gives the port back within about @within_ms, and does not ask for it until module_claim(). Every connection
 * ends with @reason at once. @text, a sentence, is shown as long. The callback runs once. No error.
 */
void module_release_async (Module *self, CloseReason reason, const char *text, guint within_ms,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean module_release_finish (Module *self, GAsyncResult *result, GError **error);

/** Asks for the port again, if it was released. */
void module_claim (Module *self);

/** Somebody waits for it: asks for the port again if it was given back only because nobody did. Whether the
 * port is there or asked for now. */
gboolean module_wake (Module *self);

/** What the claim says about itself, for the module's port. */
void module_set_claim_facts (Module *self, const ModuleClaimFacts *facts);

/** Who has the modem tells its registration and signal: then the module itself is not asked for them.
 * MODULE_REGISTRATION_UNTOLD: it is, as at first. */
void module_tell_network (Module *self, ModuleRegistration registration, int signal_dbm);

/** Borrowed until the next change. */
const ModuleClaimFacts *module_get_claim_facts (Module *self);

const char *module_get_name (Module *self);

/** Empty while it is not known. */
const char *module_get_device (Module *self);

const char *module_get_claim_mode (Module *self);
ModuleState module_get_state (Module *self);

/** One sentence on why it is absent or lost, or was before it is starting again; otherwise empty. Borrowed
 * until the next change. */
const char *module_get_state_text (Module *self);

/** Empty strings (never NULL) and zeros until it was ready once. Borrowed until the next change. */
const ModuleIdentity *module_get_identity (Module *self);
const ModuleCapabilities *module_get_capabilities (Module *self);

guint module_get_sleep_locks (Module *self);

/** For the opens, which ask it and tell it, and for whoever shows what it does. Borrowed. */
ModuleRecovery *module_get_recovery (Module *self);

/**
 * Restarts the module; what is open ends with CLOSE_REASON_MODULE_RESTARTED. The callback runs once, when the
 * module answers again. Errors: NOT_READY, BUSY (it is being brought back already), FAILED.
 */
void module_reset_async (Module *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean module_reset_finish (Module *self, GAsyncResult *result, GError **error);

/**
 * Sends an AT command of a person. The result is the information lines of the answer; the caller frees.
 * Errors: ACCESS_DENIED (the configuration allows none), INVALID_ARGUMENT, NOT_READY, BUSY (data is being
 * sent), COMMAND_FAILED (with the module's answer), FAILED (no answer in time, or the module asked for data).
 */
void module_send_command_async (Module *self, const char *command, guint timeout_ms,
                                GAsyncReadyCallback callback, gpointer user_data);
char **module_send_command_finish (Module *self, GAsyncResult *result, GError **error);

/** The numbers of the connections that hold a slot; the caller unrefs. Element type guint64. */
GArray *module_list_holders (Module *self);

/** Whether it is ready and has a slot that nobody holds. */
gboolean module_has_free_slot (Module *self);

/** NOT_READY, or BUSY, which names the holders: why no slot can be had of it now. */
void module_set_slot_error (Module *self, GError **error);

/** Which part of its slots is taken, 0 to 1. */
double module_get_load (Module *self);

/**
 * For the scheduler: takes a free slot, which there must be, for the connection @number. @listener's start
 * follows from the main loop, when it is its turn. The slot belongs to the module; do not touch it after its
 * @ended.
 */
Slot *module_take_slot (Module *self, guint64 number, const SlotListener *listener, gpointer user_data);

/** Inside "opened": takes the slot @index, which was the connection's @number in an earlier life of the
 * daemon; slot_adopt() must follow. Otherwise as module_take_slot(). */
Slot *module_adopt_slot (Module *self, guint index, guint64 number, const SlotListener *listener,
                         gpointer user_data);

/** What is known of SIM card, network, sleep and clock; nothing while the module is not ready. Borrowed until
 * the next change. */
const ModuleStatus *module_get_status (Module *self);

/** Whether the network is known to be there. A slot that was taken is not started before it is. */
gboolean module_is_online (Module *self);

/** Whether the ledger says that the module holds exactly this. FALSE when @digest is NULL. */
gboolean module_holds_credential (Module *self, ModuleCredentialPart part, const char *digest);

/**
 * Overwrites the copies that the ledger has marked, as far as that is possible now: not while a slot is
 * taken or the module is not ready. The callback runs once, when it is done or cannot be done. No error.
 */
void module_erase_credentials_async (Module *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean module_erase_credentials_finish (Module *self, GAsyncResult *result, GError **error);
