/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection's settings mean for its security, in plain facts: for its property on the bus and for the
 * warnings of a context. The module's limits are those of the note (1.1 to 1.3, 2.3.1).
 */
#pragma once

#include "tls-settings.h"

/** The facts as documented for Connection.Security; a floating a{sv}. */
GVariant *tls_security_describe (const TlsSettings *settings);

/** What is weaker than it could be, one sentence each; empty when nothing is. Caller frees with g_strfreev().
 */
char **tls_security_get_warnings (const TlsSettings *settings);
