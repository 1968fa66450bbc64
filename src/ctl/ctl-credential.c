/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-credential.h.
 */
#include "ctl-credential.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl-bus.h"
#include "ctl-error.h"
#include "ctl-print.h"
#include "ctl-record.h"
#include "ctl-show.h"
#include "ctl-text.h"
#include "mssl-names.h"
#include "secret.h"

/* Far more than a certificate has; what is too much for a credential is the daemon's to say. */
#define FILE_BYTES 65536

gboolean
ctl_credential_list (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_list (options, ctl_kind_get (CTL_KIND_CREDENTIAL), error);
}

gboolean
ctl_credential_show (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_one (options, ctl_kind_get (CTL_KIND_CREDENTIAL), arguments[0], error);
}

static gboolean
check_import_options (const CtlOptions *options, GError **error)
{
  guint n_stdin = (g_strcmp0 (options->ca_file, "-") == 0) + (g_strcmp0 (options->cert_file, "-") == 0)
                  + (g_strcmp0 (options->key_file, "-") == 0);
  const char *complaint = NULL;

  if ((options->cert_file == NULL) != (options->key_file == NULL))
    complaint = "--cert and --key go together";
  else if (options->ca_file == NULL && options->cert_file == NULL)
    complaint = "nothing to import: give --ca, or --cert and --key, or all three";
  else if (n_stdin > 1)
    complaint = "only one file can be standard input";

  if (complaint != NULL)
    g_set_error_literal (error, CTL_ERROR, CTL_ERROR_USAGE, complaint);
  return complaint == NULL;
}

static gboolean
fail_file (const char *file, int error_number, GError **error)
{
  g_autofree char *name = g_filename_display_name (file);

  g_set_error (error, CTL_ERROR, CTL_ERROR_FAILED, "cannot read “%s”: %s", name, g_strerror (error_number));
  return FALSE;
}

/* Reads @fd to its end. Returns the number of bytes, or -1 with errno set. */
static gssize
read_all (int fd, guint8 *buffer, gsize size)
{
  gsize n_read = 0;

  while (n_read < size) {
    gssize n_bytes = read (fd, buffer + n_read, size - n_read);
    if (n_bytes == 0)
      break;
    if (n_bytes > 0)
      n_read += n_bytes;
    else if (errno != EINTR)
      return -1;
  }
  return n_read;
}

static int
open_memory (const guint8 *data, gsize size)
{
  int fd = memfd_create ("credential", MFD_CLOEXEC);

  if (fd < 0)
    return -1;
  if (write (fd, data, size) == (gssize) size && lseek (fd, 0, SEEK_SET) == 0)
    return fd;
  close (fd);
  return -1;
}

/* A copy of all that @fd has to give, in memory: the daemon takes no terminals, and waits for no pipe. -1
 * with errno. */
static int
copy_to_memory (int fd)
{
  g_autofree guint8 *buffer = g_malloc (FILE_BYTES + 1);
  gssize n_bytes = read_all (fd, buffer, FILE_BYTES + 1);
  int copy = -1;

  if (n_bytes > FILE_BYTES)
    errno = EFBIG;
  else if (n_bytes >= 0)
    copy = open_memory (buffer, n_bytes);

  int error_number = errno;
  secret_wipe (buffer, FILE_BYTES + 1);
  errno = error_number;
  return copy;
}

