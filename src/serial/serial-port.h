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
 * die. Each entry is what the function of the same name below does; @free lets go of the port.
 */
typedef struct {
  gboolean (*write) (GBytes *data, gpointer user_data);
  void (*announce) (GBytes *data, gpointer user_data);
  void (*note_prompt) (gpointer user_data);
  gboolean (*write_announced) (gpointer user_data);
  void (*set_farewell) (const char *const *lines, gpointer user_data);
  void (*free) (gpointer user_data);
} SerialPortKeeper;

/**
 * A port whose @fd (taken) is read here and written by @keeper, which must outlive it. @log is what came
 * before, it is given to the listener first; @unsaid is the farewell of an earlier life. Both may be NULL.
 */
SerialPort *serial_port_new_kept (int fd, guint baud_rate, GBytes *log, const char *const *unsaid,
                                  const SerialPortKeeper *keeper, gpointer keeper_data);

/** The keeper is gone: the port hangs up with @error, from the main loop. */
void serial_port_lose_keeper (SerialPort *self, const GError *error);

/** For a keeper. Borrowed. */
int serial_port_get_fd (SerialPort *self);

/** Starts reading. @listener must outlive the port; NULL stops it, and a hang-up is then nobody's. */
void serial_port_set_listener (SerialPort *self, const SerialPortListener *listener, gpointer user_data);

/** Queues @data (a reference is taken) behind what waits. FALSE, with nothing queued, if that would exceed
 * the limit. After a hang-up it goes nowhere. */
gboolean serial_port_write (SerialPort *self, GBytes *data);

/**
 * The command that is written next will put the module into data mode, which only @data (a reference is
 * taken) ends: the payload that it counts. Whoever keeps the port writes it should we die in between. NULL:
 * the module waits for nothing any more.
 */
void serial_port_announce (SerialPort *self, GBytes *data);

/** The module's prompt for what was announced has come. */
void serial_port_note_prompt (SerialPort *self);

/** Writes what was announced, once, as serial_port_write() does. */
gboolean serial_port_write_announced (SerialPort *self);

/** What the module is to be told, each line behind an answer to the one before, when we die and nobody takes
 * our place. NULL-terminated, copied; there is none at first. */
void serial_port_set_farewell (SerialPort *self, const char *const *lines);

/** The farewell that an earlier life set and that nobody has said. Borrowed, NULL-terminated. */
const char *const *serial_port_get_unsaid (SerialPort *self);

/** How long @size bytes take on the line, in milliseconds, rounded up: 10 bits a byte. */
guint serial_port_get_transfer_ms (SerialPort *self, gsize size);
