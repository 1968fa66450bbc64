/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The stores of credentials and contexts: over a restart, on a failing disk, with damaged files, at their
 * limits, and what they tell the ledger and the listener.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "context-store.h"
#include "credential-store.h"
#include "mssl-error.h"
#include "pki.h"
#include "scratch.h"

#define IMEI "490154203237518"
#define NOW 1800000000
#define DAY_S (24 * 60 * 60)

typedef struct {
  char *path;
  StateDir *dir;
  Ledger *ledger;
  CredentialStore *credentials;
  ContextStore *contexts;
} Fixture;

static void
open_stores (Fixture *self)
{
  self->dir = state_dir_open (self->path, NULL);
  self->ledger = ledger_new (self->dir, NULL);
  self->credentials = credential_store_new (self->dir, self->ledger, NULL);
  self->contexts = context_store_new (self->dir, self->credentials, NULL);
  ck_assert_ptr_nonnull (self->contexts);
}

static void
close_stores (Fixture *self)
{
  context_store_free (self->contexts);
  credential_store_free (self->credentials);
  ledger_free (self->ledger);
  state_dir_free (self->dir);
}

static Fixture *
fixture_new (void)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->path = scratch_new ();
  open_stores (self);
  return self;
}

static void
fixture_free (Fixture *self)
{
  close_stores (self);
  scratch_free (self->path);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static void
restart (Fixture *self)
{
  close_stores (self);
  open_stores (self);
}

/** New ones at each call. */
static CredentialParts *
make_parts (gboolean ca, gboolean client, gint64 end_s)
{
  GBytes **files = pki_make_parts (ca, client, end_s);
  CredentialParts *parts = credential_parts_new (files[0], files[1], files[2], NOW, NULL);

  ck_assert_ptr_nonnull (parts);
  pki_free_parts (files);
  return parts;
}

static Credential *
import (Fixture *f, const char *name, gboolean ca, gboolean client)
{
  Credential *credential =
      credential_store_import (f->credentials, name, make_parts (ca, client, NOW + DAY_S), 0, NULL);

  ck_assert_ptr_nonnull (credential);
  return credential;
}

static GVariant *
parse (const char *text)
{
  GVariant *settings = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

  ck_assert_msg (settings != NULL, "not a{sv}: %s", text);
  return settings;
}

static Context *
create (Fixture *f, const char *name, const char *settings, GError **error)
{
  g_autoptr (GVariant) value = parse (settings);

  return context_store_create (f->contexts, name, value, 0, error);
}

static gboolean
configure (Context *context, const char *settings, GError **error)
{
  g_autoptr (GVariant) value = parse (settings);

  return context_configure (context, value, error);
}

static void
expect_error (GError **error, int code)
{
  ck_assert_ptr_nonnull (*error);
  ck_assert_msg (g_error_matches (*error, MSSL_ERROR, code), "%s", (*error)->message);
  g_clear_error (error);
}

/** A file where a directory should be: nothing can be written there until it is taken away. */
static void
break_disk (Fixture *f, const char *subdir)
{
  g_autofree char *from = g_build_filename (f->path, subdir, NULL);
  g_autofree char *to = g_build_filename (f->path, "aside", NULL);

  g_rename (from, to);
  scratch_write (f->path, subdir, "");
}

static void
mend_disk (Fixture *f, const char *subdir)
{
  g_autofree char *from = g_build_filename (f->path, "aside", NULL);
  g_autofree char *to = g_build_filename (f->path, subdir, NULL);

  g_remove (to);
  g_rename (from, to);
}

START_TEST (credentials_over_a_restart)
{
  g_autoptr (Fixture) f = fixture_new ();
  Credential *both = import (f, "both", TRUE, TRUE);
  g_autofree char *digest = g_strdup (credential_get_digest (both, MODULE_CREDENTIAL_CLIENT_KEY));

  import (f, "a.ca", TRUE, FALSE);
  restart (f);
  g_autoptr (GPtrArray) list = credential_store_list (f->credentials);
  ck_assert_uint_eq (list->len, 2);
  ck_assert_str_eq (credential_get_name (list->pdata[0]), "a.ca");
  ck_assert_ptr_null (credential_get_part (list->pdata[0], MODULE_CREDENTIAL_CLIENT_KEY));
  both = credential_store_lookup (f->credentials, "both");
  ck_assert_ptr_eq (both, list->pdata[1]);
  ck_assert_str_eq (credential_get_digest (both, MODULE_CREDENTIAL_CLIENT_KEY), digest);
  ck_assert (credential_store_delete (f->credentials, both, NULL));
  ck_assert_ptr_null (credential_store_lookup (f->credentials, "both"));
  restart (f);
  ck_assert_ptr_null (credential_store_lookup (f->credentials, "both"));
  ck_assert (!scratch_has (f->path, "credentials/both.credential"));
}
END_TEST

START_TEST (credentials_refused)
{
  g_autoptr (Fixture) f = fixture_new ();
  Credential *credential = import (f, "one", TRUE, FALSE);
  g_autoptr (Credential) gone = g_object_ref (import (f, "gone", TRUE, FALSE));
  GError *error = NULL;

  ck_assert_ptr_null (
      credential_store_import (f->credentials, "../x", make_parts (TRUE, FALSE, NOW + DAY_S), 0, &error));
  expect_error (&error, MSSL_ERROR_INVALID_ARGUMENT);
  ck_assert_ptr_null (
      credential_store_import (f->credentials, "one", make_parts (TRUE, FALSE, NOW + DAY_S), 0, &error));
  expect_error (&error, MSSL_ERROR_EXISTS);
  ck_assert (credential_store_delete (f->credentials, gone, NULL));
  ck_assert (!credential_store_delete (f->credentials, gone, &error));
  expect_error (&error, MSSL_ERROR_NOT_FOUND);
  ck_assert (!credential_store_replace (f->credentials, gone, make_parts (TRUE, FALSE, NOW + DAY_S), &error));
  expect_error (&error, MSSL_ERROR_NOT_FOUND);
  ck_assert_ptr_eq (credential_store_lookup (f->credentials, "one"), credential);
}
END_TEST

START_TEST (credentials_on_a_failing_disk)
{
  g_autoptr (Fixture) f = fixture_new ();
  Credential *credential = import (f, "one", TRUE, FALSE);
  g_autofree char *digest = g_strdup (credential_get_digest (credential, MODULE_CREDENTIAL_CA));
  GError *error = NULL;

  break_disk (f, "credentials");
  ck_assert_ptr_null (
      credential_store_import (f->credentials, "two", make_parts (TRUE, FALSE, NOW + DAY_S), 0, &error));
  expect_error (&error, MSSL_ERROR_STORAGE);
  ck_assert (
      !credential_store_replace (f->credentials, credential, make_parts (TRUE, FALSE, NOW + DAY_S), &error));
  expect_error (&error, MSSL_ERROR_STORAGE);
  ck_assert (!credential_store_delete (f->credentials, credential, &error));
  expect_error (&error, MSSL_ERROR_STORAGE);
  ck_assert_str_eq (credential_get_digest (credential, MODULE_CREDENTIAL_CA), digest);
  ck_assert_ptr_null (credential_store_lookup (f->credentials, "two"));
  mend_disk (f, "credentials");
  restart (f);
  ck_assert_ptr_nonnull (credential_store_lookup (f->credentials, "one"));
  ck_assert_ptr_null (credential_store_lookup (f->credentials, "two"));
}
END_TEST

static void
truncate_file (Fixture *f, const char *name)
{
  g_autofree char *content = scratch_read (f->path, name);

  ck_assert_ptr_nonnull (content);
  content[strlen (content) / 2] = '\0';
  scratch_write (f->path, name, content);
}

START_TEST (damaged_credential)
{
  g_autoptr (Fixture) f = fixture_new ();

  import (f, "good", TRUE, FALSE);
  import (f, "bad", FALSE, TRUE);
  truncate_file (f, "credentials/bad.credential");
  scratch_write (f->path, "credentials/README", "not ours");
  scratch_write (f->path, "credentials/-.credential", "not ours");
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*bad.credential cannot be used*damaged*");
  restart (f);
  g_test_assert_expected_messages ();
  ck_assert_ptr_nonnull (credential_store_lookup (f->credentials, "good"));
  ck_assert_ptr_null (credential_store_lookup (f->credentials, "bad"));
  ck_assert (scratch_has (f->path, "credentials/bad.credential" STATE_DIR_DAMAGED_SUFFIX));
  import (f, "bad", FALSE, TRUE);
  restart (f);
  ck_assert_ptr_nonnull (credential_store_lookup (f->credentials, "bad"));
}
END_TEST

static void
expect_modules (Fixture *f, Credential *credential, const char *imeis)
{
  g_auto (GStrv) list = credential_store_list_modules (f->credentials, credential);
  g_autofree char *joined = g_strjoinv (" ", list);

  ck_assert_str_eq (joined, imeis);
}

static int
get_erasure (Fixture *f)
{
  ModuleCredentialPart part;

  return ledger_next_erasure (f->ledger, IMEI, &part) ? (int) part : -1;
}

static void
upload (Fixture *f, Credential *credential, ModuleCredentialPart part)
{
  const char *digest = credential_get_digest (credential, part);

  ck_assert (ledger_begin_upload (f->ledger, IMEI, part, digest, NULL));
  ck_assert (ledger_set (f->ledger, IMEI, part, digest, NULL));
}

static void
count (Credential *credential, guint *counter)
{
  ++*counter;
}

START_TEST (copies_are_overwritten)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (Credential) credential = g_object_ref (import (f, "one", TRUE, TRUE));
  guint changes = 0;

  g_signal_connect (credential, "changed", G_CALLBACK (count), &changes);
  expect_modules (f, credential, "");
  upload (f, credential, MODULE_CREDENTIAL_CA);
  upload (f, credential, MODULE_CREDENTIAL_CLIENT_KEY);
  ck_assert_uint_gt (changes, 0);
  expect_modules (f, credential, IMEI);
  ck_assert_int_eq (get_erasure (f), -1);
  ck_assert (credential_store_delete (f->credentials, credential, NULL));
  expect_modules (f, credential, IMEI);
  restart (f);
  ck_assert_int_eq (get_erasure (f), MODULE_CREDENTIAL_CA);
  ck_assert (ledger_set_erased (f->ledger, IMEI, MODULE_CREDENTIAL_CA, NULL));
  ck_assert_int_eq (get_erasure (f), MODULE_CREDENTIAL_CLIENT_KEY);
  ck_assert (ledger_set_erased (f->ledger, IMEI, MODULE_CREDENTIAL_CLIENT_KEY, NULL));
  expect_modules (f, credential, "");
}
END_TEST

