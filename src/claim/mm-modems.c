/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A view of MMManager, which is a GDBusObjectManagerClient and keeps itself up to date.
 */
#include "mm-modems.h"

#include <libmm-glib.h>
#include <stdlib.h>
#include <string.h>

struct _MmModems {
  GObject parent_instance;

  GDBusConnection *bus; /* NULL when there is no system bus; then so is @manager */
  MMManager *manager;
  char *owner; /* ModemManager's unique name, NULL while it is not running */
  guint lives;
  gint64 since_us;
};

G_DEFINE_FINAL_TYPE (MmModems, mm_modems, G_TYPE_OBJECT)

static guint changed_signal;

gboolean
mm_modems_is_supported (void)
{
  return TRUE;
}

static void
mm_modems_init (MmModems *self)
{
}

static void
mm_modems_dispose (GObject *object)
{
  MmModems *self = MM_MODEMS (object);

  if (self->manager != NULL)
    g_signal_handlers_disconnect_by_data (self->manager, self);
  g_clear_object (&self->manager);
  g_clear_object (&self->bus);
  g_clear_pointer (&self->owner, g_free);
  G_OBJECT_CLASS (mm_modems_parent_class)->dispose (object);
}

static void
mm_modems_class_init (MmModemsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = mm_modems_dispose;
  changed_signal =
      g_signal_new ("changed", MM_TYPE_MODEMS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

/* -- the making ------------------------------------------------------------------------------------- */

static void
emit_changed (MmModems *self)
{
  g_signal_emit (self, changed_signal, 0);
}

static void
take_owner (MmModems *self)
{
  g_autofree char *owner =
      g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (self->manager));

  if (g_strcmp0 (owner, self->owner) == 0)
    return;

  g_free (self->owner);
  self->owner = g_steal_pointer (&owner);
  if (self->owner == NULL)
    return;

  self->lives++;
  self->since_us = g_get_monotonic_time ();
}

static void
on_owner (GObject *manager, GParamSpec *param, gpointer user_data)
{
  take_owner (user_data);
  emit_changed (user_data);
}

static void
on_manager (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  MmModems *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  self->manager = mm_manager_new_finish (result, &error);
  if (self->manager == NULL) {
    g_debug ("ModemManager cannot be watched: %s", error->message);
  } else {
    take_owner (self);
    g_signal_connect (self->manager, "notify::name-owner", G_CALLBACK (on_owner), self);
    g_signal_connect_swapped (self->manager, "object-added", G_CALLBACK (emit_changed), self);
    g_signal_connect_swapped (self->manager, "object-removed", G_CALLBACK (emit_changed), self);
    g_signal_connect_swapped (self->manager, "interface-added", G_CALLBACK (emit_changed), self);
    g_signal_connect_swapped (self->manager, "interface-proxy-properties-changed", G_CALLBACK (emit_changed),
                              self);
  }
  g_task_return_pointer (task, g_object_ref (self), g_object_unref);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  MmModems *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  self->bus = g_bus_get_finish (result, &error);
  if (self->bus != NULL) {
    mm_manager_new (self->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, NULL, on_manager,
                    g_steal_pointer (&task));
    return;
  }
  g_debug ("no system bus to watch ModemManager on: %s", error->message);
  g_task_return_pointer (task, g_object_ref (self), g_object_unref);
}

void
mm_modems_new_async (GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_task_data (task, g_object_new (MM_TYPE_MODEMS, NULL), g_object_unref);
  g_bus_get (G_BUS_TYPE_SYSTEM, NULL, on_bus, task);
}

MmModems *
mm_modems_new_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

GDBusConnection *
mm_modems_get_bus (MmModems *self)
{
  return self->bus;
}

guint
mm_modems_get_life (MmModems *self)
{
  return self->owner != NULL ? self->lives : 0;
}

guint
mm_modems_get_age_ms (MmModems *self)
{
  return self->owner != NULL ? (guint) ((g_get_monotonic_time () - self->since_us) / 1000) : 0;
}

/* -- modems ------------------------------------------------------------------------------------------ */

void
mm_modems_facts_clear (MmModemsFacts *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->uid, g_free);
  g_clear_pointer (&self->equipment_id, g_free);
  g_clear_pointer (&self->device, g_free);
}

/* The state that a claim should not break into; what it breaks off must be nobody's. */
static const char *
find_hindrance (MMModemState state)
{
  switch (state) {
  case MM_MODEM_STATE_UNKNOWN:
  case MM_MODEM_STATE_INITIALIZING:
    return "ModemManager is still getting to know the modem";
  case MM_MODEM_STATE_LOCKED:
    return "The SIM card waits for its PIN: unlock it with `mmcli --sim=PATH --pin=PIN`";
  case MM_MODEM_STATE_ENABLING:
    return "ModemManager is just enabling the modem";
  case MM_MODEM_STATE_DISABLING:
    return "ModemManager is just disabling the modem";
  case MM_MODEM_STATE_CONNECTING:
  case MM_MODEM_STATE_DISCONNECTING:
  case MM_MODEM_STATE_CONNECTED:
    return "ModemManager has a data connection through the modem";
  case MM_MODEM_STATE_FAILED:
  case MM_MODEM_STATE_DISABLED:
  case MM_MODEM_STATE_ENABLED:
  case MM_MODEM_STATE_SEARCHING:
  case MM_MODEM_STATE_REGISTERED:
    break;
  }
  return NULL;
}

static gboolean
is_tty (const MMModemPortInfo *port)
{
  return port->type == MM_MODEM_PORT_TYPE_AT || port->type == MM_MODEM_PORT_TYPE_IGNORED
         || port->type == MM_MODEM_PORT_TYPE_UNKNOWN;
}

