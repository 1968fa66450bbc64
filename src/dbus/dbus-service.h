/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The whole service on one bus: exports everything, then owns the name.
 */
#pragma once

#include <gio/gio.h>

#include "manager.h"

typedef struct DBusService DBusService;

/**
 * Exports @manager and all it has on @bus, and follows it from then on (it becomes the listener of the
 * manager and of both stores). @manager must outlive it. Errors: GIO's, when a path is taken.
 */
DBusService *dbus_service_new (GDBusConnection *bus, Manager *manager, GError **error);

/** Gives the name back and unexports everything. */
void dbus_service_free (DBusService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusService, dbus_service_free)

/**
 * DBusServiceNameFunc: from the main loop. @owned: the name is ours. Otherwise it was not to be had, was
 * taken from us, or the bus is gone: the daemon should end with @text, a sentence for a person.
 */
typedef void (*DBusServiceNameFunc) (gboolean owned, const char *text, gpointer user_data);

/** Asks for the name MSSL_BUS_NAME. Once, when everything is there that clients should find. */
void dbus_service_own_name (DBusService *self, DBusServiceNameFunc func, gpointer user_data);
