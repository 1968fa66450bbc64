/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The keys of a [module NAME] group that say how a module is brought back, and from them what core needs.
 */
#pragma once

#include "module-recovery.h"
#include "power-cycle.h"

/**
 * DaemonRecovery: daemon_recovery_init() gives the defaults.
 * @failures: `recovery-failures=`, 0 to 100; 0: nothing is done. Default 2.
 * @interval_s: `recovery-interval=`, 1 to 604800. Default 21600.
 * @max_resets: `recovery-limit=`, 0 to 100. Default 6.
 * @doubt_limit: `recovery-doubt=`, the name of a step. Default cfun.
 * @breaker_failures: `breaker-failures=`, 0 to 1000; 0: never. Default 5.
 * @breaker_delay_s, @breaker_max_delay_s: `breaker-delay=`, `breaker-delay-max=`, 1 to 86400. Default 60,
 * 900.
 * @power_command: `power-cycle-command=`, NULL when there is none.
 * @power_timeout_s: `power-cycle-timeout=`, 1 to 600. Default 30.
 */
typedef struct {
  guint failures;
  guint interval_s;
  guint max_resets;
  RecoveryStep doubt_limit;
  guint breaker_failures;
  guint breaker_delay_s;
  guint breaker_max_delay_s;
  char *power_command;
  guint power_timeout_s;
} DaemonRecovery;

/** Its keys, for a message. */
#define DAEMON_RECOVERY_KEYS                                                                                \
  "recovery-failures, recovery-interval, recovery-limit, recovery-doubt, breaker-failures, breaker-delay, " \
  "breaker-delay-max, power-cycle-command, power-cycle-timeout"

void daemon_recovery_init (DaemonRecovery *self);
void daemon_recovery_clear (DaemonRecovery *self);
gboolean daemon_recovery_equal (const DaemonRecovery *self, const DaemonRecovery *other);

/** Takes the value of @key. TRUE: it is one of these keys, and *@ret_problem says what is wrong with the
 * value, or is NULL. */
gboolean daemon_recovery_take (DaemonRecovery *self, const char *key, const char *value, char **ret_problem);

/** For core; @power is used when there is a command. */
ModuleRecoveryConfig daemon_recovery_make_config (const DaemonRecovery *self, const ModulePower *power);
