/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probes: nothing is sent until the module has answered one, so that a late reply never counts for the next
 * command.
 */
#include "at-channel-private.h"

#include <string.h>

void
at_channel_send_probe (AtChannel *self)
{
  if (self->probes_sent >= self->timing.probes) {
    at_channel_lose (self, "the module does not answer: check power, cabling and the configured baud rate");
    return;
  }
  /* A CR first ends whatever garbage stands in the module's line buffer. Before it ESC, where an earlier life
   * of the host may have left an upload half done: nothing else would end it, every probe would become part
   * of it (note 2.3.1). */
  if (!self->in_step)
    at_channel_check_written (self, at_wire_write_escape (self->wire));
  if (!self->in_step || self->probes_sent > 0)
    at_channel_check_written (self, at_wire_write_return (self->wire));
  self->probes_sent++;
  at_channel_set_phase (self, PHASE_PROBE,
                        self->timing.probe_timeout_ms + at_wire_get_transfer_ms (self->wire, 8));
  at_channel_check_written (self, at_wire_write_line (self->wire, "AT"));
}

void
at_channel_start_probing (AtChannel *self)
{
  self->probes_sent = 0;
  at_channel_send_probe (self);
}

void
at_channel_finish_probing (AtChannel *self)
{
  self->in_step = TRUE;
  self->last_activity_us = g_get_monotonic_time ();
  at_channel_set_phase (self, PHASE_IDLE, 0);
  at_channel_pump (self);
}

gboolean
at_channel_must_wake (AtChannel *self)
{
  gint64 silence_us = g_get_monotonic_time () - self->last_activity_us;

  return self->may_sleep && silence_us > (gint64) self->timing.wake_after_ms * 1000;
}

/** While probing, everything but an OK is a late reply to something that has failed already. Once it is quiet
 * only late final results count: a module that talks on and on must not hold up the queue. */
void
at_channel_handle_probe_line (AtChannel *self, const char *line)
{
  if (self->phase == PHASE_QUIET) {
    if (strcmp (line, "OK") == 0 || at_channel_is_error_line (line))
      timer_set (&self->timer, self->timing.quiet_ms);
    return;
  }
  if (strcmp (line, "OK") != 0)
    return;
  if (self->probes_sent == 1 && self->in_step)
    at_channel_finish_probing (self);
  else
    at_channel_set_phase (self, PHASE_QUIET, self->timing.quiet_ms);
}

gboolean
at_channel_is_waking (AtChannel *self, const guint8 *data, gsize size)
{
  return self->phase == PHASE_PROBE && self->probes_sent == 1 && size <= 2 && data[size - 1] <= '\r';
}
