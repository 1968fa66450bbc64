/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A port that the holder has opened and writes for us: we read it ourselves, unless it is watched. When the
 * link to the holder breaks, the port hangs up.
 */
#pragma once

#include "serial-port.h"

/** HeldPortFacts: @uid is empty when ModemManager had nothing to let go of; @note is what the holder was told
 * when it opened the port. */
typedef struct {
  char *device;
  char *uid;
  char *note;
} HeldPortFacts;

void held_port_facts_clear (HeldPortFacts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeldPortFacts, held_port_facts_clear)

/**
 * Asks the holder at @socket_path for the port. The result is a port, which was opened or was held over from
 * an earlier life of ours. @uid: what ModemManager has to let go of before, or NULL. @note: a text for our
 * next life. Errors: those of serial_port_open(), what ModemManager says (a remote error), and
 * G_IO_ERROR_CONNECTION_REFUSED when there is no holder.
 */
void
held_port_open_async (const char *socket_path, const char *uid, const char *note,
                      const SerialPortSettings *settings, GAsyncReadyCallback callback, gpointer user_data);

/** As held_port_open_async(), for a port that was held over and for no other: whose note begins with @note;
 * the device of @settings may be NULL for any. G_IO_ERROR_NOT_FOUND when there is none. */
void held_port_resume_async (const char *socket_path, const char *note, const SerialPortSettings *settings,
                             GAsyncReadyCallback callback, gpointer user_data);

/** The end of either; @ret_facts (may be NULL) is to be cleared. */
SerialPort *held_port_open_finish (GAsyncResult *result, HeldPortFacts *ret_facts, GError **error);

/** HeldJournal: what serial_port_keep_journal() gave to the holder for @slot of the port of @device; @fd is a
 * descriptor of the same open file. */
typedef struct {
  char *device;
  guint slot;
  int fd;
} HeldJournal;

/** Closes its descriptor, unless that is -1. */
void held_port_journal_free (HeldJournal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeldJournal, held_port_journal_free)

/**
 * The journals of all ports that are held over, whose settings do not matter; to be unreffed, with what is in
 * it. *@ret_notes: the notes of these ports, also of those without a journal. The holder keeps them on.
 * Waits, for @timeout_ms at most. Errors: G_IO_ERROR_CONNECTION_REFUSED when there is no holder, TIMED_OUT,
 * CLOSED and whatever else a socket may say, FAILED for an answer that makes no sense.
 */
GPtrArray *held_port_recall (const char *socket_path, guint timeout_ms, GStrv *ret_notes, GError **error);

/** ModemManager gets @device back, which nobody has open. Errors: as above. */
void held_port_give_async (const char *socket_path, const char *device, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean held_port_give_finish (GAsyncResult *result, GError **error);
