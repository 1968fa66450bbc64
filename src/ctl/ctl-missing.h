/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Modules that are configured but have no object: records like those of the objects, with the state "missing"
 * and without a path.
 */
#pragma once

#include <gio/gio.h>

/** Adds them to the @records of modules, in order. Errors are of CTL_ERROR. */
gboolean ctl_missing_add (GDBusConnection *bus, GPtrArray *records, GError **error);
