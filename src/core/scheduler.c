/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A queue in the order of service, and those who hold a slot. Whatever may change who is served next asks for
 * one look at all of it, from the main loop.
 */
#include "scheduler.h"

struct Scheduler {
  TimerClock *clock;
  SchedulerAbsentFunc absent;
  gpointer absent_data;
  GPtrArray *modules;  /* Module */
  GPtrArray *queue;    /* SchedulerTicket, not owned: in the order of service */
  GPtrArray *holders;  /* SchedulerTicket, not owned: the longest first */
  GPtrArray *resuming; /* SchedulerTicket, not owned: their modules are not there yet */
  GSource *look;       /* NULL when nothing has changed */
};

struct SchedulerTicket {
  Scheduler *scheduler;
  SchedulerRequest request;
  const SchedulerListener *listener;
  gpointer user_data;

  Timer timer; /* of the queue, then of the holding */
  guint position;
  gboolean moved; /* not yet told */

  const ModuleAdoption *adoption; /* NULL for one that does not go on */
  char *device;
  guint adopted_slot;
  guint64 held_ms;

  Module *module; /* NULL while it waits; what follows is for holders */
  Slot *slot;
  gboolean overdue;
  gboolean promised; /* within one look: its slot goes to one who waits */
};

static void look (Scheduler *self);

static gboolean
on_look (gpointer user_data)
{
  Scheduler *self = user_data;

  g_clear_pointer (&self->look, g_source_unref);
  look (self);
  return G_SOURCE_REMOVE;
}

static void
look_soon (Scheduler *self)
{
  if (self->look != NULL || self->queue->len == 0)
    return;

  self->look = g_idle_source_new ();
  g_source_set_priority (self->look, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->look, on_look, self, NULL);
  g_source_attach (self->look, g_main_context_get_thread_default ());
}

/* -- the queue --------------------------------------------------------------------------------------- */

static gboolean
may_use (const SchedulerTicket *ticket, Module *module)
{
  return ticket->request.module == NULL || g_str_equal (ticket->request.module, module_get_name (module));
}

/* Whether both could be given the same slot. */
static gboolean
compete (const SchedulerTicket *a, const SchedulerTicket *b)
{
  return a->request.module == NULL || b->request.module == NULL
         || g_str_equal (a->request.module, b->request.module);
}

static void
enqueue (Scheduler *self, SchedulerTicket *ticket)
{
  guint place = self->queue->len;

  while (place > 0) {
    const SchedulerTicket *before = self->queue->pdata[place - 1];

    if (before->request.priority >= ticket->request.priority)
      break;
    place--;
  }
  g_ptr_array_insert (self->queue, (int) place, ticket);
}

static void
count_positions (Scheduler *self)
{
  for (guint i = 0; i < self->queue->len; i++) {
    SchedulerTicket *ticket = self->queue->pdata[i];
    guint position = 1;

    for (guint before = 0; before < i; before++)
      position += compete (ticket, self->queue->pdata[before]);
    ticket->moved = ticket->moved || ticket->position != position;
    ticket->position = position;
  }
}

/* Whoever is told may leave. */
static void
tell_positions (Scheduler *self)
{
  for (guint i = 0; i < self->queue->len;) {
    SchedulerTicket *ticket = self->queue->pdata[i];

    if (!ticket->moved) {
      i++;
      continue;
    }
    ticket->moved = FALSE;
    ticket->listener->moved (ticket->user_data);
    i = 0;
  }
}

/* -- giving slots out -------------------------------------------------------------------------------- */

/* Whether one that @ticket can use is not off the network, with a free slot or without. */
static gboolean
has_better_than_offline (Scheduler *self, const SchedulerTicket *ticket)
{
  for (guint i = 0; i < self->modules->len; i++) {
    Module *module = self->modules->pdata[i];

    if (may_use (ticket, module) && module_get_state (module) == MODULE_READY
        && module_status_is_online (module_get_status (module)))
      return TRUE;
  }
  return FALSE;
}

/* One that is off the network, perhaps for want of a SIM card, is used only when there are no others. */
static gboolean
is_suitable (Scheduler *self, const SchedulerTicket *ticket, Module *module)
{
  return may_use (ticket, module)
         && (module_status_is_online (module_get_status (module)) || !has_better_than_offline (self, ticket));
}

/* Among modules with a free slot the one of which the smallest part is used; NULL when there is none. */
static Module *
pick_module (Scheduler *self, const SchedulerTicket *ticket)
{
  Module *picked = NULL;
  double least = 0;

  for (guint i = 0; i < self->modules->len; i++) {
    Module *module = self->modules->pdata[i];
    double load;

    if (!module_has_free_slot (module) || !is_suitable (self, ticket, module))
      continue;
    load = module_get_load (module);
    if (picked == NULL || load < least) {
      picked = module;
      least = load;
    }
  }
  return picked;
}

