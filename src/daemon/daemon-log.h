/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where log messages go: the journal when that is what stderr is, else stderr.
 */
#pragma once

#include <glib.h>

/** Shows messages of @level and of all more important ones. Once, before the first message. */
void daemon_log_set_level (GLogLevelFlags level);
