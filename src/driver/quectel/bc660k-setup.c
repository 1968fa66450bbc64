/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes a slot's settings what a connection asks for: reads them all, writes those that differ, uploads the
 * credentials that the module does not hold, and reads everything again. When nothing had to be written, the
 * first reading is the proof.
 */
#include "bc660k-private.h"

#include <string.h>

/* What takes the place of an erased credential. The module cannot delete one. */
#define ERASED_TEXT "erased by modemssl\n"

typedef struct {
  Bc660kDriver *driver;
  guint slot;
  const ModuleOpenRequest *request;
  const gboolean *cancelled;
  GTask *task;
  Bc660kSettings wanted;
  Bc660kSettings actual;
  gboolean verifying;  /* the writes are done; what is read now must be right */
  guint keys_to_query; /* one by one, because the list did not hold them */
  guint keys_to_write;
  guint parts_to_upload; /* a bit for each ModuleCredentialPart */
} Setup;

static void read_all (Setup *self);
static void write_next (Setup *self);

static void
setup_free (Setup *self)
{
  bc660k_private_unref (self->driver);
  g_object_unref (self->task);
  g_free (self);
}

static void
fail (Setup *self, GError *error)
{
  g_task_return_error (self->task, error);
  setup_free (self);
}

static void
succeed (Setup *self)
{
  g_task_return_boolean (self->task, TRUE);
  setup_free (self);
}

/** Ends the setup when the command before failed for good, or nobody wants the connection any more. */
static gboolean
is_over (Setup *self, const GError *error)
{
  if (*self->cancelled) {
    fail (self, module_error_new (CLOSE_REASON_REQUESTED, 0, "closed while it was being configured"));
    return TRUE;
  }
  if (error != NULL && !g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED)) {
    fail (self, bc660k_private_translate (error, CLOSE_REASON_SETTINGS, "Configuring the module"));
    return TRUE;
  }
  return FALSE;
}

static guint
lowest_bit (guint bits)
{
  return (guint) g_bit_nth_lsf (bits, -1);
}

static void
notify_credential (Bc660kDriver *driver, ModuleCredentialPart part, gboolean known)
{
  if (driver->parent.listener != NULL)
    driver->parent.listener->credential_changed (part, known, driver->parent.listener_data);
}

static void
plan_writes (Setup *self, guint differing)
{
  self->keys_to_write = differing & ((1u << BC660K_KEY_CACERT) - 1);
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    const ModuleCredential *credential = &self->request->credentials[part];
    guint key_bit = 1u << bc660k_settings_get_credential_key (part);

    if (credential->pem != NULL && (!credential->in_module || (differing & key_bit) != 0))
      self->parts_to_upload |= 1u << part;
  }
}

/** All that the module says has been read. */
static void
judge (Setup *self)
{
  guint differing = bc660k_settings_compare (&self->wanted, &self->actual);
  guint credentials = ~((1u << BC660K_KEY_CACERT) - 1);

  if (!self->verifying) {
    plan_writes (self, differing);
    if (self->keys_to_write != 0 || self->parts_to_upload != 0)
      write_next (self);
    else
      succeed (self);
    return;
  }
  /* Without the list, the length that each upload returned is all the proof there is. */
  differing &= ~(credentials & ~self->actual.known);
  if (differing == 0)
    succeed (self);
  else
    fail (self,
          module_error_new (CLOSE_REASON_SETTINGS, 0, "the module did not take or keep its setting \"%s\"",
                            bc660k_settings_get_key_name (lowest_bit (differing))));
}

static void query_next (Setup *self);

static void
on_one_read (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Setup *self = user_data;

  if (is_over (self, error))
    return;
  if (error == NULL && lines[0] != NULL)
    bc660k_settings_parse (&self->actual, self->slot, lines[0]);
  query_next (self);
}

static void
query_next (Setup *self)
{
  guint key;

  if (self->keys_to_query == 0) {
    judge (self);
    return;
  }
  key = lowest_bit (self->keys_to_query);
  self->keys_to_query &= ~(1u << key);
  bc660k_private_run (self->driver, bc660k_settings_new_query (self->slot, key), on_one_read, self);
}

static void
on_all_read (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Setup *self = user_data;

  if (is_over (self, error))
    return;
  for (guint i = 0; error == NULL && lines[i] != NULL; i++)
    bc660k_settings_parse (&self->actual, self->slot, lines[i]);
  /* A firmware without the list, or with a shorter one, is asked key by key; a credential's length is in the
   * list only. */
  self->keys_to_query = self->wanted.known & ~self->actual.known & ((1u << BC660K_KEY_CACERT) - 1);
  query_next (self);
}

static void
read_all (Setup *self)
{
  self->actual = (Bc660kSettings){ 0 };
  bc660k_private_run (self->driver, bc660k_settings_new_query_all (self->slot), on_all_read, self);
}

static void
on_written (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Setup *self = user_data;

  if (is_over (self, error))
    return;
  /* A refused write shows when the settings are read back. */
  write_next (self);
}

/** Whether one of @lines says that @size bytes of the credential arrived. */
static gboolean
upload_is_whole (guint slot, char **lines, ModuleCredentialPart part, gsize size, int *ret_length)
{
  Bc660kKey key = bc660k_settings_get_credential_key (part);
  Bc660kSettings answer = { 0 };

  for (guint i = 0; lines[i] != NULL; i++)
    bc660k_settings_parse (&answer, slot, lines[i]);
  *ret_length = (answer.known & (1u << key)) != 0 ? answer.value[key] : -1;
  return *ret_length >= 0 && (gsize) *ret_length == size;
}

