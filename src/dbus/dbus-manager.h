/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * org.modemssl1.Manager: the skeleton at the root path. What concerns contexts and credentials is served by
 * their own adapters.
 */
#pragma once

#include <gio/gio.h>

#include "dbus-context.h"
#include "dbus-credential.h"
#include "manager.h"

typedef struct DBusManager DBusManager;

/** Exports it on @bus. All arguments must outlive it. Errors: GIO's, when the path is taken. */
DBusManager *dbus_manager_new (GDBusConnection *bus, Manager *manager, DBusContext *contexts,
                               DBusCredential *credentials, GError **error);

/** Takes over what manager_get_missing() says. */
void dbus_manager_update_missing (DBusManager *self);

/** Unexports it. */
void dbus_manager_free (DBusManager *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusManager, dbus_manager_free)
