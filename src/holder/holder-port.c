/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The phases of a held port. set_phase() is the only writer of the phase.
 */
#include "holder-port.h"

#include <string.h>

#include "at-parser.h"
#include "holder-data-mode.h"
#include "holder-farewell.h"
#include "holder-journals.h"
#include "holder-log.h"
#include "holder-message.h"
#include "holder-relay.h"
#include "holder-source.h"
#include "timer.h"

const HolderPortTiming holder_port_timing_default = {
  .grace_ms = 20000,
  .spare_ms = 60000,
  .prompt_ms = 5000,
  .farewell = { .answer_ms = 3000, .quiet_ms = 300, .probes = 6 },
};

typedef enum {
  PHASE_CLOSED,   /* nothing was done yet, or the port was released: ModemManager may still go without */
  PHASE_OPENING,  /* ModemManager is letting go of the modem */
  PHASE_ATTENDED, /* a daemon has the port, and reads it unless it is watched */
  PHASE_PROMPT,   /* the daemon died behind a command whose data the module waits for, or is about to */
  PHASE_GRACE,    /* a daemon may come back */
  PHASE_FAREWELL, /* nobody came back */
  PHASE_GIVING,   /* ModemManager is getting the modem back */
  PHASE_GONE,
} Phase;

struct HolderPort {
  const HolderPortConfig *config;
  SerialPortSettings settings;
  char *device; /* behind settings.device */
  char *note;
  HolderSource *source;

  SerialPort *port; /* NULL while it is closed */
  Phase phase;
  Timer timer; /* of the phase */
  gboolean held_over;
  gboolean reads;   /* the port, here */
  gboolean hurried; /* nobody will come back */

  GSocket *link; /* of the daemon that has the port, or waits for it */
  GSource *link_source;

  AtParser *parser;
  HolderDataMode *data_mode;
  HolderLog *log;
  HolderRelay *relay;
  HolderJournals *journals;
  HolderFarewell *farewell;
};

static void on_timer (gpointer user_data);
static void on_received (const guint8 *data, gsize size, gpointer user_data);
static void on_hung_up (const GError *error, gpointer user_data);
static void await_prompt (HolderPort *self);

static const SerialPortListener listener = { on_received, on_hung_up };

/** Nothing is counted here: payload is looked at as lines, which do no harm. */
static gssize
get_payload_size (const char *line, gsize length, gpointer user_data)
{
  return 0;
}

static gsize
get_visible_length (const char *line, gsize length, gpointer user_data)
{
  return 0;
}

static const AtFraming framing = { get_payload_size, get_visible_length };

static void
set_phase (HolderPort *self, Phase phase, guint timeout_ms)
{
  self->phase = phase;
  at_parser_expect_prompt (self->parser, phase == PHASE_PROMPT);
  if (timeout_ms > 0)
    timer_set (&self->timer, timeout_ms);
  else
    timer_clear (&self->timer);
}

static void
drop_link (HolderPort *self)
{
  holder_relay_detach (self->relay);
  if (self->link_source != NULL)
    g_source_destroy (self->link_source);
  g_clear_pointer (&self->link_source, g_source_unref);
  g_clear_object (&self->link);
}

static void
refuse (HolderPort *self, const GError *error)
{
  int code = g_dbus_error_is_remote_error (error) ? G_IO_ERROR_DBUS_ERROR : error->code;

  if (self->link != NULL)
    holder_message_send_value (self->link, HOLDER_MESSAGE_REFUSED,
                               g_variant_new (HOLDER_MESSAGE_REFUSED_TYPE, code, error->message), -1, NULL);
  drop_link (self);
}

/** The owner frees this from the main loop. */
static void
end (HolderPort *self)
{
  if (self->link != NULL)
    holder_message_send (self->link, HOLDER_MESSAGE_GIVEN, NULL, -1, NULL);
  drop_link (self);
  set_phase (self, PHASE_GONE, 0);
  timer_set (&self->timer, 0);
}

static void
on_given (gpointer user_data)
{
  end (user_data);
}

