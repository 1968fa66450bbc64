/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one way out for errors.
 */
#include "dbus-error.h"

#include "mssl-error.h"

void
dbus_error_return (GDBusMethodInvocation *invocation, GError *error)
{
  int code = error->domain == MSSL_ERROR ? error->code : MSSL_ERROR_FAILED;
  /* A message that is no UTF-8 could not be sent at all. */
  g_autofree char *text = g_utf8_make_valid (error->message, -1);

  g_dbus_method_invocation_return_error_literal (invocation, MSSL_ERROR, code, text);
  g_error_free (error);
}
