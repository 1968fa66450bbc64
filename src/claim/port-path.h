/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the configured path of a port leads at this moment. Names such as those in /dev/serial/by-id are
 * links that come and go, with the directories that they stand in.
 */
#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

/**
 * PortPath: a path that was followed to its end. @target is NULL when there is nothing at the end, and
 * @missing says then what is not there; otherwise @node is what stands at @target.
 * @directories: where a change of a name could change the answer: those of each link on the way and that of
 *   the end, or of the first name that is not there. Each once, free of links. Element type char*.
 */
typedef struct {
  char *target;
  struct stat node;
  char *missing;
  GPtrArray *directories;
} PortPath;

/** Follows the absolute @path. */
PortPath *port_path_follow (const char *path);
void port_path_free (PortPath *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PortPath, port_path_free)

/** Whether both lead to the same node: a port that was unplugged and plugged in again is another one. */
gboolean port_path_is_same_port (const PortPath *self, const PortPath *other);
