/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the daemon and the holder of its ports say to each other: one message is one packet of a local socket
 * (SOCK_SEQPACKET), a type and its data. Both ends are ours; the socket is root's. After an upgrade the
 * holder may be older than the daemon, since it lives on while it has ports.
 */
#pragma once

#include <gio/gio.h>

/**
 * HolderMessageType: @daemon to holder, or the other way. Whoever changes any of them, raises
 * #HOLDER_MESSAGE_PROTOCOL.
 *
 * @HOLDER_MESSAGE_PROTOCOL_IS: before all others: HOLDER_MESSAGE_PROTOCOL_IS_TYPE: the daemon's; a holder
 * that has another one refuses all that follows.
 * @HOLDER_MESSAGE_OPEN: the first one of the others: HOLDER_MESSAGE_OPEN_TYPE: the device, baud rate, flow
 * control
 *   (#SerialFlowControl), the uid of the device that ModemManager has to let go of before, or nothing, and a
 * note for the next life of the daemon. One port for each socket.
 * @HOLDER_MESSAGE_RESUME: instead of it: HOLDER_MESSAGE_RESUME_TYPE: a port that was held over from an
 * earlier life: its device, or nothing for any, and how its note begins; refused as not found if there is
 * none.
 * @HOLDER_MESSAGE_OPENED: the answer, with the file descriptor of the port: HOLDER_MESSAGE_OPENED_TYPE:
 *   whether the port was held over from an earlier life of the daemon, the log: what the port has said that
 *   this life has not read, or not done with (TAKEN), whether that is all, the farewell that this life left
 *   unsaid, the device, the uid, the note, the position of the first byte of the log, whether the port is
 *   watched, and how many of COMMAND were written since the port was opened. Positions
 *   count the bytes that the holder has read from the port since it opened it. Of a port that is not watched
 *   the log is given away; of one that is, it stays, and the daemon does not read the port.
 * @HOLDER_MESSAGE_REFUSED: the other answer: HOLDER_MESSAGE_REFUSED_TYPE: a GIOErrorEnum and a text.
 * @HOLDER_MESSAGE_WRITE: these bytes go to the port.
 * @HOLDER_MESSAGE_COMMAND: HOLDER_MESSAGE_COMMAND_TYPE: a command that goes to the port and puts the module
 *   into data mode, and the bytes that end it.
 * @HOLDER_MESSAGE_FORGET: the module waits for nothing any more.
 * @HOLDER_MESSAGE_PROMPT: the module's prompt has come.
 * @HOLDER_MESSAGE_WRITE_ANNOUNCED: what ends the data mode goes to the port, once.
 * @HOLDER_MESSAGE_FAREWELL: lines, each with a newline, for a module that nobody comes back to.
 * @HOLDER_MESSAGE_RELEASE: the port is to be closed now, as it is. What was taken from ModemManager stays so
 * for a while, since the port may be wanted again.
 * @HOLDER_MESSAGE_GIVE: instead of OPEN: HOLDER_MESSAGE_GIVE_TYPE: this device, which nobody has open, goes
 * back to ModemManager.
 * @HOLDER_MESSAGE_GIVEN: the answer, when it has.
 * @HOLDER_MESSAGE_WATCH: from now on the holder reads the port; the daemon does no more. What is read is kept
 *   in the log and passed on. That goes on over the death of the daemon.
 * @HOLDER_MESSAGE_RECEIVED: what was read, in its order and each byte once, but for what OPENED has brought.
 * A daemon that does not listen stops neither the holder nor its own messages; once the log is full, the
 * holder reads no more until TAKEN makes room.
 * @HOLDER_MESSAGE_TAKEN: HOLDER_MESSAGE_TAKEN_TYPE: the daemon, and any that comes after it, needs nothing of
 *   the log below this position.
 * @HOLDER_MESSAGE_UNWATCH: the holder reads no more.
 * @HOLDER_MESSAGE_UNWATCHED: the answer, behind the last RECEIVED: the log is empty, and the daemon may read
 *   the port itself. One for each UNWATCH, also when a WATCH came in between, which then counts.
 * @HOLDER_MESSAGE_JOURNAL: HOLDER_MESSAGE_JOURNAL_TYPE: the daemon gives a file descriptor to keep for a slot
 *   of the port, in place of the former one, or none to keep none; the device is empty. Kept until the
 * farewell begins or the port is closed.
 * @HOLDER_MESSAGE_RECALL: instead of OPEN: answered by a JOURNAL, with device, slot and file descriptor, for
 *   each that is kept of ports that are held over, then RECALLED. They are kept on.
 * @HOLDER_MESSAGE_RECALLED: HOLDER_MESSAGE_RECALLED_TYPE: there are no more; the notes of these ports, and of
 *   those without a journal.
 */