/** The port is closed. */
static void
give_back (HolderPort *self)
{
  set_phase (self, PHASE_GIVING, 0);
  holder_source_give (self->source);
}

/** The port is closed, and may be wanted again soon. */
static void
spare (HolderPort *self)
{
  if (holder_source_is_taken (self->source))
    set_phase (self, PHASE_CLOSED, self->config->timing->spare_ms);
  else
    end (self);
}

/** What was known of it is over. */
static void
close_port (HolderPort *self)
{
  drop_link (self);
  holder_farewell_stop (self->farewell);
  holder_data_mode_reset (self->data_mode);
  holder_relay_reset (self->relay);
  holder_log_reset (self->log);
  holder_journals_clear (self->journals);
  self->held_over = FALSE;
  self->reads = FALSE;
  g_clear_pointer (&self->port, serial_port_free);
}

static void
let_go (HolderPort *self)
{
  close_port (self);
  give_back (self);
}

/** The daemon has closed the port in good order. */
static void
release (HolderPort *self)
{
  g_message ("%s: released", self->device);
  close_port (self);
  spare (self);
}

/* -- nobody comes back ------------------------------------------------------------------------------- */

static void
begin_farewell (HolderPort *self)
{
  /* From here on nothing is as the last daemon has left it. */
  holder_journals_clear (self->journals);
  holder_relay_reset (self->relay);
  set_phase (self, PHASE_FAREWELL, 0);
  holder_farewell_begin (self->farewell, self->port);
}

static void
on_farewell_end (gboolean answered, gpointer user_data)
{
  HolderPort *self = user_data;

  if (answered)
    g_message ("%s: given back", self->device);
  else
    g_warning ("%s: the module does not answer; it is let go as it is", self->device);
  let_go (self);
}

/* -- what the module waits for ----------------------------------------------------------------------- */

/** Reads the port unless its daemon does, or cannot follow. */
static void
choose_reading (HolderPort *self)
{
  gboolean attended = self->phase == PHASE_ATTENDED;
  gboolean reads = !attended || holder_relay_is_reading (self->relay);

  serial_port_set_paused (self->port,
                          attended && !holder_log_has_room (self->log, SERIAL_PORT_READ_MAX_BYTES));
  if (reads != self->reads)
    serial_port_set_listener (self->port, reads ? &listener : NULL, self);
  self->reads = reads;
}

/** What OPENED says; floating. */
static GVariant *
describe (HolderPort *self)
{
  guint64 begin = holder_log_get_begin (self->log);
  g_autoptr (GBytes) log = holder_log_copy (self->log, begin, HOLDER_LOG_MAX_BYTES);

  return g_variant_new (
      "(b@ayb^asssstbt)", self->held_over, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, log, TRUE),
      holder_log_is_complete (self->log), holder_farewell_get_lines (self->farewell), self->device,
      holder_source_get_uid (self->source), self->note, begin, holder_relay_is_watched (self->relay),
      holder_data_mode_count_commands (self->data_mode));
}

static void
hand_over (HolderPort *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = describe (self);

  if (!holder_relay_is_watched (self->relay))
    holder_log_clear (self->log);
  holder_relay_attach (self->relay, self->link);
  holder_farewell_stop (self->farewell);
  set_phase (self, PHASE_ATTENDED, 0);
  choose_reading (self);
  /* A daemon that is gone already is noticed by the end of its link. */
  if (!holder_message_send_value (self->link, HOLDER_MESSAGE_OPENED, value, serial_port_get_fd (self->port),
                                  &error))
    g_warning ("%s: cannot be handed over: %s", self->device, error->message);
}

/** The module waits for nothing any more. */
static void
settle (HolderPort *self)
{
  if (self->link != NULL)
    hand_over (self);
  else if (self->hurried)
    begin_farewell (self);
  else
    set_phase (self, PHASE_GRACE, self->config->timing->grace_ms);
}

static void
finish_data_mode (HolderPort *self)
{
  holder_data_mode_finish (self->data_mode, self->port);
  settle (self);
}