/** Bug class 21 from the other side: the key of before a renewal does not stay in the module for ever. */
START_TEST (replaced_copies_are_overwritten)
{
  g_autoptr (Fixture) f = fixture_new ();
  Credential *credential = import (f, "one", FALSE, TRUE);
  CredentialParts *parts = make_parts (TRUE, TRUE, NOW + DAY_S);
  g_autofree char *digest = g_strdup (parts->digest[MODULE_CREDENTIAL_CLIENT_KEY]);
  guint changes = 0;

  g_signal_connect (credential, "changed", G_CALLBACK (count), &changes);
  upload (f, credential, MODULE_CREDENTIAL_CLIENT_KEY);
  changes = 0;
  ck_assert (credential_store_replace (f->credentials, credential, parts, NULL));
  ck_assert_uint_gt (changes, 0);
  ck_assert_int_eq (get_erasure (f), MODULE_CREDENTIAL_CLIENT_KEY);
  expect_modules (f, credential, "");
  upload (f, credential, MODULE_CREDENTIAL_CLIENT_KEY);
  ck_assert_int_eq (get_erasure (f), -1);
  restart (f);
  credential = credential_store_lookup (f->credentials, "one");
  ck_assert_str_eq (credential_get_digest (credential, MODULE_CREDENTIAL_CLIENT_KEY), digest);
  ck_assert_ptr_nonnull (credential_get_part (credential, MODULE_CREDENTIAL_CA));
  expect_modules (f, credential, IMEI);
}
END_TEST

