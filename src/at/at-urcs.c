/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See at-urcs.h.
 */
#include "at-urcs.h"

typedef struct {
  const char *prefix;
  AtUrcFunc func;
  gpointer user_data;
} Handler;

struct AtUrcs {
  GArray *handlers; /* of Handler */
};

AtUrcs *
at_urcs_new (void)
{
  AtUrcs *self = g_new (AtUrcs, 1);

  self->handlers = g_array_new (FALSE, FALSE, sizeof (Handler));
  return self;
}

void
at_urcs_free (AtUrcs *self)
{
  g_array_unref (self->handlers);
  g_free (self);
}

void
at_urcs_add (AtUrcs *self, const char *prefix, AtUrcFunc func, gpointer user_data)
{
  Handler handler = { prefix, func, user_data };

  g_array_append_val (self->handlers, handler);
}

gboolean
at_urcs_dispatch (AtUrcs *self, const AtEvent *event)
{
  for (guint i = 0; i < self->handlers->len; i++) {
    const Handler *handler = &g_array_index (self->handlers, Handler, i);

    if (!g_str_has_prefix (event->line, handler->prefix))
      continue;
    handler->func (event, handler->user_data);
    return TRUE;
  }
  return FALSE;
}
