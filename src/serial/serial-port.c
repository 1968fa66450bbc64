/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The only file with <termios.h>. Non-blocking throughout; what the tty does not take at once waits in a
 * queue.
 */
#include "serial-port.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define READ_SIZE 16384
#define BITS_PER_BYTE 10 /* start, eight data bits, stop */

struct SerialPort {
  int fd;
  guint baud_rate;
  gboolean is_tty;
  struct termios former; /* valid when is_tty */
  const SerialPortListener *listener;
  gpointer listener_data;
  GSource *read_source;
  GSource *write_source; /* while the queue is not empty */
  GSource *error_source; /* a write failed: reported from the main loop */
  GError *write_error;
  gboolean hung_up; /* reported, or about to be */
  GQueue queue;     /* of GBytes */
  gsize queued_bytes;
  gsize head_written; /* bytes of the head of the queue */
  GBytes *announced;
  GBytes *log;  /* until the listener has it */
  GStrv unsaid; /* never NULL */
  const SerialPortKeeper *keeper;
  gpointer keeper_data;
};

static const struct {
  guint baud_rate;
  speed_t speed;
} rates[] = {
  { 2400, B2400 },       { 4800, B4800 },       { 9600, B9600 },       { 19200, B19200 },
  { 38400, B38400 },     { 57600, B57600 },     { 115200, B115200 },   { 230400, B230400 },
  { 460800, B460800 },   { 921600, B921600 },   { 1000000, B1000000 }, { 1500000, B1500000 },
  { 2000000, B2000000 }, { 3000000, B3000000 }, { 4000000, B4000000 },
};

static gboolean
find_speed (guint baud_rate, speed_t *ret_speed)
{
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    if (rates[i].baud_rate == baud_rate) {
      *ret_speed = rates[i].speed;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
serial_port_baud_rate_is_valid (guint baud_rate)
{
  speed_t speed;

  return find_speed (baud_rate, &speed);
}

static void
set_error_from_errno (GError **error, const char *what, const char *device)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s %s: %s", what, device,
               g_strerror (saved));
}

static int
open_locked (const char *device, GError **error)
{
  int fd = open (device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

  if (fd < 0) {
    set_error_from_errno (error, "Cannot open", device);
    return -1;
  }
  if (!isatty (fd)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s is not a serial port", device);
    close (fd);
    return -1;
  }
  if (flock (fd, LOCK_EX | LOCK_NB) < 0 || ioctl (fd, TIOCEXCL) < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s is in use by another process", device);
    close (fd);
    return -1;
  }
  return fd;
}

static void
make_raw (struct termios *tio, speed_t speed, SerialFlowControl flow_control)
{
  cfmakeraw (tio);
  tio->c_iflag &= ~(IXOFF | IXANY | INPCK | IUCLC | IMAXBEL | IUTF8);
  tio->c_cflag &= ~(CSTOPB | PARENB | CRTSCTS | HUPCL);
  tio->c_cflag |= CS8 | CREAD | CLOCAL;
  if (flow_control == SERIAL_FLOW_CONTROL_RTS_CTS)
    tio->c_cflag |= CRTSCTS;
  tio->c_cc[VMIN] = 1;
  tio->c_cc[VTIME] = 0;
  cfsetispeed (tio, speed);
  cfsetospeed (tio, speed);
}

/** tcsetattr() succeeds when it could do any part of it, so what is set is read back. */
static gboolean
apply (int fd, const struct termios *wanted)
{
  const tcflag_t framing = CSIZE | CSTOPB | PARENB | CRTSCTS;
  struct termios actual;

  return tcsetattr (fd, TCSANOW, wanted) == 0 && tcgetattr (fd, &actual) == 0
         && cfgetospeed (&actual) == cfgetospeed (wanted) && actual.c_iflag == wanted->c_iflag
         && actual.c_oflag == wanted->c_oflag && actual.c_lflag == wanted->c_lflag
         && (actual.c_cflag & framing) == (wanted->c_cflag & framing);
}

static gboolean
configure (int fd, const SerialPortSettings *settings, struct termios *ret_former, GError **error)
{
  struct termios former, wanted;
  speed_t speed = B0;

  if (!find_speed (settings->baud_rate, &speed) || tcgetattr (fd, &former) < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s cannot be set to %u baud", settings->device,
                 settings->baud_rate);
    return FALSE;
  }
  wanted = former;
  make_raw (&wanted, speed, settings->flow_control);
  if (!apply (fd, &wanted)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s cannot be set to %u baud, 8N1%s",
                 settings->device, settings->baud_rate,
                 settings->flow_control == SERIAL_FLOW_CONTROL_RTS_CTS ? " with RTS/CTS" : "");
    tcsetattr (fd, TCSANOW, &former);
    return FALSE;
  }
  tcflush (fd, TCIOFLUSH);
  *ret_former = former;
  return TRUE;
}

