/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From one group of the configuration to a Module that core can run: how its port is claimed and which driver
 * sits on it.
 */
#pragma once

#include "at-trace.h"
#include "daemon-config.h"
#include "mm-modems.h"
#include "module.h"

/** A module that is not started. @modems, @ledger and @trace (or NULL) must outlive it. */
Module *daemon_port_new_module (DaemonConfigModule *config, MmModems *modems, Ledger *ledger,
                                const char *holder_path, AtTrace *trace);
