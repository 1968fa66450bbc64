/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One call at a time; a release that comes while the claim is under way waits for its end.
 */
#include "module-claim.h"

struct ModuleClaim {
  int ref_count; /* one is the owner's, one belongs to each call under way */
  const ModuleDoor *door;
  gpointer door_data;
  GCancellable *claiming; /* NULL when no claim is under way */
  ModuleClaimFunc done;   /* NULL when nobody waits */
  gpointer user_data;
  gboolean give_next;
  ModuleClaimFacts facts; /* owned */
};

static void
clear_facts (ModuleClaim *self)
{
  g_free ((char *) self->facts.state);
  g_free ((char *) self->facts.text);
  g_free ((char *) self->facts.modem_path);
  g_free ((char *) self->facts.device);
}

static ModuleClaim *
ref (ModuleClaim *self)
{
  self->ref_count++;
  return self;
}

static void
unref (ModuleClaim *self)
{
  if (--self->ref_count > 0)
    return;

  g_clear_object (&self->claiming);
  clear_facts (self);
  g_free (self);
}

static void
finish (ModuleClaim *self, const GError *error)
{
  ModuleClaimFunc done = self->done;

  self->done = NULL;
  if (done != NULL)
    done (error, self->user_data);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  finish (user_data, NULL);
  unref (user_data);
}

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ModuleClaim *self = user_data;
  g_autoptr (GError) error = NULL;

  /* The owner is asked for the result only by one who is still there to take it. */
  g_clear_object (&self->claiming);
  if (self->done != NULL && !self->give_next)
    self->door->claim_finish (self->door_data, result, &error);
  if (self->give_next) {
    self->give_next = FALSE;
    self->door->release_async (self->door_data, on_released, ref (self));
  } else {
    finish (self, error);
  }
  unref (self);
}

void
module_claim_take (ModuleClaim *self, ModuleClaimFunc done, gpointer user_data)
{
  g_return_if_fail (self->done == NULL);

  self->done = done;
  self->user_data = user_data;
  if (self->door == NULL) {
    finish (self, NULL);
    return;
  }
  self->claiming = g_cancellable_new ();
  self->door->claim_async (self->door_data, self->claiming, on_claimed, ref (self));
}

void
module_claim_give (ModuleClaim *self, ModuleClaimFunc done, gpointer user_data)
{
  self->done = done;
  self->user_data = user_data;
  if (self->door == NULL) {
    finish (self, NULL);
  } else if (self->claiming != NULL) {
    self->give_next = TRUE;
    g_cancellable_cancel (self->claiming);
  } else {
    self->door->release_async (self->door_data, on_released, ref (self));
  }
}

gboolean
module_claim_set_facts (ModuleClaim *self, const ModuleClaimFacts *facts)
{
  const ModuleClaimFacts *old = &self->facts;

  if (g_strcmp0 (old->state, facts->state) == 0 && g_strcmp0 (old->text, facts->text) == 0
      && g_strcmp0 (old->modem_path, facts->modem_path) == 0 && g_strcmp0 (old->device, facts->device) == 0)
    return FALSE;

  clear_facts (self);
  self->facts = (ModuleClaimFacts){
    .state = g_strdup (facts->state),
    .text = g_strdup (facts->text),
    .modem_path = g_strdup (facts->modem_path),
    .device = g_strdup (facts->device),
  };
  return TRUE;
}

const ModuleClaimFacts *
module_claim_get_facts (ModuleClaim *self)
{
  return &self->facts;
}

ModuleClaim *
module_claim_new (const ModuleDoor *door, gpointer door_data, const char *device)
{
  const ModuleClaimFacts unknown = { "released", "", "", device != NULL ? device : "" };
  ModuleClaim *self = g_new0 (ModuleClaim, 1);

  self->ref_count = 1;
  self->door = door;
  self->door_data = door_data;
  module_claim_set_facts (self, &unknown);
  return self;
}

void
module_claim_free (ModuleClaim *self)
{
  self->done = NULL;
  self->give_next = FALSE;
  if (self->claiming != NULL)
    g_cancellable_cancel (self->claiming);
  unref (self);
}
