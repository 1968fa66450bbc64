/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs the integrator's command that cuts a module's power: without a shell, for a limited time.
 */
#pragma once

#include <gio/gio.h>

/** What the command finds in its environment. */
#define POWER_CYCLE_ENV_MODULE "MODEMSSL_MODULE"
#define POWER_CYCLE_ENV_DEVICE "MODEMSSL_DEVICE"

/**
 * PowerCycle:
 * @command: words, quoted as in a shell; the first is an absolute path.
 * @module, @device: name and port of the module, for the environment.
 * @timeout_s: then it is killed, with all that it has started.
 */
typedef struct {
  const char *command;
  const char *module;
  const char *device;
  guint timeout_s;
} PowerCycle;

/** G_IO_ERROR_INVALID_ARGUMENT or G_SHELL_ERROR when @command cannot be one. */
gboolean power_cycle_check (const char *command, GError **error);

/** @cancellable: it is left alone and no longer waited for. */
void power_cycle_run_async (const PowerCycle *config, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);

/** TRUE when it has ended with status 0. */
gboolean power_cycle_run_finish (GAsyncResult *result, GError **error);
