/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line of modemssld.
 */
#pragma once

#include <gio/gio.h>

/** DaemonOptions: @trace is NULL without --trace; @log_level is the least important one that is shown. */
typedef struct {
  GBusType bus;
  char *config;
  char *state_dir;
  GLogLevelFlags log_level;
  char *holder;
  char *trace;
  gboolean show_version;
} DaemonOptions;

/** Reads @argv. G_OPTION_ERROR or G_IO_ERROR_INVALID_ARGUMENT, with a message that names the option. */
gboolean daemon_options_parse (DaemonOptions *ret_self, int argc, char **argv, GError **error);
void daemon_options_clear (DaemonOptions *self);