typedef enum {
  HOLDER_MESSAGE_OPEN = 1,
  HOLDER_MESSAGE_OPENED,
  HOLDER_MESSAGE_REFUSED,
  HOLDER_MESSAGE_WRITE,
  HOLDER_MESSAGE_COMMAND,
  HOLDER_MESSAGE_PROMPT,
  HOLDER_MESSAGE_WRITE_ANNOUNCED,
  HOLDER_MESSAGE_FAREWELL,
  HOLDER_MESSAGE_RELEASE,
  HOLDER_MESSAGE_GIVE,
  HOLDER_MESSAGE_GIVEN,
  HOLDER_MESSAGE_RESUME,
  HOLDER_MESSAGE_WATCH,
  HOLDER_MESSAGE_RECEIVED,
  HOLDER_MESSAGE_TAKEN,
  HOLDER_MESSAGE_UNWATCH,
  HOLDER_MESSAGE_UNWATCHED,
  HOLDER_MESSAGE_JOURNAL,
  HOLDER_MESSAGE_RECALL,
  HOLDER_MESSAGE_RECALLED,
  HOLDER_MESSAGE_FORGET,
  HOLDER_MESSAGE_PROTOCOL_IS = 255,
} HolderMessageType;

#define HOLDER_MESSAGE_PROTOCOL 1

#define HOLDER_MESSAGE_PROTOCOL_IS_TYPE "(u)"

#define HOLDER_MESSAGE_OPEN_TYPE "(suuss)"
#define HOLDER_MESSAGE_RESUME_TYPE "(ssuu)"
#define HOLDER_MESSAGE_RECALLED_TYPE "(as)"
#define HOLDER_MESSAGE_GIVE_TYPE "(s)"
#define HOLDER_MESSAGE_OPENED_TYPE "(baybasssstbt)"
#define HOLDER_MESSAGE_REFUSED_TYPE "(is)"
#define HOLDER_MESSAGE_COMMAND_TYPE "(ayay)"
#define HOLDER_MESSAGE_TAKEN_TYPE "(t)"
#define HOLDER_MESSAGE_JOURNAL_TYPE "(su)"

/** Slots of journals, for each port: they are below this. */
#define HOLDER_MESSAGE_JOURNALS_MAX 16

/** The data of one message; as much as a port's own queue takes. */
#define HOLDER_MESSAGE_MAX_BYTES (128 * 1024)

/** HolderMessage: @data is never NULL. @fd is -1 when none came. @was_deaf: who said this has died without
 * reading all that we have said; told with one message, or with the end. */
typedef struct {
  HolderMessageType type;
  GBytes *data;
  int fd;
  gboolean was_deaf;
} HolderMessage;

/** One end of a new link to the holder that listens at @path, which was told our protocol; it does not block.
 */
GSocket *holder_message_connect (const char *path, GError **error);

/** Closes a descriptor that nobody took. */
void holder_message_clear (HolderMessage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HolderMessage, holder_message_clear)

/** Sends @data (NULL: none) with @fd (-1: none; it stays the caller's) at once, or fails with a G_IO_ERROR:
 * nothing waits here. */
gboolean holder_message_send (GSocket *socket, HolderMessageType type, GBytes *data, int fd, GError **error);

/** As holder_message_send(), of a value (floating, consumed). */
gboolean
holder_message_send_value (GSocket *socket, HolderMessageType type, GVariant *value, int fd, GError **error);

/** The next message, to be cleared. WOULD_BLOCK when there is none, CLOSED (or CONNECTION_CLOSED, when that
 * is told of one who was deaf) at the end: behind all that was said, also by one who has died without hearing
 * us. */
gboolean holder_message_receive (GSocket *socket, HolderMessage *ret_message, GError **error);

/** What a message that is none of the answers that were awaited says: a refusal, or nonsense. */
GError *holder_message_make_error (const HolderMessage *self);

/** The value in @self's data, or NULL if it is not one of @type. */
GVariant *holder_message_get_value (const HolderMessage *self, const char *type);
