/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Copies of what the driver says, because its strings go with it.
 */
#include "module-facts.h"

static char *
copy (const char *text)
{
  return g_strdup (text != NULL ? text : "");
}

static void
set_identity (ModuleFacts *self, const ModuleIdentity *identity)
{
  self->identity = (ModuleIdentity){
    copy (identity->manufacturer),
    copy (identity->model),
    copy (identity->revision),
    copy (identity->imei),
  };
}

void
module_facts_init (ModuleFacts *self)
{
  const ModuleIdentity nothing = { 0 };

  set_identity (self, &nothing);
  self->capabilities = (ModuleCapabilities){ 0 };
}

void
module_facts_clear (ModuleFacts *self)
{
  g_free ((char *) self->identity.manufacturer);
  g_free ((char *) self->identity.model);
  g_free ((char *) self->identity.revision);
  g_free ((char *) self->identity.imei);
}

void
module_facts_take (ModuleFacts *self, ModuleDriver *driver)
{
  module_facts_clear (self);
  set_identity (self, module_driver_get_identity (driver));
  self->capabilities = *module_driver_get_capabilities (driver);
  self->capabilities.slots = CLAMP (self->capabilities.slots, 1, MODULE_SLOTS_MAX);
}
