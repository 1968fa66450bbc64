/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The holder in this process, between a module and a daemon: a pseudo-terminal whose other end the test holds
 * is the module, a socket that is closed without a word is a daemon that was killed.
 */
#pragma once

#include "holder-message.h"
#include "holder-server.h"

typedef struct {
  int master;
  int slave;
  char device[64];
  char *dir;
  char *path; /* of the holder's socket */
  HolderServer *server;
  guint idle;                /* how often it was */
  GString *written;          /* what the module got */
  GSocket *daemon;           /* the last one, or NULL */
  SerialPortHistory history; /* as it was told when it got the port */
  GString *log;
} Fixture;

extern Fixture fixture;

/* Short, but for the grace, which a test that waits for it makes short itself. */
extern const HolderPortTiming patient;
extern const HolderPortTiming hasty;
extern const HolderPortTiming deaf;

void setup (void);
void teardown (void);

/** The holder begins to listen. */
void serve (const HolderPortTiming *timing);

/** It listens, and has given a port that nobody had to a daemon. */
void serve_daemon (const HolderPortTiming *timing);

/* -- the module ------------------------------------------------------------------------------------- */

void read_module (void);

/** Until the module got exactly @text; it has got nothing else meanwhile. */
void expect_written (const char *text);

void say (const char *text);

/* -- the main loop ---------------------------------------------------------------------------------- */

void wait_idle (void);
void run_what_is_ready (void);

/* -- the daemon ------------------------------------------------------------------------------------- */

/** One more guest; to be unreffed. */
GSocket *connect_guest (void);

/** A daemon asks for the port; the one before, if it lives, dies now. */
void begin_daemon (guint baud_rate);

/** It asks, as @guest (taken; NULL: a new one), only for a port that was held over. */
void resume_daemon (GSocket *guest, const char *note);

/** It gets the port. */
void read_opened (void);

/** It gets the port, and all that the port has said. */
void expect_opened (gboolean held_over, const char *log);

/** The next message to it, to be cleared. */
void expect_message (HolderMessage *ret_message);

/** It says so. */
void tell_command (const char *command, const char *ends);
void tell (HolderMessageType type, const char *text);

/** @value: floating, consumed. */
void tell_value (HolderMessageType type, GVariant *value);

/** It gets @text, and nothing else meanwhile. */
void expect_received (const char *text);

/** There is no message to it, and nothing that the holder has to do. */
void expect_silence (void);

/** The holder has not noticed yet. */
void kill_daemon (void);
