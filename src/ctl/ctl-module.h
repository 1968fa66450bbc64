/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands on modules. Each is a `CtlCommandFunc`.
 */
#pragma once

#include "ctl-options.h"

gboolean ctl_module_list (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name, or none for all modules. */
gboolean ctl_module_show (const CtlOptions *options, char *const *arguments, GError **error);
gboolean ctl_module_release (const CtlOptions *options, char *const *arguments, GError **error);
gboolean ctl_module_claim (const CtlOptions *options, char *const *arguments, GError **error);
gboolean ctl_module_reset (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name and an AT command, whose answer is printed. */
gboolean ctl_module_command (const CtlOptions *options, char *const *arguments, GError **error);
