/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line of modemssl-sim. */
#pragma once

#include <glib.h>

#include "sim-switch.h"

typedef struct {
  char *link;
  char *nvram;  /* NULL: none */
  char *faults; /* NULL: none */
  char *replay; /* NULL: none */
  char *log;    /* NULL: none */
  guint baud;   /* 0: no pace */
  gboolean version;
  gboolean has_module_options; /* a switch was set that is none of --replay */
  SimSwitch *switches;
} SimOptions;

/* Takes the arguments that it knows out of argv; --help ends the program. Errors of G_OPTION_ERROR. Owned by
 * the caller. */
SimOptions *sim_options_new (int *argc, char ***argv, GError **error);
void sim_options_free (SimOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimOptions, sim_options_free)
