/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No main loop, no queue, no checks: blocking reads and writes, and strstr(). Whatever goes wrong ends the
 * program.
 */
#include "bench-raw.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "bench-samples.h"

#define RECV "+QSSLURC: \"recv\",0,0,"

typedef struct {
  int fd;
  char buffer[16384];
  gsize used;
  guint64 line_bytes;
} Raw;

static void
put (Raw *self, const char *data, gsize size)
{
  self->line_bytes += size;
  while (size > 0) {
    ssize_t written = write (self->fd, data, size);

    if (written < 0)
      g_error ("write: %m");
    data += written;
    size -= (gsize) written;
  }
}

static void
get_more (Raw *self)
{
  ssize_t got = read (self->fd, self->buffer + self->used, sizeof self->buffer - 1 - self->used);

  if (got <= 0)
    g_error ("read: %m");
  self->used += (gsize) got;
  self->buffer[self->used] = '\0';
  self->line_bytes += (gsize) got;
}

static void
wait_for (Raw *self, const char *text)
{
  while (memmem (self->buffer, self->used, text, strlen (text)) == NULL)
    get_more (self);
}

static void
forget (Raw *self)
{
  self->used = 0;
  self->buffer[0] = '\0';
}

static void
run_command (Raw *self, const char *command, const char *answer)
{
  forget (self);
  put (self, command, strlen (command));
  wait_for (self, answer);
}

/** How many bytes of payload stand in the buffer; whole pieces only. */
static gsize
count_received (Raw *self)
{
  const char *at = self->buffer;
  const char *end = self->buffer + self->used;
  gsize count = 0;

  while ((at = memmem (at, (gsize) (end - at), RECV, strlen (RECV))) != NULL) {
    char *comma;
    gsize size = strtoul (at + strlen (RECV), &comma, 10);

    if (comma + 2 + size > end)
      break;
    count += size;
    at = comma + 2 + size;
  }
  return count;
}

static void
do_round (Raw *self, const char *payload, gsize size, gboolean echo)
{
  g_autofree char *command = g_strdup_printf ("AT+QSSLSEND=0,0,%" G_GSIZE_FORMAT "\r", size);

  run_command (self, command, ">");
  forget (self);
  put (self, payload, size);
  wait_for (self, "+QSSLSEND: 0,0,0\r\n");
  while (echo && count_received (self) < size)
    get_more (self);
}

static speed_t
get_speed (guint baud)
{
  switch (baud) {
  case 460800:
    return B460800;
  case 921600:
    return B921600;
  default:
    return B115200;
  }
}

static void
open_port (Raw *self, const BenchRawPort *port)
{
  struct termios tio;

  self->fd = open (port->device, O_RDWR | O_NOCTTY);
  if (self->fd < 0 || tcgetattr (self->fd, &tio) < 0)
    g_error ("%s: %m", port->device);
  cfmakeraw (&tio);
  cfsetspeed (&tio, get_speed (port->baud));
  tcsetattr (self->fd, TCSANOW, &tio);
}

void
bench_raw_run (const BenchRawPort *port, const BenchRawRounds *rounds)
{
  gsize size = rounds->size;
  g_autofree Raw *self = g_new0 (Raw, 1);
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autofree char *payload = bench_samples_new_line (size);
  g_autofree char *command = g_strdup_printf ("AT+QSSLOPEN=0,0,\"%s\",%u,0\r", rounds->host, rounds->port);

  open_port (self, port);
  run_command (self, "AT\r", "OK\r\n");
  run_command (self, "ATE0\r", "OK\r\n");
  run_command (self, "AT+QSCLK=0\r", "OK\r\n");
  run_command (self, "AT+QSSLCFG=0,0,\"seclevel\",0\r", "OK\r\n");
  run_command (self, command, "+QSSLOPEN: 0,0,0\r\n");
  self->line_bytes = 0;
  for (guint i = 0; i < rounds->count; i++) {
    bench_samples_begin (samples);
    do_round (self, payload, size, rounds->echo);
    bench_samples_end (samples);
  }
  bench_samples_note (samples, "line_bytes", (double) self->line_bytes);
  run_command (self, "AT+QSSLCLOSE=0,0\r", "+QSSLCLOSE: 0,0,");
  close (self->fd);
  bench_samples_print (samples);
}
