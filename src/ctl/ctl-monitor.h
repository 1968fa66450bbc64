/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Follows what the daemon tells everybody.
 */
#pragma once

#include "ctl-options.h"

/**
 * A `CtlCommandFunc` without arguments. Runs a main loop until a signal ends the program or standard output
 * is gone.
 */
gboolean ctl_monitor_run (const CtlOptions *options, char *const *arguments, GError **error);
