/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command that carries standard input and output over a connection.
 */
#pragma once

#include "ctl-options.h"

/** A `CtlCommandFunc`. @arguments: context, host, port. Takes --module and --linger. */
gboolean ctl_connect_run (const CtlOptions *options, char *const *arguments, GError **error);
