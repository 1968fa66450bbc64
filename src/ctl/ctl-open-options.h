/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The options of Context.Open out of those of the command line.
 */
#pragma once

#include "ctl-options.h"

/** a{sv} with what was given; the caller unrefs. Fails with CTL_ERROR_USAGE. */
GVariant *ctl_open_options_new (const CtlOptions *options, GError **error);
