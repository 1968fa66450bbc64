/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands on contexts. Each is a `CtlCommandFunc`.
 */
#pragma once

#include "ctl-options.h"

gboolean ctl_context_list (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name. */
gboolean ctl_context_show (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name and any number of KEY=VALUE. */
gboolean ctl_context_create (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name and one or more KEY=VALUE. */
gboolean ctl_context_set (const CtlOptions *options, char *const *arguments, GError **error);

/** @arguments: a name. */
gboolean ctl_context_delete (const CtlOptions *options, char *const *arguments, GError **error);
