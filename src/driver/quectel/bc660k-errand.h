/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A command that a person sends to the module: which may be sent, and sending it.
 */
#pragma once

#include "bc660k-private.h"

/** ModuleDriverClass.check_command and .run_command_async. */
gboolean bc660k_errand_check (ModuleDriver *base, const char *line, GError **error);
void bc660k_errand_run_async (ModuleDriver *base, const char *line, guint timeout_ms, GTask *task);
