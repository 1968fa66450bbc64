/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The phases of the farewell. set_phase() is the only writer of the phase.
 */
#include "holder-farewell.h"

#include <string.h>

#include "timer.h"

typedef enum {
  PHASE_SILENT,
  PHASE_PROBE, /* does the module answer? */
  PHASE_LINE,  /* a line was written; its result is awaited */
  PHASE_QUIET, /* what belongs to the line before may still come */
} Phase;

struct HolderFarewell {
  const HolderFarewellTiming *timing;
  const char *name;
  HolderFarewellEndFunc func;
  gpointer user_data;
  SerialPort *port; /* while it is being said; not owned */
  Phase phase;
  Timer timer; /* of the phase */
  GStrv lines; /* never NULL */
  guint next_line;
  guint probes_sent;
};

static void
set_phase (HolderFarewell *self, Phase phase, guint timeout_ms)
{
  self->phase = phase;
  if (timeout_ms > 0)
    timer_set (&self->timer, timeout_ms);
  else
    timer_clear (&self->timer);
}

static void
end (HolderFarewell *self, gboolean answered)
{
  set_phase (self, PHASE_SILENT, 0);
  self->func (answered, self->user_data);
}

static void
write_text (HolderFarewell *self, const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  serial_port_write (self->port, data);
}

static void
probe (HolderFarewell *self)
{
  if (self->probes_sent == self->timing->probes) {
    end (self, FALSE);
    return;
  }
  /* The CR ends what an unfinished command may have left in the module's line. */
  self->probes_sent++;
  set_phase (self, PHASE_PROBE, self->timing->answer_ms);
  write_text (self, "\rAT\r");
}

static void
say_next_line (HolderFarewell *self)
{
  const char *line = self->lines[self->next_line];
  g_autofree char *text = NULL;

  if (line == NULL) {
    end (self, TRUE);
    return;
  }
  self->next_line++;
  text = g_strconcat (line, "\r", NULL);
  set_phase (self, PHASE_LINE, self->timing->answer_ms);
  write_text (self, text);
}

static void
on_timer (gpointer user_data)
{
  HolderFarewell *self = user_data;

  switch (self->phase) {
  case PHASE_SILENT:
    break;
  case PHASE_PROBE:
    probe (self);
    break;
  case PHASE_LINE:
    g_warning ("%s: no answer to a line of the farewell", self->name);
    say_next_line (self);
    break;
  case PHASE_QUIET:
    say_next_line (self);
    break;
  }
}

static gboolean
is_final (const char *line)
{
  return strcmp (line, "OK") == 0 || strcmp (line, "ERROR") == 0 || g_str_has_prefix (line, "+CME ERROR");
}

void
holder_farewell_handle_line (HolderFarewell *self, const char *line)
{
  switch (self->phase) {
  case PHASE_SILENT:
    break;
  case PHASE_PROBE:
    if (strcmp (line, "OK") == 0)
      set_phase (self, PHASE_QUIET, self->timing->quiet_ms);
    break;
  case PHASE_LINE:
    if (is_final (line))
      set_phase (self, PHASE_QUIET, self->timing->quiet_ms);
    break;
  case PHASE_QUIET:
    timer_set (&self->timer, self->timing->quiet_ms);
    break;
  }
}

void
holder_farewell_begin (HolderFarewell *self, SerialPort *port)
{
  self->port = port;
  self->next_line = 0;
  self->probes_sent = 0;
  probe (self);
}

void
holder_farewell_stop (HolderFarewell *self)
{
  set_phase (self, PHASE_SILENT, 0);
}

void
holder_farewell_set (HolderFarewell *self, GBytes *text)
{
  gsize size;
  const char *data = g_bytes_get_data (text, &size);
  g_autofree char *copy = g_strndup (size > 0 ? data : "", size);

  if (size > 0 && (data[size - 1] != '\n' || !g_utf8_validate (data, (gssize) size, NULL)))
    return;
  g_strfreev (self->lines);
  self->lines = g_strsplit (copy, "\n", -1);
  if (size > 0)
    g_clear_pointer (&self->lines[g_strv_length (self->lines) - 1], g_free);
}

const char *const *
holder_farewell_get_lines (HolderFarewell *self)
{
  return (const char *const *) self->lines;
}

HolderFarewell *
holder_farewell_new (const HolderFarewellTiming *timing, const char *name, HolderFarewellEndFunc func,
                     gpointer user_data)
{
  HolderFarewell *self = g_new0 (HolderFarewell, 1);

  self->timing = timing;
  self->name = name;
  self->func = func;
  self->user_data = user_data;
  self->lines = g_new0 (char *, 1);
  timer_init (&self->timer, timer_clock_get_system (), on_timer, self);
  return self;
}

void
holder_farewell_free (HolderFarewell *self)
{
  timer_dispose (&self->timer);
  g_strfreev (self->lines);
  g_free (self);
}