/** The same CA under two names: it stays in the module for the other one. */
START_TEST (shared_copies_stay)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (Credential) first = g_object_ref (import (f, "first", TRUE, FALSE));
  CredentialParts *same =
      credential_parts_new (credential_get_part (first, MODULE_CREDENTIAL_CA), NULL, NULL, NOW, NULL);
  Credential *second = credential_store_import (f->credentials, "second", same, 0, NULL);

  upload (f, first, MODULE_CREDENTIAL_CA);
  expect_modules (f, second, IMEI);
  ck_assert (credential_store_delete (f->credentials, first, NULL));
  expect_modules (f, first, "");
  expect_modules (f, second, IMEI);
  ck_assert_int_eq (get_erasure (f), -1);
}
END_TEST

/** An upload that was under way when its credential was deleted. */
START_TEST (late_copies_are_overwritten)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (Credential) credential = g_object_ref (import (f, "one", FALSE, TRUE));

  ck_assert (credential_store_delete (f->credentials, credential, NULL));
  upload (f, credential, MODULE_CREDENTIAL_CLIENT_KEY);
  ck_assert_int_eq (get_erasure (f), MODULE_CREDENTIAL_CLIENT_KEY);
}
END_TEST

static void
expect_warnings (Credential *credential, gint64 now, const char *first, const char *second)
{
  g_auto (GStrv) warnings = credential_get_warnings (credential, now);
  const char *const expected[] = { first, second };
  guint count_expected = (first != NULL) + (second != NULL);

  ck_assert_uint_eq (g_strv_length (warnings), count_expected);
  for (guint i = 0; i < count_expected; i++)
    ck_assert_msg (strstr (warnings[i], expected[i]) != NULL, "%s", warnings[i]);
}

