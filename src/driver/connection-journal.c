/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The records, and the file that is written anew when most of it is about what nobody needs any more. A
 * process that is killed may leave the last record unfinished: then nothing of what it tells was seen.
 */
#include "connection-journal.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FACTS_TYPE "v"

typedef enum {
  RECORD_FACTS = 1, /* the data are the value */
  RECORD_POSITION,
  RECORD_RECEIVED,  /* the value is the offset of the data */
  RECORD_SENDING,   /* the value is the ordinal */
  RECORD_CONFIRMED, /* the value is how many bytes, in all */
  RECORD_LET_GO,    /* the value is the offset */
  RECORD_END,       /* nobody goes on, also when the file is kept because its keeper was not told */
} RecordType;

/* In front of the data of each record. Both ends are on this machine. */
typedef struct {
  guint32 type;
  guint32 stage;
  guint64 position;
  guint64 value;
  guint64 size;
} Head;

struct ConnectionJournal {
  int ref_count;
  GVariant *facts; /* until the begin */
  int fd;          /* -1 before the begin and after the end */
  gsize size;      /* of the file */
  gsize limit;     /* at which it is written anew */
  gboolean over;
  ConnectionJournalKeepFunc keep; /* NULL for nobody */
  gpointer keep_data;

  guint64 position; /* of the last record, and its stage */
  guint stage;
  guint64 received;
  guint64 confirmed;
  gsize sending_size;
};

/* -- reading ----------------------------------------------------------------------------------------- */

void
connection_journal_past_free (ConnectionJournalPast *self)
{
  g_clear_pointer (&self->facts, g_variant_unref);
  g_clear_pointer (&self->sending, g_bytes_unref);
  g_ptr_array_unref (self->pieces);
  g_free (self);
}

static GVariant *
read_facts (GBytes *data)
{
  g_autoptr (GVariant) boxed =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (FACTS_TYPE), data, FALSE));

  return g_variant_is_normal_form (boxed) ? g_variant_get_variant (boxed) : NULL;
}

/* Of the pieces what lies below @offset; of a stream also the beginning of one. */
static void
let_go (ConnectionJournalPast *self, guint64 offset)
{
  guint64 begin = self->received;
  guint gone = 0;

  for (guint i = 0; i < self->pieces->len; i++)
    begin -= g_bytes_get_size (self->pieces->pdata[i]);
  while (gone < self->pieces->len && begin + g_bytes_get_size (self->pieces->pdata[gone]) <= offset)
    begin += g_bytes_get_size (self->pieces->pdata[gone++]);
  if (gone > 0)
    g_ptr_array_remove_range (self->pieces, 0, gone);
  if (self->pieces->len > 0 && begin < offset) {
    g_autoptr (GBytes) first = self->pieces->pdata[0];

    self->pieces->pdata[0] =
        g_bytes_new_from_bytes (first, offset - begin, g_bytes_get_size (first) - (offset - begin));
  }
}

/* What is let go of is only noted in *@let_go_below, so that each piece is looked at once. FALSE: no record
 * that this file writes. */
static gboolean
take_record (ConnectionJournalPast *self, guint64 *let_go_below, const Head *head, GBytes *data)
{
  self->position = head->position;
  self->stage = head->stage;
  switch ((RecordType) head->type) {
  case RECORD_FACTS:
    self->facts = self->facts == NULL ? read_facts (data) : NULL;
    return self->facts != NULL;
  case RECORD_POSITION:
    return TRUE;
  case RECORD_RECEIVED:
    if (self->pieces->len == 0)
      self->received = head->value;
    g_ptr_array_add (self->pieces, g_bytes_ref (data));
    self->received += g_bytes_get_size (data);
    return TRUE;
  case RECORD_SENDING:
    g_clear_pointer (&self->sending, g_bytes_unref);
    self->sending = g_bytes_ref (data);
    self->ordinal = head->value;
    return TRUE;
  case RECORD_CONFIRMED:
    g_clear_pointer (&self->sending, g_bytes_unref);
    self->confirmed = head->value;
    return TRUE;
  case RECORD_LET_GO:
    *let_go_below = MAX (*let_go_below, head->value);
    self->received = MAX (self->received, head->value);
    return TRUE;
  case RECORD_END:
    return FALSE;
  }
  return FALSE;
}

static GBytes *
read_file (int fd, GError **error)
{
  struct stat status;
  g_autofree guint8 *content = NULL;
  gsize size = 0;

  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    content = g_try_malloc ((gsize) status.st_size + 1);
  while (content != NULL && size < (gsize) status.st_size) {
    ssize_t got = pread (fd, content + size, (gsize) status.st_size - size, (off_t) size);

    if (got <= 0)
      break;
    size += (gsize) got;
  }
  if (content != NULL && size == (gsize) status.st_size)
    return g_bytes_new_take (g_steal_pointer (&content), size);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the journal cannot be read");
  return NULL;
}

