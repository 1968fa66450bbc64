/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A name, settings, a count.
 */
#include "context.h"

#include "mssl-error.h"

struct _Context {
  GObject parent_instance;
  char *name;
  ContextSettings *settings;
  guint uses;
  ContextCommitFunc commit; /* NULL when it was detached */
  gpointer commit_data;
};

G_DEFINE_FINAL_TYPE (Context, context, G_TYPE_OBJECT)

static void
context_finalize (GObject *object)
{
  Context *self = MSSL_CONTEXT (object);

  g_free (self->name);
  context_settings_free (self->settings);
  G_OBJECT_CLASS (context_parent_class)->finalize (object);
}

static void
context_class_init (ContextClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = context_finalize;
  g_signal_new ("changed", CONTEXT_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
context_init (Context *self)
{
}

Context *
context_new (const char *name, ContextSettings *settings, ContextCommitFunc commit, gpointer user_data)
{
  Context *self = g_object_new (CONTEXT_TYPE, NULL);

  self->name = g_strdup (name);
  self->settings = settings;
  self->commit = commit;
  self->commit_data = user_data;
  return self;
}

void
context_detach (Context *self)
{
  self->commit = NULL;
}

const char *
context_get_name (Context *self)
{
  return self->name;
}

const ContextSettings *
context_get_settings (Context *self)
{
  return self->settings;
}

gboolean
context_configure (Context *self, GVariant *settings, GError **error)
{
  g_autoptr (ContextSettings) changed = context_settings_copy (self->settings);

  if (self->commit == NULL) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND, "The context %s was deleted meanwhile.",
                 self->name);
    return FALSE;
  }
  if (!context_settings_update (changed, settings, error)
      || !self->commit (self, changed, self->commit_data, error))
    return FALSE;
  context_settings_free (self->settings);
  self->settings = g_steal_pointer (&changed);
  g_signal_emit_by_name (self, "changed");
  return TRUE;
}

void
context_begin_use (Context *self)
{
  self->uses++;
}

void
context_end_use (Context *self)
{
  g_return_if_fail (self->uses > 0);

  self->uses--;
}

gboolean
context_is_used (Context *self)
{
  return self->uses > 0;
}