START_TEST (warnings_about_dates)
{
  g_autoptr (Fixture) f = fixture_new ();
  CredentialParts *parts = make_parts (TRUE, TRUE, NOW + 60 * DAY_S);
  Credential *credential = credential_store_import (f->credentials, "one", parts, 0, NULL);

  expect_warnings (credential, NOW, NULL, NULL);
  expect_warnings (credential, NOW + 30 * DAY_S, NULL, NULL);
  expect_warnings (credential, NOW + 30 * DAY_S + 1, "CA certificate ends on 2027-03-16, in 29 days",
                   "client certificate ends on");
  expect_warnings (credential, NOW + 60 * DAY_S + 1, "CA certificate ended on 2027-03-16", "ended on");
  expect_warnings (credential, -1, "is not valid before 1970-01-01", "is the clock of this machine right?");
}
END_TEST

START_TEST (what_a_credential_says)
{
  g_autoptr (Fixture) f = fixture_new ();
  Credential *credential = import (f, "one", TRUE, FALSE);
  g_autoptr (GVariant) ca = g_variant_ref_sink (credential_describe (credential, MODULE_CREDENTIAL_CA));
  g_autoptr (GVariant) none =
      g_variant_ref_sink (credential_describe (credential, MODULE_CREDENTIAL_CLIENT_CERTIFICATE));

  ck_assert_uint_eq (g_variant_n_children (ca), 7);
  ck_assert_uint_eq (g_variant_n_children (none), 0);
  ck_assert (g_variant_is_of_type (none, G_VARIANT_TYPE_VARDICT));
}
END_TEST

START_TEST (contexts_over_a_restart)
{
  g_autoptr (Fixture) f = fixture_new ();
  Context *context;

  import (f, "ca", TRUE, FALSE);
  ck_assert_ptr_nonnull (create (f, "b", "{'ca-certificate': <'ca'>, 'timeout': <uint32 20>}", NULL));
  context = create (f, "a", "{}", NULL);
  ck_assert (configure (context, "{'authentication': <'none'>}", NULL));
  restart (f);
  g_autoptr (GPtrArray) list = context_store_list (f->contexts);
  ck_assert_uint_eq (list->len, 2);
  ck_assert_str_eq (context_get_name (list->pdata[0]), "a");
  ck_assert_int_eq (context_get_settings (list->pdata[0])->tls.authentication, TLS_AUTHENTICATION_NONE);
  ck_assert_str_eq (context_get_settings (list->pdata[1])->ca_certificate, "ca");
  ck_assert_uint_eq (context_get_settings (list->pdata[1])->tls.timeout_s, 20);
  ck_assert (context_store_delete (f->contexts, list->pdata[0], NULL));
  restart (f);
  ck_assert_ptr_null (context_store_lookup (f->contexts, "a"));
  ck_assert_ptr_nonnull (context_store_lookup (f->contexts, "b"));
}
END_TEST

