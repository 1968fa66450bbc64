/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client of the service: calls, and a log of the signals that came.
 */
#pragma once

#include "bus.h"

/** Call: a method call under way. @reply or @error is set when it is answered. */
typedef struct {
  GVariant *reply;
  GError *error;
  guint answered;
} Call;

void call_clear (Call *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)

/** Waits for the answer, which must be an error of this D-Bus name. */
void call_expect_error (Call *self, const char *name);

/** Waits for the answer, which must be no error. */
GVariant *call_expect_reply (Call *self);

/**
 * Client: @log: one line for each signal of a connection: "state connected", "closed 0 requested",
 * "received 5 OFFSET SIZE"; of the object manager: "added PATH", "removed PATH".
 */
typedef struct {
  GDBusConnection *connection;
  GPtrArray *log;
  guint n_log;
  guint received_signals;
  guint64 received_bytes;
  guint closed_signals;
  guint pings; /**< that it did not answer */
  gint deaf;   /**< does not answer Ping; atomic */
} Client;

Client *client_new (Bus *bus, const char *user);

/** Leaves the bus. */
void client_free (Client *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

/** Starts a call; @arguments is taken if floating. */
void client_begin (Client *self, const char *path, const char *interface, const char *method,
                   GVariant *arguments, Call *call);

/** The reply; the caller unrefs. It must not be an error. */
GVariant *
client_call (Client *self, const char *path, const char *interface, const char *method, GVariant *arguments);

/** The answer must be this D-Bus error. */
void client_expect_error (Client *self, const char *path, const char *interface, const char *method,
                          GVariant *arguments, const char *error_name);

/** Opens with context c0; @options in GVariant text, or NULL. The connection's path; the caller frees. */
char *client_open (Client *self, const char *options);

/** And lets the open succeed. */
char *client_connect (Client *self, Bus *bus, const char *options);

/** A property of a connection, read now. */
GVariant *client_get (Client *self, const char *path, const char *interface, const char *property);

/** Waits until the log has this line. */
void client_expect (Client *self, const char *line);

gboolean client_has (Client *self, const char *line);

/** A round trip: what the service has sent to it until now has come. */
void client_sync (Client *self);
