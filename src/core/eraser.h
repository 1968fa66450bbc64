/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Overwrites in one module the credentials that the ledger has marked, one at a time, and tells those who
 * wait for it. When it may is the module's business.
 */
#pragma once

#include <gio/gio.h>

#include "ledger.h"
#include "module-driver.h"

typedef struct Eraser Eraser;

/** Runs from the main loop: the module is idle again, and eraser_begin() may be called again. */
typedef void (*EraserDoneFunc) (gpointer user_data);

/** @module is kept alive while the driver works; it owns the eraser. @name is for the log. */
Eraser *
eraser_new (GObject *module, const char *name, Ledger *ledger, EraserDoneFunc done, gpointer user_data);
void eraser_free (Eraser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Eraser, eraser_free)

/** There may be something to do, or a failed attempt is worth another. */
void eraser_want (Eraser *self);

/** Begins with the next part that is marked. FALSE when there is none, or a part could not be overwritten
 * since eraser_want(). */
gboolean eraser_begin (Eraser *self, ModuleDriver *driver, const char *imei);

/** Whether the driver is overwriting a part now. */
gboolean eraser_is_busy (const Eraser *self);

/** The driver is gone, and what it was doing with it. */
void eraser_forget (Eraser *self);

/** @task (taken) is returned TRUE by eraser_return_tasks(). */
void eraser_add_task (Eraser *self, GTask *task);

/** Nothing can be done now: those who wait are told. */
void eraser_return_tasks (Eraser *self);