/* Opens @file with the caller's rights and adds what is in it to @fds, as the part called @key. */
static gboolean
add_file (const char *key, const char *file, GVariantDict *parts, GUnixFDList *fds, GError **error)
{
  if (file == NULL)
    return TRUE;

  gboolean is_stdin = g_str_equal (file, "-");
  int fd = is_stdin ? STDIN_FILENO : open (file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return fail_file (file, errno, error);

  int copy = copy_to_memory (fd);
  int error_number = errno;
  if (!is_stdin)
    close (fd);
  if (copy < 0)
    return fail_file (file, error_number, error);

  int handle = g_unix_fd_list_append (fds, copy, error);
  close (copy);
  if (handle < 0)
    return ctl_error_convert (error);
  g_variant_dict_insert (parts, key, "h", handle);
  return TRUE;
}

/* Returns a full reference to an a{sv} of handles. */
static GVariant *
open_parts (const CtlOptions *options, GUnixFDList *fds, GError **error)
{
  g_auto (GVariantDict) parts = G_VARIANT_DICT_INIT (NULL);

  if (!add_file (MSSL_PART_CA, options->ca_file, &parts, fds, error)
      || !add_file (MSSL_PART_CERTIFICATE, options->cert_file, &parts, fds, error)
      || !add_file (MSSL_PART_KEY, options->key_file, &parts, fds, error))
    return NULL;
  return g_variant_ref_sink (g_variant_dict_end (&parts));
}

/* Sets *@ret_path to NULL if there is no such credential. */
static gboolean
find_existing (GDBusConnection *bus, const char *name, char **ret_path, GError **error)
{
  g_autoptr (GVariant) objects = ctl_record_get_objects (bus, error);
  if (objects == NULL)
    return FALSE;

  g_autoptr (GPtrArray) records = ctl_record_list (objects, ctl_kind_get (CTL_KIND_CREDENTIAL));
  *ret_path = NULL;
  for (guint i = 0; i < records->len && *ret_path == NULL; i++) {
    const char *other = "";
    (void) g_variant_lookup (records->pdata[i], "name", "&s", &other);
    if (g_str_equal (other, name))
      (void) g_variant_lookup (records->pdata[i], "path", "o", ret_path);
  }
  return TRUE;
}

static gboolean
replace (GDBusConnection *bus, const char *path, GVariant *parts, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) reply =
      ctl_bus_call (bus, path, MSSL_INTERFACE_CREDENTIAL, "Replace", g_variant_new ("(@a{sv})", parts), fds,
                    NULL, CTL_BUS_TIMEOUT_NONE, error);

  return reply != NULL;
}

static char *
import (GDBusConnection *bus, const char *name, GVariant *parts, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) reply =
      ctl_bus_call (bus, MSSL_PATH, MSSL_INTERFACE_MANAGER, "ImportCredential",
                    g_variant_new ("(s@a{sv})", name, parts), fds, "(o)", CTL_BUS_TIMEOUT_DEFAULT, error);
  char *path;

  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(o)", &path);
  return path;
}

gboolean
ctl_credential_import (const CtlOptions *options, char *const *arguments, GError **error)
{
  if (!check_import_options (options, error))
    return FALSE;

  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) parts = open_parts (options, fds, error);
  g_autoptr (GDBusConnection) bus = parts != NULL ? ctl_bus_connect (options->bus, error) : NULL;
  g_autofree char *path = NULL;
  if (bus == NULL || (options->replace && !find_existing (bus, arguments[0], &path, error)))
    return FALSE;

  if (path != NULL) {
    if (!replace (bus, path, parts, fds, error))
      return FALSE;
  } else {
    path = import (bus, arguments[0], parts, fds, error);
    if (path == NULL)
      return FALSE;
  }
  ctl_show_path (options, path);
  return TRUE;
}

static void
report_copies (const CtlOptions *options, const char *name, const char *path, GVariant *modules)
{
  if (options->json) {
    GVariantBuilder result;
    g_variant_builder_init (&result, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&result, "{sv}", "path", g_variant_new_object_path (path));
    g_variant_builder_add (&result, "{sv}", "modules", modules);
    ctl_print_json (g_variant_builder_end (&result), FALSE);
    return;
  }
  if (g_variant_n_children (modules) == 0)
    return;

  g_autofree char *text = ctl_text_from_value ("modules", modules);
  printf ("“%s” is deleted from this host. A copy is still in the module with the IMEI %s; it is overwritten "
          "when that module is next ready.\n",
          name, text);
}

gboolean
ctl_credential_delete (const CtlOptions *options, char *const *arguments, GError **error)
{
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, error);
  g_autofree char *path = bus != NULL ? ctl_bus_get_path (bus, "GetCredential", arguments[0], error) : NULL;
  if (path == NULL)
    return FALSE;

  /* The modules' copies are overwritten before the answer comes. */
  g_autoptr (GVariant) reply = ctl_bus_call (bus, path, MSSL_INTERFACE_CREDENTIAL, "Delete", NULL, NULL,
                                             "(as)", CTL_BUS_TIMEOUT_NONE, error);
  if (reply == NULL)
    return FALSE;

  g_autoptr (GVariant) modules = g_variant_get_child_value (reply, 0);
  report_copies (options, arguments[0], path, modules);
  return TRUE;
}