/** The daemon that had the port is gone without a word. */
static void
take_over (HolderPort *self)
{
  drop_link (self);
  self->held_over = TRUE;
  g_message ("%s: held while modemssld is away", self->device);
  if (!holder_data_mode_is_awaited (self->data_mode))
    settle (self);
  else if (holder_data_mode_is_prompted (self->data_mode))
    finish_data_mode (self);
  else
    await_prompt (self);
  choose_reading (self);
}

static void
on_timer (gpointer user_data)
{
  HolderPort *self = user_data;

  switch (self->phase) {
  case PHASE_OPENING:
  case PHASE_ATTENDED:
  case PHASE_FAREWELL:
  case PHASE_GIVING:
    break;
  case PHASE_CLOSED:
    give_back (self);
    break;
  case PHASE_PROMPT:
    /* The daemon may have read the prompt. Anything else than what was announced could become part of the
     * stream, so that is written in any case. */
    finish_data_mode (self);
    break;
  case PHASE_GRACE:
    begin_farewell (self);
    break;
  case PHASE_GONE:
    self->config->gone (self, self->config->gone_data);
    break;
  }
}

/* -- the port ---------------------------------------------------------------------------------------- */

static void
examine (HolderPort *self, const guint8 *data, gsize size)
{
  while (size > 0 && self->phase != PHASE_GONE && self->phase != PHASE_ATTENDED) {
    AtEvent event;
    gsize used = at_parser_parse (self->parser, data, size, &event);

    data += used;
    size -= used;
    if (event.kind == AT_EVENT_PROMPT)
      finish_data_mode (self);
    else if (event.kind == AT_EVENT_LINE)
      holder_farewell_handle_line (self->farewell, event.line);
  }
}

/** The prompt may be among what the port has said while it was watched. */
static void
await_prompt (HolderPort *self)
{
  g_autoptr (GBytes) said =
      holder_log_copy (self->log, holder_data_mode_get_position (self->data_mode), HOLDER_LOG_MAX_BYTES);

  set_phase (self, PHASE_PROMPT, self->config->timing->prompt_ms);
  examine (self, g_bytes_get_data (said, NULL), g_bytes_get_size (said));
}

static void
on_received (const guint8 *data, gsize size, gpointer user_data)
{
  HolderPort *self = user_data;

  holder_log_append (self->log, data, size);
  if (self->phase != PHASE_ATTENDED) {
    examine (self, data, size);
    return;
  }
  holder_relay_run (self->relay);
  choose_reading (self);
}

static void
on_hung_up (const GError *error, gpointer user_data)
{
  HolderPort *self = user_data;

  g_message ("%s: %s", self->device, error->message);
  let_go (self);
}

/* -- the daemon -------------------------------------------------------------------------------------- */

static void
handle_taken (HolderPort *self, const HolderMessage *message)
{
  g_autoptr (GVariant) value = holder_message_get_value (message, HOLDER_MESSAGE_TAKEN_TYPE);
  guint64 position;

  if (value == NULL)
    return;
  g_variant_get (value, "(t)", &position);
  holder_relay_take (self->relay, position);
  choose_reading (self);
}

static void
handle_command (HolderPort *self, const HolderMessage *message)
{
  g_autoptr (GVariant) value = holder_message_get_value (message, HOLDER_MESSAGE_COMMAND_TYPE);
  g_autoptr (GVariant) command = NULL;
  g_autoptr (GVariant) ends = NULL;
  g_autoptr (GBytes) command_bytes = NULL;
  g_autoptr (GBytes) ends_bytes = NULL;

  if (value == NULL)
    return;
  g_variant_get (value, "(@ay@ay)", &command, &ends);
  command_bytes = g_variant_get_data_as_bytes (command);
  ends_bytes = g_variant_get_data_as_bytes (ends);
  holder_data_mode_begin (self->data_mode, holder_log_get_end (self->log));
  serial_port_write_command (self->port, command_bytes, ends_bytes);
}

