/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The overview: one command that shows all that matters of the daemon.
 */
#pragma once

#include "ctl-options.h"

/** A `CtlCommandFunc` without arguments. */
gboolean ctl_status_run (const CtlOptions *options, char *const *arguments, GError **error);
