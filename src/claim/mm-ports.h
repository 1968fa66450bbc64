/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which ports ModemManager uses now, from libmm-glib's own copy of its objects: asking costs no round trip.
 * Where ModemManager is not running, or the build is without it, no port is its.
 */
#pragma once

#include <gio/gio.h>

typedef struct MmPorts MmPorts;

/** Connects to the system bus and reads ModemManager's objects; never starts it. Never fails. */
void mm_ports_new_async (GAsyncReadyCallback callback, gpointer user_data);
MmPorts *mm_ports_new_finish (GAsyncResult *result);
void mm_ports_free (MmPorts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MmPorts, mm_ports_free)

/**
 * Whether ModemManager has a modem that uses the tty @device (a path; symbolic links are followed). Ports
 * that it lists as ignored are not in use. @ret_modem is then the object path of the modem, to be freed.
 */
gboolean mm_ports_uses (MmPorts *self, const char *device, char **ret_modem);
