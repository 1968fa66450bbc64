/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of the configured modules are there: adds one to the manager when its port appears, removes it when
 * the port is gone, and tells the manager which are missing and why. Between events it sleeps.
 */
#pragma once

#include "daemon-config.h"
#include "manager.h"

typedef struct DaemonPorts DaemonPorts;

/** Makes the module for a port that is there; a full reference. */
typedef Module *(*DaemonPortsMakeFunc) (DaemonConfigModule *config, gpointer user_data);

/** No ports yet. @manager must outlive it. */
DaemonPorts *daemon_ports_new (Manager *manager, DaemonPortsMakeFunc make, gpointer user_data);

/** Leaves the modules to the manager as they are; before manager_stop_async(). */
void daemon_ports_free (DaemonPorts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DaemonPorts, daemon_ports_free)

/**
 * These are the modules from now on. Element type DaemonConfigModule*. Those that are as before stay as they
 * are, connections included; the others end in good order (CLOSE_REASON_MODULE_LOST) before new ones take
 * their place.
 */
void daemon_ports_configure (DaemonPorts *self, const GPtrArray *modules);
