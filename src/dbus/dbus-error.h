/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How errors leave the daemon: as org.modemssl1.Error.* and nothing else.
 */
#pragma once

#include <gio/gio.h>

/** Ends @invocation (taken) with @error (taken); one of another domain becomes MSSL_ERROR_FAILED with its
 * text. */
void dbus_error_return (GDBusMethodInvocation *invocation, GError *error);
