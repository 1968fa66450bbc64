/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * openat() and rename(): a temporary file in the same directory, synced, renamed, the directory synced.
 */
#include "state-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mssl-error.h"
#include "secret.h"

#define NAME_MAX_BYTES 100
/* A name of the store never begins with a dot, so the two cannot meet. */
#define TEMPORARY_PREFIX ".new-"

struct StateDir {
  char *path;
  int fd;
};

static void
close_fd (int *fd)
{
  int number = errno;

  if (*fd >= 0)
    close (*fd);
  errno = number;
}
#define autofd __attribute__ ((cleanup (close_fd))) int

static gboolean
name_is_valid (const char *name)
{
  if (name[0] == '\0' || name[0] == '.' || strlen (name) > NAME_MAX_BYTES)
    return FALSE;
  return strspn (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == strlen (name);
}

/** Says in a sentence what went wrong with which file; @number is an errno. */
static void
set_error (StateDir *self, const char *subdir, const char *name, const char *verb, int number, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, subdir != NULL ? subdir : "", name, NULL);

  g_set_error (error, MSSL_ERROR, MSSL_ERROR_STORAGE,
               "Cannot %s %s: %s. Check the disk and the rights of the state directory.", verb, path,
               g_strerror (number));
}

static gboolean
check_directory (int fd, const char *path, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) < 0) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_STORAGE, "Cannot examine %s: %s.", path, g_strerror (errno));
    return FALSE;
  }
  if (status.st_uid != geteuid ()) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_STORAGE,
                 "The directory %s belongs to user %u and not to user %u, as whom the daemon runs: chown it.",
                 path, status.st_uid, geteuid ());
    return FALSE;
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    g_set_error (
        error, MSSL_ERROR, MSSL_ERROR_STORAGE,
        "Others can write to the directory %s, which is to hold private keys: make sure of its content, "
        "then chmod 700 it.",
        path);
    return FALSE;
  }
  return TRUE;
}

static int
open_top (const char *path, GError **error)
{
  int fd;

  if (mkdir (path, 0700) < 0 && errno != EEXIST) {
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_STORAGE,
                 "Cannot make the state directory %s: %s. Make its parent, or name another.", path,
                 g_strerror (errno));
    return -1;
  }
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_STORAGE,
                 "Cannot open the state directory %s: %s. It must be a directory, not a link to one.", path,
                 g_strerror (errno));
  return fd;
}

static char *
strip_slashes (const char *path)
{
  gsize size = strlen (path);

  while (size > 1 && path[size - 1] == '/')
    size--;
  return g_strndup (path, size);
}

