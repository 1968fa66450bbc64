/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The equipment id, a blank, and a word or nothing.
 */
#include "claim-note.h"

#include <string.h>

#define ENABLED "enabled"

char *
claim_note_make_start (const char *equipment_id)
{
  return equipment_id != NULL ? g_strconcat (equipment_id, " ", NULL) : g_strdup ("");
}

char *
claim_note_make (const char *equipment_id, gboolean enabled)
{
  return g_strconcat (equipment_id != NULL ? equipment_id : "", " ", enabled ? ENABLED : "", NULL);
}

char *
claim_note_parse (const char *note, gboolean *ret_enabled)
{
  const char *blank = strchr (note, ' ');

  *ret_enabled = blank != NULL && strcmp (blank + 1, ENABLED) == 0;
  return blank != NULL && blank > note ? g_strndup (note, (gsize) (blank - note)) : NULL;
}

GStrv
claim_note_list_equipment_ids (const char *const *notes)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  for (guint i = 0; notes[i] != NULL; i++) {
    gboolean enabled;
    g_autofree char *id = claim_note_parse (notes[i], &enabled);

    if (id != NULL)
      g_strv_builder_add (ids, id);
  }
  return g_strv_builder_end (ids);
}