START_TEST (contexts_refused)
{
  g_autoptr (Fixture) f = fixture_new ();
  GError *error = NULL;

  import (f, "client", FALSE, TRUE);
  ck_assert_ptr_null (create (f, "", "{}", &error));
  expect_error (&error, MSSL_ERROR_INVALID_ARGUMENT);
  ck_assert_ptr_null (create (f, "a", "{'timeout': <uint32 1>}", &error));
  expect_error (&error, MSSL_ERROR_INVALID_ARGUMENT);
  ck_assert_ptr_null (create (f, "a", "{'ca-certificate': <'nobody'>}", &error));
  expect_error (&error, MSSL_ERROR_NOT_FOUND);
  ck_assert_ptr_null (create (f, "a", "{'ca-certificate': <'client'>}", &error));
  expect_error (&error, MSSL_ERROR_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull (create (f, "a", "{'client-certificate': <'client'>}", NULL));
  ck_assert_ptr_null (create (f, "a", "{}", &error));
  expect_error (&error, MSSL_ERROR_EXISTS);
  restart (f);
  g_autoptr (GPtrArray) list = context_store_list (f->contexts);
  ck_assert_uint_eq (list->len, 1);
}
END_TEST

START_TEST (contexts_all_or_nothing)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (Context) context = g_object_ref (create (f, "a", "{}", NULL));
  GError *error = NULL;

  ck_assert (!configure (context, "{'timeout': <uint32 20>, 'ca-certificate': <'nobody'>}", &error));
  expect_error (&error, MSSL_ERROR_NOT_FOUND);
  break_disk (f, "contexts");
  ck_assert (!configure (context, "{'timeout': <uint32 20>}", &error));
  expect_error (&error, MSSL_ERROR_STORAGE);
  ck_assert_ptr_null (create (f, "b", "{}", &error));
  expect_error (&error, MSSL_ERROR_STORAGE);
  ck_assert (!context_store_delete (f->contexts, context, &error));
  expect_error (&error, MSSL_ERROR_STORAGE);
  mend_disk (f, "contexts");
  ck_assert_uint_eq (context_get_settings (context)->tls.timeout_s, TLS_TIMEOUT_DEFAULT_S);
  ck_assert (context_store_delete (f->contexts, context, NULL));
  ck_assert (!configure (context, "{'timeout': <uint32 20>}", &error));
  expect_error (&error, MSSL_ERROR_NOT_FOUND);
  ck_assert (!context_store_delete (f->contexts, context, &error));
  expect_error (&error, MSSL_ERROR_NOT_FOUND);
  ck_assert (!scratch_has (f->path, "contexts/a.context"));
}
END_TEST

START_TEST (contexts_in_use)
{
  g_autoptr (Fixture) f = fixture_new ();
  Context *context = create (f, "a", "{}", NULL);
  GError *error = NULL;

  context_begin_use (context);
  context_begin_use (context);
  context_end_use (context);
  ck_assert (context_is_used (context));
  ck_assert (!context_store_delete (f->contexts, context, &error));
  expect_error (&error, MSSL_ERROR_IN_USE);
  context_end_use (context);
  ck_assert (context_store_delete (f->contexts, context, NULL));
}
END_TEST

