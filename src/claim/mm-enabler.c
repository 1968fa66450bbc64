/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks whenever ModemManager has news, until the modem is there or the time is over.
 */
#include "mm-enabler.h"

struct MmEnabler {
  MmModems *modems;
  gulong changed_id; /* 0 once the call is made */
  char *equipment_id;
  Timer limit;
  GCancellable *freed;
  void (*func) (gpointer user_data);
  gpointer user_data;
};

static void
on_limit (gpointer user_data)
{
  MmEnabler *self = user_data;

  self->func (self->user_data);
}

static void
on_enabled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  MmEnabler *self = g_task_get_task_data (task);

  if (!g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    self->func (self->user_data);
}

static void
look (MmEnabler *self)
{
  const MmModemQuery query = { .equipment_id = self->equipment_id };
  g_auto (MmModemsFacts) modem = { 0 };
  GTask *task;

  if (!mm_modems_find (self->modems, &query, &modem) || modem.hindrance != NULL)
    return;

  timer_clear (&self->limit);
  g_clear_signal_handler (&self->changed_id, self->modems);
  task = g_task_new (NULL, self->freed, NULL, NULL);
  g_task_set_task_data (task, self, NULL);
  mm_modems_enable_async (self->modems, modem.path, MM_ENABLER_CALL_MS, on_enabled, task);
}

MmEnabler *
mm_enabler_new (MmModems *modems, TimerClock *clock, const char *equipment_id,
                void (*func) (gpointer user_data), gpointer user_data)
{
  MmEnabler *self = g_new0 (MmEnabler, 1);

  self->modems = modems;
  self->equipment_id = g_strdup (equipment_id);
  self->func = func;
  self->user_data = user_data;
  self->freed = g_cancellable_new ();
  self->changed_id = g_signal_connect_swapped (modems, "changed", G_CALLBACK (look), self);
  timer_init (&self->limit, clock, on_limit, self);
  timer_set (&self->limit, MM_ENABLER_LIMIT_MS);
  return self;
}

void
mm_enabler_free (MmEnabler *self)
{
  g_cancellable_cancel (self->freed);
  g_object_unref (self->freed);
  g_clear_signal_handler (&self->changed_id, self->modems);
  timer_dispose (&self->limit);
  g_free (self->equipment_id);
  g_free (self);
}
