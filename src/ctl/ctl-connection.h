/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands on connections that others opened. Each is a `CtlCommandFunc`.
 */
#pragma once

#include "ctl-options.h"

gboolean ctl_connection_list (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a number. */
gboolean ctl_connection_show (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a number. */
gboolean ctl_connection_close (const CtlOptions *options, char *const *arguments, GError **error);