START_TEST (users_of_a_credential)
{
  g_autoptr (Fixture) f = fixture_new ();
  Context *context;

  import (f, "both", TRUE, TRUE);
  create (f, "other", "{}", NULL);
  ck_assert_ptr_null (context_store_find_user_of_credential (f->contexts, "both"));
  context = create (f, "a", "{'ca-certificate': <'both'>}", NULL);
  ck_assert_ptr_eq (context_store_find_user_of_credential (f->contexts, "both"), context);
  ck_assert (configure (context, "{'ca-certificate': <''>, 'client-certificate': <'both'>}", NULL));
  ck_assert_ptr_eq (context_store_find_user_of_credential (f->contexts, "both"), context);
  ck_assert (configure (context, "{'client-certificate': <''>}", NULL));
  ck_assert_ptr_null (context_store_find_user_of_credential (f->contexts, "both"));
}
END_TEST

/** A context whose credential was lost can still be changed, but not be given another that is not there. */
START_TEST (damaged_context_and_lost_credential)
{
  g_autoptr (Fixture) f = fixture_new ();
  Context *context;
  GError *error = NULL;

  import (f, "ca", TRUE, FALSE);
  create (f, "good", "{'ca-certificate': <'ca'>}", NULL);
  create (f, "bad", "{}", NULL);
  scratch_write (f->path, "contexts/bad.context", "[context]\ntimeout=x\n");
  truncate_file (f, "credentials/ca.credential");
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*ca.credential cannot be used*");
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*bad.context cannot be used*timeout*");
  restart (f);
  g_test_assert_expected_messages ();
  ck_assert_ptr_null (context_store_lookup (f->contexts, "bad"));
  ck_assert (scratch_has (f->path, "contexts/bad.context" STATE_DIR_DAMAGED_SUFFIX));
  context = context_store_lookup (f->contexts, "good");
  ck_assert_str_eq (context_get_settings (context)->ca_certificate, "ca");
  ck_assert (configure (context, "{'timeout': <uint32 20>}", NULL));
  ck_assert (!configure (context, "{'ca-certificate': <'nobody'>}", &error));
  expect_error (&error, MSSL_ERROR_NOT_FOUND);
}
END_TEST

/* Makes context and credential @name for @uid; which of the two were made, as bits. */
static guint
make_both (Fixture *f, GBytes *saved, const char *name, guint uid, const char *says)
{
  g_autoptr (GVariant) none = parse ("{}");
  g_autoptr (GError) context_error = NULL;
  g_autoptr (GError) credential_error = NULL;
  guint made = 0;

  made |= context_store_create (f->contexts, name, none, uid, &context_error) != NULL ? 1 : 0;
  made |= credential_store_import (f->credentials, name, credential_parts_load (saved, NULL), uid,
                                   &credential_error)
                  != NULL
              ? 2
              : 0;
  if (says == NULL)
    return made;
  ck_assert (g_error_matches (context_error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED));
  ck_assert (g_error_matches (credential_error, MSSL_ERROR, MSSL_ERROR_LIMIT_EXCEEDED));
  ck_assert_ptr_nonnull (strstr (context_error->message, says));
  ck_assert_ptr_nonnull (strstr (credential_error->message, says));
  return made;
}

static void
set_quotas (Fixture *f, guint total, guint per_user)
{
  Quotas quotas;

  quotas_init (&quotas);
  quotas.values[QUOTAS_CONTEXTS] = quotas.values[QUOTAS_CREDENTIALS] = total;
  quotas.values[QUOTAS_CONTEXTS_PER_USER] = quotas.values[QUOTAS_CREDENTIALS_PER_USER] = per_user;
  context_store_set_quotas (f->contexts, &quotas);
  credential_store_set_quotas (f->credentials, &quotas);
}

START_TEST (as_many_as_configured)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (CredentialParts) parts = make_parts (TRUE, FALSE, NOW + DAY_S);
  g_autoptr (GBytes) saved = credential_parts_save (parts);

  set_quotas (f, 5, 2);
  ck_assert_uint_eq (make_both (f, saved, "a", 1000, NULL), 3);
  ck_assert_uint_eq (make_both (f, saved, "b", 1000, NULL), 3);
  ck_assert_uint_eq (make_both (f, saved, "c", 1000, "-per-user=2"), 0);
  ck_assert_uint_eq (make_both (f, saved, "c", 1001, NULL), 3);
  /* Root is bound by the totals only. */
  ck_assert_uint_eq (make_both (f, saved, "d", 0, NULL), 3);
  ck_assert_uint_eq (make_both (f, saved, "e", 0, NULL), 3);
  ck_assert_uint_eq (make_both (f, saved, "f", 0, "=5 in [limits]"), 0);
}
END_TEST