SerialPort *
serial_port_new_for_fd (int fd, guint baud_rate)
{
  SerialPort *self = g_new0 (SerialPort, 1);

  self->fd = fd;
  self->baud_rate = baud_rate;
  self->unsaid = g_new0 (char *, 1);
  g_queue_init (&self->queue);
  return self;
}

SerialPort *
serial_port_new_kept (int fd, guint baud_rate, GBytes *log, const char *const *unsaid,
                      const SerialPortKeeper *keeper, gpointer keeper_data)
{
  SerialPort *self = serial_port_new_for_fd (fd, baud_rate);

  self->log = log != NULL ? g_bytes_ref (log) : NULL;
  if (unsaid != NULL) {
    g_strfreev (self->unsaid);
    self->unsaid = g_strdupv ((GStrv) unsaid);
  }
  self->keeper = keeper;
  self->keeper_data = keeper_data;
  return self;
}

SerialPort *
serial_port_open (const SerialPortSettings *settings, GError **error)
{
  SerialPort *self;
  struct termios former;
  int fd = open_locked (settings->device, error);

  if (fd < 0)
    return NULL;
  if (!configure (fd, settings, &former, error)) {
    ioctl (fd, TIOCNXCL); /* it would outlive this fd while another one is open */
    close (fd);
    return NULL;
  }
  self = serial_port_new_for_fd (fd, settings->baud_rate);
  self->is_tty = TRUE;
  self->former = former;
  return self;
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
stop_sources (SerialPort *self)
{
  clear_source (&self->read_source);
  clear_source (&self->write_source);
  clear_source (&self->error_source);
}

void
serial_port_free (SerialPort *self)
{
  stop_sources (self);
  if (self->is_tty) {
    /* Without the flush, closing a UART waits up to 30 s for a peer that has stopped it by flow control. */
    tcflush (self->fd, TCOFLUSH);
    tcsetattr (self->fd, TCSANOW, &self->former);
    ioctl (self->fd, TIOCNXCL);
  }
  close (self->fd);
  if (self->keeper != NULL)
    self->keeper->free (self->keeper_data);
  g_clear_pointer (&self->announced, g_bytes_unref);
  g_clear_pointer (&self->log, g_bytes_unref);
  g_strfreev (self->unsaid);
  g_queue_clear_full (&self->queue, (GDestroyNotify) g_bytes_unref);
  g_clear_error (&self->write_error);
  g_free (self);
}

static void
hang_up (SerialPort *self, const GError *error)
{
  stop_sources (self);
  self->hung_up = TRUE;
  if (self->listener != NULL)
    self->listener->hung_up (error, self->listener_data);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  SerialPort *self = user_data;
  guint8 data[READ_SIZE];
  ssize_t size = read (fd, data, sizeof data);

  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (size > 0) {
    self->listener->received (data, (gsize) size, self->listener_data);
    return G_SOURCE_CONTINUE; /* the listener may have freed the port: touch nothing of it */
  }
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the port hung up%s%s",
                                          size < 0 ? ": " : "", size < 0 ? g_strerror (errno) : "");
  hang_up (self, error);
  return G_SOURCE_REMOVE;
}

static void
start_reading (SerialPort *self)
{
  self->read_source = g_unix_fd_source_new (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  /* There is no main loop inside another; if there might be, GLib would leave the fd out of it meanwhile,
   * which takes two system calls each time. */
  g_source_set_can_recurse (self->read_source, TRUE);
  g_source_set_callback (self->read_source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->read_source, g_main_context_get_thread_default ());
}

static gboolean
on_log (gpointer user_data)
{
  SerialPort *self = user_data;
  g_autoptr (GBytes) log = g_steal_pointer (&self->log);
  gsize size;
  const guint8 *data = g_bytes_get_data (log, &size);

  clear_source (&self->read_source);
  start_reading (self);
  if (size > 0)
    self->listener->received (data, size, self->listener_data);
  return G_SOURCE_REMOVE;
}

void
serial_port_set_listener (SerialPort *self, const SerialPortListener *listener, gpointer user_data)
{
  clear_source (&self->read_source);
  self->listener = listener;
  self->listener_data = user_data;
  if (listener == NULL)
    return;

  if (self->log == NULL) {
    start_reading (self);
    return;
  }
  self->read_source = g_idle_source_new ();
  g_source_set_callback (self->read_source, on_log, self, NULL);
  g_source_attach (self->read_source, g_main_context_get_thread_default ());
}

static gboolean
on_write_error (gpointer user_data)
{
  SerialPort *self = user_data;
  g_autoptr (GError) error = g_steal_pointer (&self->write_error);

  hang_up (self, error);
  return G_SOURCE_REMOVE;
}

/** Takes @error. */
static void
fail_later (SerialPort *self, GError *error)
{
  if (self->hung_up) {
    g_error_free (error);
    return;
  }
  self->hung_up = TRUE;
  self->write_error = error;
  clear_source (&self->write_source);
  self->error_source = g_idle_source_new ();
  g_source_set_callback (self->error_source, on_write_error, self, NULL);
  g_source_attach (self->error_source, g_main_context_get_thread_default ());
}

static void
fail_write (SerialPort *self)
{
  fail_later (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the port cannot be written: %s",
                                 g_strerror (errno)));
}

