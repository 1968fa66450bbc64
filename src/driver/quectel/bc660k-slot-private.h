/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of a slot share. Only bc660k-slot*.c may include this.
 */
#pragma once

#include "bc660k-confirm.h"
#include "bc660k-opening.h"
#include "bc660k-private.h"

typedef enum {
  SLOT_FREE,
  SLOT_CONFIGURING, /* waking the module, settings, credentials */
  SLOT_OPENING,     /* AT+QSSLOPEN was given */
  SLOT_OPEN,
  SLOT_PEER_CLOSED, /* "closed" has come; the last data may follow */
  SLOT_CLOSING,     /* AT+QSSLCLOSE was given */
} SlotState;

struct Bc660kSlot {
  Bc660kDriver *driver; /* not owned: the driver frees its slots */
  guint number;
  SlotState state;
  TlsSettings settings;   /* of the present or last connection */
  Bc660kOpening *opening; /* while configuring */
  gboolean open_pending;  /* AT+QSSLOPEN was given and its result has not come */
  gboolean close_pending; /* AT+QSSLCLOSE was given and neither refused nor done */
  gboolean came_up;       /* the open succeeded while it was being closed */
  gboolean given_up;      /* the result of an earlier open never came, and may still */
  gboolean connected;     /* the open has succeeded; the listener is owed a closed event */
  GTask *open_task;
  GTask *send_task;
  GPtrArray *close_tasks; /* whoever waits for the end of the close */
  GError *closing_reason; /* why the driver itself closes */
  Bc660kConfirm confirm;
  Bc660kRecord record;
  Timer timer; /* result of open or close; or the grace */
};

/** The only writer of the state. @timeout_ms is how long it may last; 0 for as long as it likes. */
void bc660k_slot_set_state (Bc660kSlot *self, SlotState state, guint timeout_ms);

/** For a result. The module keeps its time-out itself for TLS only (note 2.3.1), so for DTLS this one is
 * exact. */
guint bc660k_slot_get_timeout_ms (Bc660kSlot *self);

/** Returns *@task, if there is one, which is none any more; @error is taken, NULL when it succeeded. */
void bc660k_slot_return_task (GTask **task, GError *error);

/** The driver ends a connection by itself because of @error (taken): closes it in the module, then tells. */
void bc660k_slot_close_because (Bc660kSlot *self, GError *error);

/** Open and send wait for the network, so with them no answer is a time-out; with all else the module itself
 * is silent. */
GError *bc660k_slot_translate (const GError *error, const char *what);

/** bc660k-slot-send.c: what became of the send under way; a #Bc660kConfirmed. */
void bc660k_slot_handle_confirmed (gboolean in_time, int result, gpointer user_data);
