/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pseudo-terminal that behaves like the port of a UART: it can be closed and opened again by anybody, what
 * is sent while nobody has it open is not delivered later, and it forgets TIOCEXCL at the last close. Owns
 * the symbolic link to it. Must not know what is said over it. */
#pragma once

#include <glib.h>

typedef struct SimPty SimPty;

/* Makes the pty, fully raw, and the link, which replaces a link but nothing else. The rate of the port is
 * that of a fresh UART, 9600. Errors of G_FILE_ERROR. Owned by the caller; freeing it removes the link. */
SimPty *sim_pty_new (const char *link_path, GError **error);
void sim_pty_free (SimPty *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimPty, sim_pty_free)

/* The module's side, non-blocking. Stays the pty's. */
int sim_pty_get_fd (const SimPty *self);

/* The func runs after each last close, from the main loop or from sim_pty_update(). */
typedef void (*SimPtyFunc) (gpointer user_data);
void sim_pty_set_closed_func (SimPty *self, SimPtyFunc func, gpointer user_data);

/* Learns at once who has opened and closed the port: call it before bytes of the host are read, because the
 * bytes of a host must not be seen before its open. */
void sim_pty_update (SimPty *self);
gboolean sim_pty_has_users (const SimPty *self);

/* The rate that the host has set, baud; 0 for one that no UART of this module knows. */
guint sim_pty_get_host_baud (const SimPty *self);

/* Whether bytes wait in the port that the host has not read yet. */
gboolean sim_pty_has_unread (const SimPty *self);
