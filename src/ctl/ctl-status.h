/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The overview.
 */
#pragma once

#include "ctl-options.h"

/** A `CtlCommandFunc` without arguments. */
gboolean ctl_status (const CtlOptions *options, char *const *arguments, GError **error);