/* *@ret_size: of the records that are whole. */
static ConnectionJournalPast *
read_past (int fd, gsize *ret_size, GError **error)
{
  g_autoptr (GBytes) content = read_file (fd, error);
  g_autoptr (ConnectionJournalPast) past = g_new0 (ConnectionJournalPast, 1);
  gboolean sound = content != NULL;
  guint64 let_go_below = 0;
  gsize size, at = 0;
  const guint8 *bytes;
  Head head;

  past->pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  if (content == NULL)
    return NULL;

  bytes = g_bytes_get_data (content, &size);
  while (sound && size - at >= sizeof head) {
    memcpy (&head, bytes + at, sizeof head);
    if (head.size > size - at - sizeof head)
      break;
    g_autoptr (GBytes) data = g_bytes_new (bytes + at + sizeof head, head.size);

    sound = take_record (past, &let_go_below, &head, data);
    at += sizeof head + head.size;
  }
  if (!sound || past->facts == NULL) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         "the journal has ended, or makes no sense");
    return NULL;
  }
  let_go (past, let_go_below);
  *ret_size = at;
  return g_steal_pointer (&past);
}

/* -- writing ----------------------------------------------------------------------------------------- */

static gboolean
append (int fd, gsize *size, const Head *head, GBytes *data)
{
  gsize data_size = 0;
  gconstpointer bytes = data != NULL ? g_bytes_get_data (data, &data_size) : NULL;
  const struct iovec parts[] = { { (gpointer) head, sizeof *head }, { (gpointer) bytes, data_size } };
  ssize_t written = pwritev (fd, parts, data_size > 0 ? 2 : 1, (off_t) *size);

  if (written != (ssize_t) (sizeof *head + data_size))
    return FALSE;

  *size += (gsize) written;
  return TRUE;
}

