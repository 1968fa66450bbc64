/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The dialogue on one AT port: a queue of commands, one at a time; time-outs; prompts and payload; URCs to
 * their handlers; and getting back into step after a time-out, a restart, or sleep. It knows no vendor: what
 * commands mean stands in the driver.
 *
 * Callbacks run from the main loop, never inside the call that started them. A URC handler or a callback may
 * free the channel.
 */
#pragma once

#include <gio/gio.h>

#include "at-command.h"
#include "at-parser.h"
#include "at-trace.h"
#include "at-urcs.h"
#include "serial-port.h"

#define AT_ERROR (at_error_quark ())
GQuark at_error_quark (void);

/**
 * AtError:
 * @AT_ERROR_REFUSED: the module answered ERROR, +CME ERROR or the like; the message holds that line.
 * @AT_ERROR_TIMEOUT: no final result in time. The channel gets back into step before the next command.
 * @AT_ERROR_RESTARTED: at_channel_restart() was called meanwhile.
 * @AT_ERROR_LOST: the port hung up, or the module no longer answers, or the channel was freed.
 * @AT_ERROR_BROKEN: the response was longer than any that there is, or the queue is full, or two commands
 * were adopted.
 * @AT_ERROR_PROMPT: a command that refuses a prompt got one.
 */
typedef enum {
  AT_ERROR_REFUSED,
  AT_ERROR_TIMEOUT,
  AT_ERROR_RESTARTED,
  AT_ERROR_LOST,
  AT_ERROR_BROKEN,
  AT_ERROR_PROMPT,
} AtError;

/** What waits in the queue at most, and lines that one response may have. */
#define AT_CHANNEL_QUEUE_MAX 32
#define AT_CHANNEL_RESPONSE_MAX_LINES 64

/**
 * AtTiming: all in milliseconds but @probes.
 * @probe_timeout_ms: for the answer to one probe.
 * @probes: how many probes go unanswered before the module is lost.
 * @quiet_ms: after the answer to a probe that was not the first one, how long no final result may come, so
 * that answers to the other probes do not go to the next command. And after a refusal that came instead of a
 * prompt, how long the prompt may come all the same.
 * @line_gap_ms: how long the bytes of a line or of an announced payload may stop.
 * @wake_after_ms: after this much silence a module that may sleep is probed before a command.
 */
typedef struct {
  guint probe_timeout_ms;
  guint probes;
  guint quiet_ms;
  guint line_gap_ms;
  guint wake_after_ms;
} AtTiming;

/** 2.5 s, 6 probes (15 s: a restart takes 9), 0.3 s, 2 s, 0.2 s. */
extern const AtTiming at_timing_default;

typedef struct AtChannel AtChannel;

/** The module is lost: every command has failed before. At most once; nothing comes after it. */
typedef void (*AtLostFunc) (const GError *error, gpointer user_data);

/**
 * Takes @port. The first command starts with a probe, since it is not known what state the module is in.
 * @framing and its data must outlive the channel; @timing is copied. @name is for the trace, which may be
 * NULL.
 */
AtChannel *at_channel_new (SerialPort *port, const AtFraming *framing, gpointer framing_data,
                           const AtTiming *timing, const char *name, AtTrace *trace);

/** Fails what is queued with AT_ERROR_LOST and closes the port. */
void at_channel_free (AtChannel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtChannel, at_channel_free)

void at_channel_set_lost_func (AtChannel *self, AtLostFunc func, gpointer user_data);

/** Lines that begin with @prefix (static) and are no response to the command under way go to @func. The first
 * match counts. */
void at_channel_add_urc (AtChannel *self, const char *prefix, AtUrcFunc func, gpointer user_data);

/** Everything else but answers and echoes goes to @func: lines that nobody knows, and broken ones. */
void at_channel_set_stray_func (AtChannel *self, AtUrcFunc func, gpointer user_data);

/**
 * Queues @command (taken). The result is the response: a NULL-terminated array of its information lines, to
 * be freed with g_strfreev(), when the module answered OK; otherwise an #AtError.
 */
void
at_channel_run_async (AtChannel *self, AtCommand *command, GAsyncReadyCallback callback, gpointer user_data);
char **at_channel_run_finish (AtChannel *self, GAsyncResult *result, GError **error);

/**
 * Takes up @command (taken), which an earlier life has written and whose payload whoever keeps the port has
 * written or is not going to: what comes from now on is what the module says behind @stage, which is not
 * AT_STAGE_DONE. Nothing is written for it. Before any other command, and only one (AT_ERROR_BROKEN); ends as
 * at_channel_run_async().
 */
void at_channel_adopt_async (AtChannel *self, AtCommand *command, AtStage stage, GAsyncReadyCallback callback,
                             gpointer user_data);

/** The module restarted: the command under way and all that wait fail with AT_ERROR_RESTARTED, since they
 * were meant for the state that the module was in. It is probed before the next command. */
void at_channel_restart (AtChannel *self);

/** The next command begins with a probe, as after a time-out. */
void at_channel_resync (AtChannel *self);

/** As serial_port_set_farewell() and serial_port_get_unsaid(): lines without their CR. */
void at_channel_set_farewell (AtChannel *self, const char *const *lines);
const char *const *at_channel_get_unsaid (AtChannel *self);

/** The port, for what has nothing to do with AT: who keeps it. Borrowed. */
SerialPort *at_channel_get_port (AtChannel *self);

/** Inside a handler: the position (serial_port_get_position()) behind the event that it is called for. */
guint64 at_channel_get_position (AtChannel *self);

/** All that has come so far was looked at. It may free the channel. */
typedef void (*AtReadFunc) (gpointer user_data);

/** Runs @func behind the events of each piece of input. */
void at_channel_set_read_func (AtChannel *self, AtReadFunc func, gpointer user_data);

/** Whether a command with a prompt is under way or waits. */
gboolean at_channel_has_data_command (AtChannel *self);

/** Whether bytes of an unfinished line or payload are just coming in. */
gboolean at_channel_is_receiving (AtChannel *self);

/** Whether the module may fall asleep now; if so it is probed before a command that follows a silence. At
 * first TRUE. */
void at_channel_set_may_sleep (AtChannel *self, gboolean may_sleep);
