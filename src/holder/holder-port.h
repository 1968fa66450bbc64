/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One port that is held, and what is done with it while no daemon has it: what the module waits for is given
 * to it, what it says is kept, and after a while it gets the farewell and is let go. Knows no socket's path
 * and no vendor; of what the module says it looks for a prompt, and only to know when to go on.
 */
#pragma once

#include <gio/gio.h>

#include "holder-farewell.h"
#include "serial-port.h"

typedef struct HolderPort HolderPort;

/** The port is closed, nobody has it: free it. Runs from the main loop. */
typedef void (*HolderPortGoneFunc) (HolderPort *port, gpointer user_data);

/**
 * HolderPortTiming: in milliseconds.
 * @grace_ms: how long a daemon may take to come back.
 * @spare_ms: how long ModemManager goes without a modem whose port was released; more than the daemon waits
 * before it opens a port again.
 * @prompt_ms: for a prompt; the daemon may have seen it already.
 */
typedef struct {
  guint grace_ms;
  guint spare_ms;
  guint prompt_ms;
  HolderFarewellTiming farewell;
} HolderPortTiming;

/** 20 s, 60 s, 5 s; 3 s, 0.3 s, 6. */
extern const HolderPortTiming holder_port_timing_default;

/** Where ModemManager is: the bus, or NULL without one. */
typedef struct {
  GDBusConnection *bus;
  const HolderPortTiming *timing;
  HolderPortGoneFunc gone;
  gpointer gone_data;
} HolderPortConfig;

/** A port that is not open yet. @uid: what ModemManager has to let go of, or an empty text. @note: what the
 * next daemon is told. What @config points to must outlive it. */
HolderPort *holder_port_new (const HolderPortConfig *config, const SerialPortSettings *settings,
                             const char *uid, const char *note);

/** Closes the port as it is. */
void holder_port_free (HolderPort *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderPort, holder_port_free)

/** Hears what its daemon has said so far, and whether it has died: the next may be heard of first. */
void holder_port_catch_up (HolderPort *self);

/** FALSE for a port that has been let go. */
gboolean holder_port_has_device (HolderPort *self, const char *device);

/** Whether a daemon has died and left it. */
gboolean holder_port_is_held_over (HolderPort *self);

/** The journals that are kept of it, as holder_journals_send(). */
gboolean holder_port_send_journals (HolderPort *self, GSocket *guest, GError **error);

/** Whether it is, or can be, as wanted: closed, or open with these settings. */
gboolean holder_port_fits (HolderPort *self, const SerialPortSettings *settings);

/** What was given to holder_port_new(). */
const char *holder_port_get_uid (HolderPort *self);
const char *holder_port_get_note (HolderPort *self);

/** Opens the port, unless it is open, and gives it to the daemon at the other end of @link; it hears of it as
 * soon as the module waits for nothing. Any daemon that had it has it no more. Not for a port that has been
 * let go. */
void holder_port_attach (HolderPort *self, GSocket *link);

/** ModemManager gets its modem back, unless a daemon has the port. The other end of @link hears when it has.
 */
void holder_port_give (HolderPort *self, GSocket *link);

/** Nobody comes back any more: the farewell is said now, or as soon as no daemon has the port. */
void holder_port_hurry (HolderPort *self);
