/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Gives a module's port back when nobody has wanted the module for a while, and asks for it again when
 * somebody does.
 */
#pragma once

#include "module-life.h"

typedef struct Dozer Dozer;

/** @life, whose configuration says after which time, must outlive it. */
Dozer *dozer_new (ModuleLife *life, TimerClock *clock);
void dozer_free (Dozer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Dozer, dozer_free)

/** Something has changed; @is_idle: nobody uses the module now. */
void dozer_look (Dozer *self, gboolean is_idle);

/** The port was given back, or is asked for, by somebody who knows why: then it is not woken by others. */
void dozer_forget (Dozer *self);

/** Somebody waits for the module: asks for the port if it was given back only because nobody did. Whether it
 * is there or asked for now. */
gboolean dozer_wake (Dozer *self);
