/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A serial port: bytes come, a write queue, hang-up, and perhaps somebody who keeps it. Knows nothing of what
 * the bytes mean.
 */
#pragma once

#include <gio/gio.h>

typedef enum {
  SERIAL_FLOW_CONTROL_NONE,
  SERIAL_FLOW_CONTROL_RTS_CTS,
} SerialFlowControl;

/**
 * SerialPortSettings:
 * @device: path of a tty.
 * @baud_rate: one that serial_port_baud_rate_is_valid() accepts; the line is 8N1.
 */
typedef struct {
  const char *device;
  guint baud_rate;
  SerialFlowControl flow_control;
} SerialPortSettings;

/** What waits to be written may not exceed this; far more than any command with its payload. */
#define SERIAL_PORT_QUEUE_MAX_BYTES (64 * 1024)

/** As much as one read brings at once. */
#define SERIAL_PORT_READ_MAX_BYTES 16384

typedef struct SerialPort SerialPort;

/**
 * SerialPortListener: both are required, run from the main loop, never inside a call of this file, and may
 * free the port.
 *
 * @received: @size bytes arrived, at least one; @data is valid during the call.
 * @hung_up: the port can no longer be used; comes at most once, and nothing comes after it.
 */
typedef struct {
  void (*received) (const guint8 *data, gsize size, gpointer user_data);
  void (*hung_up) (const GError *error, gpointer user_data);
} SerialPortListener;

/** Whether @baud_rate is one that a tty can be set to: 2400, 4800, 9600, ... 921600, 1000000, ... 4000000. */
gboolean serial_port_baud_rate_is_valid (guint baud_rate);

/**
 * Opens and locks the tty (TIOCEXCL against others, flock() against another of us, since root ignores the
 * former), sets it fully raw and throws away what was buffered. The errors are G_IO_ERROR: NOT_FOUND,
 * PERMISSION_DENIED, BUSY, NOT_SUPPORTED (no tty, or it refuses the rate), FAILED; each message names the
 * device.
 */
SerialPort *serial_port_open (const SerialPortSettings *settings, GError **error);

/** A port on an open, non-blocking @fd (taken) that somebody has prepared, such as one end of a socket pair.
 */
SerialPort *serial_port_new_for_fd (int fd, guint baud_rate);

/** Gives the tty its former settings, drops what is not yet written, closes. */
void serial_port_free (SerialPort *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SerialPort, serial_port_free)

/**
 * SerialPortKeeper: another process that writes for us, so that it knows what the module waits for should we
 * die, and may read for us, so that nothing is lost then. Each entry is what the function of the same name
 * below does; @unwatch is answered by serial_port_end_watch(), once for each; @free lets go of the port.
 */
typedef struct {
  gboolean (*write) (GBytes *data, gpointer user_data);
  gboolean (*write_command) (GBytes *command, GBytes *ends, gpointer user_data);
  void (*forget_announced) (gpointer user_data);
  void (*note_prompt) (gpointer user_data);
  gboolean (*write_announced) (gpointer user_data);
  void (*set_farewell) (const char *const *lines, gpointer user_data);
  void (*watch) (gpointer user_data);
  void (*unwatch) (gpointer user_data);
  void (*set_taken) (guint64 position, gpointer user_data);
  gboolean (*keep_journal) (guint slot, int fd, gpointer user_data);
  void (*leave) (gpointer user_data);
  void (*free) (gpointer user_data);
} SerialPortKeeper;

/**
 * SerialPortHistory: what became of the port before it was ours.
 * @held_over: an earlier life of ours died with it, or left it.
 * @watched: the keeper reads it: serial_port_is_watched() from the start. FALSE also when that has begun to
 * undo what the earlier life has left.
 * @complete: the log holds all that the module has said since @log_begin.
 * @commands: serial_port_count_commands() of the earlier lives.
 * @log_begin: the position (serial_port_get_position()) of the first byte of the log.
 */
typedef struct {
  gboolean held_over;
  gboolean watched;
  gboolean complete;
  guint64 commands;
  guint64 log_begin;
} SerialPortHistory;

/**
 * A port whose @fd (taken) is written by @keeper, which must outlive it, and is read here unless it is
 * watched.
 * @log is what came before, it is given to the listener first; @unsaid is the farewell of an earlier life.
 * @history (copied), @log and @unsaid may be NULL.
 */
