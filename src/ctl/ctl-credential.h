/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands on credentials. Each is a `CtlCommandFunc`. Files are opened here, with the caller's rights,
 * and reach the daemon as file descriptors; what is in them is not looked at and not kept.
 */
#pragma once

#include "ctl-options.h"

gboolean ctl_credential_list (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name. */
gboolean ctl_credential_show (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name. Takes the options for files and --replace. */
gboolean ctl_credential_import (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name. */
gboolean ctl_credential_delete (const CtlOptions *options, char *const *arguments, GError **error);
