/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See serial-tty.h: locks, rates and flags.
 */
#include "serial-tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

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
serial_tty_knows_rate (guint baud_rate)
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

int
serial_tty_open (const SerialPortSettings *settings, struct termios *ret_former, GError **error)
{
  int fd = open_locked (settings->device, error);

  if (fd < 0 || configure (fd, settings, ret_former, error))
    return fd;
  ioctl (fd, TIOCNXCL); /* it would outlive this fd while another one is open */
  close (fd);
  return -1;
}

void
serial_tty_close (int fd, const struct termios *former)
{
  /* Without the flush, closing a UART waits up to 30 s for a peer that has stopped it by flow control. */
  tcflush (fd, TCOFLUSH);
  tcsetattr (fd, TCSANOW, former);
  ioctl (fd, TIOCNXCL);
  close (fd);
}
