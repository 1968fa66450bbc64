/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * realpath(3) that remembers where it looked.
 */
#include "port-path.h"

#include <errno.h>
#include <string.h>

/* As the kernel's. */
#define LINKS_MAX 40

typedef struct {
  PortPath *result;
  GString *at;   /* the directory that was reached, free of links; empty is the root */
  GQueue names;  /* char*, still to be followed from there */
  guint n_links; /* that were followed */
} Walk;

static void
push_names (Walk *walk, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);

  for (guint i = g_strv_length (names); i > 0; i--)
    g_queue_push_head (&walk->names, g_strdup (names[i - 1]));
}

static void
go_up (Walk *walk)
{
  const char *last = strrchr (walk->at->str, '/');

  g_string_truncate (walk->at, last != NULL ? (gsize) (last - walk->at->str) : 0);
}

static void
note_directory (Walk *walk)
{
  const char *directory = walk->at->len > 0 ? walk->at->str : "/";

  if (!g_ptr_array_find_with_equal_func (walk->result->directories, directory, g_str_equal, NULL))
    g_ptr_array_add (walk->result->directories, g_strdup (directory));
}

static void
end_missing (Walk *walk, const char *full, const char *path, int why)
{
  PortPath *result = walk->result;
  const char *how = why == ENOENT ? "is not there" : g_strerror (why);

  note_directory (walk);
  if (g_str_equal (full, path))
    result->missing = g_strdup_printf ("%s %s", path, how);
  else if (walk->n_links > 0)
    result->missing = g_strdup_printf ("%s leads to %s: that %s", path, full, how);
  else
    result->missing = g_strdup_printf ("%s is not there: %s %s", path, full, how);
}

/* Replaces the link @full by what it says. */
static gboolean
follow_link (Walk *walk, const char *full, const char *path)
{
  g_autofree char *text = g_file_read_link (full, NULL);

  note_directory (walk);
  if (text == NULL || ++walk->n_links > LINKS_MAX) {
    end_missing (walk, full, path, text == NULL ? ENOENT : ELOOP);
    return FALSE;
  }
  if (*text == '/')
    g_string_truncate (walk->at, 0);
  push_names (walk, text);
  return TRUE;
}

/* FALSE at the end of the way, wherever that is. */
static gboolean
take_step (Walk *walk, const char *name, const char *path)
{
  g_autofree char *full = g_strconcat (walk->at->str, "/", name, NULL);
  struct stat node;

  if (lstat (full, &node) < 0) {
    end_missing (walk, full, path, errno);
    return FALSE;
  }
  if (S_ISLNK (node.st_mode))
    return follow_link (walk, full, path);
  if (S_ISDIR (node.st_mode) && !g_queue_is_empty (&walk->names)) {
    g_string_assign (walk->at, full);
    return TRUE;
  }
  if (!g_queue_is_empty (&walk->names)) {
    end_missing (walk, full, path, ENOTDIR);
    return FALSE;
  }
  note_directory (walk);
  walk->result->target = g_steal_pointer (&full);
  walk->result->node = node;
  return FALSE;
}

PortPath *
port_path_follow (const char *path)
{
  PortPath *result = g_new0 (PortPath, 1);
  Walk walk = { .result = result, .at = g_string_new (NULL) };
  gboolean more = TRUE;

  result->directories = g_ptr_array_new_with_free_func (g_free);
  push_names (&walk, path);
  while (more && !g_queue_is_empty (&walk.names)) {
    g_autofree char *name = g_queue_pop_head (&walk.names);

    if (g_str_equal (name, ".."))
      go_up (&walk);
    else if (*name != '\0' && !g_str_equal (name, "."))
      more = take_step (&walk, name, path);
  }
  if (more)
    result->missing = g_strdup_printf ("%s is a directory", path);
  g_string_free (walk.at, TRUE);
  g_queue_clear_full (&walk.names, g_free);
  return result;
}

void
port_path_free (PortPath *self)
{
  g_free (self->target);
  g_free (self->missing);
  g_ptr_array_unref (self->directories);
  g_free (self);
}

gboolean
port_path_is_same_port (const PortPath *self, const PortPath *other)
{
  return self->target != NULL && g_strcmp0 (self->target, other->target) == 0
         && self->node.st_dev == other->node.st_dev && self->node.st_ino == other->node.st_ino
         && self->node.st_rdev == other->node.st_rdev;
}
