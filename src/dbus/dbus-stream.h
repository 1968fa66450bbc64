/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Connection.AcquireStream: answers with the client's end of a connection's stream, and finds out whether the
 * client was still there to get it.
 */
#pragma once

#include <gio/gio.h>

#include "connection.h"

/**
 * Serves @invocation (taken). An error leaves no trace; nor does a client that has left the bus before the
 * answer reached it: when that is known, connection_recall_stream() sees to it.
 */
void dbus_stream_serve (GDBusMethodInvocation *invocation, Connection *connection);
