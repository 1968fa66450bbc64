/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See holder-journals.h.
 */
#include "holder-journals.h"

#include <unistd.h>

#include "holder-message.h"

struct HolderJournals {
  int fds[HOLDER_MESSAGE_JOURNALS_MAX];
};

void
holder_journals_set (HolderJournals *self, guint slot, int fd)
{
  int former = fd;

  if (slot < HOLDER_MESSAGE_JOURNALS_MAX) {
    former = self->fds[slot];
    self->fds[slot] = fd;
  }
  if (former >= 0)
    close (former);
}

void
holder_journals_clear (HolderJournals *self)
{
  for (guint slot = 0; slot < HOLDER_MESSAGE_JOURNALS_MAX; slot++)
    holder_journals_set (self, slot, -1);
}

gboolean
holder_journals_send (HolderJournals *self, const char *device, GSocket *socket, GError **error)
{
  for (guint slot = 0; slot < HOLDER_MESSAGE_JOURNALS_MAX; slot++) {
    if (self->fds[slot] >= 0
        && !holder_message_send_value (socket, HOLDER_MESSAGE_JOURNAL,
                                       g_variant_new (HOLDER_MESSAGE_JOURNAL_TYPE, device, slot),
                                       self->fds[slot], error))
      return FALSE;
  }
  return TRUE;
}

HolderJournals *
holder_journals_new (void)
{
  HolderJournals *self = g_new (HolderJournals, 1);

  for (guint slot = 0; slot < HOLDER_MESSAGE_JOURNALS_MAX; slot++)
    self->fds[slot] = -1;
  return self;
}

void
holder_journals_free (HolderJournals *self)
{
  holder_journals_clear (self);
  g_free (self);
}
