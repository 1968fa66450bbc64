/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the holder of a port is told about it for the next life of the daemon: which modem it belongs to, and
 * whether that is to be enabled again in ModemManager. Pure.
 */
#pragma once

#include <glib.h>

/** @equipment_id: NULL where ModemManager had no modem. */
char *claim_note_make (const char *equipment_id, gboolean enabled);

/** How every note on the modem @equipment_id begins; NULL: on any. */
char *claim_note_make_start (const char *equipment_id);

/** The equipment ids of some notes; NULL-terminated. */
GStrv claim_note_list_equipment_ids (const char *const *notes);

/** The equipment id, NULL for none. */
char *claim_note_parse (const char *note, gboolean *ret_enabled);