START_TEST (whose_it_is_outlives_a_restart)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (CredentialParts) parts = make_parts (TRUE, FALSE, NOW + DAY_S);
  g_autoptr (GBytes) saved = credential_parts_save (parts);

  ck_assert_uint_eq (make_both (f, saved, "a", 1000, NULL), 3);
  restart (f);
  set_quotas (f, 5, 1);
  ck_assert_uint_eq (make_both (f, saved, "b", 1000, "-per-user=1"), 0);
  ck_assert (context_store_delete (f->contexts, context_store_lookup (f->contexts, "a"), NULL));
  ck_assert (credential_store_delete (f->credentials, credential_store_lookup (f->credentials, "a"), NULL));
  ck_assert_uint_eq (make_both (f, saved, "b", 1000, NULL), 3);
  /* What somebody deleted and another one made is the other one's. */
  set_quotas (f, 5, 2);
  ck_assert_uint_eq (make_both (f, saved, "a", 0, NULL), 3);
  ck_assert_uint_eq (make_both (f, saved, "c", 1000, NULL), 3);
}
END_TEST

static void
on_credential_added (Credential *credential, gpointer events)
{
  g_string_append_printf (events, "+%s ", credential_get_name (credential));
}

static void
on_credential_removed (Credential *credential, gpointer events)
{
  g_string_append_printf (events, "-%s ", credential_get_name (credential));
}

static void
on_context_added (Context *context, gpointer events)
{
  g_string_append_printf (events, "+%s ", context_get_name (context));
}

static void
on_context_removed (Context *context, gpointer events)
{
  g_string_append_printf (events, "-%s ", context_get_name (context));
}

START_TEST (listeners)
{
  static const CredentialStoreListener credential_listener = { on_credential_added, on_credential_removed };
  static const ContextStoreListener context_listener = { on_context_added, on_context_removed };
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (GString) events = g_string_new (NULL);
  Credential *credential;
  Context *context;

  credential_store_set_listener (f->credentials, &credential_listener, events);
  context_store_set_listener (f->contexts, &context_listener, events);
  credential = import (f, "one", TRUE, FALSE);
  context = create (f, "two", "{}", NULL);
  ck_assert_ptr_null (create (f, "two", "{}", NULL));
  ck_assert (context_store_delete (f->contexts, context, NULL));
  ck_assert (credential_store_delete (f->credentials, credential, NULL));
  ck_assert_str_eq (events->str, "+one +two -two -one ");
  credential_store_set_listener (f->credentials, NULL, NULL);
  context_store_set_listener (f->contexts, NULL, NULL);
  import (f, "three", TRUE, FALSE);
  create (f, "four", "{}", NULL);
  ck_assert_str_eq (events->str, "+one +two -two -one ");
}
END_TEST

int
main (void)
{
  TCase *tests = tcase_create ("stores");
  Suite *suite = suite_create ("stores");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, credentials_over_a_restart);
  tcase_add_test (tests, credentials_refused);
  tcase_add_test (tests, credentials_on_a_failing_disk);
  tcase_add_test (tests, damaged_credential);
  tcase_add_test (tests, copies_are_overwritten);
  tcase_add_test (tests, replaced_copies_are_overwritten);
  tcase_add_test (tests, shared_copies_stay);
  tcase_add_test (tests, late_copies_are_overwritten);
  tcase_add_test (tests, warnings_about_dates);
  tcase_add_test (tests, what_a_credential_says);
  tcase_add_test (tests, contexts_over_a_restart);
  tcase_add_test (tests, contexts_refused);
  tcase_add_test (tests, contexts_all_or_nothing);
  tcase_add_test (tests, contexts_in_use);
  tcase_add_test (tests, users_of_a_credential);
  tcase_add_test (tests, damaged_context_and_lost_credential);
  tcase_add_test (tests, as_many_as_configured);
  tcase_add_test (tests, whose_it_is_outlives_a_restart);
  tcase_add_test (tests, listeners);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
