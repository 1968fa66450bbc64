/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An array of slots.
 */
#include "slot-table.h"

struct SlotTable {
  GObject *module; /* not owned: it owns us */
  SlotChangedFunc changed;
  gpointer changed_data;
  GPtrArray *slots; /* Slot */
};

SlotTable *
slot_table_new (GObject *module, SlotChangedFunc changed, gpointer user_data)
{
  SlotTable *self = g_new (SlotTable, 1);

  *self =
      (SlotTable){ module, changed, user_data, g_ptr_array_new_with_free_func ((GDestroyNotify) slot_free) };
  return self;
}

void
slot_table_free (SlotTable *self)
{
  g_ptr_array_unref (self->slots);
  g_free (self);
}

void
slot_table_grow (SlotTable *self, guint n)
{
  while (self->slots->len < n)
    g_ptr_array_add (self->slots,
                     slot_new (self->module, self->slots->len, self->changed, self->changed_data));
}

guint
slot_table_count (const SlotTable *self)
{
  return self->slots->len;
}

Slot *
slot_table_get (const SlotTable *self, guint index)
{
  return index < self->slots->len ? self->slots->pdata[index] : NULL;
}

Slot *
slot_table_find (const SlotTable *self, SlotState state)
{
  Slot *found = NULL;

  for (guint i = 0; i < self->slots->len; i++) {
    Slot *slot = self->slots->pdata[i];

    if (slot_get_state (slot) == state && (found == NULL || slot_get_holder (slot) < slot_get_holder (found)))
      found = slot;
  }
  return found;
}

guint
slot_table_count_taken (const SlotTable *self)
{
  guint n = 0;

  for (guint i = 0; i < self->slots->len; i++)
    n += slot_get_state (self->slots->pdata[i]) != SLOT_FREE;
  return n;
}

gboolean
slot_table_is_quiet (const SlotTable *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    if (slot_get_state (self->slots->pdata[i]) > SLOT_WAITING)
      return FALSE;
  return TRUE;
}

void
slot_table_handle_started (SlotTable *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    slot_handle_started (self->slots->pdata[i]);
}

void
slot_table_lose (SlotTable *self, const GError *error)
{
  for (guint i = 0; i < self->slots->len; i++)
    slot_lose (self->slots->pdata[i], error);
}

GArray *
slot_table_list_holders (const SlotTable *self)
{
  GArray *holders = g_array_new (FALSE, FALSE, sizeof (guint64));

  for (guint i = 0; i < self->slots->len; i++) {
    guint64 number = slot_get_holder (self->slots->pdata[i]);

    if (number != 0)
      g_array_append_val (holders, number);
  }
  return holders;
}
