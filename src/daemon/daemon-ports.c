/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whatever has happened, all ports are looked at: that is cheap, and nothing depends on the order of events.
 */
#include "daemon-ports.h"

#include "port-path.h"
#include "port-udev.h"
#include "port-watch.h"

/* udev takes fractions of a second; one that is stuck must not keep a port away for ever. */
#define SETTLE_PAUSE_MS 200
#define SETTLE_LOOKS_MAX 50

typedef struct {
  DaemonPorts *owner; /* NULL when that was freed before the port had retired */
  DaemonConfigModule *config;
  Module *module; /* NULL until it was there once */
  gboolean there;
  PortPath *path;  /* where it sits; NULL while it is not there, and where only ModemManager knows its port */
  char *why;       /* it is missing; NULL while it is there */
  guint unsettled; /* how often udev was not ready with it */
} Port;

struct DaemonPorts {
  Manager *manager;
  DaemonPortsMakeFunc make;
  gpointer user_data;
  GPtrArray *ports;    /* Port, in the order of the configuration */
  GPtrArray *retiring; /* Port: no longer configured, and its module is ending */
  PortWatch *watch;
  PortUdev *udev;
  Timer settle; /* set while udev works on a port */
};

static void
port_free (gpointer data)
{
  Port *port = data;

  /* One that is there is the manager's to end. */
  if (port->module != NULL && !port->there)
    module_abandon (port->module);
  daemon_config_module_unref (port->config);
  g_clear_object (&port->module);
  g_clear_pointer (&port->path, port_path_free);
  g_free (port->why);
  g_free (port);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Port, port_free)

static Port *
port_new (DaemonPorts *owner, DaemonConfigModule *config)
{
  Port *port = g_new0 (Port, 1);

  port->owner = owner;
  port->config = daemon_config_module_ref (config);
  return port;
}

static void
set_missing (Port *port, const char *why)
{
  if (g_strcmp0 (port->why, why) == 0)
    return;

  g_free (port->why);
  port->why = g_strdup (why);
  g_message ("Module %s is missing: %s", port->config->name, why);
}

/* -- what is there ----------------------------------------------------------------------------------- */

static gboolean
has_changed_since (const PortPath *path, const PortPath *before)
{
  return path->node.st_ctim.tv_sec != before->node.st_ctim.tv_sec
         || path->node.st_ctim.tv_nsec != before->node.st_ctim.tv_nsec;
}

/* A module whose port is gone, or is another one by now, goes. */
static void
check_module (DaemonPorts *self, Port *port)
{
  g_autoptr (PortPath) path = NULL;
  g_autofree char *why = NULL;

  if (!port->there || port->config->device == NULL)
    return;

  path = port_path_follow (port->config->device);
  if (port_path_is_same_port (path, port->path)) {
    /* Its owner or mode, which udev sets some time after it has appeared. */
    if (has_changed_since (path, port->path))
      module_try_again (port->module);
    port_path_free (port->path);
    port->path = g_steal_pointer (&path);
    return;
  }
  why = path->missing != NULL ? g_strdup (path->missing)
                              : g_strdup_printf ("%s is another port now", port->config->device);
  port->there = FALSE;
  g_clear_pointer (&port->path, port_path_free);
  manager_remove_module (self->manager, port->module, why);
}

static gboolean
is_same_port (const PortPath *path, const PortPath *other)
{
  return path != NULL && other != NULL && port_path_is_same_port (path, other);
}

/* One that sits on the same port, or has the same name and is still ending. NULL: there is none. */
static const Port *
find_obstacle (const GPtrArray *ports, const Port *port, const PortPath *path)
{
  for (guint i = 0; i < ports->len; i++) {
    const Port *other = ports->pdata[i];

    if (other->there
        && (is_same_port (path, other->path) || g_str_equal (other->config->name, port->config->name)))
      return other;
  }
  return NULL;
}

static gboolean
is_settled (DaemonPorts *self, Port *port, const PortPath *path)
{
  if (port->unsettled == SETTLE_LOOKS_MAX || port_udev_is_settled (self->udev, path))
    return TRUE;

  port->unsettled++;
  if (!timer_is_set (&self->settle))
    timer_set (&self->settle, SETTLE_PAUSE_MS);
  return FALSE;
}