static void
handle_journal (HolderPort *self, HolderMessage *message)
{
  g_autoptr (GVariant) value = holder_message_get_value (message, HOLDER_MESSAGE_JOURNAL_TYPE);
  guint slot;

  if (value == NULL)
    return;
  g_variant_get (value, "(&su)", NULL, &slot);
  holder_journals_set (self->journals, slot, g_steal_fd (&message->fd));
}

static void
handle_message (HolderPort *self, HolderMessage *message)
{
  if (self->phase != PHASE_ATTENDED)
    return; /* the port is not its own yet */
  switch (message->type) {
  case HOLDER_MESSAGE_WRITE:
    serial_port_write (self->port, message->data);
    break;
  case HOLDER_MESSAGE_COMMAND:
    handle_command (self, message);
    break;
  case HOLDER_MESSAGE_FORGET:
    holder_data_mode_reset (self->data_mode);
    serial_port_forget_announced (self->port);
    break;
  case HOLDER_MESSAGE_PROMPT:
    holder_data_mode_note_prompt (self->data_mode);
    break;
  case HOLDER_MESSAGE_WRITE_ANNOUNCED:
    holder_data_mode_finish (self->data_mode, self->port);
    break;
  case HOLDER_MESSAGE_FAREWELL:
    holder_farewell_set (self->farewell, message->data);
    break;
  case HOLDER_MESSAGE_RELEASE:
    release (self);
    break;
  case HOLDER_MESSAGE_WATCH:
    holder_relay_watch (self->relay);
    choose_reading (self);
    break;
  case HOLDER_MESSAGE_UNWATCH:
    holder_relay_unwatch (self->relay);
    choose_reading (self);
    break;
  case HOLDER_MESSAGE_TAKEN:
    handle_taken (self, message);
    break;
  case HOLDER_MESSAGE_JOURNAL:
    handle_journal (self, message);
    break;
  case HOLDER_MESSAGE_GIVE:
  case HOLDER_MESSAGE_GIVEN:
  case HOLDER_MESSAGE_RESUME:
  case HOLDER_MESSAGE_RECALL:
  case HOLDER_MESSAGE_RECALLED:
  case HOLDER_MESSAGE_PROTOCOL_IS:
  case HOLDER_MESSAGE_RECEIVED:
  case HOLDER_MESSAGE_UNWATCHED:
  case HOLDER_MESSAGE_OPEN:
  case HOLDER_MESSAGE_OPENED:
  case HOLDER_MESSAGE_REFUSED:
    break;
  }
}

