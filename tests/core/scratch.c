/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Below the directory for temporary files.
 */
#include "scratch.h"

#include <ftw.h>
#include <glib/gstdio.h>

char *
scratch_new (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("modemssl-test-XXXXXX", &error);

  if (path == NULL)
    g_error ("%s", error->message);
  return path;
}

static int
remove_one (const char *path, const struct stat *status, int type, struct FTW *where)
{
  return g_remove (path);
}

void
scratch_free (char *path)
{
  nftw (path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  g_free (path);
}

void
scratch_write (const char *path, const char *name, const char *content)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  g_autofree char *directory = g_path_get_dirname (file);
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (directory, 0700);
  /* In GLib 2.74 a file that is not replaced keeps the end of its longer self. */
  if (!g_file_set_contents_full (file, content, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_error ("%s", error->message);
}

char *
scratch_read (const char *path, const char *name)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  char *content = NULL;

  return g_file_get_contents (file, &content, NULL, NULL) ? content : NULL;
}

gboolean
scratch_has (const char *path, const char *name)
{
  g_autofree char *file = g_build_filename (path, name, NULL);

  return g_file_test (file, G_FILE_TEST_EXISTS);
}
