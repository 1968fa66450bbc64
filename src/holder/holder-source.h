/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a port comes from and goes to: ModemManager lets go of the modem before the tty is opened, and gets
 * it back at the end. Knows no daemon.
 */
#pragma once

#include <gio/gio.h>

#include "serial-port.h"

typedef struct HolderSource HolderSource;

/** The end of holder_source_open(), perhaps inside of it: @port (taken), or NULL with @error. */
typedef void (*HolderSourceOpenedFunc) (SerialPort *port, const GError *error, gpointer user_data);

/** The end of holder_source_give(), perhaps inside of it. */
typedef void (*HolderSourceGivenFunc) (gpointer user_data);

/** @bus: where ModemManager is. @uid: what it has to let go of, or an empty text. @settings must outlive it.
 */
HolderSource *
holder_source_new (GDBusConnection *bus, const char *uid, const SerialPortSettings *settings,
                   HolderSourceOpenedFunc opened, HolderSourceGivenFunc given, gpointer user_data);

/** No function is called any more that was not called inside. Not while it gives back. */
void holder_source_free (HolderSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderSource, holder_source_free)

const char *holder_source_get_uid (HolderSource *self);

/** Opens the port, which may have been opened and closed before. Errors: those of serial_port_open() and what
 * ModemManager says. */
void holder_source_open (HolderSource *self);

/** Whether ModemManager goes without the modem. */
gboolean holder_source_is_taken (HolderSource *self);

/** ModemManager gets the modem back, unless it has it. The port is closed. */
void holder_source_give (HolderSource *self);