static void
end (ConnectionJournal *self)
{
  self->over = TRUE;
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
connection_journal_end (ConnectionJournal *self)
{
  const Head head = { .type = RECORD_END };
  gboolean was_kept = connection_journal_is_kept (self);

  if (self->fd >= 0 && !append (self->fd, &self->size, &head, NULL))
    g_debug ("journal: its end cannot be noted: %s", g_strerror (errno));
  end (self);
  if (was_kept)
    self->keep (-1, self->keep_data);
}

void
connection_journal_leave (ConnectionJournal *self)
{
  end (self);
}

static gboolean
append_facts (int fd, gsize *size, GVariant *facts, guint64 position)
{
  g_autoptr (GVariant) boxed = g_variant_ref_sink (g_variant_new_variant (facts));
  g_autoptr (GBytes) data = g_variant_get_data_as_bytes (boxed);
  const Head head = { .type = RECORD_FACTS, .position = position, .size = g_bytes_get_size (data) };

  return append (fd, size, &head, data);
}

/* All of @past, with as few records as possible. */
static gboolean
append_past (int fd, gsize *size, const ConnectionJournalPast *past)
{
  Head head = { .position = past->position, .stage = past->stage };
  guint64 offset = past->received;
  gboolean done = append_facts (fd, size, past->facts, past->position);

  for (guint i = 0; i < past->pieces->len; i++)
    offset -= g_bytes_get_size (past->pieces->pdata[i]);
  head.type = RECORD_LET_GO;
  head.value = offset;
  done = done && append (fd, size, &head, NULL);
  for (guint i = 0; i < past->pieces->len && done; i++) {
    head.type = RECORD_RECEIVED;
    head.value = offset;
    head.size = g_bytes_get_size (past->pieces->pdata[i]);
    offset += head.size;
    done = append (fd, size, &head, past->pieces->pdata[i]);
  }
  head.type = RECORD_CONFIRMED;
  head.value = past->confirmed;
  head.size = 0;
  done = done && append (fd, size, &head, NULL);
  if (past->sending == NULL || !done)
    return done;

  head.type = RECORD_SENDING;
  head.value = past->ordinal;
  head.size = g_bytes_get_size (past->sending);
  return append (fd, size, &head, past->sending);
}

static int
make_file (void)
{
  return memfd_create ("modemssl-connection", MFD_CLOEXEC);
}

/* Until the new file is kept the old one is. If there can be no new one the old one grows on. */
static void
write_anew (ConnectionJournal *self)
{
  gsize old_size, size = 0;
  g_autoptr (ConnectionJournalPast) past = read_past (self->fd, &old_size, NULL);
  int fd = past != NULL ? make_file () : -1;

  if (fd >= 0 && append_past (fd, &size, past) && self->keep (fd, self->keep_data)) {
    close (self->fd);
    self->fd = fd;
    self->size = size;
  } else if (fd >= 0) {
    close (fd);
  }
  self->limit = 2 * self->size + CONNECTION_JOURNAL_SLACK_BYTES;
}

static void
note (ConnectionJournal *self, const Head *head, GBytes *data)
{
  if (self->fd < 0)
    return;

  if (!append (self->fd, &self->size, head, data)) {
    g_debug ("journal: %s", g_strerror (errno));
    connection_journal_end (self);
    return;
  }
  self->position = head->position;
  self->stage = head->stage;
  if (self->size > self->limit && self->keep != NULL)
    write_anew (self);
}

void
connection_journal_note_position (ConnectionJournal *self, guint64 position, guint stage)
{
  const Head head = { .type = RECORD_POSITION, .stage = stage, .position = position };

  note (self, &head, NULL);
}

void
connection_journal_note_received (ConnectionJournal *self, guint64 position, guint stage, GBytes *data)
{
  const Head head = { .type = RECORD_RECEIVED,
                      .stage = stage,
                      .position = position,
                      .value = self->received,
                      .size = g_bytes_get_size (data) };

  self->received += head.size;
  note (self, &head, data);
}

void
connection_journal_note_sending (ConnectionJournal *self, guint64 position, guint stage, GBytes *data,
                                 guint64 ordinal)
{
  const Head head = { .type = RECORD_SENDING,
                      .stage = stage,
                      .position = position,
                      .value = ordinal,
                      .size = g_bytes_get_size (data) };

  self->sending_size = head.size;
  note (self, &head, data);
}

void
connection_journal_note_confirmed (ConnectionJournal *self, guint64 position)
{
  const Head head = { .type = RECORD_CONFIRMED,
                      .stage = CONNECTION_JOURNAL_NO_STAGE,
                      .position = position,
                      .value = self->confirmed + self->sending_size };

  self->confirmed = head.value;
  self->sending_size = 0;
  note (self, &head, NULL);
}

void
connection_journal_note_let_go (ConnectionJournal *self, guint64 offset)
{
  const Head head = {
    .type = RECORD_LET_GO,
    .stage = self->stage,
    .position = self->position,
    .value = MIN (offset, self->received), /* what is not noted comes again */
  };

  note (self, &head, NULL);
}

/* -- the object -------------------------------------------------------------------------------------- */

gboolean
connection_journal_begin (ConnectionJournal *self, guint64 position, ConnectionJournalKeepFunc keep,
                          gpointer user_data)
{
  g_return_val_if_fail (self->keep == NULL, FALSE);

  if (self->over)
    return FALSE;

  self->keep_data = user_data;
  if (self->facts == NULL) {
    self->keep = keep;
    return TRUE;
  }
  self->fd = make_file ();
  self->position = position;
  if (self->fd < 0 || !append_facts (self->fd, &self->size, self->facts, position)
      || !keep (self->fd, user_data)) {
    g_message (
        "The journal of a connection cannot be kept; a restart of this daemon will end the connection");
    end (self);
    return FALSE;
  }
  self->keep = keep;
  return TRUE;
}

gboolean
connection_journal_is_over (const ConnectionJournal *self)
{
  return self->over;
}

gboolean
connection_journal_is_kept (const ConnectionJournal *self)
{
  return self->fd >= 0 && self->keep != NULL;
}

guint64
connection_journal_get_position (const ConnectionJournal *self)
{
  return self->position;
}

ConnectionJournal *
connection_journal_new (GVariant *facts)
{
  ConnectionJournal *self = g_new0 (ConnectionJournal, 1);

  self->ref_count = 1;
  self->facts = g_variant_ref_sink (facts);
  self->fd = -1;
  self->limit = CONNECTION_JOURNAL_SLACK_BYTES;
  return self;
}

ConnectionJournal *
connection_journal_resume (int fd, ConnectionJournalPast **ret_past, GError **error)
{
  ConnectionJournal *self;
  gsize size;
  ConnectionJournalPast *past = read_past (fd, &size, error);

  if (past == NULL) {
    close (fd);
    return NULL;
  }
  /* Or the rest of what was left unfinished would follow the next record, if that is shorter. */
  if (ftruncate (fd, (off_t) size) != 0)
    g_debug ("journal: %s", g_strerror (errno));
  self = g_new0 (ConnectionJournal, 1);
  self->ref_count = 1;
  self->fd = fd;
  self->size = size;
  self->limit = 2 * size + CONNECTION_JOURNAL_SLACK_BYTES;
  self->position = past->position;
  self->stage = past->stage;
  self->received = past->received;
  self->confirmed = past->confirmed;
  self->sending_size = past->sending != NULL ? g_bytes_get_size (past->sending) : 0;
  *ret_past = past;
  return self;
}

ConnectionJournal *
connection_journal_ref (ConnectionJournal *self)
{
  self->ref_count++;
  return self;
}

void
connection_journal_unref (ConnectionJournal *self)
{
  if (--self->ref_count > 0)
    return;

  end (self);
  g_clear_pointer (&self->facts, g_variant_unref);
  g_free (self);
}
