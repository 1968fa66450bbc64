/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Passes what is in the log on to the daemon that watches the port, each byte once, and no faster than the
 * daemon listens. Who reads the port it does not know.
 */
#pragma once

#include <gio/gio.h>

#include "holder-log.h"

typedef struct HolderRelay HolderRelay;

/** Nobody is attached, nothing is watched. @log must outlive it. */
HolderRelay *holder_relay_new (HolderLog *log);
void holder_relay_free (HolderRelay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderRelay, holder_relay_free)

/** Whether what the log holds is kept until the daemon, this one or the next, needs it no more. */
gboolean holder_relay_is_watched (HolderRelay *self);

/** Whether a daemon wants the port to be read on. */
gboolean holder_relay_is_reading (HolderRelay *self);

/** The daemon at the other end of @link has got all that is in the log. */
void holder_relay_attach (HolderRelay *self, GSocket *link);

/** The daemon is gone. A watch whose end it has not been told of goes on. */
void holder_relay_detach (HolderRelay *self);

/** The daemon says so. */
void holder_relay_watch (HolderRelay *self);

/** The daemon says so; it hears when it has all, and the log is empty then. */
void holder_relay_unwatch (HolderRelay *self);

/** The daemon needs nothing below @position, of what it has been passed. */
void holder_relay_take (HolderRelay *self, guint64 position);

/** There is more in the log. */
void holder_relay_run (HolderRelay *self);

/** Nothing is watched any more; what the last daemon was passed is not kept. */
void holder_relay_reset (HolderRelay *self);
