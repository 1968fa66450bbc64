/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who gets a slot, and who waits: one queue for all modules, first come first served within a priority. Knows
 * modules and their slots, and of those who want one no more than what they asked for.
 */
#pragma once

#include "module.h"

typedef struct Scheduler Scheduler;
typedef struct SchedulerTicket SchedulerTicket;

/**
 * SchedulerRequest: copied.
 * @number: of the connection, not 0.
 * @module: the name of one, which need not be there; NULL for any.
 * @priority: who asks with a higher one is served first.
 * @queue_timeout_s: 0: does not wait.
 * @max_hold_s: after which the slot is wanted back when others wait for it; 0 for never.
 */
typedef struct {
  guint64 number;
  const char *module;
  int priority;
  guint queue_timeout_s;
  guint max_hold_s;
} SchedulerRequest;

/**
 * SchedulerListener: what the owner of a ticket is told, with the user data of its slot listener. All are
 * required. They run from the main loop, except @granted, which may also run inside scheduler_enter(); it
 * must not give the slot back at once.
 *
 * @granted: @slot was taken for it. What follows comes through the SlotListener.
 * @moved: scheduler_get_position() tells another.
 * @expired: it has waited for too long; @why tells what it waited for. Call scheduler_leave().
 * @preempted: close the slot; others wait for it.
 */
typedef struct {
  void (*granted) (Module *module, Slot *slot, gpointer user_data);
  void (*moved) (gpointer user_data);
  void (*expired) (const char *why, gpointer user_data);
  void (*preempted) (gpointer user_data);
  SlotListener slot;
} SchedulerListener;

/** Says, as an error, why there is no module of that name, or with NULL none at all. */
typedef void (*SchedulerAbsentFunc) (const char *module, gpointer user_data, GError **error);

/** @clock must outlive it. */
Scheduler *scheduler_new (TimerClock *clock, SchedulerAbsentFunc absent, gpointer user_data);

/** No ticket may be left. */
void scheduler_free (Scheduler *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scheduler, scheduler_free)

/** From now on its slots are given out, or no more; who waits for it goes on waiting for one of that name. */
void scheduler_add_module (Scheduler *self, Module *module);
void scheduler_remove_module (Scheduler *self, Module *module);

/**
 * Asks for a slot. The ticket is the caller's until scheduler_leave(). Errors, only when it does not wait:
 * BUSY, NOT_READY.
 */
SchedulerTicket *scheduler_enter (Scheduler *self, const SchedulerRequest *request,
                                  const SchedulerListener *listener, gpointer user_data, GError **error);

/**
 * Goes on with what an earlier life of the daemon had on slot @slot of the module that @request names, as
 * soon as that is there, on the port @device: @granted, then what the slot tells. @adoption and what it
 * points to must stay until then. It has had the slot for @held_ms. Nobody else waits for it meanwhile, and
 * nothing is promised.
 */
SchedulerTicket *scheduler_resume (Scheduler *self, const SchedulerRequest *request, const char *device,
                                   guint slot, const ModuleAdoption *adoption, guint64 held_ms,
                                   const SchedulerListener *listener, gpointer user_data);

/** Frees @ticket: it waits no more, or its slot has ended. */
void scheduler_leave (Scheduler *self, SchedulerTicket *ticket);

/** 1 for the one who is served next by a module that @ticket can use; 0 when it has its slot. */
guint scheduler_get_position (const SchedulerTicket *ticket);