/* Whether @port is the one that @query means; @name: of the device that it asks for. */
static gboolean
port_fits (const MMModemPortInfo *port, const MmModemQuery *query, const char *name, const char *primary)
{
  if (name != NULL)
    return g_str_equal (port->name, name);
  if (query->prefer_ignored && port->type == MM_MODEM_PORT_TYPE_IGNORED)
    return TRUE;
  return !query->prefer_ignored && g_strcmp0 (port->name, primary) == 0;
}

static gboolean
take_port (MMModem *modem, const MmModemQuery *query, const char *name, MmModemsFacts *facts)
{
  const char *primary = mm_modem_get_primary_port (modem);
  MMModemPortInfo *ports = NULL;
  guint n_ports = 0;

  if (!mm_modem_get_ports (modem, &ports, &n_ports))
    return FALSE;
  for (guint i = 0; i < n_ports && facts->device == NULL; i++) {
    if (!is_tty (&ports[i]) || !port_fits (&ports[i], query, name, primary))
      continue;
    facts->device =
        query->device != NULL ? g_strdup (query->device) : g_strconcat ("/dev/", ports[i].name, NULL);
    facts->is_ignored = ports[i].type == MM_MODEM_PORT_TYPE_IGNORED;
  }
  mm_modem_port_info_array_free (ports, n_ports);
  return facts->device != NULL;
}

static gboolean
is_our_model (MMModem *modem)
{
  const char *model = mm_modem_get_model (modem);

  return model != NULL && strstr (model, MM_MODEMS_MODEL_MARK) != NULL;
}

/* ModemManager's percentage is of -113 to -51 dBm. */
static int
get_signal_dbm (MMObject *object, MMModem *modem)
{
  g_autoptr (MMModemSignal) detail = mm_object_get_modem_signal (object);
  g_autoptr (MMSignal) lte = detail != NULL ? mm_modem_signal_get_lte (detail) : NULL;
  gboolean is_recent;
  guint percent = mm_modem_get_signal_quality (modem, &is_recent);

  if (lte != NULL && mm_signal_get_rsrp (lte) != MM_SIGNAL_UNKNOWN)
    return (int) mm_signal_get_rsrp (lte);
  return percent > 0 ? (int) MIN (percent, 100) * 62 / 100 - 113 : 0;
}

/* Only of a modem that is enabled ModemManager follows it. */
static void
take_network (MMObject *object, MMModem *modem, MmModemsFacts *facts)
{
  MMModem3gpp *network = mm_object_peek_modem_3gpp (object);

  facts->registration = -1;
  if (!facts->is_enabled || network == NULL)
    return;

  facts->registration = (int) mm_modem_3gpp_get_registration_state (network);
  facts->signal_dbm = get_signal_dbm (object, modem);
}

static gboolean
take_facts (MMObject *object, const MmModemQuery *query, const char *name, MmModemsFacts *ret_facts)
{
  MMModem *modem = mm_object_peek_modem (object);
  g_auto (MmModemsFacts) facts = { 0 };

  if (modem == NULL || (name == NULL && !is_our_model (modem)))
    return FALSE;
  facts.equipment_id = mm_modem_dup_equipment_identifier (modem);
  if (query->equipment_id != NULL && g_strcmp0 (query->equipment_id, facts.equipment_id) != 0)
    return FALSE;
  if (!take_port (modem, query, name, &facts) && name != NULL)
    return FALSE;

  facts.path = g_strdup (mm_object_get_path (object));
  facts.uid = mm_modem_dup_device (modem);
  facts.hindrance = find_hindrance (mm_modem_get_state (modem));
  facts.is_enabled = mm_modem_get_state (modem) >= MM_MODEM_STATE_ENABLED;
  take_network (object, modem, &facts);
  *ret_facts = facts;
  facts = (MmModemsFacts){ 0 };
  return TRUE;
}

static GList *
get_objects (MmModems *self)
{
  if (self->manager == NULL)
    return NULL;
  return g_dbus_object_manager_get_objects (G_DBUS_OBJECT_MANAGER (self->manager));
}

gboolean
mm_modems_find (MmModems *self, const MmModemQuery *query, MmModemsFacts *ret_facts)
{
  GList *objects = get_objects (self);
  g_autofree char *target = query->device != NULL ? realpath (query->device, NULL) : NULL;
  g_autofree char *name = NULL;
  gboolean found = FALSE;

  if (query->device != NULL)
    name = g_path_get_basename (query->device);
  for (GList *l = objects; l != NULL && !found; l = l->next)
    found = take_facts (MM_OBJECT (l->data), query, name, ret_facts);
  if (!found && target != NULL) {
    g_free (name);
    name = g_path_get_basename (target);
    for (GList *l = objects; l != NULL && !found; l = l->next)
      found = take_facts (MM_OBJECT (l->data), query, name, ret_facts);
  }
  g_list_free_full (objects, g_object_unref);
  return found;
}

GPtrArray *
mm_modems_list (MmModems *self)
{
  const MmModemQuery any = { 0 };
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GList *objects = get_objects (self);

  for (GList *l = objects; l != NULL; l = l->next) {
    g_auto (MmModemsFacts) facts = { 0 };

    if (take_facts (MM_OBJECT (l->data), &any, NULL, &facts) && facts.equipment_id != NULL)
      g_ptr_array_add (names, g_strdup (facts.equipment_id));
  }
  g_list_free_full (objects, g_object_unref);
  return names;
}

void
mm_modems_enable_async (MmModems *self, const char *path, guint timeout_ms, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_dbus_connection_call (self->bus, MM_DBUS_SERVICE, path, MM_DBUS_INTERFACE_MODEM, "Enable",
                          g_variant_new ("(b)", TRUE), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          (int) timeout_ms, NULL, callback, user_data);
}