SerialPort *
serial_port_new_kept (int fd, guint baud_rate, const SerialPortHistory *history, GBytes *log,
                      const char *const *unsaid, const SerialPortKeeper *keeper, gpointer keeper_data);

/**
 * The keeper is gone: the port hangs up with @error, from the main loop. Before that it is written directly,
 * until the module waits for nothing any more: what was announced and is yet to be written, and, when the
 * keeper has not taken the last thing that it was told (@deaf), that.
 */
void serial_port_lose_keeper (SerialPort *self, gboolean deaf, const GError *error);

/** The keeper has read @data: it goes to the listener before this returns, or as soon as there is one.
 * Nothing if it should not have. From the main loop. */
void serial_port_receive (SerialPort *self, const guint8 *data, gsize size);

/** The keeper reads no more. Nothing if it was not told so. */
void serial_port_end_watch (SerialPort *self);

/** For a keeper. Borrowed. */
int serial_port_get_fd (SerialPort *self);

/** Starts reading. @listener must outlive the port; NULL stops it, and a hang-up is then nobody's. */
void serial_port_set_listener (SerialPort *self, const SerialPortListener *listener, gpointer user_data);

/** While paused, nothing is read; a hang-up is noticed all the same. It is not at first. */
void serial_port_set_paused (SerialPort *self, gboolean paused);

/** Queues @data (a reference is taken) behind what waits. FALSE, with nothing queued, if that would exceed
 * the limit. After a hang-up it goes nowhere. */
gboolean serial_port_write (SerialPort *self, GBytes *data);

/**
 * As serial_port_write(), of a @command that puts the module into data mode, which only @ends (a reference is
 * taken) ends: the payload that it counts. Whoever keeps the port knows that, and writes it should we die in
 * between.
 */
gboolean serial_port_write_command (SerialPort *self, GBytes *command, GBytes *ends);

/** The module waits for nothing any more. */
void serial_port_forget_announced (SerialPort *self);

/** How many serial_port_write_command() has written, by this life and those before it, since the keeper
 * opened the port. */
guint64 serial_port_count_commands (SerialPort *self);

/** The prompt of such a command has come. */
void serial_port_note_prompt (SerialPort *self);

/** Writes what ends its data mode, once, as serial_port_write() does. */
gboolean serial_port_write_announced (SerialPort *self);

/** What the module is to be told, each line behind an answer to the one before, when we die and nobody takes
 * our place. NULL-terminated, copied; there is none at first. */
void serial_port_set_farewell (SerialPort *self, const char *const *lines);

/** The farewell that an earlier life set and that nobody has said. Borrowed, NULL-terminated. */
const char *const *serial_port_get_unsaid (SerialPort *self);

/** Of a port without a keeper all zero. Borrowed. */
const SerialPortHistory *serial_port_get_history (SerialPort *self);

/**
 * From now on the keeper reads the port and keeps what it has read until serial_port_set_taken(), so that our
 * next life gets it; the listener gets the same bytes as before. Nothing if it does already. FALSE, and
 * nothing has changed, when nobody keeps the port (any more).
 */
gboolean serial_port_watch (SerialPort *self);

/** The keeper reads no more, and forgets what it has read, as soon as it hears of this: what it has read
 * until then still comes. May be undone at once. Nothing if the port is not watched. */
void serial_port_unwatch (SerialPort *self);

/** Whether what comes is kept for our next life. */
gboolean serial_port_is_watched (SerialPort *self);

/**
 * How many bytes the keeper has read, since it opened the port, up to the last one that the listener was
 * given; inside received: with all that is being given. What is read here does not count, so that it means
 * something while the port is watched, and for the log.
 */
guint64 serial_port_get_position (SerialPort *self);

/** Of what the keeper has read nothing is needed any more below @position, which never goes back; the
 * listener does not get it any more. Nothing if the port is not watched. */
void serial_port_set_taken (SerialPort *self, guint64 position);

/**
 * The keeper keeps @fd (stays the caller's) for our next life, as held_port_recall() says, instead of the one
 * that it has for @slot; -1: none. FALSE, and nothing has changed, when nobody keeps the port or it cannot be
 * told.
 */
gboolean serial_port_keep_journal (SerialPort *self, guint slot, int fd);

/** serial_port_free() will leave the port to its keeper, as if we had died. Nothing without a keeper. */
void serial_port_leave (SerialPort *self);

/** How long @size bytes take on the line, in milliseconds, rounded up: 10 bits a byte. */
guint serial_port_get_transfer_ms (SerialPort *self, gsize size);
