/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The calls of every driver: makes the GTask, hands it to the vtable. Knows no vendor.
 */
#include "module-driver.h"

void
module_driver_set_listener (ModuleDriver *self, const ModuleDriverListener *listener, gpointer user_data)
{
  self->listener = listener;
  self->listener_data = user_data;
}

void
module_driver_free (ModuleDriver *self)
{
  self->listener = NULL;
  self->klass->free (self);
}

void
module_driver_leave (ModuleDriver *self)
{
  self->klass->leave (self);
}

gboolean
module_driver_adopt (ModuleDriver *self, guint slot, const ModuleAdoption *adoption,
                     GAsyncReadyCallback callback, gpointer user_data, GError **error)
{
  g_return_val_if_fail (slot < MODULE_SLOTS_MAX, FALSE);

  return self->klass->adopt (self, slot, adoption, callback, user_data, error);
}

gssize
module_driver_adopt_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, module_driver_adopt), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

const ModuleIdentity *
module_driver_get_identity (ModuleDriver *self)
{
  return &self->identity;
}

const ModuleCapabilities *
module_driver_get_capabilities (ModuleDriver *self)
{
  return &self->capabilities;
}

guint
module_driver_get_sleep_locks (ModuleDriver *self)
{
  return self->klass->get_sleep_locks (self);
}

static GTask *
new_task (gpointer tag, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

static gboolean
finish_task (GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
module_driver_start_async (ModuleDriver *self, GAsyncReadyCallback callback, gpointer user_data)
{
  self->klass->start_async (self, new_task (module_driver_start_async, callback, user_data));
}

gboolean
module_driver_start_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_start_async, error);
}

void
module_driver_open_async (ModuleDriver *self, guint slot, const ModuleOpenRequest *request,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (slot < self->capabilities.slots);

  self->klass->open_async (self, slot, request, new_task (module_driver_open_async, callback, user_data));
}

gboolean
module_driver_open_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_open_async, error);
}

void
module_driver_send_async (ModuleDriver *self, guint slot, GBytes *data, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  gsize size = g_bytes_get_size (data);

  g_return_if_fail (slot < self->capabilities.slots);
  g_return_if_fail (size >= 1 && size <= self->capabilities.max_send_bytes);

  self->klass->send_async (self, slot, data, new_task (module_driver_send_async, callback, user_data));
}

gboolean
module_driver_send_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_send_async, error);
}

void
module_driver_close_async (ModuleDriver *self, guint slot, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (slot < self->capabilities.slots);

  self->klass->close_async (self, slot, new_task (module_driver_close_async, callback, user_data));
}

gboolean
module_driver_close_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_close_async, error);
}

void
module_driver_erase_credential_async (ModuleDriver *self, ModuleCredentialPart part,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  self->klass->erase_credential_async (self, part,
                                       new_task (module_driver_erase_credential_async, callback, user_data));
}

gboolean
module_driver_erase_credential_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_erase_credential_async, error);
}

void
module_driver_reset_async (ModuleDriver *self, ModuleReset reset, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  self->klass->reset_async (self, reset, new_task (module_driver_reset_async, callback, user_data));
}

gboolean
module_driver_reset_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_reset_async, error);
}

void
module_driver_tell_network (ModuleDriver *self, ModuleRegistration registration, int signal_dbm)
{
  self->klass->tell_network (self, registration, signal_dbm);
}

const ModuleStatus *
module_driver_get_status (ModuleDriver *self)
{
  return &self->status;
}

void
module_driver_check_async (ModuleDriver *self, gboolean compare_clock, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  self->klass->check_async (self, compare_clock, new_task (module_driver_check_async, callback, user_data));
}

gboolean
module_driver_check_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_check_async, error);
}

gboolean
module_driver_check_command (ModuleDriver *self, const char *line, GError **error)
{
  return self->klass->check_command (self, line, error);
}

void
module_driver_run_command_async (ModuleDriver *self, const char *line, guint timeout_ms,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  self->klass->run_command_async (self, line, timeout_ms,
                                  new_task (module_driver_run_command_async, callback, user_data));
}

char **
module_driver_run_command_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, module_driver_run_command_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
module_driver_stop_async (ModuleDriver *self, GAsyncReadyCallback callback, gpointer user_data)
{
  self->klass->stop_async (self, new_task (module_driver_stop_async, callback, user_data));
}

gboolean
module_driver_stop_finish (ModuleDriver *self, GAsyncResult *result, GError **error)
{
  return finish_task (result, module_driver_stop_async, error);
}