/** No answer here is no matter of the network: the module did not get all of the data, or its end. */
static GError *
translate_upload (const GError *error)
{
  if (g_error_matches (error, AT_ERROR, AT_ERROR_TIMEOUT))
    return module_error_new (CLOSE_REASON_CREDENTIAL, 0, "Uploading a credential: %s", error->message);
  return bc660k_private_translate (error, CLOSE_REASON_CREDENTIAL, "Uploading a credential");
}

static void
on_uploaded (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Setup *self = user_data;
  ModuleCredentialPart part = lowest_bit (self->parts_to_upload);
  const char *name = bc660k_settings_get_key_name (bc660k_settings_get_credential_key (part));
  gsize size = g_bytes_get_size (self->request->credentials[part].pem);
  int length;

  if (is_over (self, NULL))
    return;
  if (error != NULL) {
    fail (self, translate_upload (error));
    return;
  }
  if (!upload_is_whole (self->slot, lines, part, size, &length)) {
    fail (self, module_error_new (CLOSE_REASON_CREDENTIAL, 0,
                                  "the module stored %d bytes of the %" G_GSIZE_FORMAT " of \"%s\"", length,
                                  size, name));
    return;
  }
  self->parts_to_upload &= ~(1u << part);
  notify_credential (driver, part, TRUE);
  if (!is_over (self, NULL))
    write_next (self);
}

static void
upload_next (Setup *self)
{
  ModuleCredentialPart part = lowest_bit (self->parts_to_upload);
  AtCommand *command = bc660k_settings_new_upload (self->slot, part, self->request->credentials[part].pem,
                                                   self->driver->prompt_delay_ms);

  notify_credential (self->driver, part, FALSE);
  bc660k_private_run (self->driver, command, on_uploaded, self);
}

static void
write_next (Setup *self)
{
  guint key;

  if (self->keys_to_write == 0 && self->parts_to_upload != 0) {
    upload_next (self);
    return;
  }
  if (self->keys_to_write == 0) {
    self->verifying = TRUE;
    read_all (self);
    return;
  }
  key = lowest_bit (self->keys_to_write);
  self->keys_to_write &= ~(1u << key);
  bc660k_private_run (self->driver, bc660k_settings_new_write (self->slot, key, &self->wanted), on_written,
                      self);
}

/** Without a credential of the request's own the module would use whatever it was once given. */
static gboolean
has_all_credentials (const ModuleOpenRequest *request)
{
  TlsAuthentication authentication = request->settings.authentication;
  const ModuleCredential *credentials = request->credentials;

  if (authentication >= TLS_AUTHENTICATION_SERVER && credentials[MODULE_CREDENTIAL_CA].pem == NULL)
    return FALSE;
  return authentication < TLS_AUTHENTICATION_MUTUAL
         || (credentials[MODULE_CREDENTIAL_CLIENT_CERTIFICATE].pem != NULL
             && credentials[MODULE_CREDENTIAL_CLIENT_KEY].pem != NULL);
}

void
bc660k_setup_async (Bc660kDriver *driver, guint slot, const ModuleOpenRequest *request,
                    const gboolean *cancelled, GAsyncReadyCallback callback, gpointer user_data)
{
  Setup *self = g_new0 (Setup, 1);

  self->driver = bc660k_private_ref (driver);
  self->slot = slot;
  self->request = request;
  self->cancelled = cancelled;
  self->task = g_task_new (NULL, NULL, callback, user_data);
  if (!has_all_credentials (request)) {
    fail (self, module_error_new (CLOSE_REASON_CREDENTIAL, 0, "a credential that is needed was not given"));
    return;
  }
  bc660k_settings_init_wanted (&self->wanted, request);
  read_all (self);
}

typedef struct {
  Bc660kDriver *driver;
  GTask *task;
  ModuleCredentialPart part;
} Erase;

/** @error: taken; NULL when it succeeded. */
static void
finish_erase (Erase *erase, GError *error)
{
  if (error != NULL)
    g_task_return_error (erase->task, error);
  else
    g_task_return_boolean (erase->task, TRUE);
  g_object_unref (erase->task);
  bc660k_private_unref (erase->driver);
  g_free (erase);
}

static void
on_erased (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Erase *erase = user_data;
  int length;

  if (error != NULL)
    finish_erase (erase, bc660k_private_translate (error, CLOSE_REASON_CREDENTIAL, "Erasing a credential"));
  else if (!upload_is_whole (0, lines, erase->part, strlen (ERASED_TEXT), &length))
    finish_erase (erase, module_error_new (CLOSE_REASON_CREDENTIAL, 0,
                                           "the module did not say that it overwrote the credential"));
  else
    finish_erase (erase, NULL);
}

static gboolean
on_erase (gpointer user_data)
{
  Erase *erase = user_data;
  Bc660kDriver *driver = erase->driver;
  g_autoptr (GBytes) text = g_bytes_new_static (ERASED_TEXT, strlen (ERASED_TEXT));

  if (bc660k_private_has_taken_slot (driver)) {
    finish_erase (erase, module_error_new (CLOSE_REASON_STATE, 0, "a connection is open"));
    return G_SOURCE_REMOVE;
  }
  notify_credential (driver, erase->part, FALSE);
  bc660k_private_run (driver, bc660k_settings_new_upload (0, erase->part, text, driver->prompt_delay_ms),
                      on_erased, erase);
  return G_SOURCE_REMOVE;
}

/** From the main loop, since the listener is told before the first byte is written. */
void
bc660k_setup_erase_async (ModuleDriver *base, ModuleCredentialPart part, GTask *task)
{
  Erase *erase = g_new (Erase, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  *erase = (Erase){ bc660k_private_ref ((Bc660kDriver *) base), task, part };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_erase, erase, NULL);
  g_source_attach (source, g_task_get_context (task));
}