void
serial_port_lose_keeper (SerialPort *self, const GError *error)
{
  fail_later (self, g_error_copy (error));
}

static void
consume (SerialPort *self, gsize written)
{
  GBytes *head = g_queue_peek_head (&self->queue);

  self->queued_bytes -= written;
  self->head_written += written;
  if (self->head_written < g_bytes_get_size (head))
    return;
  g_bytes_unref (g_queue_pop_head (&self->queue));
  self->head_written = 0;
}

/** Writes what the tty takes. FALSE when it takes no more for now, or failed. */
static gboolean
write_head (SerialPort *self)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (g_queue_peek_head (&self->queue), &size);
  ssize_t written = write (self->fd, data + self->head_written, size - self->head_written);

  if (written > 0) {
    consume (self, (gsize) written);
    return TRUE;
  }
  if (written < 0 && errno == EINTR)
    return TRUE;
  if (written < 0 && errno != EAGAIN)
    fail_write (self);
  return FALSE;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer user_data)
{
  SerialPort *self = user_data;

  while (!g_queue_is_empty (&self->queue) && write_head (self))
    ;
  if (!g_queue_is_empty (&self->queue))
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->write_source, g_source_unref);
  return G_SOURCE_REMOVE;
}

static void
watch_writable (SerialPort *self)
{
  self->write_source = g_unix_fd_source_new (self->fd, G_IO_OUT);
  g_source_set_callback (self->write_source, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->write_source, g_main_context_get_thread_default ());
}

gboolean
serial_port_write (SerialPort *self, GBytes *data)
{
  gsize size = g_bytes_get_size (data);

  if (size > SERIAL_PORT_QUEUE_MAX_BYTES - self->queued_bytes)
    return FALSE;
  if (size == 0 || self->hung_up)
    return TRUE; /* the listener knows of the hang-up, or will soon */
  if (self->keeper != NULL)
    return self->keeper->write (data, self->keeper_data);
  g_queue_push_tail (&self->queue, g_bytes_ref (data));
  self->queued_bytes += size;
  if (self->write_source != NULL)
    return TRUE;
  while (!g_queue_is_empty (&self->queue) && write_head (self))
    ;
  if (!g_queue_is_empty (&self->queue) && !self->hung_up)
    watch_writable (self);
  return TRUE;
}

void
serial_port_announce (SerialPort *self, GBytes *data)
{
  g_clear_pointer (&self->announced, g_bytes_unref);
  if (data != NULL)
    self->announced = g_bytes_ref (data);
  if (self->keeper != NULL && !self->hung_up)
    self->keeper->announce (data, self->keeper_data);
}

void
serial_port_note_prompt (SerialPort *self)
{
  if (self->keeper != NULL && !self->hung_up)
    self->keeper->note_prompt (self->keeper_data);
}

gboolean
serial_port_write_announced (SerialPort *self)
{
  g_autoptr (GBytes) data = g_steal_pointer (&self->announced);

  g_return_val_if_fail (data != NULL, TRUE);

  if (self->keeper == NULL)
    return serial_port_write (self, data);
  return self->hung_up || self->keeper->write_announced (self->keeper_data);
}

void
serial_port_set_farewell (SerialPort *self, const char *const *lines)
{
  if (self->keeper != NULL && !self->hung_up)
    self->keeper->set_farewell (lines, self->keeper_data);
}

const char *const *
serial_port_get_unsaid (SerialPort *self)
{
  return (const char *const *) self->unsaid;
}

int
serial_port_get_fd (SerialPort *self)
{
  return self->fd;
}

guint
serial_port_get_transfer_ms (SerialPort *self, gsize size)
{
  return (guint) ((size * BITS_PER_BYTE * 1000 + self->baud_rate - 1) / self->baud_rate);
}
