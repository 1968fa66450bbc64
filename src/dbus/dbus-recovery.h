/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of a module that say how it is brought back.
 */
#pragma once

#include "module-recovery.h"
#include "mssl-skeletons.h"

/** Sets RecoveryStep, RecoveryCounters and BreakerOpenUntil as they are now. */
void dbus_recovery_show (ModuleRecovery *recovery, MsslDBusModule *skeleton);
