/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Words of the command line become the numbers that the bus wants.
 */
#include "ctl-open-options.h"

#include "ctl-error.h"
#include "mssl-names.h"

static gboolean
add_number (GVariantBuilder *builder, const char *key, const char *text, GError **error)
{
  g_autofree char *what = g_strconcat ("--", key, NULL);
  guint64 number;

  if (text == NULL)
    return TRUE;
  if (!ctl_options_parse_number (text, what, 0, G_MAXUINT32, &number, error))
    return FALSE;

  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint32 ((guint32) number));
  return TRUE;
}

static gboolean
add_priority (GVariantBuilder *builder, const char *text, GError **error)
{
  gint64 priority;

  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_signed (text, 10, G_MININT32, G_MAXINT32, &priority, NULL)) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_USAGE, "--priority is a whole number, not “%s”", text);
    return FALSE;
  }
  g_variant_builder_add (builder, "{sv}", MSSL_OPTION_PRIORITY, g_variant_new_int32 ((gint32) priority));
  return TRUE;
}

GVariant *
ctl_open_options_new (const CtlOptions *options, GError **error)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (options->module != NULL)
    g_variant_builder_add (&builder, "{sv}", MSSL_OPTION_MODULE, g_variant_new_string (options->module));
  if (add_priority (&builder, options->priority, error)
      && add_number (&builder, MSSL_OPTION_QUEUE_TIMEOUT, options->queue_timeout, error)
      && add_number (&builder, MSSL_OPTION_IDLE_TIMEOUT, options->idle_timeout, error)
      && add_number (&builder, MSSL_OPTION_MAX_HOLD, options->max_hold, error)
      && add_number (&builder, MSSL_OPTION_RECEIVE_BUFFER, options->receive_buffer, error))
    return g_variant_ref_sink (g_variant_builder_end (&builder));

  g_variant_builder_clear (&builder);
  return NULL;
}
