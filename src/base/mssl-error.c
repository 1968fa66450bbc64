/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of the errors' D-Bus names. GDBus wants it registered once for a process.
 */
#include "mssl-error.h"

#include <gio/gio.h>

#include "mssl-names.h"

static const GDBusErrorEntry entries[] = {
  { MSSL_ERROR_FAILED, MSSL_ERROR_PREFIX "Failed" },
  { MSSL_ERROR_INVALID_ARGUMENT, MSSL_ERROR_PREFIX "InvalidArgument" },
  { MSSL_ERROR_INVALID_CREDENTIAL, MSSL_ERROR_PREFIX "InvalidCredential" },
  { MSSL_ERROR_NOT_FOUND, MSSL_ERROR_PREFIX "NotFound" },
  { MSSL_ERROR_EXISTS, MSSL_ERROR_PREFIX "Exists" },
  { MSSL_ERROR_IN_USE, MSSL_ERROR_PREFIX "InUse" },
  { MSSL_ERROR_BUSY, MSSL_ERROR_PREFIX "Busy" },
  { MSSL_ERROR_NOT_READY, MSSL_ERROR_PREFIX "NotReady" },
  { MSSL_ERROR_NOT_CONNECTED, MSSL_ERROR_PREFIX "NotConnected" },
  { MSSL_ERROR_ACCESS_DENIED, MSSL_ERROR_PREFIX "AccessDenied" },
  { MSSL_ERROR_RECEIVE_MODE, MSSL_ERROR_PREFIX "ReceiveMode" },
  { MSSL_ERROR_ACQUIRED, MSSL_ERROR_PREFIX "Acquired" },
  { MSSL_ERROR_OFFSET, MSSL_ERROR_PREFIX "Offset" },
  { MSSL_ERROR_SEND_FAILED, MSSL_ERROR_PREFIX "SendFailed" },
  { MSSL_ERROR_LIMIT_EXCEEDED, MSSL_ERROR_PREFIX "LimitExceeded" },
  { MSSL_ERROR_STORAGE, MSSL_ERROR_PREFIX "Storage" },
  { MSSL_ERROR_BREAKER_OPEN, MSSL_ERROR_PREFIX "BreakerOpen" },
  { MSSL_ERROR_COMMAND_FAILED, MSSL_ERROR_PREFIX "CommandFailed" },
};

GQuark
mssl_error_quark (void)
{
  static gsize quark;

  g_dbus_error_register_error_domain ("mssl-error-quark", &quark, entries, G_N_ELEMENTS (entries));
  return (GQuark) quark;
}
