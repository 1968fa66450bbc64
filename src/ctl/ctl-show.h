/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `list` and `show`, which are the same for every kind of object.
 */
#pragma once

#include "ctl-kind.h"
#include "ctl-options.h"

/** Prints all objects of a kind, as a table or as an array. */
gboolean ctl_show_list (const CtlOptions *options, const CtlKind *kind, GError **error);

/** Prints the object whose name or number is @name. */
gboolean ctl_show_one (const CtlOptions *options, const CtlKind *kind, const char *name, GError **error);

/** Shows the module of that name if it is configured but missing. */
gboolean ctl_show_missing (const CtlOptions *options, const char *name);

/** Prints all objects of a kind in full: one after the other, or as an array. */
gboolean ctl_show_all (const CtlOptions *options, const CtlKind *kind, GError **error);

/** What a command that changes something prints: nothing, or with --json the object's path. */
void ctl_show_path (const CtlOptions *options, const char *path);