/** Handles the next message. FALSE when there is none for now, or no link any more. */
static gboolean
hear (HolderPort *self)
{
  g_auto (HolderMessage) message = { .fd = -1 };
  g_autoptr (GError) error = NULL;

  if (self->link == NULL)
    return FALSE;
  if (holder_message_receive (self->link, &message, &error)) {
    handle_message (self, &message);
    return TRUE;
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  if (self->phase == PHASE_ATTENDED)
    take_over (self);
  else
    drop_link (self); /* it was still waiting for the port */
  return FALSE;
}

static gboolean
on_link (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  hear (user_data);
  return G_SOURCE_CONTINUE; /* the source is destroyed with the link */
}

void
holder_port_catch_up (HolderPort *self)
{
  while (hear (self))
    ;
}

static void
on_opened (SerialPort *port, const GError *error, gpointer user_data)
{
  HolderPort *self = user_data;

  self->port = port;
  if (port == NULL) {
    refuse (self, error);
    spare (self);
    return;
  }
  if (self->link != NULL)
    hand_over (self);
  else
    release (self); /* nobody wants it any more */
}

static void
open_port (HolderPort *self)
{
  set_phase (self, PHASE_OPENING, 0);
  holder_source_open (self->source);
}

static void
set_link (HolderPort *self, GSocket *link)
{
  drop_link (self);
  self->link = g_object_ref (link);
  self->link_source = g_socket_create_source (link, G_IO_IN, NULL);
  /* Nothing runs the main loop inside; one that must not recurse is taken out and put back for each message,
   * which wakes the loop up. */
  g_source_set_can_recurse (self->link_source, TRUE);
  g_source_set_callback (self->link_source, G_SOURCE_FUNC (on_link), self, NULL);
  g_source_attach (self->link_source, g_main_context_get_thread_default ());
}

void
holder_port_attach (HolderPort *self, GSocket *link)
{
  if (self->phase == PHASE_ATTENDED && self->link != NULL)
    take_over (self);
  set_link (self, link);
  if (self->phase == PHASE_CLOSED)
    open_port (self);
  else if (self->phase != PHASE_PROMPT && self->phase != PHASE_OPENING)
    hand_over (self);
}

void
holder_port_give (HolderPort *self, GSocket *link)
{
  if (self->phase != PHASE_CLOSED) {
    /* A port that is open, or about to be, is given back by whoever has it. */
    holder_message_send (link, HOLDER_MESSAGE_GIVEN, NULL, -1, NULL);
    return;
  }
  set_link (self, link);
  give_back (self);
}

void
holder_port_hurry (HolderPort *self)
{
  /* Also for a daemon whose end has not been noticed yet. */
  self->hurried = TRUE;
  if (self->phase == PHASE_GRACE)
    begin_farewell (self);
  else if (self->phase == PHASE_CLOSED)
    give_back (self);
}

/* -- the object -------------------------------------------------------------------------------------- */

gboolean
holder_port_has_device (HolderPort *self, const char *device)
{
  return self->phase != PHASE_GIVING && self->phase != PHASE_GONE && strcmp (self->device, device) == 0;
}

gboolean
holder_port_send_journals (HolderPort *self, GSocket *guest, GError **error)
{
  return holder_journals_send (self->journals, self->device, guest, error);
}

gboolean
holder_port_is_held_over (HolderPort *self)
{
  switch (self->phase) {
  case PHASE_PROMPT:
  case PHASE_GRACE:
  case PHASE_FAREWELL:
    return self->link == NULL;
  case PHASE_CLOSED:
  case PHASE_OPENING:
  case PHASE_ATTENDED:
  case PHASE_GIVING:
  case PHASE_GONE:
    return FALSE;
  }
  g_assert_not_reached ();
}

const char *
holder_port_get_uid (HolderPort *self)
{
  return holder_source_get_uid (self->source);
}

const char *
holder_port_get_note (HolderPort *self)
{
  return self->note;
}

gboolean
holder_port_fits (HolderPort *self, const SerialPortSettings *settings)
{
  return self->settings.baud_rate == settings->baud_rate
         && self->settings.flow_control == settings->flow_control;
}

HolderPort *
holder_port_new (const HolderPortConfig *config, const SerialPortSettings *settings, const char *uid,
                 const char *note)
{
  HolderPort *self = g_new0 (HolderPort, 1);

  self->config = config;
  self->device = g_strdup (settings->device);
  self->settings = *settings;
  self->settings.device = self->device;
  self->note = g_strdup (note);
  self->source = holder_source_new (config->bus, uid, &self->settings, on_opened, on_given, self);
  self->parser = at_parser_new (&framing, NULL);
  self->data_mode = holder_data_mode_new ();
  self->log = holder_log_new ();
  self->relay = holder_relay_new (self->log);
  self->journals = holder_journals_new ();
  self->farewell = holder_farewell_new (&config->timing->farewell, self->device, on_farewell_end, self);
  timer_init (&self->timer, timer_clock_get_system (), on_timer, self);
  set_phase (self, PHASE_CLOSED, 0);
  return self;
}

void
holder_port_free (HolderPort *self)
{
  drop_link (self);
  timer_dispose (&self->timer);
  holder_farewell_free (self->farewell);
  g_clear_pointer (&self->port, serial_port_free);
  holder_source_free (self->source);
  at_parser_free (self->parser);
  holder_data_mode_free (self->data_mode);
  holder_relay_free (self->relay);
  holder_journals_free (self->journals);
  holder_log_free (self->log);
  g_free (self->note);
  g_free (self->device);
  g_free (self);
}
