/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File descriptors that are kept for the next daemon, one for each slot of a port. Never looks into them.
 */
#pragma once

#include <gio/gio.h>

typedef struct HolderJournals HolderJournals;

/** All slots are empty. */
HolderJournals *holder_journals_new (void);
void holder_journals_free (HolderJournals *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HolderJournals, holder_journals_free)

/** @fd (taken; -1: none) takes the place of what was in @slot. There are HOLDER_MESSAGE_JOURNALS_MAX; for
 * another one @fd is closed. */
void holder_journals_set (HolderJournals *self, guint slot, int fd);

/** All slots are empty. */
void holder_journals_clear (HolderJournals *self);

/** Sends each as a HOLDER_MESSAGE_JOURNAL of @device to @socket; they are kept. Errors: those of
 * holder_message_send(). */
gboolean holder_journals_send (HolderJournals *self, const char *device, GSocket *socket, GError **error);
