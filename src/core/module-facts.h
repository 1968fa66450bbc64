/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a module has said of itself, kept beyond the life of its driver.
 */
#pragma once

#include "module-driver.h"

/** ModuleFacts: the strings are owned, and empty rather than NULL. */
typedef struct {
  ModuleIdentity identity;
  ModuleCapabilities capabilities;
} ModuleFacts;

/** Nothing known: empty strings and zeros. */
void module_facts_init (ModuleFacts *self);
void module_facts_clear (ModuleFacts *self);

/** Copies what @driver, which was started, knows. slots is within 1 to MODULE_SLOTS_MAX. */
void module_facts_take (ModuleFacts *self, ModuleDriver *driver);
