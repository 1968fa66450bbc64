/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bc660k-opening.h. It outlives its caller's interest while a command is under way for it.
 */
#include "bc660k-opening.h"

struct Bc660kOpening {
  int ref_count;
  Bc660kDriver *driver;
  guint slot;
  ModuleOpenRequest request;
  char *host; /* behind request.host */
  gboolean cancelled;
  Bc660kOpeningDone done; /* NULL once it was dropped */
  gpointer user_data;
};

static void
unref (Bc660kOpening *self)
{
  if (--self->ref_count > 0)
    return;
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++)
    g_clear_pointer (&self->request.credentials[part].pem, g_bytes_unref);
  g_free (self->host);
  g_free (self);
}

/** The steps are over, and with them their hold on @self (taken). */
static void
finish (Bc660kOpening *self, const GError *error)
{
  g_autoptr (GError) cancelled = NULL;

  if (self->cancelled)
    cancelled = module_error_new (CLOSE_REASON_REQUESTED, 0, "the connection was closed");
  if (self->done != NULL)
    self->done (self->cancelled ? cancelled : error, self->user_data);
  unref (self);
}

static void
on_set_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Bc660kOpening *self = user_data;
  Bc660kDriver *driver = self->driver;

  g_task_propagate_boolean (G_TASK (result), &error);
  finish (self, error);
  bc660k_private_unref (driver);
}

static void
on_awake (Bc660kDriver *driver, char **lines, const GError *at_error, gpointer user_data)
{
  Bc660kOpening *self = user_data;
  g_autoptr (GError) error = NULL;

  if (at_error == NULL && !self->cancelled) {
    bc660k_private_ref (driver);
    bc660k_setup_async (driver, self->slot, &self->request, &self->cancelled, on_set_up, self);
    return;
  }
  if (at_error != NULL)
    error = bc660k_private_translate (at_error, CLOSE_REASON_MODULE_ERROR, "Waking the module");
  finish (self, error);
}

Bc660kOpening *
bc660k_opening_start (Bc660kDriver *driver, guint slot, const ModuleOpenRequest *request,
                      Bc660kOpeningDone done, gpointer user_data)
{
  Bc660kOpening *self = g_new0 (Bc660kOpening, 1);

  self->ref_count = 2; /* the caller's, and that of the steps */
  self->driver = driver;
  self->slot = slot;
  self->request = *request;
  self->host = g_strdup (request->host);
  self->request.host = self->host;
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    if (request->credentials[part].pem != NULL)
      g_bytes_ref (request->credentials[part].pem);
  }
  self->done = done;
  self->user_data = user_data;
  bc660k_sleep_acquire (driver, on_awake, self);
  return self;
}

const ModuleOpenRequest *
bc660k_opening_get_request (Bc660kOpening *self)
{
  return &self->request;
}

void
bc660k_opening_cancel (Bc660kOpening *self)
{
  self->cancelled = TRUE;
}

void
bc660k_opening_drop (Bc660kOpening *self)
{
  self->cancelled = TRUE;
  self->done = NULL;
  unref (self);
}
