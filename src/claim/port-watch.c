/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One inotify for all paths: a watch for each directory in which a name on one of the ways stands.
 */
#include "port-watch.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "port-path.h"

#define EVENTS                                                                                     \
  (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF \
   | IN_ONLYDIR)

/* Directories that come and go while they are looked at; then it is left to the next event or the timer. */
#define UPDATES_MAX 4

struct PortWatch {
  PortWatchFunc changed;
  gpointer user_data;
  GStrv paths;
  int fd;              /* -1 where there is no inotify */
  GHashTable *watches; /* directory → watch descriptor */
  GSource *source;     /* owned; NULL where there is no inotify */
  Timer poll;
};

static gboolean
is_watched (PortWatch *self, int descriptor)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->watches);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (GPOINTER_TO_INT (value) == descriptor)
      return TRUE;
  return FALSE;
}

/* All directories that matter now, as a set. */
static GHashTable *
list_directories (PortWatch *self)
{
  GHashTable *directories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; self->paths[i] != NULL; i++) {
    g_autoptr (PortPath) path = port_path_follow (self->paths[i]);

    for (guint j = 0; j < path->directories->len; j++)
      g_hash_table_add (directories, g_strdup (path->directories->pdata[j]));
  }
  return directories;
}

static void
remove_watches (PortWatch *self, GHashTable *wanted)
{
  GHashTableIter iter;
  gpointer directory, value;

  g_hash_table_iter_init (&iter, self->watches);
  while (g_hash_table_iter_next (&iter, &directory, &value)) {
    if (g_hash_table_contains (wanted, directory))
      continue;
    g_hash_table_iter_remove (&iter);
    /* One directory may have two names, by a mount. */
    if (!is_watched (self, GPOINTER_TO_INT (value)))
      inotify_rm_watch (self->fd, GPOINTER_TO_INT (value));
  }
}

/* @ret_complete: whether all of @wanted are watched. */
static gboolean
add_watches (PortWatch *self, GHashTable *wanted, gboolean *ret_complete)
{
  GHashTableIter iter;
  gpointer directory;
  gboolean added = FALSE;

  *ret_complete = TRUE;
  g_hash_table_iter_init (&iter, wanted);
  while (g_hash_table_iter_next (&iter, &directory, NULL)) {
    int descriptor;

    if (g_hash_table_contains (self->watches, directory))
      continue;
    descriptor = inotify_add_watch (self->fd, directory, EVENTS);
    if (descriptor >= 0)
      g_hash_table_insert (self->watches, g_strdup (directory), GINT_TO_POINTER (descriptor));
    else
      g_debug ("%s cannot be watched: %s", (const char *) directory, g_strerror (errno));
    added = added || descriptor >= 0;
    *ret_complete = *ret_complete && descriptor >= 0;
  }
  return added;
}

/* What was watched only after it had been looked at may have changed in between: so until nothing is new. */
static void
update (PortWatch *self)
{
  gboolean complete = FALSE;
  gboolean again = self->fd >= 0;

  for (guint i = 0; again && i < UPDATES_MAX; i++) {
    g_autoptr (GHashTable) wanted = list_directories (self);

    remove_watches (self, wanted);
    again = add_watches (self, wanted, &complete) || !complete;
  }
  if (complete || self->paths[0] == NULL)
    timer_clear (&self->poll);
  else
    timer_set (&self->poll, PORT_WATCH_POLL_MS);
}

static gboolean
is_descriptor (gpointer directory, gpointer value, gpointer descriptor)
{
  return value == descriptor;
}

/* FALSE when it is not about a directory that is watched: giving up a watch is an event too. */
static gboolean
take_event (PortWatch *self, const struct inotify_event *event)
{
  if (event->wd >= 0 && !is_watched (self, event->wd))
    return FALSE;

  /* A directory that moved away is watched by the name that it had; one that went is not any more. */
  if ((event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) {
    g_hash_table_foreach_remove (self->watches, is_descriptor, GINT_TO_POINTER (event->wd));
    inotify_rm_watch (self->fd, event->wd);
  }
  return TRUE;
}

static gboolean
take_events (PortWatch *self)
{
  _Alignas(struct inotify_event) char buffer[4096];
  gboolean any = FALSE;
  ssize_t size;

  while ((size = read (self->fd, buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < size;) {
      const struct inotify_event *event = (const void *) (buffer + at);

      any = take_event (self, event) || any;
      at += (ssize_t) (sizeof *event + event->len);
    }
  }
  return any;
}

static gboolean
on_events (int fd, GIOCondition condition, gpointer user_data)
{
  PortWatch *self = user_data;

  if (take_events (self)) {
    update (self);
    self->changed (self->user_data);
  }
  return G_SOURCE_CONTINUE; /* it may have been freed */
}

static void
on_poll (gpointer user_data)
{
  PortWatch *self = user_data;

  update (self);
  self->changed (self->user_data);
}

void
port_watch_set_paths (PortWatch *self, const char *const *paths)
{
  g_strfreev (self->paths);
  self->paths = g_strdupv ((char **) paths);
  update (self);
}

PortWatch *
port_watch_new (TimerClock *clock, PortWatchFunc changed, gpointer user_data)
{
  PortWatch *self = g_new0 (PortWatch, 1);

  self->changed = changed;
  self->user_data = user_data;
  self->paths = g_new0 (char *, 1);
  self->watches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  timer_init (&self->poll, clock, on_poll, self);
  self->fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->fd < 0)
    return self;

  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_events), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
port_watch_free (PortWatch *self)
{
  timer_dispose (&self->poll);
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
    close (self->fd);
  }
  g_hash_table_unref (self->watches);
  g_strfreev (self->paths);
  g_free (self);
}
