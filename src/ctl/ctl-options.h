/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line, split into options and words. Options may stand anywhere; which ones fit a command is
 * for the command table to say.
 */
#pragma once

#include <gio/gio.h>

/** The options that belong to some commands only. */
typedef enum {
  CTL_OPTION_REPLACE = 1 << 0,
  CTL_OPTION_CA = 1 << 1,
  CTL_OPTION_CERT = 1 << 2,
  CTL_OPTION_KEY = 1 << 3,
  CTL_OPTION_MODULE = 1 << 4,
  CTL_OPTION_LINGER = 1 << 5,
  CTL_OPTION_PRIORITY = 1 << 6,
  CTL_OPTION_QUEUE_TIMEOUT = 1 << 7,
  CTL_OPTION_IDLE_TIMEOUT = 1 << 8,
  CTL_OPTION_MAX_HOLD = 1 << 9,
  CTL_OPTION_IGNORE = 1 << 10,
  CTL_OPTION_RECEIVE_BUFFER = 1 << 11,
} CtlOptionFlags;

typedef struct {
  GBusType bus;
  gboolean json;
  gboolean help;
  gboolean version;
  gboolean replace;
  gboolean ignore;
  char *ca_file;
  char *cert_file;
  char *key_file;
  char *module;
  char *priority; /* these as they stood there */
  char *queue_timeout;
  char *idle_timeout;
  char *max_hold;
  char *receive_buffer;
  guint linger_ms;
  CtlOptionFlags given; /* those of CtlOptionFlags that stood there */
  char **words;         /* never NULL; all of them UTF-8 */
} CtlOptions;

/** Parses @argv (unchanged, without the program's name being looked at). Fails with CTL_ERROR_USAGE. */
CtlOptions *ctl_options_parse (char *const *argv, GError **error);

/** The spelling of the first option in @flags, such as "--ca". Static. */
const char *ctl_options_get_name (CtlOptionFlags flags);

/** The lines of help on the options in @flags and on the global ones. */
char *ctl_options_describe (CtlOptionFlags flags);

void ctl_options_free (CtlOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlOptions, ctl_options_free)

/** Parses a whole number from @min to @max; what is more than 32 bits wide has no limit worth a word. @what
 * names it in the error, which is CTL_ERROR_USAGE. */
gboolean ctl_options_parse_number (const char *text, const char *what, guint64 min, guint64 max,
                                   guint64 *ret_number, GError **error);
