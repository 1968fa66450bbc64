/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A source that is always ready until its time is over. See sim-vigil.h. */
#include "sim-vigil.h"

#include <sched.h>

#include "sim-alarm.h"

struct SimVigil {
  GSource source;
  gint64 end_ns; /* 0: asleep */
};

static gboolean
prepare (GSource *source, gint *timeout_ms)
{
  SimVigil *self = (SimVigil *) source;
  *timeout_ms = -1;
  if (self->end_ns != 0 && sim_alarm_now_ns () >= self->end_ns)
    self->end_ns = 0;
  return self->end_ns != 0;
}

static gboolean
check (GSource *source)
{
  return ((SimVigil *) source)->end_ns != 0;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  sched_yield ();
  return G_SOURCE_CONTINUE;
}

SimVigil *
sim_vigil_new (void)
{
  static GSourceFuncs funcs = { prepare, check, dispatch, NULL, NULL, NULL };
  GSource *source = g_source_new (&funcs, sizeof (SimVigil));
  g_source_set_priority (source, G_PRIORITY_LOW);
  g_source_attach (source, NULL);
  return (SimVigil *) source;
}

void
sim_vigil_free (SimVigil *self)
{
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

void
sim_vigil_begin (SimVigil *self, gint64 duration_ns)
{
  self->end_ns = sim_alarm_now_ns () + duration_ns;
}

void
sim_vigil_end (SimVigil *self)
{
  self->end_ns = 0;
}
