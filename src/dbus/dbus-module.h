/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * org.modemssl1.Module: one exported module. Only tells.
 */
#pragma once

#include <gio/gio.h>

#include "dbus-clients.h"
#include "module.h"

typedef struct DBusModule DBusModule;

/** Exports @module on @objects, which must outlive it. */
DBusModule *dbus_module_new (Module *module, GDBusObjectManagerServer *objects, DBusClients *clients);

/** Unexports it. */
void dbus_module_free (DBusModule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DBusModule, dbus_module_free)
