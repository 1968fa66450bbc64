/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A private bus daemon that loads the shipped policy, the service on it with a fake module behind, and
 * clients, each on a connection of its own. All in the test's main context.
 */
#pragma once

#include <gio/gio.h>

#include "dbus-service.h"
#include "world.h"

/** Clients of several users can be had only by root; the tests that need them are left to root. */
#define BUS_USER_MEMBER "nobody" /**< may talk to the service */
#define BUS_USER_OTHER "daemon"  /**< may talk to the service */
#define BUS_USER_OUTSIDER "bin"  /**< may not */

typedef struct {
  char *directory;
  GSubprocess *daemon;
  char *address;
  GDBusConnection *connection; /**< the service's */
  World *world;                /**< on a fake clock */
  DBusService *service;
  guint owned; /**< how often the name was acquired, and lost */
  guint lost;
} Bus;

/** A bus and a service that is not on it yet. */
Bus *bus_new (void);
void bus_free (Bus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bus, bus_free)

/** Exports the service and waits until it owns its name. */
void bus_start_service (Bus *self);

/** bus_new(), a module that is ready, bus_start_service(). */
Bus *bus_new_ready (void);

/** A connection of this user, NULL for our own. Not shared. */
GDBusConnection *bus_connect (Bus *self, const char *user);

typedef gboolean (*BusCondition) (gpointer user_data);

/** Runs the main context until @condition holds; aborts after some time. */
void bus_wait (BusCondition condition, gpointer user_data);

/** Runs the main context until *@counter is at least @count. */
void bus_wait_count (const guint *counter, guint count);
