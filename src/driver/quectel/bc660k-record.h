/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of a slot's connection is noted in its journal, so that a later life of the daemon can go on with it:
 * who keeps the port reads it then, and keeps what it has read until it is noted. Knows no state of a
 * connection.
 */
#pragma once

#include "at-command.h"
#include "connection-journal.h"
#include "module-driver.h"

struct Bc660kDriver;

/** Bc660kRecord: lies inside the struct of its owner; all fields are private. */
typedef struct {
  struct Bc660kDriver *driver;
  guint slot;
  ConnectionJournal *journal; /* NULL for none */
  GBytes *piece;              /* of the send that waits, or is under way */
  guint stage;                /* of that; above #CONNECTION_JOURNAL_NO_STAGE: one more than the AtStage */
  gboolean frozen;            /* what comes now shall come again */
  guint64 known;              /* what came up to here is known from an earlier life; 0 for nothing */
} Bc660kRecord;

void bc660k_record_init (Bc660kRecord *self, struct Bc660kDriver *driver, guint slot);
void bc660k_record_dispose (Bc660kRecord *self);

/** Before anything is written for an open. @journal: NULL for none. Nothing is noted where nobody keeps the
 * port. */
void bc660k_record_prepare (Bc660kRecord *self, ConnectionJournal *journal);

/** Inside the event of the open's success. */
void bc660k_record_begin (Bc660kRecord *self);

/** Nobody shall go on with the connection: before it is closed, or when it has ended. */
void bc660k_record_end (Bc660kRecord *self);

/** A later life goes on with it. */
void bc660k_record_leave (Bc660kRecord *self);

/** The connection is ending by itself: what comes from now on leads a later life to the same end. */
void bc660k_record_freeze (Bc660kRecord *self);

/** Before anybody sees @data. */
void bc660k_record_note_received (Bc660kRecord *self, GBytes *data);

/** @command is about to be run; it sends @piece. */
void bc660k_record_follow (Bc660kRecord *self, AtCommand *command, GBytes *piece);

/** Inside the event that confirms it, before anybody sees that. */
void bc660k_record_note_confirmed (Bc660kRecord *self);

/** Whether the event that is being handled was noted by an earlier life. */
gboolean bc660k_record_is_known (const Bc660kRecord *self);

/** Goes on with @adoption; *@ret_stage and *@ret_piece (borrowed): the send that was under way and what the
 * module was last seen to say about it; NULL for none. CLOSE_REASON_MODULE_LOST when it cannot be proved that
 * nothing is missing. */
gboolean bc660k_record_adopt (Bc660kRecord *self, const ModuleAdoption *adoption, AtStage *ret_stage,
                              GBytes **ret_piece, GError **error);

/** All that is to be adopted was: what is known is not read again, and where nothing was adopted nobody needs
 * to keep anything. Nor the journals of what was not. */
void bc660k_record_settle (struct Bc660kDriver *driver);

/** Behind each piece of input: lets go of what is noted, and of the port when nothing will be noted. */
void bc660k_record_catch_up (struct Bc660kDriver *driver);