StateDir *
state_dir_open (const char *path, GError **error)
{
  g_autoptr (StateDir) self = g_new0 (StateDir, 1);

  /* With a slash at its end a symbolic link would be followed. */
  self->path = strip_slashes (path);
  self->fd = open_top (self->path, error);
  if (self->fd < 0 || !check_directory (self->fd, self->path, error))
    return NULL;
  if (flock (self->fd, LOCK_EX | LOCK_NB) < 0) {
    int number = errno;

    if (number == EWOULDBLOCK)
      g_set_error (error, MSSL_ERROR, MSSL_ERROR_STORAGE,
                   "The state directory %s is in use by another daemon: stop that one, or name another "
                   "directory.",
                   self->path);
    else
      g_set_error (error, MSSL_ERROR, MSSL_ERROR_STORAGE, "Cannot lock the state directory %s: %s.",
                   self->path, g_strerror (number));
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
state_dir_free (StateDir *self)
{
  close_fd (&self->fd);
  g_free (self->path);
  g_free (self);
}

static gboolean
is_safe_directory (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && status.st_uid == geteuid ()
         && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/**
 * A new descriptor of @subdir, -1 and errno if there is none and it is not to be made, or if others can write
 * to it.
 */
static int
open_subdir (StateDir *self, const char *subdir, gboolean make)
{
  int fd;

  if (subdir == NULL)
    return fcntl (self->fd, F_DUPFD_CLOEXEC, 0);
  g_return_val_if_fail (name_is_valid (subdir), -1);

  if (make && mkdirat (self->fd, subdir, 0700) == 0)
    fsync (self->fd);
  fd = openat (self->fd, subdir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && !is_safe_directory (fd)) {
    close (fd);
    errno = EPERM;
    return -1;
  }
  return fd;
}

static gboolean
write_all (int fd, GBytes *content)
{
  gsize size;
  const char *data = g_bytes_get_data (content, &size);

  while (size > 0) {
    ssize_t done = write (fd, data, size);

    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return FALSE;
    data += done;
    size -= done;
  }
  return fsync (fd) == 0;
}

/** Makes the file @temporary new, with @content, synced. FALSE and errno, and no such file, on failure. */
static gboolean
write_temporary (int directory, const char *temporary, GBytes *content)
{
  autofd fd = -1;
  int number;

  if (unlinkat (directory, temporary, 0) < 0 && errno != ENOENT)
    return FALSE;
  fd = openat (directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return FALSE;
  if (write_all (fd, content))
    return TRUE;
  number = errno;
  unlinkat (directory, temporary, 0);
  errno = number;
  return FALSE;
}

static gboolean
replace_file (int directory, const char *name, GBytes *content)
{
  g_autofree char *temporary = g_strconcat (TEMPORARY_PREFIX, name, NULL);
  int number;

  if (!write_temporary (directory, temporary, content))
    return FALSE;
  if (renameat (directory, temporary, directory, name) == 0)
    return fsync (directory) == 0;
  number = errno;
  unlinkat (directory, temporary, 0);
  errno = number;
  return FALSE;
}

gboolean
state_dir_write (StateDir *self, const char *subdir, const char *name, GBytes *content, GError **error)
{
  autofd directory = -1;

  g_return_val_if_fail (name_is_valid (name), FALSE);
  g_return_val_if_fail (g_bytes_get_size (content) <= STATE_DIR_FILE_MAX_BYTES, FALSE);

  directory = open_subdir (self, subdir, TRUE);
  if (directory < 0) {
    set_error (self, NULL, subdir, "open", errno, error);
    return FALSE;
  }
  if (!replace_file (directory, name, content)) {
    set_error (self, subdir, name, "write", errno, error);
    return FALSE;
  }
  return TRUE;
}

/** Up to @max_bytes + 1 bytes, so that one too many is seen; -1 and errno on failure. */
static gssize
read_all (int fd, char *data, gsize max_bytes)
{
  gsize size = 0;

  while (size <= max_bytes) {
    ssize_t got = read (fd, data + size, max_bytes + 1 - size);

    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -1;
    if (got == 0)
      break;
    size += got;
  }
  return size;
}

/** NULL and errno on failure. */
static GBytes *
read_file (int directory, const char *name)
{
  /* Without O_NONBLOCK a fifo in place of the file would stop the daemon. */
  autofd fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  g_autoptr (GBytes) buffer = NULL;
  struct stat status;
  char *data;
  gssize size;

  if (fd < 0 || fstat (fd, &status) < 0)
    return NULL;
  if (!S_ISREG (status.st_mode)) {
    errno = EINVAL;
    return NULL;
  }
  data = g_malloc (STATE_DIR_FILE_MAX_BYTES + 1);
  buffer = secret_bytes_new_take (data, STATE_DIR_FILE_MAX_BYTES + 1);
  size = read_all (fd, data, STATE_DIR_FILE_MAX_BYTES);
  if (size > STATE_DIR_FILE_MAX_BYTES)
    errno = EFBIG;
  if (size < 0 || size > STATE_DIR_FILE_MAX_BYTES)
    return NULL;
  return secret_bytes_new (data, size);
}

GBytes *
state_dir_read (StateDir *self, const char *subdir, const char *name, GError **error)
{
  autofd directory = -1;
  GBytes *content;

  g_return_val_if_fail (name_is_valid (name), NULL);

  directory = open_subdir (self, subdir, FALSE);
  content = directory >= 0 ? read_file (directory, name) : NULL;
  if (content != NULL)
    return content;
  if (errno == ENOENT)
    g_set_error (error, MSSL_ERROR, MSSL_ERROR_NOT_FOUND, "There is no %s in the state directory.", name);
  else
    set_error (self, subdir, name, "read", errno, error);
  return NULL;
}

gboolean
state_dir_remove (StateDir *self, const char *subdir, const char *name, GError **error)
{
  autofd directory = -1;

  g_return_val_if_fail (name_is_valid (name), FALSE);

  directory = open_subdir (self, subdir, FALSE);
  if (directory >= 0 && unlinkat (directory, name, 0) == 0 && fsync (directory) == 0)
    return TRUE;
  if (errno == ENOENT)
    return TRUE;
  set_error (self, subdir, name, "remove", errno, error);
  return FALSE;
}

gboolean
state_dir_set_aside (StateDir *self, const char *subdir, const char *name, GError **error)
{
  autofd directory = -1;
  g_autofree char *aside = g_strconcat (name, STATE_DIR_DAMAGED_SUFFIX, NULL);

  g_return_val_if_fail (name_is_valid (name), FALSE);

  directory = open_subdir (self, subdir, FALSE);
  if (directory >= 0 && renameat (directory, name, directory, aside) == 0 && fsync (directory) == 0)
    return TRUE;
  set_error (self, subdir, name, "rename", errno, error);
  return FALSE;
}

static gboolean
is_regular (int directory, const char *name)
{
  struct stat status;

  return fstatat (directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (status.st_mode);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/** Adds the names of @stream to @names. FALSE and errno on failure. */
static gboolean
collect_names (DIR *stream, GPtrArray *names)
{
  const struct dirent *entry;

  errno = 0;
  while ((entry = readdir (stream)) != NULL) {
    if (g_str_has_prefix (entry->d_name, TEMPORARY_PREFIX))
      unlinkat (dirfd (stream), entry->d_name, 0);
    else if (name_is_valid (entry->d_name) && is_regular (dirfd (stream), entry->d_name))
      g_ptr_array_add (names, g_strdup (entry->d_name));
    errno = 0;
  }
  return errno == 0;
}

static char **
end_names (GPtrArray *names)
{
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

char **
state_dir_list (StateDir *self, const char *subdir, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  autofd directory = open_subdir (self, subdir, FALSE);
  DIR *stream;
  gboolean complete;

  if (directory < 0 && errno == ENOENT)
    return end_names (names);
  stream = directory >= 0 ? fdopendir (directory) : NULL;
  if (stream == NULL) {
    set_error (self, NULL, subdir != NULL ? subdir : ".", "open", errno, error);
    return NULL;
  }
  directory = -1; /* the stream's from here on */
  /* A duplicate shares its position with the descriptor that it was made from. */
  rewinddir (stream);
  complete = collect_names (stream, names);
  if (!complete)
    set_error (self, NULL, subdir != NULL ? subdir : ".", "list", errno, error);
  closedir (stream);
  return complete ? end_names (names) : NULL;
}