/* @ticket has got @slot. */
static void
hold (Scheduler *self, SchedulerTicket *ticket, Module *module, Slot *slot)
{
  guint64 max_hold_ms = (guint64) ticket->request.max_hold_s * 1000;

  g_ptr_array_add (self->holders, ticket);
  ticket->module = g_object_ref (module);
  ticket->slot = slot;
  timer_clear (&ticket->timer);
  if (max_hold_ms > 0)
    timer_set (&ticket->timer, max_hold_ms - MIN (max_hold_ms, ticket->held_ms));
  ticket->listener->granted (module, slot, ticket->user_data);
}

static void
grant (Scheduler *self, SchedulerTicket *ticket, Module *module)
{
  g_ptr_array_remove (self->queue, ticket);
  ticket->position = 0;
  ticket->moved = FALSE;
  hold (self, ticket, module,
        module_take_slot (module, ticket->request.number, &ticket->listener->slot, ticket->user_data));
}

static void
grant_what_is_free (Scheduler *self)
{
  for (guint i = 0; i < self->queue->len;) {
    SchedulerTicket *ticket = self->queue->pdata[i];
    Module *module = pick_module (self, ticket);

    if (module == NULL) {
      i++;
      continue;
    }
    grant (self, ticket, module);
    i = 0;
  }
}

/* One module for each who waits, of those that may have been given back because nobody did. */
static void
wake_modules (Scheduler *self)
{
  for (guint i = 0; i < self->queue->len; i++) {
    gboolean woken = FALSE;

    for (guint j = 0; j < self->modules->len && !woken; j++)
      woken =
          may_use (self->queue->pdata[i], self->modules->pdata[j]) && module_wake (self->modules->pdata[j]);
  }
}

/* -- wanting slots back ------------------------------------------------------------------------------ */

static gboolean
is_leaving (const SchedulerTicket *holder)
{
  return slot_get_state (holder->slot) == SLOT_CLOSING;
}

/* A holder whose slot @ticket can have: one that is leaving rather than one that would have to. */
static SchedulerTicket *
find_holder (Scheduler *self, const SchedulerTicket *ticket)
{
  SchedulerTicket *overdue = NULL;

  for (guint i = 0; i < self->holders->len; i++) {
    SchedulerTicket *holder = self->holders->pdata[i];

    if (holder->promised || !is_suitable (self, ticket, holder->module))
      continue;
    if (is_leaving (holder))
      return holder;
    if (overdue == NULL && holder->overdue)
      overdue = holder;
  }
  return overdue;
}

static void
preempt (Scheduler *self, SchedulerTicket *holder)
{
  /* The others after this one, which may be gone at once. */
  look_soon (self);
  holder->listener->preempted (holder->user_data);
}

/* No more holders than are waited for: each slot is promised to one. */
static void
preempt_one (Scheduler *self)
{
  for (guint i = 0; i < self->holders->len; i++)
    ((SchedulerTicket *) self->holders->pdata[i])->promised = FALSE;
  for (guint i = 0; i < self->queue->len; i++) {
    SchedulerTicket *holder = find_holder (self, self->queue->pdata[i]);

    if (holder == NULL)
      continue;
    if (!is_leaving (holder)) {
      preempt (self, holder);
      return;
    }
    holder->promised = TRUE;
  }
}

static void
look (Scheduler *self)
{
  grant_what_is_free (self);
  wake_modules (self);
  count_positions (self);
  tell_positions (self);
  preempt_one (self);
}

/* -- tickets ----------------------------------------------------------------------------------------- */

/* What @ticket waits for, as an error: rather of a module that is ready. */
static void
set_reason (Scheduler *self, const SchedulerTicket *ticket, GError **error)
{
  Module *which = NULL;

  for (guint i = 0; i < self->modules->len; i++) {
    Module *module = self->modules->pdata[i];

    if (!may_use (ticket, module))
      continue;
    if (which == NULL
        || (module_get_state (which) != MODULE_READY && module_get_state (module) == MODULE_READY))
      which = module;
  }
  if (which != NULL)
    module_set_slot_error (which, error);
  else
    self->absent (ticket->request.module, self->absent_data, error);
}

static void
on_timer (gpointer user_data)
{
  SchedulerTicket *ticket = user_data;
  g_autoptr (GError) reason = NULL;

  if (ticket->module != NULL) {
    ticket->overdue = TRUE;
    look_soon (ticket->scheduler);
    return;
  }
  set_reason (ticket->scheduler, ticket, &reason);
  ticket->listener->expired (reason->message, ticket->user_data);
}

