/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-pty.h. The own open slave keeps the pty alive while no host has it open; inotify counts the hosts.
 */
#include "sim-pty.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "sim-watch.h"

struct SimPty {
  int master;
  int slave;
  int inotify;
  SimWatch *watch;
  char *slave_path;
  char *link_path; /* NULL until the link is made */
  gint n_users;
  SimPtyFunc closed;
  gpointer user_data;
};

static const struct {
  speed_t speed;
  guint baud;
} speeds[] = {
  { B2400, 2400 },       { B4800, 4800 },       { B9600, 9600 },       { B19200, 19200 },
  { B38400, 38400 },     { B57600, 57600 },     { B115200, 115200 },   { B230400, 230400 },
  { B460800, 460800 },   { B921600, 921600 },   { B1000000, 1000000 }, { B2000000, 2000000 },
  { B3000000, 3000000 }, { B4000000, 4000000 },
};

static gboolean
fail (GError **error, const char *what)
{
  int saved = errno;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "%s: %s", what, g_strerror (saved));
  return FALSE;
}

static gboolean
open_pair (SimPty *self, GError **error)
{
  char path[64];
  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (self->master < 0 || grantpt (self->master) < 0 || unlockpt (self->master) < 0)
    return fail (error, "pty");
  if (ptsname_r (self->master, path, sizeof path) != 0)
    return fail (error, "pty");

  self->slave_path = g_strdup (path);
  self->slave = open (path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  /* A serial port in the laboratory: whoever can reach it may use it, as any test bench wants. */
  if (self->slave < 0 || chmod (path, 0666) < 0)
    return fail (error, path);

  struct termios settings;
  if (tcgetattr (self->slave, &settings) < 0)
    return fail (error, path);
  cfmakeraw (&settings);
  cfsetspeed (&settings, B9600);
  return tcsetattr (self->slave, TCSANOW, &settings) == 0 || fail (error, path);
}

static void
forget_last_user (SimPty *self)
{
  ioctl (self->slave, TIOCNXCL);
  tcflush (self->slave, TCIFLUSH);
  if (self->closed != NULL)
    self->closed (self->user_data);
}

static void
count_user (SimPty *self, const struct inotify_event *event)
{
  if ((event->mask & IN_OPEN) != 0)
    self->n_users++;
  else if ((event->mask & IN_CLOSE) != 0 && --self->n_users == 0)
    forget_last_user (self);
}

void
sim_pty_update (SimPty *self)
{
  _Alignas(struct inotify_event) char buffer[4096];
  gssize length;
  while ((length = read (self->inotify, buffer, sizeof buffer)) > 0) {
    for (gssize at = 0; at < length;) {
      const struct inotify_event *event = (const void *) (buffer + at);
      count_user (self, event);
      at += (gssize) (sizeof *event + event->len);
    }
  }
}

static void
on_inotify (GIOCondition condition, gpointer user_data)
{
  sim_pty_update (user_data);
}

static gboolean
watch_users (SimPty *self, GError **error)
{
  self->inotify = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->inotify < 0 || inotify_add_watch (self->inotify, self->slave_path, IN_OPEN | IN_CLOSE) < 0)
    return fail (error, "inotify");

  self->watch = sim_watch_new (self->inotify, G_PRIORITY_HIGH, on_inotify, self);
  sim_watch_set (self->watch, G_IO_IN);
  return TRUE;
}

static gboolean
make_link (SimPty *self, const char *path, GError **error)
{
  struct stat info;
  if (lstat (path, &info) == 0 && !S_ISLNK (info.st_mode)) {
    errno = EEXIST;
    return fail (error, path);
  }

  g_autofree char *temporary = g_strdup_printf ("%s.%d.new", path, (int) getpid ());
  g_unlink (temporary);
  if (symlink (self->slave_path, temporary) < 0)
    return fail (error, path);
  if (g_rename (temporary, path) < 0) {
    fail (error, path);
    g_unlink (temporary);
    return FALSE;
  }
  self->link_path = g_strdup (path);
  return TRUE;
}

SimPty *
sim_pty_new (const char *link_path, GError **error)
{
  g_autoptr (SimPty) self = g_new0 (SimPty, 1);
  self->master = self->slave = self->inotify = -1;
  if (!open_pair (self, error) || !watch_users (self, error) || !make_link (self, link_path, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
remove_link (SimPty *self)
{
  /* A later simulator may have put its own link there. */
  g_autofree char *target = self->link_path != NULL ? g_file_read_link (self->link_path, NULL) : NULL;
  if (g_strcmp0 (target, self->slave_path) == 0)
    g_unlink (self->link_path);
}

static void
close_fd (int fd)
{
  if (fd >= 0)
    close (fd);
}

void
sim_pty_free (SimPty *self)
{
  remove_link (self);
  g_clear_pointer (&self->watch, sim_watch_free);
  close_fd (self->inotify);
  close_fd (self->slave);
  close_fd (self->master);
  g_free (self->slave_path);
  g_free (self->link_path);
  g_free (self);
}

int
sim_pty_get_fd (const SimPty *self)
{
  return self->master;
}

void
sim_pty_set_closed_func (SimPty *self, SimPtyFunc func, gpointer user_data)
{
  self->closed = func;
  self->user_data = user_data;
}

gboolean
sim_pty_has_users (const SimPty *self)
{
  return self->n_users > 0;
}

guint
sim_pty_get_host_baud (const SimPty *self)
{
  struct termios settings;
  if (tcgetattr (self->slave, &settings) < 0)
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (speeds); i++) {
    if (speeds[i].speed == cfgetospeed (&settings))
      return speeds[i].baud;
  }
  return 0;
}

gboolean
sim_pty_has_unread (const SimPty *self)
{
  int n_unread = 0;
  return ioctl (self->slave, FIONREAD, &n_unread) == 0 && n_unread > 0;
}
