/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One part after the other; after a failure not at once again.
 */
#include "eraser.h"

struct Eraser {
  GObject *module; /* not owned: it owns us */
  char *name;
  Ledger *ledger;
  EraserDoneFunc done;
  gpointer done_data;

  guint64 work; /* counts what was begun or forgotten: a late result is told by it */
  gboolean busy;
  gboolean wanted;
  GPtrArray *tasks; /* GTask */
};

typedef struct {
  GObject *module; /* keeps the eraser alive */
  Eraser *eraser;
  guint64 work;
  char *imei;
  ModuleCredentialPart part;
} Operation;

static void
operation_free (Operation *operation)
{
  g_object_unref (operation->module);
  g_free (operation->imei);
  g_free (operation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_free)

Eraser *
eraser_new (GObject *module, const char *name, Ledger *ledger, EraserDoneFunc done, gpointer user_data)
{
  Eraser *self = g_new0 (Eraser, 1);

  self->module = module;
  self->name = g_strdup (name);
  self->ledger = ledger;
  self->done = done;
  self->done_data = user_data;
  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
eraser_free (Eraser *self)
{
  g_ptr_array_unref (self->tasks);
  g_free (self->name);
  g_free (self);
}

void
eraser_want (Eraser *self)
{
  self->wanted = TRUE;
}

gboolean
eraser_is_busy (const Eraser *self)
{
  return self->busy;
}

void
eraser_forget (Eraser *self)
{
  self->work++;
  self->busy = FALSE;
}

static void
on_erased (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  Eraser *self = operation->eraser;
  g_autoptr (GError) error = NULL;
  gboolean erased = module_driver_erase_credential_finish (NULL, result, &error)
                    && ledger_set_erased (self->ledger, operation->imei, operation->part, &error);

  if (!erased)
    g_message ("Module %s: a deleted credential could not be overwritten: %s", self->name, error->message);
  if (operation->work != self->work)
    return;

  self->busy = FALSE;
  if (!erased)
    self->wanted = FALSE;
  self->done (self->done_data);
}

gboolean
eraser_begin (Eraser *self, ModuleDriver *driver, const char *imei)
{
  ModuleCredentialPart part;
  Operation *operation;

  self->wanted = self->wanted && ledger_next_erasure (self->ledger, imei, &part);
  if (!self->wanted)
    return FALSE;

  self->work++;
  self->busy = TRUE;
  operation = g_new (Operation, 1);
  *operation = (Operation){ g_object_ref (self->module), self, self->work, g_strdup (imei), part };
  module_driver_erase_credential_async (driver, part, on_erased, operation);
  return TRUE;
}

void
eraser_add_task (Eraser *self, GTask *task)
{
  g_ptr_array_add (self->tasks, task);
}

void
eraser_return_tasks (Eraser *self)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->tasks);

  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (tasks->pdata[i], TRUE);
}
