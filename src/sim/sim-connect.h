/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A host name and port become a connected, non-blocking TCP or UDP socket, address by address. Must not know
 * of TLS. */
#pragma once

#include <glib.h>

typedef struct SimConnect SimConnect;

/* The socket, which is the receiver's from now on, or -1 when no address could be reached. Runs once, from
 * the main loop; it may free the SimConnect. */
typedef void (*SimConnectDone) (int fd, gpointer user_data);

/* Begins at once. There is no time-out but the system's. Owned by the caller. */
SimConnect *sim_connect_new (const char *host, guint16 port, gboolean is_datagram, SimConnectDone done,
                             gpointer user_data);

/* Also gives up what is under way; done does not run then. */
void sim_connect_free (SimConnect *self);
