/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All modules and connections: opens, with every check that an open needs, and the end of it all. Knows the
 * stores of contexts and credentials; knows no bus.
 */
#pragma once

#include <gio/gio.h>

#include "connection.h"
#include "context-store.h"
#include "credential-store.h"
#include "missing-module.h"
#include "module.h"
#include "quotas.h"

/** How long manager_stop_async() takes at most. */
#define MANAGER_STOP_MS 5000

typedef struct Manager Manager;

/**
 * ManagerListener: all run inside the call or event that caused them. All are required.
 * @removed: the connection was released.
 * @module_added: it is not started yet.
 * @module_removed: its connections have ended; those with data that their clients have yet to take are not
 *   closed before that.
 * @missing_changed: manager_get_missing().
 */
typedef struct {
  void (*added) (Connection *connection, gpointer user_data);
  void (*removed) (Connection *connection, gpointer user_data);
  void (*module_added) (Module *module, gpointer user_data);
  void (*module_removed) (Module *module, gpointer user_data);
  void (*missing_changed) (gpointer user_data);
} ManagerListener;

/** ManagerConfig: what it points to must outlive the manager. */
typedef struct {
  StateDir *state_dir;
  Ledger *ledger;
  CredentialStore *credentials;
  ContextStore *contexts;
  TimerClock *clock;
  Quotas quotas;
} ManagerConfig;

/** MSSL_ERROR_STORAGE. */
Manager *manager_new (const ManagerConfig *config, GError **error);

/** Lets go of what there is, at once and without a word to anybody; call manager_stop_async() before. */
void manager_free (Manager *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Manager, manager_free)

/** @listener must outlive the manager; NULL ends it. There is one. */
void manager_set_listener (Manager *self, const ManagerListener *listener, gpointer user_data);

/** From now on, for what is opened, created and imported. */
void manager_set_quotas (Manager *self, const Quotas *quotas);

/** The stores that it was given. */
ContextStore *manager_get_contexts (Manager *self);
CredentialStore *manager_get_credentials (Manager *self);

/** Adds a module (a new reference), which is not started yet. Its name must be new. Starts it when the others
 * were started. */
void manager_add_module (Manager *self, Module *module);

/** The module's port is gone, as @why says: ends all its connections (CLOSE_REASON_MODULE_LOST), then forgets
 * it. It may be added again. */
void manager_remove_module (Manager *self, Module *module, const char *why);

/** What is configured but not there, from now on: the list as missing-module.h makes it (a new reference). */
void manager_set_missing (Manager *self, GPtrArray *missing);

/** Element type MissingModule*; borrowed, do not change. */
GPtrArray *manager_get_missing (Manager *self);

/** Starts all modules. Once. */
void manager_start (Manager *self);

/** Borrowed; NULL when there is none. */
Module *manager_lookup_module (Manager *self, const char *name);

/** The same, with the reason: NOT_FOUND, or NOT_READY when it is missing. */
Module *manager_find_module (Manager *self, const char *name, GError **error);

/** In the order in which they were added. Element type Module*; borrowed, do not change. */
GPtrArray *manager_get_modules (Manager *self);

/** Not yet released, oldest first. Element type Connection*; borrowed, do not change. */
GPtrArray *manager_get_connections (Manager *self);

/**
 * Opens a connection with @context for the client @owner (unique bus name) of user @owner_uid; @options is
 * a{sv}. Announces it (@added) and returns it, borrowed; it has its slot, or waits for one. Errors:
 * INVALID_ARGUMENT, NOT_FOUND, ACCESS_DENIED (priority), LIMIT_EXCEEDED, STORAGE, and when it does not wait
 * NOT_READY and BUSY; then nothing has changed.
 */
Connection *manager_open (Manager *self, Context *context, const char *host, guint16 port, GVariant *options,
                          const char *owner, guint owner_uid, GError **error);

/** Goes on with a connection of an earlier life of the daemon: see connection_resume(). Announces it
 * (@added). One of which that is not possible is logged. */
void manager_resume (Manager *self, const char *device, guint slot, int fd);

/** Overwrites marked credentials in every module where it can be done now. The callback runs once. No error.
 */
void manager_erase_credentials_async (Manager *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean manager_erase_credentials_finish (GAsyncResult *result, GError **error);

/**
 * Closes all connections (CLOSE_REASON_SHUTDOWN) but those that our successor can go on with, which are left
 * as they are with their modules; then lets the other modules end in good order; within MANAGER_STOP_MS. No
 * open succeeds any more. Once. The callback runs once. No error.
 */
void manager_stop_async (Manager *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean manager_stop_finish (GAsyncResult *result, GError **error);
