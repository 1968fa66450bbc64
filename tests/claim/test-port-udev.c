/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What udev's database says about a port, by the real libgudev on a /sys and with events that umockdev makes.
 * To be run by umockdev-wrapper.
 */
#include <check.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <umockdev.h>

#include "port-udev.h"

static UMockdevTestbed *testbed;
static guint n_changes;

static void
on_changed (gpointer user_data)
{
  n_changes++;
}

static char *
add_device (const char *subsystem, const char *name, const char *major_number)
{
  g_autofree char *number = g_strdup_printf ("%s:0", major_number);
  g_autofree char *node = g_strdup_printf ("/dev/%s", name);

  return umockdev_testbed_add_device (testbed, subsystem, name, NULL, "dev", number, NULL, "DEVNAME", node,
                                      "MAJOR", major_number, "MINOR", "0", NULL);
}

static void
setup (void)
{
  g_autofree char *tty = NULL;

  testbed = umockdev_testbed_new ();
  tty = add_device ("tty", "ttyUSB0", "188");
  ck_assert_ptr_nonnull (tty);
  n_changes = 0;
}

static void
teardown (void)
{
  g_object_unref (testbed);
}

static gboolean
is_settled (PortUdev *port_udev, const char *target, mode_t type, guint major_number)
{
  const struct stat node = { .st_mode = type, .st_rdev = makedev (major_number, 0) };
  const PortPath path = { (char *) target, node, NULL, NULL };

  return port_udev_is_settled (port_udev, &path);
}

START_TEST (waits_for_what_udev_has_not_finished)
{
  g_autoptr (PortUdev) port_udev = port_udev_new ("/", on_changed, NULL);

  ck_assert (!is_settled (port_udev, "/dev/ttyUSB0", S_IFCHR, 188));
}
END_TEST

START_TEST (does_not_wait_where_udev_does_not_run)
{
  g_autoptr (PortUdev) port_udev = port_udev_new ("/nowhere", on_changed, NULL);

  ck_assert (is_settled (port_udev, "/dev/ttyUSB0", S_IFCHR, 188));
}
END_TEST

START_TEST (does_not_wait_for_what_udev_does_not_know)
{
  g_autoptr (PortUdev) port_udev = port_udev_new ("/", on_changed, NULL);

  ck_assert (is_settled (port_udev, "/dev/pts/7", S_IFCHR, 136));
  ck_assert (is_settled (port_udev, "/tmp/file", S_IFREG, 188));
  ck_assert (is_settled (port_udev, NULL, 0, 0));
}
END_TEST

START_TEST (tells_of_ttys_alone)
{
  g_autoptr (PortUdev) port_udev G_GNUC_UNUSED = port_udev_new ("/", on_changed, NULL);
  g_autofree char *disk = add_device ("block", "sda", "8");

  umockdev_testbed_uevent (testbed, disk, "change");
  umockdev_testbed_uevent (testbed, "/sys/devices/ttyUSB0", "change");
  while (n_changes == 0)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_eq (n_changes, 1);
  umockdev_testbed_uevent (testbed, "/sys/devices/ttyUSB0", "remove");
  while (n_changes == 1)
    g_main_context_iteration (NULL, TRUE);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("port-udev");
  TCase *tcase = tcase_create ("port-udev");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, waits_for_what_udev_has_not_finished);
  tcase_add_test (tcase, does_not_wait_where_udev_does_not_run);
  tcase_add_test (tcase, does_not_wait_for_what_udev_does_not_know);
  tcase_add_test (tcase, tells_of_ttys_alone);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
