/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench-process.h.
 */
#include "bench-process.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

guint
bench_process_find (GDBusConnection *bus, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionUnixProcessID", g_variant_new ("(s)", name), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
      &error);
  guint pid;

  if (reply == NULL)
    g_error ("%s: %s", name, error->message);
  g_variant_get (reply, "(u)", &pid);
  return pid;
}

static char *
read_file (const char *path)
{
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    g_error ("%s cannot be read", path);
  return text;
}

gint64
bench_process_get_cpu_ns (guint pid)
{
  clockid_t clock;
  struct timespec used;

  /* The sum over its threads would lack those that have ended. */
  if (clock_getcpuclockid ((pid_t) pid, &clock) != 0 || clock_gettime (clock, &used) != 0)
    g_error ("process %u has no clock", pid);
  return (gint64) used.tv_sec * G_GINT64_CONSTANT (1000000000) + used.tv_nsec;
}

guint64
bench_process_get_memory_kb (guint pid, const char *key)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/smaps_rollup", pid);
  g_autofree char *text = read_file (path);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    if (g_str_has_prefix (lines[i], key))
      return g_ascii_strtoull (lines[i] + strlen (key), NULL, 10);
  }
  return 0;
}
