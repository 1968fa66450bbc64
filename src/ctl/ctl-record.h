/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A record is what is known of one object, as an a{sv} in the order in which it is shown: the properties with
 * their keys in lower case, and "path". It is both what `show` prints and what --json prints.
 */
#pragma once

#include <gio/gio.h>

#include "ctl-kind.h"

/** Makes the record of the object at @path from its @properties (a{sv}, not consumed). Returns a full
 * reference. */
GVariant *ctl_record_new (const CtlKind *kind, const char *path, GVariant *properties);

/** The value of @key, where a dot leads into a dictionary; NULL if there is none. */
GVariant *ctl_record_lookup (GVariant *record, const char *key);

/** All objects of the daemon, as GetManagedObjects gives them: a{oa{sa{sv}}}. Errors are of CTL_ERROR. */
GVariant *ctl_record_get_objects (GDBusConnection *bus, GError **error);

/** The records of one kind among @objects, sorted by name or number. */
GPtrArray *ctl_record_list (GVariant *objects, const CtlKind *kind);

/** Sorts records of one kind by name or number. */
void ctl_record_sort (GPtrArray *records);

/** The record of the object at @path among @objects, NULL if there is none of that kind. */
GVariant *ctl_record_find (GVariant *objects, const CtlKind *kind, const char *path);
