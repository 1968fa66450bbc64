/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The slots of one module. Knows what states they are in, and not what that means for the module.
 */
#pragma once

#include "slot.h"

typedef struct SlotTable SlotTable;

/** Without slots. @module owns the table; @changed is that of each slot. */
SlotTable *slot_table_new (GObject *module, SlotChangedFunc changed, gpointer user_data);

/** All slots must be free. */
void slot_table_free (SlotTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SlotTable, slot_table_free)

/** Adds free slots until there are @n. It never shrinks: a slot may still be held. */
void slot_table_grow (SlotTable *self, guint n);

guint slot_table_count (const SlotTable *self);

/** NULL when there is none with this number. */
Slot *slot_table_get (const SlotTable *self, guint index);

/** Of the slots in @state, the one whose holder has the lowest number; NULL when there is none. */
Slot *slot_table_find (const SlotTable *self, SlotState state);

guint slot_table_count_taken (const SlotTable *self);

/** Whether none is more than waiting: the driver has nothing to do for them. */
gboolean slot_table_is_quiet (const SlotTable *self);

/** slot_handle_started() for all. */
void slot_table_handle_started (SlotTable *self);

/** slot_lose() for all. */
void slot_table_lose (SlotTable *self, const GError *error);

/** Of the slots that are taken; the caller unrefs. Element type guint64. */
GArray *slot_table_list_holders (const SlotTable *self);