static SchedulerTicket *
ticket_new (Scheduler *self, const SchedulerRequest *request, const SchedulerListener *listener,
            gpointer user_data)
{
  SchedulerTicket *ticket = g_new0 (SchedulerTicket, 1);

  ticket->scheduler = self;
  ticket->request = *request;
  ticket->request.module = g_strdup (request->module);
  ticket->listener = listener;
  ticket->user_data = user_data;
  timer_init (&ticket->timer, self->clock, on_timer, ticket);
  return ticket;
}

SchedulerTicket *
scheduler_enter (Scheduler *self, const SchedulerRequest *request, const SchedulerListener *listener,
                 gpointer user_data, GError **error)
{
  SchedulerTicket *ticket = ticket_new (self, request, listener, user_data);

  enqueue (self, ticket);
  look_soon (self);
  grant_what_is_free (self);
  wake_modules (self);
  if (ticket->module == NULL && request->queue_timeout_s == 0) {
    set_reason (self, ticket, error);
    scheduler_leave (self, ticket);
    return NULL;
  }
  if (ticket->module == NULL)
    timer_set (&ticket->timer, (guint64) request->queue_timeout_s * 1000);
  count_positions (self);
  ticket->moved = FALSE;
  return ticket;
}

SchedulerTicket *
scheduler_resume (Scheduler *self, const SchedulerRequest *request, const char *device, guint slot,
                  const ModuleAdoption *adoption, guint64 held_ms, const SchedulerListener *listener,
                  gpointer user_data)
{
  SchedulerTicket *ticket = ticket_new (self, request, listener, user_data);

  ticket->adoption = adoption;
  ticket->device = g_strdup (device);
  ticket->adopted_slot = slot;
  ticket->held_ms = held_ms;
  g_ptr_array_add (self->resuming, ticket);
  return ticket;
}

static GPtrArray *
get_list (Scheduler *self, const SchedulerTicket *ticket)
{
  if (ticket->module != NULL)
    return self->holders;
  return ticket->adoption != NULL ? self->resuming : self->queue;
}

void
scheduler_leave (Scheduler *self, SchedulerTicket *ticket)
{
  timer_dispose (&ticket->timer);
  g_ptr_array_remove (get_list (self, ticket), ticket);
  g_clear_object (&ticket->module);
  g_free ((char *) ticket->request.module);
  g_free (ticket->device);
  g_free (ticket);
  look_soon (self);
}

guint
scheduler_get_position (const SchedulerTicket *ticket)
{
  return ticket->position;
}

/* -- the scheduler ----------------------------------------------------------------------------------- */

/* Each goes on once: if that fails its slot ends. */
static void
on_module_opened (Module *module, gpointer user_data)
{
  Scheduler *self = user_data;

  for (guint i = 0; i < self->resuming->len;) {
    SchedulerTicket *ticket = self->resuming->pdata[i];
    const ModuleAdoption *adoption = ticket->adoption;
    Slot *slot;

    if (!may_use (ticket, module) || !g_str_equal (ticket->device, module_get_device (module))) {
      i++;
      continue;
    }
    slot = module_adopt_slot (module, ticket->adopted_slot, ticket->request.number, &ticket->listener->slot,
                              ticket->user_data);
    g_ptr_array_remove_index (self->resuming, i);
    hold (self, ticket, module, slot);
    slot_adopt (slot, adoption);
  }
}

static void
on_module_changed (Module *module, gpointer user_data)
{
  look_soon (user_data);
}

void
scheduler_add_module (Scheduler *self, Module *module)
{
  g_ptr_array_add (self->modules, g_object_ref (module));
  g_signal_connect (module, "changed", G_CALLBACK (on_module_changed), self);
  g_signal_connect (module, "opened", G_CALLBACK (on_module_opened), self);
  look_soon (self);
}

void
scheduler_remove_module (Scheduler *self, Module *module)
{
  g_signal_handlers_disconnect_by_data (module, self);
  g_ptr_array_remove (self->modules, module);
}

Scheduler *
scheduler_new (TimerClock *clock, SchedulerAbsentFunc absent, gpointer user_data)
{
  Scheduler *self = g_new0 (Scheduler, 1);

  self->clock = clock;
  self->absent = absent;
  self->absent_data = user_data;
  self->modules = g_ptr_array_new_with_free_func (g_object_unref);
  self->queue = g_ptr_array_new ();
  self->holders = g_ptr_array_new ();
  self->resuming = g_ptr_array_new ();
  return self;
}

void
scheduler_free (Scheduler *self)
{
  g_return_if_fail (self->queue->len == 0 && self->holders->len == 0 && self->resuming->len == 0);

  while (self->modules->len > 0)
    scheduler_remove_module (self, self->modules->pdata[0]);
  if (self->look != NULL)
    g_source_destroy (self->look);
  g_clear_pointer (&self->look, g_source_unref);
  g_ptr_array_unref (self->modules);
  g_ptr_array_unref (self->queue);
  g_ptr_array_unref (self->holders);
  g_ptr_array_unref (self->resuming);
  g_free (self);
}
