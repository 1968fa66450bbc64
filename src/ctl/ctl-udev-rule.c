/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is printed is read by udev and by the parser of a ModemManager that was built without udev: that one
 * knows neither KERNELS nor most ATTRS, and takes one assignment a line.
 */
#include "ctl-udev-rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl-error.h"
#include "ctl-print.h"

#define SYS_TTY "/sys/class/tty"

/* @interface: of the USB bridge, such as "1-2:1.0", NULL where there is none. @serial: its number, or NULL.
 */
typedef struct {
  char *name;
  char *interface;
  char *vendor;
  char *product;
  char *serial;
} Port;

static void
port_clear (Port *self)
{
  g_free (self->name);
  g_free (self->interface);
  g_free (self->vendor);
  g_free (self->product);
  g_free (self->serial);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Port, port_clear)

static gboolean
is_known (const char *name)
{
  g_autofree char *path = g_build_filename (SYS_TTY, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The kernel's name of the tty that @device is, or leads to. */
static char *
find_name (const char *device, GError **error)
{
  g_autofree char *target = realpath (device, NULL);
  g_autofree char *name = g_path_get_basename (device);

  if (target == NULL) {
    g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "there is no device %s", device);
    return NULL;
  }
  if (!is_known (name)) {
    g_free (name);
    name = g_path_get_basename (target);
  }
  if (is_known (name))
    return g_steal_pointer (&name);

  g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "%s is not a serial port that the kernel knows", device);
  return NULL;
}

/* One line of a file in sysfs; NULL when there is none, or when it could not stand in a rule. */
static char *
read_attribute (const char *folder, const char *attribute)
{
  g_autofree char *path = g_build_filename (folder, attribute, NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_strchomp (text);
  return *text != '\0' && strpbrk (text, "\"\\*?[]|\n") == NULL ? g_steal_pointer (&text) : NULL;
}

/* The USB interface of the tty is the folder below the one that has an idVendor. */
static void
find_bridge (Port *port)
{
  g_autofree char *link = g_build_filename (SYS_TTY, port->name, "device", NULL);
  g_autofree char *folder = realpath (link, NULL);

  while (folder != NULL && strlen (folder) > strlen ("/sys/devices")) {
    g_autofree char *parent = g_path_get_dirname (folder);
    g_autofree char *vendor = read_attribute (parent, "idVendor");

    if (vendor != NULL) {
      port->interface = g_path_get_basename (folder);
      port->vendor = g_steal_pointer (&vendor);
      port->product = read_attribute (parent, "idProduct");
      port->serial = read_attribute (parent, "serial");
      return;
    }
    g_free (folder);
    folder = g_steal_pointer (&parent);
  }
}

static char *
make_condition (const Port *port)
{
  if (port->interface != NULL)
    return g_strdup_printf ("DEVPATH!=\"*/%s/*\"", port->interface);
  return g_strdup_printf ("KERNEL!=\"%s\"", port->name);
}

static char *
make_rule (const Port *port, gboolean ignore)
{
  g_autofree char *condition = make_condition (port);
  GString *rule = g_string_new (NULL);

  g_string_append_printf (
      rule,
      "# %s %s ModemManager. Save as /etc/udev/rules.d/78-mm-modemssl-%s.rules, then run\n"
      "# `udevadm control --reload` and plug the port in again or restart.\n",
      port->name, ignore ? "is kept from" : "is given to", port->name);
  if (port->interface != NULL)
    g_string_append_printf (rule, "# The port is known by its USB socket, %s.\n", port->interface);
  if (port->interface != NULL && port->product != NULL && port->serial != NULL)
    g_string_append_printf (
        rule,
        "# With udev the bridge can be known in any socket instead: replace the line with DEVPATH by\n"
        "# ATTRS{idVendor}==\"%s\", ATTRS{idProduct}==\"%s\", ATTRS{serial}==\"%s\", GOTO=\"modemssl_tag\"\n"
        "# GOTO=\"modemssl_end\"\n"
        "# LABEL=\"modemssl_tag\"\n",
        port->vendor, port->product, port->serial);
  g_string_append_printf (rule,
                          "ACTION!=\"add|change|move|bind\", GOTO=\"modemssl_end\"\n"
                          "SUBSYSTEM!=\"tty\", GOTO=\"modemssl_end\"\n"
                          "%s, GOTO=\"modemssl_end\"\n",
                          condition);
  if (ignore)
    g_string_append (rule, "ENV{ID_MM_PORT_IGNORE}=\"1\"\n");
  else
    g_string_append_printf (rule,
                            "ENV{ID_MM_DEVICE_PROCESS}=\"1\"\n"
                            "ENV{ID_MM_PHYSDEV_UID}=\"bc660k-%s\"\n"
                            "ENV{ID_MM_TTY_BAUDRATE}=\"115200\"\n"
                            "ENV{ID_MM_TTY_FLOW_CONTROL}=\"none\"\n"
                            "ENV{ID_MM_PORT_TYPE_AT_PRIMARY}=\"1\"\n",
                            port->name);
  g_string_append (rule, "LABEL=\"modemssl_end\"\n");
  return g_string_free (rule, FALSE);
}

gboolean
ctl_udev_rule_print (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_auto (Port) port = { 0 };
  g_autofree char *rule = NULL;
  GVariantBuilder builder;

  port.name = find_name (arguments[0], error);
  if (port.name == NULL)
    return FALSE;

  find_bridge (&port);
  rule = make_rule (&port, options->ignore);
  if (!options->json) {
    fputs (rule, stdout);
    return TRUE;
  }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "rule", g_variant_new_string (rule));
  ctl_print_json (g_variant_builder_end (&builder), FALSE);
  return TRUE;
}