static void
look_for_port (DaemonPorts *self, Port *port)
{
  g_autoptr (PortPath) path = NULL;
  g_autofree char *why = NULL;
  const Port *other;

  if (port->there)
    return;

  if (port->config->device != NULL)
    path = port_path_follow (port->config->device);
  if (path != NULL && path->target == NULL) {
    port->unsettled = 0;
    set_missing (port, path->missing);
    return;
  }
  if (path != NULL && !is_settled (self, port, path)) {
    set_missing (port, "udev is still setting up its port");
    return;
  }
  if (find_obstacle (self->retiring, port, path) != NULL) {
    set_missing (port, "the module as it was configured before is still ending");
    return;
  }
  other = find_obstacle (self->ports, port, path);
  if (other != NULL) {
    why = g_strdup_printf ("%s and %s of [module %s] are the same port (%s); name it once",
                           port->config->device, other->config->device, other->config->name, path->target);
    set_missing (port, why);
    return;
  }
  g_clear_pointer (&port->why, g_free);
  port->path = g_steal_pointer (&path);
  port->there = TRUE;
  if (port->module == NULL)
    port->module = self->make (port->config, self->user_data);
  manager_add_module (self->manager, port->module);
}

static void
tell_missing (DaemonPorts *self)
{
  g_autoptr (GPtrArray) missing = missing_module_list_new ();

  for (guint i = 0; i < self->ports->len; i++) {
    const Port *port = self->ports->pdata[i];

    if (port->why != NULL)
      missing_module_list_add (missing, port->config->name, port->config->device, port->why);
  }
  manager_set_missing (self->manager, missing);
}

/* First what is gone, so that what comes in its place finds it gone. */
static void
look (gpointer user_data)
{
  DaemonPorts *self = user_data;

  for (guint i = 0; i < self->ports->len; i++)
    check_module (self, self->ports->pdata[i]);
  for (guint i = 0; i < self->ports->len; i++)
    look_for_port (self, self->ports->pdata[i]);
  tell_missing (self);
}

/* -- another configuration --------------------------------------------------------------------------- */

static void
on_retired (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Port) port = user_data;
  DaemonPorts *self = port->owner;

  module_stop_finish (MSSL_MODULE (source), result, NULL);
  if (self == NULL)
    return;

  g_ptr_array_remove (self->retiring, port);
  manager_remove_module (self->manager, port->module, NULL);
  look (self);
}

/* Takes @port. */
static void
retire (DaemonPorts *self, Port *port)
{
  if (!port->there) {
    port_free (port);
    return;
  }
  g_ptr_array_add (self->retiring, port);
  module_stop_async (port->module, "its configuration was changed or removed", on_retired, port);
}

/* The port that is configured so; then it is no longer in the list. */
static Port *
take_port (GPtrArray *ports, const DaemonConfigModule *config)
{
  for (guint i = 0; i < ports->len; i++) {
    Port *port = ports->pdata[i];

    if (daemon_config_module_equal (port->config, config))
      return g_ptr_array_steal_index (ports, i);
  }
  return NULL;
}

void
daemon_ports_configure (DaemonPorts *self, const GPtrArray *modules)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->ports);
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();

  self->ports = g_ptr_array_new_with_free_func (port_free);
  for (guint i = 0; i < modules->len; i++) {
    DaemonConfigModule *config = modules->pdata[i];
    Port *port = take_port (old, config);

    g_ptr_array_add (self->ports, port != NULL ? port : port_new (self, config));
    if (config->device != NULL)
      g_ptr_array_add (paths, config->device);
  }
  g_ptr_array_add (paths, NULL);
  while (old->len > 0)
    retire (self, g_ptr_array_steal_index (old, 0));
  port_watch_set_paths (self->watch, (const char *const *) paths->pdata);
  look (self);
}

/* -- the whole --------------------------------------------------------------------------------------- */

DaemonPorts *
daemon_ports_new (Manager *manager, DaemonPortsMakeFunc make, gpointer user_data)
{
  DaemonPorts *self = g_new0 (DaemonPorts, 1);

  self->manager = manager;
  self->make = make;
  self->user_data = user_data;
  self->ports = g_ptr_array_new_with_free_func (port_free);
  self->retiring = g_ptr_array_new ();
  self->udev = port_udev_new (PORT_UDEV_DATA, look, self);
  timer_init (&self->settle, timer_clock_get_system (), look, self);
  self->watch = port_watch_new (timer_clock_get_system (), look, self);
  return self;
}

void
daemon_ports_free (DaemonPorts *self)
{
  for (guint i = 0; i < self->retiring->len; i++)
    ((Port *) self->retiring->pdata[i])->owner = NULL;
  g_ptr_array_unref (self->retiring);
  g_ptr_array_unref (self->ports);
  port_watch_free (self->watch);
  port_udev_free (self->udev);
  timer_dispose (&self->settle);
  g_free (self);
}
