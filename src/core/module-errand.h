/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a person asks of the module beside connections: a restart, an AT command. Knows no slot; which command
 * may be sent is the driver's to say.
 */
#pragma once

#include "module-driver.h"

/** The longest that a command's answer may be waited for. */
#define MODULE_ERRAND_TIMEOUT_MIN_MS 100
#define MODULE_ERRAND_TIMEOUT_MAX_MS 180000

typedef struct ModuleErrand ModuleErrand;

/** A restart is over, however it ended. */
typedef void (*ModuleErrandFunc) (gpointer user_data);

/** @name: of the module; copied. */
ModuleErrand *module_errand_new (const char *name, ModuleErrandFunc done, gpointer user_data);

/** No call may be under way. */
void module_errand_free (ModuleErrand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModuleErrand, module_errand_free)

/** Whether the module is being restarted: nothing may be opened. */
gboolean module_errand_is_restarting (const ModuleErrand *self);

/** Restarts the module, whose object @task (taken) holds. The task returns a boolean, or an error of
 * MSSL_ERROR: BUSY, NOT_READY, FAILED. */
void module_errand_restart (ModuleErrand *self, ModuleDriver *driver, GTask *task);

/** Sends a command. @task (taken) returns its lines, or an error of MSSL_ERROR: INVALID_ARGUMENT, BUSY,
 * COMMAND_FAILED, NOT_READY, FAILED. */
void module_errand_send_command (ModuleErrand *self, ModuleDriver *driver, const char *command,
                                 guint timeout_ms, GTask *task);
