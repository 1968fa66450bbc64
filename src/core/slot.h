/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One of a module's places for a connection: who has it, and the driver's operations on it. Sees to it that a
 * slot is given back exactly once, and that nothing late reaches the next holder. Knows neither modules nor
 * connections.
 */
#pragma once

#include <gio/gio.h>

#include "module-driver.h"

typedef struct Slot Slot;

/**
 * SlotState:
 * @SLOT_FREE: nobody has it.
 * @SLOT_WAITING: taken; its turn to open has not come.
 * @SLOT_CONFIGURING: slot_open() was called. At most one slot of a module is in this state.
 * @SLOT_CONNECTING: the settings are proven, the handshake is under way; or it was adopted and is not
 * resumed.
 * @SLOT_OPEN: data can be sent.
 * @SLOT_CLOSING: the driver is closing it.
 */
typedef enum {
  SLOT_FREE,
  SLOT_WAITING,
  SLOT_CONFIGURING,
  SLOT_CONNECTING,
  SLOT_OPEN,
  SLOT_CLOSING,
} SlotState;

/**
 * SlotListener: what the holder is told. All are required. They run from the main loop, never inside a call
 * of this file, unless said otherwise.
 *
 * @start: it is this slot's turn: call slot_open() or slot_close() now. Runs inside slot_start().
 * @connecting, @opened: as the open goes on.
 * @resumed: instead of these, after slot_adopt(): it is known what became of the send that was under way, and
 *   that @confirmed bytes of it were confirmed: all or none. Now data can be sent.
 * @received: data came. Never after slot_close().
 * @sent: what slot_send() was given is confirmed, or @error (MODULE_ERROR) says why not. Not after @ended.
 * @ended: the slot is free. Exactly once for each slot_take(), and the last of all. @error (MODULE_ERROR) is
 * NULL after a plain slot_close(). Runs inside slot_close() when the slot was waiting, and inside
 * slot_lose().
 */
typedef struct {
  void (*start) (gpointer user_data);
  void (*connecting) (gpointer user_data);
  void (*opened) (gpointer user_data);
  void (*resumed) (gsize confirmed, gpointer user_data);
  void (*received) (GBytes *data, gpointer user_data);
  void (*sent) (const GError *error, gpointer user_data);
  void (*ended) (const GError *error, gpointer user_data);
} SlotListener;

/** Runs inside the call that changed the state; before the holder's own function. */
typedef void (*SlotChangedFunc) (Slot *slot, gpointer user_data);

/** A free slot. @module is kept alive while an operation of the driver is under way; it frees the slot. */
Slot *slot_new (GObject *module, guint index, SlotChangedFunc changed, gpointer user_data);
void slot_free (Slot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Slot, slot_free)

SlotState slot_get_state (const Slot *self);

/** The number that its holder gave, 0 while it is free. */
guint64 slot_get_holder (const Slot *self);

/** Takes a free slot for the connection @holder (not 0). @driver must stay valid until slot_lose(). */
void slot_take (Slot *self, ModuleDriver *driver, guint64 holder, const SlotListener *listener,
                gpointer user_data);

/** For the module: it is the turn of this waiting slot. */
void slot_start (Slot *self);

/** Inside @start. @digests (copied): SHA-256 of each part of @request, NULL where it has none. */
void slot_open (Slot *self, const ModuleOpenRequest *request, const char *const *digests);

/** Instead of an open, while it is waiting: goes on with a connection that an earlier life of the daemon has
 * left on this slot. @ended may run inside. */
void slot_adopt (Slot *self, const ModuleAdoption *adoption);

/** What the open under way brings into the module as @part; NULL when none. Borrowed. */
const char *slot_get_digest (const Slot *self, ModuleCredentialPart part);

/** One at a time, while it is open. */
void slot_send (Slot *self, GBytes *data);

/** Most bytes of one slot_send(). Valid while the slot is taken. */
guint slot_get_max_send_bytes (const Slot *self);

/** Allowed at any time; @ended follows. */
void slot_close (Slot *self);

/** Closes it because of @error (taken, MODULE_ERROR), which is what @ended will say. */
void slot_fail (Slot *self, GError *error);

/** For the module: the driver is about to go, nothing comes any more; the slot ends with @error. */
void slot_lose (Slot *self, const GError *error);

/** For the module: the driver is ready. */
void slot_handle_started (Slot *self);

/** For the module: the driver's events. */
void slot_handle_connecting (Slot *self);
void slot_handle_received (Slot *self, GBytes *data);
void slot_handle_closed (Slot *self, const GError *error);
