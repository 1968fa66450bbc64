/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No main loop, no queue, no checks: blocking reads and writes, and memmem(). Whatever goes wrong ends the
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

#define SENT "+QSSLSEND: 0,0,0\r\n"
#define RECV "+QSSLURC: \"recv\",0,0,"

typedef struct {
  int fd;
  char buffer[16384];
  gsize used;
  guint64 line_bytes;
  gboolean hex;
  gsize received; /* beyond what was asked for */
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

/** Takes the first whole piece out of the buffer: how many bytes of payload it had; 0 when there is none. */
static gsize
take_piece (Raw *self)
{
  const char *at = memmem (self->buffer, self->used, RECV, strlen (RECV));
  char *comma;
  gsize size, end;

  if (at == NULL)
    return 0;
  size = strtoul (at + strlen (RECV), &comma, 10);
  end = (gsize) (comma - self->buffer) + 1 + (self->hex ? 2 * size : size + 2);
  if (end > self->used)
    return 0;
  self->used -= end;
  memmove (self->buffer, self->buffer + end, self->used + 1);
  return size;
}

/** @size bytes, or some more that have come with them. */
static void
receive (Raw *self, gsize size)
{
  while (self->received < size) {
    gsize piece = take_piece (self);

    self->received += piece;
    if (piece == 0)
      get_more (self);
  }
  self->received -= size;
}

static void
send_payload (Raw *self, const char *payload, gsize size)
{
  g_autofree char *command = g_strdup_printf ("AT+QSSLSEND=0,0,%" G_GSIZE_FORMAT "\r", size);

  run_command (self, command, ">");
  forget (self);
  put (self, payload, strlen (payload));
  wait_for (self, SENT);
}

static void
do_round (Raw *self, const char *payload, const BenchRawRounds *rounds)
{
  if (rounds->way != BENCH_RAW_DOWNLOAD)
    send_payload (self, payload, rounds->size);
  if (rounds->way != BENCH_RAW_UPLOAD)
    receive (self, rounds->size);
}

static char *
make_payload (const BenchRawRounds *rounds)
{
  g_autofree char *line = bench_samples_new_line (rounds->size);
  GString *hex = g_string_new (NULL);

  for (gsize i = 0; rounds->hex && i < rounds->size; i++)
    g_string_append_printf (hex, "%02X", (guint8) line[i]);
  if (!rounds->hex)
    g_string_append_len (hex, line, (gssize) rounds->size);
  return g_string_free (hex, FALSE);
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

/** Forgets what stands in the buffer up to @text: behind it there is data. */
static void
skip_behind (Raw *self, const char *text)
{
  const char *found = memmem (self->buffer, self->used, text, strlen (text));
  gsize end = (gsize) (found - self->buffer) + strlen (text);

  self->used -= end;
  memmove (self->buffer, self->buffer + end, self->used + 1);
  self->line_bytes = self->used;
}

/** The server waits for a line. */
static void
ask_for_data (Raw *self)
{
  send_payload (self, self->hex ? "676F0A" : "go\n", strlen ("go\n"));
  skip_behind (self, SENT);
}

/** Data may still come in plenty. */
static void
close_connection (Raw *self)
{
  static const char result[] = "+QSSLCLOSE: 0,0,";
  static const char command[] = "AT+QSSLCLOSE=0,0\r";

  forget (self);
  put (self, command, strlen (command));
  while (memmem (self->buffer, self->used, result, strlen (result)) == NULL) {
    if (self->used > sizeof self->buffer / 2) {
      memmove (self->buffer, self->buffer + self->used - strlen (result), strlen (result));
      self->used = strlen (result);
    }
    get_more (self);
  }
}

void
bench_raw_run (const BenchRawPort *port, const BenchRawRounds *rounds)
{
  g_autofree Raw *self = g_new0 (Raw, 1);
  g_autoptr (BenchSamples) samples = bench_samples_new ();
  g_autofree char *payload = make_payload (rounds);
  g_autofree char *command = g_strdup_printf ("AT+QSSLOPEN=0,0,\"%s\",%u,0\r", rounds->host, rounds->port);

  open_port (self, port);
  run_command (self, "AT\r", "OK\r\n");
  run_command (self, "ATE0\r", "OK\r\n");
  run_command (self, "AT+QSCLK=0\r", "OK\r\n");
  run_command (self, "AT+QSSLCFG=0,0,\"seclevel\",0\r", "OK\r\n");
  if (rounds->hex)
    run_command (self, "AT+QSSLCFG=0,0,\"dataformat\",1,1\r", "OK\r\n");
  else
    run_command (self, "AT+QSSLCFG=0,0,\"dataformat\",0,0\r", "OK\r\n");
  run_command (self, command, "+QSSLOPEN: 0,0,0\r\n");
  skip_behind (self, "+QSSLOPEN: 0,0,0\r\n");
  self->hex = rounds->hex;
  if (rounds->way == BENCH_RAW_DOWNLOAD)
    ask_for_data (self);
  for (guint i = 0; i < rounds->count; i++) {
    bench_samples_begin (samples);
    do_round (self, payload, rounds);
    bench_samples_end (samples);
  }
  /* Of a piece that is not complete yet there is no payload either. */
  if (rounds->way == BENCH_RAW_DOWNLOAD)
    self->line_bytes -= self->used;
  bench_samples_note (samples, "line_bytes", (double) self->line_bytes);
  bench_samples_note (samples, "payload_bytes", (double) (rounds->size * rounds->count + self->received));
  close_connection (self);
  close (self->fd);
  bench_samples_print (samples);
}
