/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What whoever keeps the port should tell the module when we die and nobody takes our place: close what may
 * be open, and go back to your own sleep mode and URCs.
 */
#include "bc660k-private.h"

#include <stdlib.h>
#include <string.h>

#include "bc660k-commands.h"
#include "bc660k-network.h"

void
bc660k_farewell_inherit (Bc660kDriver *driver)
{
  const char *const *unsaid = at_channel_get_unsaid (driver->channel);
  g_autoptr (AtCommand) sleep = bc660k_sleep_new_command (0);
  gsize size = sleep->line->len - 1;

  driver->inherited = TRUE;
  for (guint i = 0; unsaid[i] != NULL; i++) {
    if (strncmp (unsaid[i], sleep->line->str, size) == 0) {
      driver->sleep.former_known = TRUE;
      driver->sleep.former_mode = atoi (unsaid[i] + size);
    }
    driver->network.gives_back_cereg |= strcmp (unsaid[i], BC660K_NETWORK_CEREG_OFF) == 0;
    driver->network.gives_back_events |= strcmp (unsaid[i], BC660K_NETWORK_EVENTS_OFF) == 0;
  }
}

static void
add (GPtrArray *lines, AtCommand *command)
{
  g_ptr_array_add (lines, g_strdup (command->line->str));
  at_command_free (command);
}

void
bc660k_farewell_update (Bc660kDriver *driver)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  if (driver->channel == NULL)
    return;
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++) {
    if (!bc660k_slot_is_free (driver->slots[i]))
      add (lines, bc660k_commands_new_close (i, 0));
  }
  if (driver->radio_off)
    g_ptr_array_add (lines, g_strdup (BC660K_RADIO_ON));
  if (driver->sleep.former_known)
    add (lines, bc660k_sleep_new_command (driver->sleep.former_mode));
  if (driver->network.gives_back_cereg)
    g_ptr_array_add (lines, g_strdup (BC660K_NETWORK_CEREG_OFF));
  if (driver->network.gives_back_events)
    g_ptr_array_add (lines, g_strdup (BC660K_NETWORK_EVENTS_OFF));
  g_ptr_array_add (lines, NULL);
  at_channel_set_farewell (driver->channel, (const char *const *) lines->pdata);
}
