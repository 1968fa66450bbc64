/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * AT+QSSLCFG (the note, 2.3.1): the settings and certificates of each SSL slot. Must not know of connections.
 */
#pragma once

#include <glib.h>

#include "sim-command.h"
#include "sim-dialogue.h"
#include "sim-nvram.h"
#include "sim-switch.h"

#define SIM_SSLCFG_MAX_SLOTS 5

typedef enum {
  SIM_SSLCFG_SECLEVEL,
  SIM_SSLCFG_SSLVERSION,
  SIM_SSLCFG_SEND_FORMAT,
  SIM_SSLCFG_RECV_FORMAT,
  SIM_SSLCFG_TIMEOUT_S,
  SIM_SSLCFG_DEBUG,
  SIM_SSLCFG_DTLS,
  SIM_SSLCFG_DTLSVERSION,
  SIM_SSLCFG_N_NUMBERS
} SimSslcfgNumber;

typedef enum {
  SIM_SSLCFG_CACERT,
  SIM_SSLCFG_CLIENTCERT,
  SIM_SSLCFG_CLIENTKEY,
  SIM_SSLCFG_N_FILES
} SimSslcfgFile;

typedef struct SimSslcfg SimSslcfg;

/* All that it is given must outlive it. Certificates are read from nvram. Owned by the caller. */
SimSslcfg *sim_sslcfg_new (SimDialogue *dialogue, SimNvram *nvram, const SimSwitch *switches);
void sim_sslcfg_free (SimSslcfg *self);

SimResult sim_sslcfg_command (SimSslcfg *self, const SimCommand *command);

gint sim_sslcfg_get_number (const SimSslcfg *self, guint slot, SimSslcfgNumber number);

/* A new reference, or NULL when that file is missing or empty. */
GBytes *sim_sslcfg_get_file (const SimSslcfg *self, guint slot, SimSslcfgFile file);

/* Back to the defaults; certificates stay. */
void sim_sslcfg_reset (SimSslcfg *self);
void sim_sslcfg_reset_seclevel (SimSslcfg *self);

/* The first two arguments of every SSL write command. FALSE: they name no slot that works. */
gboolean sim_sslcfg_get_slot (const SimSwitch *switches, const SimCommand *command, guint *ret_slot);

/* The ranges of ids in the test commands, such as "(0),(0)". Owned by the caller; NULL: answer ERROR. */
char *sim_sslcfg_describe_ids (const SimSwitch *switches);
