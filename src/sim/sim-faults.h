/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A script of faults (--faults FILE): what goes wrong, and where in the module's output. Must not know how a
 * fault is done. */
#pragma once

#include <glib.h>

typedef enum {
  SIM_FAULT_DROP,
  SIM_FAULT_DELAY,
  SIM_FAULT_GARBLE,
  SIM_FAULT_CUT,
  SIM_FAULT_LOSE,
  SIM_FAULT_INSERT,
  SIM_FAULT_REPLACE,
  SIM_FAULT_SLEEP,
  SIM_FAULT_DEEP_SLEEP,
  SIM_FAULT_LOSE_NETWORK,
  SIM_FAULT_FIND_NETWORK,
  SIM_FAULT_SILENCE,
  SIM_FAULT_RESTART,
  SIM_FAULT_HANG_UP,
} SimFaultKind;

/* number: milliseconds or bytes; text: a line. Only what the kind needs is set. */
typedef struct {
  SimFaultKind kind;
  guint number;
  const char *text;
} SimFault;

typedef struct SimFaults SimFaults;

/* path NULL: no faults. Errors of G_FILE_ERROR, or G_OPTION_ERROR_BAD_VALUE that names the line. Owned by the
 * caller. */
SimFaults *sim_faults_new (const char *path, GError **error);
void sim_faults_free (SimFaults *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimFaults, sim_faults_free)

/* The module is about to say the line: the fault that happens to it, or NULL. Each happens once. */
const SimFault *sim_faults_take_line (SimFaults *self, const guint8 *line, gsize length);

/* The module is about to send length bytes, the first of which is byte number start (from 0): the first fault
 * among them, which happens before byte start + *ret_offset; or NULL. Each happens once. */
const SimFault *sim_faults_take_byte (SimFaults *self, guint64 start, gsize length, gsize *ret_offset);

/* How a script is written, as text for --help. Owned by the caller. */
char *sim_faults_describe (void);
