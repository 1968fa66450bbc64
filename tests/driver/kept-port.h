/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A port that somebody keeps, in the same process: writes and reads for the port, and remembers what it was
 * told to keep.
 */
#pragma once

#include "serial-port.h"

/** KeptPort: all fields may be read. @mute: to be set: what is written goes nowhere. */
typedef struct {
  gboolean mute;
  SerialPort *port; /* not owned: it owns this; NULL when it was freed */
  int fd;           /* of our own */
  GSource *source;  /* while we read */
  GBytes *announced;
  int journal; /* of slot 0; -1 for none */
  gboolean watched;
  gboolean left;
  guint64 taken;
  GString *farewell; /* the lines, each with a semicolon */
} KeptPort;

/** *@ret_kept is to be given to kept_port_unref(), when the port is freed. @fd: taken. */
SerialPort *kept_port_new (int fd, const SerialPortHistory *history, const char *log,
                           const char *const *unsaid, KeptPort **ret_kept);
void kept_port_unref (KeptPort *self);
