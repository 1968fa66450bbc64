/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The errors of ModemManager's InhibitDevice and of the bus.
 */
#include "claim-refusal.h"

#include <gio/gio.h>

typedef struct {
  const char *suffix; /* of the error's name on the bus */
  gboolean is_conflict;
  const char *text;
  gboolean adds_message;
} Refusal;

static const Refusal refusals[] = {
  { ".Core.WrongState", FALSE, "ModemManager does not have the modem ready: ", TRUE },
  { ".Core.NotFound", FALSE, "ModemManager does not have the modem ready: ", TRUE },
  { ".Core.InProgress", TRUE,
    "Another program has taken the modem away from ModemManager, an update of its firmware perhaps; it is "
    "asked for "
    "again every few seconds",
    FALSE },
  { ".AccessDenied", TRUE,
    "ModemManager does not let this user have the modem; run modemssld as root, or let its user call "
    "InhibitDevice as "
    "modemmanager.md says: ",
    TRUE },
  { ".Core.Unauthorized", TRUE,
    "ModemManager does not let this user have the modem; run modemssld as root, or let its user call "
    "InhibitDevice as "
    "modemmanager.md says: ",
    TRUE },
  { ".NoReply", FALSE, "ModemManager ended before it had let go of the modem", FALSE },
  { ".ServiceUnknown", FALSE, "ModemManager ended before it had let go of the modem", FALSE },
  { ".NameHasNoOwner", FALSE, "ModemManager ended before it had let go of the modem", FALSE },
};

char *
claim_refusal_describe (const GError *error, gboolean *ret_is_conflict)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autoptr (GError) plain = g_error_copy (error);

  g_dbus_error_strip_remote_error (plain);
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (refusals); i++) {
    const Refusal *refusal = &refusals[i];

    if (!g_str_has_suffix (name, refusal->suffix))
      continue;
    *ret_is_conflict = refusal->is_conflict;
    return g_strconcat (refusal->text, refusal->adds_message ? plain->message : NULL, NULL);
  }
  *ret_is_conflict = !g_error_matches (plain, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  return g_strdup (plain->message);
}
