/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The configuration file: one [module NAME] group for each port, and the group [limits]. Read whole or
 * refused whole, with the line and the key that are wrong.
 */
#pragma once

#include "claim.h"
#include "daemon-recovery.h"
#include "quotas.h"

#define DAEMON_CONFIG_ERROR (daemon_config_error_quark ())
GQuark daemon_config_error_quark (void);

/** All errors of this file are DAEMON_CONFIG_ERROR, 0, and say `FILE:LINE: …`. */
#define DAEMON_CONFIG_ERROR_INVALID 0

/** A file may not be larger, nor name more modules. */
#define DAEMON_CONFIG_MAX_BYTES (256 * 1024)
#define DAEMON_CONFIG_MAX_MODULES 64

/**
 * DaemonConfigModule: one group, with a count of references.
 * @device: `device=`, an absolute path; NULL when ModemManager is asked for it.
 * @baud_rate: `baud-rate=`, default 115200.
 * @flow_control: `flow-control=none|rts-cts`, default none.
 * @prompt_delay_ms: `prompt-delay=`, 0 to 2000, default 50.
 * @claim: `claim=auto|inhibit|ignored-port|device`, default device with a @device, else auto.
 * @imei: `imei=`, 15 digits, of the modem that ModemManager is asked for; NULL for any.
 * @sync_clock: `sync-clock=yes|no`, default yes.
 * @allow_commands: `allow-commands=`.
 * @release_when_idle_s: `release-when-idle=`, 0 (never) to 86400 seconds.
 */
typedef struct {
  char *name;
  char *device;
  guint baud_rate;
  SerialFlowControl flow_control;
  guint prompt_delay_ms;
  ClaimMode claim;
  char *imei;
  guint release_when_idle_s;
  gboolean sync_clock;
  DaemonRecovery recovery;
  gboolean allow_commands;
} DaemonConfigModule;

/** As a group that says no more than `imei=`, with a name made of that. */
DaemonConfigModule *daemon_config_module_new_found (const char *imei);
DaemonConfigModule *daemon_config_module_ref (DaemonConfigModule *self);
void daemon_config_module_unref (DaemonConfigModule *self);

/** Whether all keys and the name are the same. */
gboolean daemon_config_module_equal (const DaemonConfigModule *self, const DaemonConfigModule *other);

/** @modules: of DaemonConfigModule, in the order of the file. @quotas: the group [limits]. */
typedef struct {
  GPtrArray *modules;
  Quotas quotas;
} DaemonConfig;

/** NULL with an error when anything is wrong. */
DaemonConfig *daemon_config_load (const char *path, GError **error);
void daemon_config_free (DaemonConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DaemonConfig, daemon_config_free)
