/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One reader for each descriptor, in the main loop. No read of it can block, whatever the other end does.
 */
#include "dbus-credential-parts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mssl-error.h"
#include "mssl-names.h"
#include "secret.h"

/* One byte more than is taken, so that one too many is seen and refused with the other checks. */
#define BUFFER_BYTES (CREDENTIAL_PARTS_INPUT_MAX_BYTES + 1)
#define QUOTE_CHARACTERS 60

typedef struct {
  GTask *task; /* borrowed: the task owns the reader */
  const char *name;
  int fd;
  gboolean is_socket;
  char *buffer; /* BUFFER_BYTES */
  gsize size;
  GSource *source; /* NULL when the end was reached */
} Reader;

/** The task's data. Indexed by ModuleCredentialPart. */
typedef struct {
  GBytes *parts[MODULE_CREDENTIAL_PARTS];
  Reader *readers[MODULE_CREDENTIAL_PARTS];
  GSource *timeout;
} Reading;

static const char *const part_names[MODULE_CREDENTIAL_PARTS] = {
  [MODULE_CREDENTIAL_CA] = MSSL_PART_CA,
  [MODULE_CREDENTIAL_CLIENT_CERTIFICATE] = MSSL_PART_CERTIFICATE,
  [MODULE_CREDENTIAL_CLIENT_KEY] = MSSL_PART_KEY,
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
reader_free (Reader *reader)
{
  clear_source (&reader->source);
  if (reader->fd >= 0)
    close (reader->fd);
  if (reader->buffer != NULL)
    secret_wipe (reader->buffer, BUFFER_BYTES);
  g_free (reader->buffer);
  g_free (reader);
}

static void
reading_free (gpointer user_data)
{
  Reading *reading = user_data;

  clear_source (&reading->timeout);
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    g_clear_pointer (&reading->parts[i], g_bytes_unref);
    g_clear_pointer (&reading->readers[i], reader_free);
  }
  g_free (reading);
}

static gboolean G_GNUC_PRINTF (3, 4) refuse (GError **error, const char *name, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_INVALID_ARGUMENT, "The part \"%s\" %s.", name, text);
  return FALSE;
}

/** Ends @task (taken) with @error (taken): nothing of it runs afterwards but the callback. */
static void
fail (GTask *task, GError *error)
{
  Reading *reading = g_task_get_task_data (task);

  clear_source (&reading->timeout);
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++)
    g_clear_pointer (&reading->readers[i], reader_free);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static gboolean
is_reading (const Reading *reading)
{
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    if (reading->readers[i] != NULL && reading->readers[i]->source != NULL)
      return TRUE;
  }
  return FALSE;
}

/** Ends @task (taken) when everything is there. */
static void
finish_if_complete (GTask *task)
{
  Reading *reading = g_task_get_task_data (task);
  GError *error = NULL;
  CredentialParts *parts;

  if (is_reading (reading))
    return;
  clear_source (&reading->timeout);
  parts = credential_parts_new (
      reading->parts[MODULE_CREDENTIAL_CA], reading->parts[MODULE_CREDENTIAL_CLIENT_CERTIFICATE],
      reading->parts[MODULE_CREDENTIAL_CLIENT_KEY], g_get_real_time () / G_USEC_PER_SEC, &error);
  if (parts == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, parts, (GDestroyNotify) credential_parts_free);
  g_object_unref (task);
}

/** read() that never waits. */
static gssize
read_some (const Reader *reader)
{
  char *to = reader->buffer + reader->size;
  gsize size = BUFFER_BYTES - reader->size;
  int flags;

  if (reader->is_socket)
    return recv (reader->fd, to, size, MSG_DONTWAIT);
  /* The client shares the flags of a pipe and may have taken this one back. */
  flags = fcntl (reader->fd, F_GETFL);
  if (flags < 0 || fcntl (reader->fd, F_SETFL, flags | O_NONBLOCK) < 0)
    return -1;
  return read (reader->fd, to, size);
}

/** FALSE when nothing more is to be read for now; then @reader has ended, or waits, or @error is set. */
static gboolean
read_step (Reader *reader, gboolean *ret_ended, GError **error)
{
  gssize got = read_some (reader);

  if (got < 0 && errno == EINTR)
    return TRUE;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return FALSE;
  if (got < 0)
    return refuse (error, reader->name, "cannot be read from its file descriptor: %s", g_strerror (errno));
  reader->size += got;
  *ret_ended = got == 0 || reader->size == BUFFER_BYTES;
  return !*ret_ended;
}

static void
end_reader (Reader *reader, GBytes **ret_part)
{
  *ret_part = secret_bytes_new (reader->buffer, reader->size);
  clear_source (&reader->source);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  Reader *reader = user_data;
  GTask *task = reader->task;
  Reading *reading = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean ended = FALSE;

  while (read_step (reader, &ended, &error))
    continue;
  if (error != NULL) {
    fail (task, error);
    return G_SOURCE_REMOVE;
  }
  if (!ended)
    return G_SOURCE_CONTINUE;
  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    if (reading->readers[i] == reader)
      end_reader (reader, &reading->parts[i]);
  }
  finish_if_complete (task);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer user_data)
{
  GTask *task = user_data;
  Reading *reading = g_task_get_task_data (task);
  GError *error = NULL;

  for (int i = 0; i < MODULE_CREDENTIAL_PARTS && error == NULL; i++) {
    if (reading->readers[i] != NULL && reading->readers[i]->source != NULL)
      refuse (&error, part_names[i], "has not come to its end within %d seconds: close the other end",
              DBUS_CREDENTIAL_PARTS_TIMEOUT_MS / 1000);
  }
  fail (task, error);
  return G_SOURCE_REMOVE;
}

