/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers for connections: never the same again, not even after a crash. Numbers are set aside in blocks on
 * the disk, so that most opens write nothing.
 */
#pragma once

#include <glib.h>

#include "state-dir.h"

#define CONNECTION_NUMBER_BLOCK 100

typedef struct ConnectionNumber ConnectionNumber;

/** Goes on behind all numbers that were ever set aside. MSSL_ERROR_STORAGE. @state_dir must outlive it. */
ConnectionNumber *connection_number_new (StateDir *state_dir, GError **error);
void connection_number_free (ConnectionNumber *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConnectionNumber, connection_number_free)

/** The next number, at least 1; 0 with MSSL_ERROR_STORAGE. */
guint64 connection_number_take (ConnectionNumber *self, GError **error);
