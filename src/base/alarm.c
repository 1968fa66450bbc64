/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A GSource whose ready time moves.
 */
#include "alarm.h"

struct Alarm {
  GSource *source;
  AlarmFunc func;
  gpointer user_data;
};

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Alarm *self = user_data;

  g_source_set_ready_time (source, -1);
  self->func (self->user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
never_called (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs funcs = { .dispatch = dispatch };

Alarm *
alarm_new (AlarmFunc func, gpointer user_data)
{
  Alarm *self = g_new (Alarm, 1);

  *self = (Alarm){ g_source_new (&funcs, sizeof (GSource)), func, user_data };
  /* GLib hands the data to dispatch() only together with a callback. */
  g_source_set_callback (self->source, never_called, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
alarm_set (Alarm *self, guint delay_ms)
{
  g_source_set_ready_time (self->source, g_get_monotonic_time () + (gint64) delay_ms * 1000);
}

void
alarm_clear (Alarm *self)
{
  g_source_set_ready_time (self->source, -1);
}

gboolean
alarm_is_set (Alarm *self)
{
  return g_source_get_ready_time (self->source) >= 0;
}

void
alarm_free (Alarm *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_free (self);
}
