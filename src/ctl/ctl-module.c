/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-module.h.
 */
#include "ctl-module.h"

#include "ctl-bus.h"
#include "ctl-show.h"
#include "mssl-names.h"

/* Giving back lasts until ModemManager has the modem again. */
#define RELEASE_TIMEOUT_MS 60000

gboolean
ctl_module_list (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_list (options, ctl_kind_get (CTL_KIND_MODULE), error);
}

gboolean
ctl_module_show (const CtlOptions *options, char *const *arguments, GError **error)
{
  const CtlKind *kind = ctl_kind_get (CTL_KIND_MODULE);

  if (arguments[0] == NULL)
    return ctl_show_all (options, kind, error);
  return ctl_show_missing (options, arguments[0]) || ctl_show_one (options, kind, arguments[0], error);
}

static gboolean
call_module (const CtlOptions *options, const char *name, const char *method, int timeout_ms, GError **error)
{
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  g_autofree char *path = bus != NULL ? ctl_bus_get_path (bus, "GetModule", name, error) : NULL;
  g_autoptr (GVariant) reply = NULL;

  if (path != NULL)
    reply = ctl_bus_call (bus, path, MSSL_INTERFACE_MODULE, method, NULL, NULL, NULL, timeout_ms, error);
  if (reply == NULL)
    return FALSE;
  ctl_show_path (options, path);
  return TRUE;
}

gboolean
ctl_module_release (const CtlOptions *options, char *const *arguments, GError **error)
{
  return call_module (options, arguments[0], "Release", RELEASE_TIMEOUT_MS, error);
}

gboolean
ctl_module_claim (const CtlOptions *options, char *const *arguments, GError **error)
{
  return call_module (options, arguments[0], "Claim", CTL_BUS_TIMEOUT_DEFAULT, error);
}
