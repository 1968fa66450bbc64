/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-connection.h.
 */
#include "ctl-connection.h"

#include "ctl-bus.h"
#include "ctl-error.h"
#include "ctl-record.h"
#include "ctl-show.h"
#include "mssl-names.h"

gboolean
ctl_connection_list (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_list (options, ctl_kind_get (CTL_KIND_CONNECTION), error);
}

gboolean
ctl_connection_show (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_one (options, ctl_kind_get (CTL_KIND_CONNECTION), arguments[0], error);
}

/* Without the look, a number that is gone would get GDBus' sentence about a missing interface. */
static gboolean
check_exists (GDBusConnection *bus, const char *path, guint64 number, GError **error)
{
  g_autoptr (GVariant) objects = ctl_record_get_objects (bus, error);
  if (objects == NULL)
    return FALSE;

  g_autoptr (GVariant) record = ctl_record_find (objects, ctl_kind_get (CTL_KIND_CONNECTION), path);
  if (record == NULL)
    g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "there is no connection %" G_GUINT64_FORMAT, number);
  return record != NULL;
}

gboolean
ctl_connection_close (const CtlOptions *options, char *const *arguments, GError **error)
{
  guint64 number;
  if (!ctl_options_parse_number (arguments[0], "the number of a connection", 0, G_MAXUINT64, &number, error))
    return FALSE;

  g_autofree char *path = g_strdup_printf (MSSL_PATH_CONNECTIONS "/%" G_GUINT64_FORMAT, number);
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  if (bus == NULL || !check_exists (bus, path, number, error))
    return FALSE;

  g_autoptr (GVariant) reply = ctl_bus_call (bus, path, MSSL_INTERFACE_CONNECTION, "Close", NULL, NULL, NULL,
                                             CTL_BUS_TIMEOUT_DEFAULT, error);
  if (reply == NULL)
    return FALSE;
  ctl_show_path (options, path);
  return TRUE;
}
