/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection of the module, as the driver sees it.
 */
#pragma once

#include "bc660k-record.h"
#include "module-driver.h"

typedef struct Bc660kDriver Bc660kDriver;
typedef struct Bc660kSlot Bc660kSlot;

/** For the driver, which frees it. */
Bc660kSlot *bc660k_slot_new (Bc660kDriver *driver, guint number);
void bc660k_slot_free (Bc660kSlot *self);
gboolean bc660k_slot_is_free (Bc660kSlot *self);
Bc660kRecord *bc660k_slot_get_record (Bc660kSlot *self);
DataFormat bc660k_slot_get_receive_format (Bc660kSlot *self);

/** The present or last connection asked for "debug" lines. */
gboolean bc660k_slot_is_verbose (Bc660kSlot *self);

/** The calls of the vtable. */
gboolean bc660k_slot_adopt (Bc660kSlot *self, const ModuleAdoption *adoption, GAsyncReadyCallback callback,
                            gpointer user_data, GError **error);
void bc660k_slot_open (Bc660kSlot *self, const ModuleOpenRequest *request, GTask *task);
void bc660k_slot_send (Bc660kSlot *self, GBytes *data, GTask *task);
void bc660k_slot_close (Bc660kSlot *self, GTask *task);

/** Closes what an earlier life of the host may have left open on the free slot. */
void bc660k_slot_close_leftover (Bc660kSlot *self, GTask *task);

/** What the module said about this slot. Each may free the driver, so it must be the last thing that the
 * caller does with it. */
void bc660k_slot_handle_open_result (Bc660kSlot *self, int result);
void bc660k_slot_handle_send_result (Bc660kSlot *self, int result);
void bc660k_slot_handle_close_result (Bc660kSlot *self, int result);
void bc660k_slot_handle_received (Bc660kSlot *self, GBytes *data);
void bc660k_slot_handle_closed (Bc660kSlot *self);

/** Data was lost between module and here: the connection must not go on. */
void bc660k_slot_handle_broken (Bc660kSlot *self);

/** The module has fallen into deep sleep: a connection or handshake is gone. */
void bc660k_slot_handle_deep_sleep (Bc660kSlot *self, const GError *error);

/** The connection is gone, without a word to the module: tasks fail and the listener hears of it. */
void bc660k_slot_end (Bc660kSlot *self, const GError *error);
