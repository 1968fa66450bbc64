/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parts as bytes, text and file descriptors, from friendly and rude clients. Bug class 25: never a path.
 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus-credential-parts.h"
#include "mssl-error.h"
#include "pki.h"
#include "scratch.h"

#define LATE_S 4102444800 /* the year 2100 */

/** One call. */
typedef struct {
  GBytes **files; /* ca, certificate, key */
  GUnixFDList *fds;
  GVariantDict dict;
  gboolean started;
  GAsyncResult *result;
} Call;

static Call *
call_new (void)
{
  Call *self = g_new0 (Call, 1);

  self->files = pki_make_parts (TRUE, TRUE, LATE_S);
  self->fds = g_unix_fd_list_new ();
  g_variant_dict_init (&self->dict, NULL);
  return self;
}

static void
call_free (Call *self)
{
  pki_free_parts (self->files);
  g_object_unref (self->fds);
  g_variant_dict_clear (&self->dict);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *self = user_data;

  self->result = g_object_ref (result);
}

/** The callback must not come inside the call. */
static void
start (Call *self)
{
  g_autoptr (GVariant) parts = g_variant_ref_sink (g_variant_dict_end (&self->dict));

  self->started = TRUE;
  dbus_credential_parts_read_async (parts, self->fds, on_read, self);
  ck_assert_ptr_null (self->result);
}

static CredentialParts *
finish (Call *self, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  result = g_steal_pointer (&self->result);
  return dbus_credential_parts_read_finish (result, error);
}

static void
expect_taken (Call *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CredentialParts) parts = NULL;

  start (self);
  parts = finish (self, &error);
  ck_assert_msg (parts != NULL, "%s", error != NULL ? error->message : "");
}

static void
expect_refused (Call *self, int code, const char *text)
{
  g_autoptr (GError) error = NULL;

  if (!self->started)
    start (self);
  ck_assert_ptr_null (finish (self, &error));
  ck_assert_msg (g_error_matches (error, MSSL_ERROR, code), "%s", error->message);
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
}

/** Takes @fd. */
static void
add_fd (Call *self, const char *key, int fd)
{
  int index = g_unix_fd_list_append (self->fds, fd, NULL);

  ck_assert_int_ge (index, 0);
  close (fd);
  g_variant_dict_insert (&self->dict, key, "h", index);
}

static void
add_bytes (Call *self, const char *key, GBytes *content)
{
  g_variant_dict_insert_value (&self->dict, key,
                               g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, content, TRUE));
}

static void
write_all (int fd, GBytes *content)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (content, &size);

  ck_assert_int_eq (write (fd, data, size), (gssize) size);
}

/** A pipe or socket pair; the client's end is returned. */
static int
add_pipe (Call *self, const char *key)
{
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  add_fd (self, key, ends[0]);
  return ends[1];
}

static int
add_socket (Call *self, const char *key)
{
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  add_fd (self, key, ends[0]);
  return ends[1];
}

START_TEST (every_form)
{
  g_autoptr (Call) call = call_new ();
  g_autofree char *text =
      g_strndup (g_bytes_get_data (call->files[1], NULL), g_bytes_get_size (call->files[1]));
  int end;

  add_bytes (call, "ca", call->files[0]);
  g_variant_dict_insert (&call->dict, "certificate", "s", text);
  end = add_pipe (call, "key");
  write_all (end, call->files[2]);
  close (end);
  expect_taken (call);
}
END_TEST

START_TEST (regular_file_and_socket)
{
  g_autoptr (Call) call = call_new ();
  char *scratch = scratch_new ();
  g_autofree char *path = g_build_filename (scratch, "cert.pem", NULL);
  g_autofree char *text =
      g_strndup (g_bytes_get_data (call->files[1], NULL), g_bytes_get_size (call->files[1]));
  int end;

  scratch_write (scratch, "cert.pem", text);
  add_fd (call, "certificate", open (path, O_RDONLY | O_CLOEXEC));
  end = add_socket (call, "key");
  write_all (end, call->files[2]);
  close (end);
  expect_taken (call);
  scratch_free (scratch);
}
END_TEST

typedef struct {
  int end;
  gsize at;
  GBytes *content;
} Writer;

static gboolean
write_piece (gpointer user_data)
{
  Writer *writer = user_data;
  gsize size;
  const char *data = g_bytes_get_data (writer->content, &size);
  gsize piece = MIN (size - writer->at, 100);

  if (piece == 0) {
    close (writer->end);
    return G_SOURCE_REMOVE;
  }
  ck_assert_int_eq (write (writer->end, data + writer->at, piece), (gssize) piece);
  writer->at += piece;
  return G_SOURCE_CONTINUE;
}

/** In pieces, while the main loop goes on. */
START_TEST (slow_writer)
{
  g_autoptr (Call) call = call_new ();
  Writer writer = { .content = call->files[2] };

  add_bytes (call, "certificate", call->files[1]);
  writer.end = add_pipe (call, "key");
  g_idle_add (write_piece, &writer);
  expect_taken (call);
}
END_TEST

START_TEST (rude_writer)
{
  g_autoptr (Call) call = call_new ();
  g_autofree char *blanks = g_strnfill (CREDENTIAL_PARTS_INPUT_MAX_BYTES + 1, ' ');
  g_autoptr (GBytes) much = g_bytes_new_static (blanks, CREDENTIAL_PARTS_INPUT_MAX_BYTES + 1);
  int end = add_pipe (call, "ca");

  /* Never ended, and refused all the same. */
  write_all (end, much);
  expect_refused (call, MSSL_ERROR_INVALID_CREDENTIAL, "\"ca\" is larger than 16384 bytes");
  close (end);
}
END_TEST

