/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Blocking calls to the daemon, for the commands that do one thing and end. Errors are of CTL_ERROR.
 */
#pragma once

#include <gio/gio.h>

/** D-Bus' own 25 seconds, and no time-out at all. */
#define CTL_BUS_TIMEOUT_DEFAULT (-1)
#define CTL_BUS_TIMEOUT_NONE G_MAXINT

/** Connects to the bus. The end of that connection does not end the program. */
GDBusConnection *ctl_bus_connect (GBusType type, GError **error);

/**
 * Calls a method of the daemon, starting it where the bus knows how. @parameters is sunk and may be NULL;
 * @fds (may be NULL) is what its handles point into. Returns the reply of type @reply_type (NULL: none).
 */
GVariant *
ctl_bus_call (GDBusConnection *bus, const char *path, const char *interface, const char *method,
              GVariant *parameters, GUnixFDList *fds, const char *reply_type, int timeout_ms, GError **error);

/**
 * Calls a method of the manager that takes a name and answers with a path, such as GetContext. @error must
 * not be NULL, and names @name.
 */
char *ctl_bus_get_path (GDBusConnection *bus, const char *method, const char *name, GError **error);

/** The unique name of the daemon that runs now. */
char *ctl_bus_get_owner (GDBusConnection *bus, GError **error);
