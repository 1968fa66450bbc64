/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which settings exist and what they may be is the daemon's to say; only their types are known here.
 */
#include "ctl-context.h"

#include "ctl-bus.h"
#include "ctl-error.h"
#include "ctl-show.h"
#include "mssl-names.h"

gboolean
ctl_context_list (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_list (options, ctl_kind_get (CTL_KIND_CONTEXT), error);
}

gboolean
ctl_context_show (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_one (options, ctl_kind_get (CTL_KIND_CONTEXT), arguments[0], error);
}

static gboolean
is_number_key (const char *key)
{
  return g_str_equal (key, MSSL_SETTING_TIMEOUT) || g_str_equal (key, MSSL_SETTING_MODULE_DEBUG);
}

static gboolean
parse_setting (const char *text, GVariantDict *settings, GError **error)
{
  const char *equals = strchr (text, '=');
  if (equals == NULL || equals == text) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "“%s” is not of the form KEY=VALUE", text);
    return FALSE;
  }

  g_autofree char *key = g_strndup (text, equals - text);
  if (g_variant_dict_contains (settings, key)) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "“%s” is given twice", key);
    return FALSE;
  }
  if (!is_number_key (key)) {
    g_variant_dict_insert (settings, key, "s", equals + 1);
    return TRUE;
  }

  guint64 number;
  if (!ctl_options_parse_number (equals + 1, key, 0, G_MAXUINT32, &number, error))
    return FALSE;
  g_variant_dict_insert (settings, key, "u", (guint32) number);
  return TRUE;
}

/* Returns a full reference to an a{sv}. */
static GVariant *
parse_settings (char *const *texts, GError **error)
{
  g_auto (GVariantDict) settings = G_VARIANT_DICT_INIT (NULL);

  for (guint i = 0; texts[i] != NULL; i++) {
    if (!parse_setting (texts[i], &settings, error))
      return NULL;
  }
  return g_variant_ref_sink (g_variant_dict_end (&settings));
}

/** What the daemon thinks of the settings, on standard error. */
static gboolean
print_warnings (GDBusConnection *bus, const char *path, GError **error)
{
  g_autoptr (GVariant) reply = ctl_bus_call (bus, path, "org.freedesktop.DBus.Properties", "Get",
                                             g_variant_new ("(ss)", MSSL_INTERFACE_CONTEXT, "Warnings"), NULL,
                                             "(v)", CTL_BUS_TIMEOUT_DEFAULT, error);
  if (reply == NULL)
    return FALSE;

  g_autoptr (GVariant) warnings = NULL;
  g_variant_get (reply, "(v)", &warnings);
  for (gsize i = 0; i < g_variant_n_children (warnings); i++) {
    g_autoptr (GVariant) warning = g_variant_get_child_value (warnings, i);
    g_printerr ("modemsslctl: warning: %s\n", g_variant_get_string (warning, NULL));
  }
  return TRUE;
}

gboolean
ctl_context_create (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autoptr (GVariant) settings = parse_settings (arguments + 1, error);
  g_autoptr (GDBusConnection) bus = settings != NULL ? ctl_bus_connect (options->bus, error) : NULL;
  if (bus == NULL)
    return FALSE;

  g_autoptr (GVariant) reply = ctl_bus_call (bus, MSSL_PATH, MSSL_INTERFACE_MANAGER, "CreateContext",
                                             g_variant_new ("(s@a{sv})", arguments[0], settings), NULL, "(o)",
                                             CTL_BUS_TIMEOUT_DEFAULT, error);
  if (reply == NULL)
    return FALSE;

  const char *path;
  g_variant_get (reply, "(&o)", &path);
  ctl_show_path (options, path);
  return print_warnings (bus, path, error);
}

gboolean
ctl_context_set (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autoptr (GVariant) settings = parse_settings (arguments + 1, error);
  g_autoptr (GDBusConnection) bus = settings != NULL ? ctl_bus_connect (options->bus, error) : NULL;
  g_autofree char *path = bus != NULL ? ctl_bus_get_path (bus, "GetContext", arguments[0], error) : NULL;
  if (path == NULL)
    return FALSE;

  g_autoptr (GVariant) reply =
      ctl_bus_call (bus, path, MSSL_INTERFACE_CONTEXT, "Configure", g_variant_new ("(@a{sv})", settings),
                    NULL, NULL, CTL_BUS_TIMEOUT_DEFAULT, error);
  if (reply == NULL)
    return FALSE;
  ctl_show_path (options, path);
  return print_warnings (bus, path, error);
}

gboolean
ctl_context_delete (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  g_autofree char *path = bus != NULL ? ctl_bus_get_path (bus, "GetContext", arguments[0], error) : NULL;
  if (path == NULL)
    return FALSE;

  g_autoptr (GVariant) reply = ctl_bus_call (bus, path, MSSL_INTERFACE_CONTEXT, "Delete", NULL, NULL, NULL,
                                             CTL_BUS_TIMEOUT_DEFAULT, error);
  if (reply == NULL)
    return FALSE;
  ctl_show_path (options, path);
  return TRUE;
}
