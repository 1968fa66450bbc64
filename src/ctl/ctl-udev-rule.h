/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The udev rule that gives a serial port to ModemManager, or keeps ModemManager off it. Asks the kernel what
 * the port is, and no daemon.
 */
#pragma once

#include "ctl-options.h"

/** A `CtlCommandFunc`. @arguments: the path of a serial port. */
gboolean ctl_udev_rule_print (const CtlOptions *options, char *const *arguments, GError **error);
