/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A GSource with one fd. See sim-watch.h. */
#include "sim-watch.h"

typedef struct {
  GSource source;
  gpointer tag;
} FdSource;

struct SimWatch {
  FdSource *source;
  int fd;
};

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  FdSource *self = (FdSource *) source;
  if (self->tag == NULL)
    return G_SOURCE_CONTINUE;

  GIOCondition condition = g_source_query_unix_fd (source, self->tag);
  if (condition != 0)
    ((SimWatchFunc) (void (*) (void)) callback) (condition, user_data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

SimWatch *
sim_watch_new (int fd, int priority, SimWatchFunc func, gpointer user_data)
{
  SimWatch *self = g_new0 (SimWatch, 1);
  GSource *source = g_source_new (&source_funcs, sizeof (FdSource));
  self->source = (FdSource *) source;
  self->fd = fd;
  g_source_set_priority (source, priority);
  g_source_set_callback (source, G_SOURCE_FUNC (func), user_data, NULL);
  g_source_attach (source, NULL);
  return self;
}

void
sim_watch_set (SimWatch *self, GIOCondition condition)
{
  GSource *source = &self->source->source;
  if (condition == 0 && self->source->tag != NULL)
    g_source_remove_unix_fd (source, g_steal_pointer (&self->source->tag));
  else if (condition != 0 && self->source->tag != NULL)
    g_source_modify_unix_fd (source, self->source->tag, condition);
  else if (condition != 0)
    self->source->tag = g_source_add_unix_fd (source, self->fd, condition);
}

void
sim_watch_free (SimWatch *self)
{
  GSource *source = &self->source->source;
  g_source_destroy (source);
  g_source_unref (source);
  g_free (self);
}
