/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether udev has finished with a port: only then do its owner, mode, links and properties hold, by which
 * other programs know whether it is theirs. Tells also of udev's events, where they are to be had.
 */
#pragma once

#include "port-path.h"

/** Where udevd keeps what it knows. */
#define PORT_UDEV_DATA "/run/udev/data"

typedef struct PortUdev PortUdev;

/** Runs from the main loop: udev has done something with a tty. */
typedef void (*PortUdevFunc) (gpointer user_data);

/** @data: PORT_UDEV_DATA, static; udevd does not run where there is no such directory. */
PortUdev *port_udev_new (const char *data, PortUdevFunc changed, gpointer user_data);
void port_udev_free (PortUdev *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PortUdev, port_udev_free)

/**
 * FALSE while udev still works on what stands at the end of @path. TRUE for what it does not manage (a
 * pseudo-terminal), where it does not run, and in a build without it. Do not rely on @changed for the moment
 * when this becomes TRUE: a process with a network of its own gets no event (systemd.exec(5),
 * PrivateNetwork).
 */
gboolean port_udev_is_settled (PortUdev *self, const PortPath *path);