/** Whether @fd is of a kind that can be read without blocking. */
static gboolean
check_descriptor (int fd, const char *name, gboolean *ret_is_socket, GError **error)
{
  struct stat status;
  struct statfs system;

  if (fstat (fd, &status) < 0 || fstatfs (fd, &system) < 0)
    return refuse (error, name, "cannot be read from its file descriptor: %s", g_strerror (errno));
  if (!S_ISREG (status.st_mode) && !S_ISFIFO (status.st_mode) && !S_ISSOCK (status.st_mode))
    return refuse (error, name, "must be a file descriptor of a regular file, a pipe or a socket");
  /* A program of the client's answers such reads, when it likes. */
  if (S_ISREG (status.st_mode) && system.f_type == FUSE_SUPER_MAGIC)
    return refuse (error, name, "lies on a FUSE file system: hand it over through a pipe");
  *ret_is_socket = S_ISSOCK (status.st_mode);
  return TRUE;
}

static gboolean
start_reader (GTask *task, ModuleCredentialPart part, int index, GUnixFDList *fds, GError **error)
{
  Reading *reading = g_task_get_task_data (task);
  Reader *reader = g_new0 (Reader, 1);

  reading->readers[part] = reader;
  reader->task = task;
  reader->name = part_names[part];
  reader->fd = -1;
  if (fds == NULL || index < 0 || index >= g_unix_fd_list_get_length (fds))
    return refuse (error, reader->name, "names a file descriptor that did not come with the message");
  reader->fd = g_unix_fd_list_get (fds, index, NULL);
  if (reader->fd < 0)
    return refuse (error, reader->name, "could not be taken over: too many file descriptors are open");
  if (!check_descriptor (reader->fd, reader->name, &reader->is_socket, error))
    return FALSE;
  reader->buffer = g_malloc (BUFFER_BYTES);
  reader->source = g_unix_fd_source_new (reader->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (reader->source, G_SOURCE_FUNC (on_readable), reader, NULL);
  g_source_attach (reader->source, g_task_get_context (task));
  return TRUE;
}

static gboolean
take_part (GTask *task, ModuleCredentialPart part, GVariant *value, GUnixFDList *fds, GError **error)
{
  Reading *reading = g_task_get_task_data (task);
  const char *text;
  gsize size;

  if (reading->parts[part] != NULL || reading->readers[part] != NULL)
    return refuse (error, part_names[part], "is given twice");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_HANDLE))
    return start_reader (task, part, g_variant_get_handle (value), fds, error);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING)) {
    reading->parts[part] = g_variant_get_data_as_bytes (value);
    return TRUE;
  }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)) {
    text = g_variant_get_string (value, &size);
    reading->parts[part] = secret_bytes_new (text, size);
    return TRUE;
  }
  return refuse (error, part_names[part],
                 "is of the type %s: bytes (ay), text (s) or a file descriptor (h) are taken",
                 g_variant_get_type_string (value));
}

static gboolean
find_part (const char *key, ModuleCredentialPart *ret_part, GError **error)
{
  g_autofree char *quoted = g_utf8_substring (key, 0, MIN (g_utf8_strlen (key, -1), QUOTE_CHARACTERS));

  for (int i = 0; i < MODULE_CREDENTIAL_PARTS; i++) {
    if (g_str_equal (part_names[i], key)) {
      *ret_part = i;
      return TRUE;
    }
  }
  return refuse (error, quoted, "is none: \"%s\", \"%s\" and \"%s\" are known", MSSL_PART_CA,
                 MSSL_PART_CERTIFICATE, MSSL_PART_KEY);
}

static gboolean
take_parts (GTask *task, GVariant *parts, GUnixFDList *fds, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *boxed;

  g_variant_iter_init (&iter, parts);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &boxed)) {
    g_autoptr (GVariant) value = boxed;
    ModuleCredentialPart part = MODULE_CREDENTIAL_CA;

    if (!find_part (key, &part, error) || !take_part (task, part, value, fds, error))
      return FALSE;
  }
  return TRUE;
}

void
dbus_credential_parts_read_async (GVariant *parts, GUnixFDList *fds, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Reading *reading = g_new0 (Reading, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, dbus_credential_parts_read_async);
  g_task_set_task_data (task, reading, reading_free);
  if (!take_parts (task, parts, fds, &error)) {
    fail (task, error);
    return;
  }
  reading->timeout = g_timeout_source_new (DBUS_CREDENTIAL_PARTS_TIMEOUT_MS);
  g_source_set_callback (reading->timeout, on_timeout, task, NULL);
  g_source_attach (reading->timeout, g_task_get_context (task));
  finish_if_complete (task);
}

CredentialParts *
dbus_credential_parts_read_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dbus_credential_parts_read_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
