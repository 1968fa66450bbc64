/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a later life of the daemon must know to go on with a connection: records at the end of a file without
 * a name, which somebody else keeps open. Each record is one write and is there before what it tells of can
 * be seen from outside. Knows neither who keeps the file nor what a connection is.
 */
#pragma once

#include <glib.h>

typedef struct ConnectionJournal ConnectionJournal;

/** A journal may hold twice as much as what it tells, and this much beside, before it is written anew. */
#define CONNECTION_JOURNAL_SLACK_BYTES (256 * 1024)

/** No send is under way. Other stages are the driver's own. */
#define CONNECTION_JOURNAL_NO_STAGE 0

/**
 * ConnectionJournalPast: what a journal tells.
 * @facts: what connection_journal_new() was given.
 * @position: behind what the port has said and what is taken into account here (serial_port_get_position()).
 * @stage: how far the send under way was at @position.
 * @sending: the bytes of that send, NULL for none.
 * @ordinal: of that send, as the driver counts.
 * @confirmed: how many bytes were confirmed before.
 * @received: how many bytes were received, from the first.
 * @pieces: of those the ones that were not let go of, as they came: GBytes; the last one ends at @received.
 */
typedef struct {
  GVariant *facts;
  guint64 position;
  guint stage;
  GBytes *sending;
  guint64 ordinal;
  guint64 confirmed;
  guint64 received;
  GPtrArray *pieces;
} ConnectionJournalPast;

void connection_journal_past_free (ConnectionJournalPast *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConnectionJournalPast, connection_journal_past_free)

/** Keeps @fd (borrowed), in the place of one that it kept before; -1: keeps none any more. FALSE when it
 * cannot. */
typedef gboolean (*ConnectionJournalKeepFunc) (int fd, gpointer user_data);

/** A journal without a file: nothing is noted until connection_journal_begin(). @facts: any value (floating,
 * consumed). */
ConnectionJournal *connection_journal_new (GVariant *facts);

/** Goes on with the file @fd (taken) of an earlier life; what it tells is in *@ret_past.
 * G_IO_ERROR_INVALID_DATA when it tells nothing of use, or its end. */
ConnectionJournal *connection_journal_resume (int fd, ConnectionJournalPast **ret_past, GError **error);

ConnectionJournal *connection_journal_ref (ConnectionJournal *self);

/** The file goes with the last reference, unless somebody keeps it. */
void connection_journal_unref (ConnectionJournal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConnectionJournal, connection_journal_unref)

/** From now on everything is noted, beginning with @position. FALSE when there can be no file or @keep does
 * not keep it: then nothing is, for ever. A journal that was resumed is kept already: it only gets a new
 * keeper. */
gboolean connection_journal_begin (ConnectionJournal *self, guint64 position, ConnectionJournalKeepFunc keep,
                                   gpointer user_data);

/** Nobody shall go on with the connection: the file is kept no more, and nothing is noted from now on. Who
 * finds the file all the same finds that, also when nobody could be told to keep it no more. */
void connection_journal_end (ConnectionJournal *self);

/** A later life goes on: nothing is noted from now on, and the file is kept. */
void connection_journal_leave (ConnectionJournal *self);

/** Whether it has ended, or was left: nothing will be noted any more. */
gboolean connection_journal_is_over (const ConnectionJournal *self);

/** Whether a later life would find everything. */
gboolean connection_journal_is_kept (const ConnectionJournal *self);

/** Of the last record. */
guint64 connection_journal_get_position (const ConnectionJournal *self);

/** Each of these is one record, and does nothing while nothing is noted; a journal that cannot be written
 * ends. */
void connection_journal_note_position (ConnectionJournal *self, guint64 position, guint stage);
void connection_journal_note_received (ConnectionJournal *self, guint64 position, guint stage, GBytes *data);
void connection_journal_note_sending (ConnectionJournal *self, guint64 position, guint stage, GBytes *data,
                                      guint64 ordinal);
void connection_journal_note_confirmed (ConnectionJournal *self, guint64 position);

/** The receiver needs nothing below @offset any more. */
void connection_journal_note_let_go (ConnectionJournal *self, guint64 offset);
