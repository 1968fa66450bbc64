/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of a module.
 */
#include "dbus-module.h"

#include "dbus-connection.h"
#include "dbus-errand.h"
#include "dbus-error.h"
#include "dbus-recovery.h"
#include "mssl-error.h"
#include "mssl-name.h"
#include "mssl-names.h"
#include "mssl-skeletons.h"

struct DBusModule {
  Module *module;
  GDBusObjectManagerServer *objects;
  MsslDBusModule *skeleton;
  char *path;
};

static GVariant *
make_capabilities (Module *module)
{
  const ModuleCapabilities *capabilities = module_get_capabilities (module);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (capabilities->slots > 0) {
    g_variant_builder_add (&builder, "{sv}", "slots", g_variant_new_uint32 (capabilities->slots));
    g_variant_builder_add (&builder, "{sv}", "max-send-bytes",
                           g_variant_new_uint32 (capabilities->max_send_bytes));
    g_variant_builder_add (&builder, "{sv}", "max-receive-bytes",
                           g_variant_new_uint32 (capabilities->max_receive_bytes));
    g_variant_builder_add (&builder, "{sv}", "max-host-bytes",
                           g_variant_new_uint32 (capabilities->max_host_bytes));
  }
  return g_variant_builder_end (&builder);
}

static void
set_slot_holders (DBusModule *self)
{
  g_autoptr (GArray) holders = module_list_holders (self->module);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < holders->len; i++)
    g_ptr_array_add (paths, dbus_connection_make_path (g_array_index (holders, guint64, i)));
  g_ptr_array_add (paths, NULL);
  mssl_dbus_module_set_slot_holders (self->skeleton, (const char *const *) paths->pdata);
}

static void
set_claim (DBusModule *self)
{
  const ModuleClaimFacts *claim = module_get_claim_facts (self->module);

  mssl_dbus_module_set_device (self->skeleton, claim->device);
  mssl_dbus_module_set_claim_state (self->skeleton, claim->state);
  mssl_dbus_module_set_claim_text (self->skeleton, claim->text);
  mssl_dbus_module_set_modem_manager_path (self->skeleton,
                                           *claim->modem_path != '\0' ? claim->modem_path : "/");
}

static void
set_status (DBusModule *self)
{
  const ModuleStatus *status = module_get_status (self->module);

  mssl_dbus_module_set_sim_state (self->skeleton, module_status_get_sim_name (status));
  mssl_dbus_module_set_registration (self->skeleton, module_status_get_registration_name (status));
  mssl_dbus_module_set_address (self->skeleton, status->address != NULL ? status->address : "");
  mssl_dbus_module_set_signal_quality (self->skeleton, status->signal_dbm);
  mssl_dbus_module_set_power_saving (self->skeleton, status->power_saving == MODULE_ANSWER_YES);
  mssl_dbus_module_set_sleep_state (self->skeleton, module_status_get_sleep_name (status));
  mssl_dbus_module_set_clock (self->skeleton, module_status_get_clock_name (status));
  mssl_dbus_module_set_clock_offset (self->skeleton, status->clock_offset_s);
}

static void
on_changed (Module *module, gpointer user_data)
{
  DBusModule *self = user_data;
  const ModuleIdentity *identity = module_get_identity (module);

  mssl_dbus_module_set_state (self->skeleton, module_state_get_name (module_get_state (module)));
  mssl_dbus_module_set_state_text (self->skeleton, module_get_state_text (module));
  mssl_dbus_module_set_manufacturer (self->skeleton, identity->manufacturer);
  mssl_dbus_module_set_model (self->skeleton, identity->model);
  mssl_dbus_module_set_revision (self->skeleton, identity->revision);
  mssl_dbus_module_set_equipment_identifier (self->skeleton, identity->imei);
  mssl_dbus_module_set_capabilities (self->skeleton, make_capabilities (module));
  mssl_dbus_module_set_sleep_locks (self->skeleton, module_get_sleep_locks (module));
  set_slot_holders (self);
  set_claim (self);
  set_status (self);
  dbus_recovery_show (module_get_recovery (module), self->skeleton);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

typedef struct {
  MsslDBusModule *skeleton;
  GDBusMethodInvocation *invocation;
} Call;

static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (MsslDBusModule) skeleton = call->skeleton;

  module_release_finish (MSSL_MODULE (source), result, NULL);
  mssl_dbus_module_complete_release (skeleton, call->invocation);
}

static gboolean
handle_release (MsslDBusModule *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  DBusModule *self = user_data;
  g_autoptr (GArray) holders = module_list_holders (self->module);
  Call *call;

  if (holders->len > 0) {
    dbus_error_return (invocation,
                       g_error_new (MSSL_ERROR, MSSL_ERROR_IN_USE,
                                    "Connection %" G_GUINT64_FORMAT " uses the module; close it first",
                                    g_array_index (holders, guint64, 0)));
    return TRUE;
  }
  call = g_new (Call, 1);
  *call = (Call){ g_object_ref (skeleton), invocation };
  module_release_async (self->module, CLOSE_REASON_PORT_RELEASED,
                        "It was released by request; Claim takes it again", MODULE_RELEASE_MS, on_released,
                        call);
  return TRUE;
}

static gboolean
handle_claim (MsslDBusModule *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  DBusModule *self = user_data;

  module_claim (self->module);
  mssl_dbus_module_complete_claim (skeleton, invocation);
  return TRUE;
}

DBusModule *
dbus_module_new (Module *module, GDBusObjectManagerServer *objects, DBusClients *clients)
{
  DBusModule *self = g_new0 (DBusModule, 1);
  g_autoptr (MsslDBusObjectSkeleton) object = NULL;

  self->module = g_object_ref (module);
  self->objects = objects;
  self->skeleton = mssl_dbus_module_skeleton_new ();
  self->path = mssl_name_to_path (MSSL_PATH_MODULES, module_get_name (module));
  mssl_dbus_module_set_name (self->skeleton, module_get_name (module));
  mssl_dbus_module_set_claim_mode (self->skeleton, module_get_claim_mode (module));
  on_changed (module, self);
  g_signal_connect (module, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (self->skeleton, "handle-release", G_CALLBACK (handle_release), self);
  g_signal_connect (self->skeleton, "handle-claim", G_CALLBACK (handle_claim), self);

  dbus_errand_serve (self->skeleton, module, clients);
  object = mssl_dbus_object_skeleton_new (self->path);
  mssl_dbus_object_skeleton_set_module (object, self->skeleton);
  g_dbus_object_manager_server_export (objects, G_DBUS_OBJECT_SKELETON (object));
  return self;
}

void
dbus_module_free (DBusModule *self)
{
  g_dbus_object_manager_server_unexport (self->objects, self->path);
  g_signal_handlers_disconnect_by_data (self->module, self);
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_object_unref (self->module);
  g_object_unref (self->skeleton);
  g_free (self->path);
  g_free (self);
}
