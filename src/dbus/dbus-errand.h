/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Module.Reset and Module.SendCommand, for root alone.
 */
#pragma once

#include "dbus-clients.h"
#include "module.h"
#include "mssl-skeletons.h"

/** Serves both methods of @skeleton until it is gone. @clients must outlive it. */
void dbus_errand_serve (MsslDBusModule *skeleton, Module *module, DBusClients *clients);
