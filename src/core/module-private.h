/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of a module share. Only module.c and module-requests.c may include this.
 */
#pragma once

#include "dozer.h"
#include "eraser.h"
#include "module-errand.h"
#include "module-facts.h"
#include "module.h"
#include "readiness.h"
#include "slot-table.h"

struct _Module {
  GObject parent_instance;

  Ledger *ledger;
  ModuleLife *life;
  ModuleFacts facts;
  SlotTable *slots;     /* grows when the capabilities are known */
  GSource *next_source; /* NULL when nothing is to be begun */
  Eraser *eraser;
  ModuleRecovery *recovery;
  ModuleErrand *errand;
  Dozer *dozer;
  Readiness *readiness;
};

/** NOT_READY, and why. */
void module_set_not_ready (Module *self, GError **error);

/** The driver's status is another one. @user_data: the module. */
void module_handle_status_changed (gpointer user_data);
