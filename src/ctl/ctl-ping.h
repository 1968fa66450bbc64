/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Back-pressure for Received signals. The daemon sends a window of data beyond the last Ping that was
 * answered. GDBus answers a Ping at once, in its own thread, however much has piled up behind it; here a Ping
 * is answered in its place among the signals, and not while the data cannot be passed on.
 */
#pragma once

#include <gio/gio.h>

typedef struct CtlPing CtlPing;

/** Takes the answering of org.freedesktop.DBus.Peer.Ping on @bus over. Use in the thread of the default main
 * context. */
CtlPing *ctl_ping_new (GDBusConnection *bus);

/** Whether pings are answered (at first they are). Those that were held back are answered when it turns TRUE.
 */
void ctl_ping_set_answering (CtlPing *self, gboolean answering);

/** Gives the answering back to GDBus; a Ping that is held back stays without an answer. */
void ctl_ping_free (CtlPing *self);