START_TEST (as_large_as_allowed)
{
  g_autoptr (Call) call = call_new ();
  gsize size = g_bytes_get_size (call->files[0]);
  g_autofree char *content = g_strnfill (CREDENTIAL_PARTS_INPUT_MAX_BYTES, '\n');
  g_autoptr (GBytes) file = g_bytes_new_static (content, CREDENTIAL_PARTS_INPUT_MAX_BYTES);
  int end = add_pipe (call, "ca");

  memcpy (content + CREDENTIAL_PARTS_INPUT_MAX_BYTES - size, g_bytes_get_data (call->files[0], NULL), size);
  write_all (end, file);
  close (end);
  expect_taken (call);
}
END_TEST

static gboolean
count (gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

/** A pipe and a socket that never end: everything else goes on, and after five seconds it is over. */
START_TEST (never_ending)
{
  g_autoptr (Call) pipe_call = call_new ();
  g_autoptr (Call) socket_call = call_new ();
  int pipe_end = add_pipe (pipe_call, "ca");
  int socket_end = add_socket (socket_call, "ca");
  gint64 start_us = g_get_monotonic_time ();
  guint ticks = 0;
  guint timer = g_timeout_add (100, count, &ticks);

  write_all (pipe_end, pipe_call->files[0]);
  start (pipe_call);
  start (socket_call);
  expect_refused (pipe_call, MSSL_ERROR_INVALID_ARGUMENT, "\"ca\" has not come to its end within 5 seconds");
  expect_refused (socket_call, MSSL_ERROR_INVALID_ARGUMENT, "\"ca\" has not come to its end");
  ck_assert_uint_ge (ticks, 10);
  ck_assert_int_ge (g_get_monotonic_time () - start_us, 4 * G_USEC_PER_SEC);
  g_source_remove (timer);
  close (pipe_end);
  close (socket_end);
}
END_TEST

static void
expect_fd_refused (int fd, const char *text)
{
  g_autoptr (Call) call = call_new ();

  ck_assert_int_ge (fd, 0);
  add_fd (call, "ca", fd);
  expect_refused (call, MSSL_ERROR_INVALID_ARGUMENT, text);
}

START_TEST (wrong_descriptors)
{
  char *scratch = scratch_new ();
  g_autofree char *path = g_build_filename (scratch, "file", NULL);

  scratch_write (scratch, "file", "x");
  expect_fd_refused (open (scratch, O_RDONLY | O_CLOEXEC), "must be a file descriptor of a regular file");
  expect_fd_refused (open ("/dev/null", O_RDONLY | O_CLOEXEC), "must be a file descriptor of a regular file");
  expect_fd_refused (open (path, O_WRONLY | O_CLOEXEC), "cannot be read from its file descriptor");
  expect_fd_refused (open (path, O_PATH | O_CLOEXEC), "cannot be read from its file descriptor");
  scratch_free (scratch);
}
END_TEST

typedef struct {
  const char *parts;
  int code;
  const char *text;
} Case;

#define ARGUMENT MSSL_ERROR_INVALID_ARGUMENT
#define CREDENTIAL MSSL_ERROR_INVALID_CREDENTIAL

static const Case cases[] = {
  { "{}", ARGUMENT, "No part is given" },
  { "{'CA': <'x'>}", ARGUMENT, "The part \"CA\" is none: \"ca\", \"certificate\" and \"key\" are known." },
  { "{'ca': <'/etc/ssl/certs/ca.pem'>}", CREDENTIAL, "is no PEM file" },
  { "{'ca': <uint32 7>}", ARGUMENT, "The part \"ca\" is of the type u: bytes (ay), text (s) or" },
  { "{'ca': <['x']>}", ARGUMENT, "of the type as" },
  { "{'ca': <'x'>, 'ca': <'y'>}", ARGUMENT, "\"ca\" is given twice" },
  { "{'ca': <@ay []>}", CREDENTIAL, "\"ca\" is empty" },
  { "{'ca': <''>}", CREDENTIAL, "\"ca\" is empty" },
  { "{'ca': <b'x'>}", CREDENTIAL, "byte 1 is the control character 0x00" },
  { "{'ca': <handle 0>}", ARGUMENT, "did not come with the message" },
  { "{'ca': <handle -1>}", ARGUMENT, "did not come with the message" },
  { "{'ca': <handle 2147483647>}", ARGUMENT, "did not come with the message" },
};

START_TEST (wrong_arguments)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Call) call = call_new ();
    g_autoptr (GVariant) parts = g_variant_parse (G_VARIANT_TYPE_VARDICT, cases[i].parts, NULL, NULL, NULL);

    call->started = TRUE;
    dbus_credential_parts_read_async (parts, i % 2 == 0 ? NULL : call->fds, on_read, call);
    expect_refused (call, cases[i].code, cases[i].text);
  }
}
END_TEST

/** A wrong part ends the reading of the others at once. */
START_TEST (one_wrong_part_ends_all)
{
  g_autoptr (Call) call = call_new ();
  int end = add_pipe (call, "ca");

  g_variant_dict_insert (&call->dict, "key", "u", 1);
  expect_refused (call, MSSL_ERROR_INVALID_ARGUMENT, "\"key\" is of the type u");
  close (end);
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("dbus-credential-parts");
  Suite *suite = suite_create ("dbus-credential-parts");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 60);
  tcase_add_test (tests, every_form);
  tcase_add_test (tests, regular_file_and_socket);
  tcase_add_test (tests, slow_writer);
  tcase_add_test (tests, rude_writer);
  tcase_add_test (tests, as_large_as_allowed);
  tcase_add_test (tests, never_ending);
  tcase_add_test (tests, wrong_descriptors);
  tcase_add_test (tests, wrong_arguments);
  tcase_add_test (tests, one_wrong_part_ends_all);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
