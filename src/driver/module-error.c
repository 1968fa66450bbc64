/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A GError that carries the module's result code.
 */
#include "module-error.h"

typedef struct {
  int result;
} ModuleErrorPrivate;

static void
module_error_private_init (ModuleErrorPrivate *priv)
{
  priv->result = 0;
}

static void
module_error_private_copy (const ModuleErrorPrivate *from, ModuleErrorPrivate *to)
{
  to->result = from->result;
}

static void
module_error_private_clear (ModuleErrorPrivate *priv)
{
}

G_DEFINE_EXTENDED_ERROR (ModuleError, module_error)

GError *
module_error_new (CloseReason reason, int result, const char *format, ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = g_error_new_valist (MODULE_ERROR, reason, format, args);
  va_end (args);
  module_error_get_private (error)->result = result;
  return error;
}

int
module_error_get_result (const GError *error)
{
  g_return_val_if_fail (error->domain == MODULE_ERROR, 0);

  return module_error_get_private (error)->result;
}
