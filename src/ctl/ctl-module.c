/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-module.h.
 */
#include "ctl-module.h"

#include <stdio.h>

#include "ctl-bus.h"
#include "ctl-print.h"
#include "ctl-show.h"
#include "ctl-text.h"
#include "mssl-names.h"

/* Giving back lasts until ModemManager has the modem again. */
#define RELEASE_TIMEOUT_MS 60000
/* A restart takes 9 s, and what was asked before it has to end. */
#define RESET_TIMEOUT_MS 60000
/* For the answer of the module, and for what may have to be waited for before it. */
#define COMMAND_TIMEOUT_MS 20000
#define COMMAND_CALL_TIMEOUT_MS 60000

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

/** The reply, and the module's path. */
static GVariant *
call_method (const CtlOptions *options, const char *name, const char *method, GVariant *arguments,
             const char *reply_type, int timeout_ms, char **ret_path, GError **error)
{
  g_autoptr (GVariant) sunk = arguments != NULL ? g_variant_ref_sink (arguments) : NULL;
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  g_autofree char *path = bus != NULL ? ctl_bus_get_path (bus, "GetModule", name, error) : NULL;
  GVariant *reply = NULL;

  if (path != NULL)
    reply =
        ctl_bus_call (bus, path, MSSL_INTERFACE_MODULE, method, sunk, NULL, reply_type, timeout_ms, error);
  *ret_path = g_steal_pointer (&path);
  return reply;
}

static gboolean
call_module (const CtlOptions *options, const char *name, const char *method, int timeout_ms, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GVariant) reply = call_method (options, name, method, NULL, NULL, timeout_ms, &path, error);

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

gboolean
ctl_module_reset (const CtlOptions *options, char *const *arguments, GError **error)
{
  return call_module (options, arguments[0], "Reset", RESET_TIMEOUT_MS, error);
}

gboolean
ctl_module_command (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GVariant) reply = call_method (options, arguments[0], "SendCommand",
                                            g_variant_new ("(su)", arguments[1], COMMAND_TIMEOUT_MS), "(as)",
                                            COMMAND_CALL_TIMEOUT_MS, &path, error);
  g_autoptr (GVariant) lines = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;

  if (lines == NULL)
    return FALSE;
  if (options->json) {
    ctl_print_json (lines, FALSE);
    return TRUE;
  }
  for (gsize i = 0; i < g_variant_n_children (lines); i++) {
    g_autoptr (GVariant) line = g_variant_get_child_value (lines, i);
    g_autofree char *shown = ctl_text_escape (g_variant_get_string (line, NULL));

    puts (shown);
  }
  return TRUE;
}
