/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a command is to the command table.
 */
#pragma once

#include "ctl-options.h"

/**
 * Runs one command. @arguments are the words behind its name, as many as the table allows; @options holds no
 * option that the table does not allow. On failure @error is of CTL_ERROR and its code is the exit status.
 */
typedef gboolean (*CtlCommandFunc) (const CtlOptions *options, char *const *arguments, GError **error);

typedef struct {
  const char *noun;    /* "context" */
  const char *verb;    /* "show"; NULL: the noun is all */
  const char *usage;   /* of the arguments and own options, for help */
  const char *summary; /* a line for help */
  guint min_arguments;
  guint max_arguments;    /* G_MAXUINT: any number */
  CtlOptionFlags allowed; /* beside the global options */
  CtlCommandFunc run;
} CtlCommand;
