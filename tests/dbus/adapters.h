/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The adapters of contexts and credentials on a bus of their own, with a client beside them. One process, one
 * main loop.
 */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "bus.h"
#include "dbus-context.h"
#include "dbus-credential.h"

typedef struct {
  Bus *bus; /* its connection is the server's */
  char *path;
  StateDir *dir;
  Ledger *ledger;
  CredentialStore *credentials;
  ContextStore *contexts;
  GDBusConnection *client;
  GDBusObjectManagerServer *objects;
  DBusClients *clients;
  MsslDBusManager *manager;
  DBusContext *dbus_context;
  DBusCredential *dbus_credential;
  GPtrArray *signals;              /* char *: path, member and arguments of each signal that the client got */
  DBusCredentialErasedFunc erased; /* what Credential.Delete waits for, when @hold_erasure */
  gpointer erased_data;
  gboolean hold_erasure;
} Adapters;

Adapters *adapters_new (void);
void adapters_free (Adapters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Adapters, adapters_free)

/** Starts a call of the method "Interface.Method" (without the prefix); @arguments is taken if it floats. */
void adapters_call_async (Adapters *self, const char *path, const char *method, GVariant *arguments,
                          GUnixFDList *fds, GAsyncResult **ret_result);

/** Runs the main loop until *@result is there; the reply, or NULL and the remote error. */
GVariant *adapters_wait (Adapters *self, GAsyncResult **result, GError **error);

/** Both in one. */
GVariant *
adapters_call (Adapters *self, const char *path, const char *method, GVariant *arguments, GError **error);

/** The reply printed, or the name of the error and its text: "InvalidArgument: ...". Caller frees. */
char *adapters_ask (Adapters *self, const char *path, const char *method, GVariant *arguments);

/** A property by "Interface.Property", printed. Caller frees. */
char *adapters_get (Adapters *self, const char *path, const char *property);

/** Whether the client got a signal whose text contains @text; runs the main loop first until all are in. */
gboolean adapters_saw (Adapters *self, const char *text);
