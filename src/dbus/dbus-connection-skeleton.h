/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The skeleton of a connection whose counters are read when somebody asks, so that moving data sets no
 * property.
 */
#pragma once

#include "connection.h"
#include "mssl-skeletons.h"

/** Holds a reference to @connection. All other properties are the caller's to set. */
MsslDBusConnection *dbus_connection_skeleton_new (Connection *connection);
