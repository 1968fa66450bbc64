/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds out who the module is and what it can do, and closes what an earlier life left open. A table of
 * steps: each is a command and what becomes of its answer.
 */
#include "bc660k-private.h"

#include <string.h>

#define MODEL_MARK "BC660K"
#define TIMEOUT_MS 3000
/* A module that restarts while it is being asked is asked again from the first step. */
#define ATTEMPTS 3

typedef struct {
  Bc660kDriver *driver;
  GTask *task;
  guint step;
  guint attempt;
  guint slots_promised;
  guint slot;   /* being closed */
  guint unsaid; /* line of the farewell of an earlier life */
} Start;

typedef struct {
  const char *line;
  const char *response;
  gboolean any_response;
  gboolean required;
  /** Takes what it understands of the answer; FALSE when a required answer is missing. */
  gboolean (*take) (Start *self, char **lines);
} Step;

static void run_step (Start *self);
static void close_slot (Start *self);

static void
set_string (char **owned, const char **shown, const char *value)
{
  g_free (*owned);
  *owned = g_strstrip (g_strdup (value));
  *shown = *owned;
}

/** ATI: manufacturer, model, and `Revision: …`. */
static gboolean
take_identity (Start *self, char **lines)
{
  Bc660kDriver *driver = self->driver;
  ModuleIdentity *identity = &driver->parent.identity;

  if (g_strv_length (lines) < 3)
    return FALSE;
  set_string (&driver->manufacturer, &identity->manufacturer, lines[0]);
  set_string (&driver->model, &identity->model, lines[1]);
  set_string (&driver->revision, &identity->revision,
              g_str_has_prefix (lines[2], "Revision:") ? lines[2] + strlen ("Revision:") : lines[2]);
  return TRUE;
}

static gboolean
take_imei (Start *self, char **lines)
{
  Bc660kDriver *driver = self->driver;
  g_autofree char *imei = NULL;

  if (lines[0] != NULL && bc660k_reply_parse_imei (lines[0], &imei))
    set_string (&driver->imei, &driver->parent.identity.imei, imei);
  return TRUE;
}

static gboolean
take_open_test (Start *self, char **lines)
{
  guint last_slot;

  if (lines[0] != NULL && bc660k_reply_parse_open_test (lines[0], &last_slot))
    self->slots_promised = MIN (last_slot + 1, MODULE_SLOTS_MAX);
  return TRUE;
}

static gboolean
take_send_test (Start *self, char **lines)
{
  guint max_bytes = BC660K_SEND_MAX_BYTES;

  if (lines[0] == NULL || !bc660k_reply_parse_send_test (lines[0], &max_bytes))
    return TRUE;
  self->driver->counted_send = max_bytes > 0;
  if (max_bytes > 0)
    self->driver->parent.capabilities.max_send_bytes = MIN (max_bytes, BC660K_SEND_MAX_BYTES);
  return TRUE;
}

static gboolean
take_nothing (Start *self, char **lines)
{
  return TRUE;
}

static const Step steps[] = {
  { "ATE0", NULL, FALSE, TRUE, take_nothing },
  { "ATI", NULL, TRUE, TRUE, take_identity },
  { "AT+CGSN=1", "+CGSN:", TRUE, FALSE, take_imei },
  { "AT+QSSLCFG=?", "+QSSLCFG:", FALSE, FALSE, take_nothing },
  { "AT+QSSLOPEN=?", "+QSSLOPEN: (", FALSE, FALSE, take_open_test },
  { "AT+QSSLSEND=?", "+QSSLSEND: (", FALSE, FALSE, take_send_test },
};

static void
finish (Start *self, GError *error)
{
  if (error != NULL)
    g_task_return_error (self->task, error);
  else
    g_task_return_boolean (self->task, TRUE);
  g_object_unref (self->task);
  bc660k_private_unref (self->driver);
  g_free (self);
}

/** The values of the note, for what the module does not say. */
static void
assume_note (Start *self)
{
  self->step = 0;
  self->slot = 0;
  self->slots_promised = 1;
  self->driver->counted_send = TRUE;
  self->driver->parent.capabilities = (ModuleCapabilities){
    .slots = 1,
    .max_send_bytes = BC660K_SEND_MAX_BYTES,
    .max_receive_bytes = BC660K_RECEIVE_MAX_BYTES,
    .max_host_bytes = BC660K_HOST_MAX_BYTES,
  };
}

static gboolean
start_over (Start *self, const GError *error)
{
  if (!g_error_matches (error, AT_ERROR, AT_ERROR_RESTARTED) || ++self->attempt >= ATTEMPTS)
    return FALSE;
  assume_note (self);
  run_step (self);
  return TRUE;
}

static void
on_slot_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Start *self = user_data;

  self->slot++;
  close_slot (self);
}

static void
close_slot (Start *self)
{
  Bc660kDriver *driver = self->driver;

  if (driver->channel == NULL || driver->lost) {
    finish (self,
            module_error_new (CLOSE_REASON_MODULE_LOST, 0, "the port was closed or the module is lost"));
    return;
  }
  if (self->slot == driver->parent.capabilities.slots) {
    finish (self, NULL);
    return;
  }
  if (!bc660k_slot_is_free (driver->slots[self->slot])) {
    self->slot++; /* adopted */
    close_slot (self);
    return;
  }
  bc660k_slot_close_leftover (driver->slots[self->slot], g_task_new (NULL, NULL, on_slot_closed, self));
}

static void try_slot (Start *self);

static void
on_slot_tried (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Start *self = user_data;
  Bc660kSettings settings = { 0 };

  if (error == NULL && lines[0] != NULL
      && bc660k_settings_parse (&settings, driver->parent.capabilities.slots, lines[0])) {
    driver->parent.capabilities.slots++;
    try_slot (self);
    return;
  }
  if (error != NULL && start_over (self, error))
    return;
  if (error != NULL && !g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED)) {
    finish (self, bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Identifying the module"));
    return;
  }
  close_slot (self);
}

/** The test command may promise ids that do not work, so each is believed only when its settings can be read.
 */
static void
try_slot (Start *self)
{
  guint slots = self->driver->parent.capabilities.slots;

  if (slots < self->slots_promised)
    bc660k_private_run (self->driver, bc660k_settings_new_query_all (slots), on_slot_tried, self);
  else
    close_slot (self);
}

static GError *
check_model (Bc660kDriver *driver)
{
  if (strstr (driver->model, MODEL_MARK) != NULL)
    return NULL;
  return module_error_new (
      CLOSE_REASON_MODULE_ERROR, 0,
      "the device is a \"%.64s\" \"%.64s\", which this driver does not know; it drives the Quectel BC660K-GL",
      driver->manufacturer, driver->model);
}

static void
finish_steps (Start *self)
{
  GError *error = check_model (self->driver);

  if (error != NULL)
    finish (self, error);
  else
    try_slot (self);
}

static void
on_step_done (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  static const char *const nothing[] = { NULL };
  Start *self = user_data;
  const Step *step = &steps[self->step];
  gboolean refused = g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED);

  if (error != NULL && start_over (self, error))
    return;
  if (error != NULL && (step->required || !refused)) {
    finish (self, bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Identifying the module"));
    return;
  }
  if (!step->take (self, error == NULL ? lines : (char **) nothing)) {
    finish (self, module_error_new (CLOSE_REASON_PROTOCOL, 0, "the answer to %s could not be understood",
                                    step->line));
    return;
  }
  self->step++;
  run_step (self);
}

static void say_unsaid (Start *self);

static void
on_unsaid_done (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  Start *self = user_data;

  if (error != NULL && start_over (self, error))
    return;
  if (error != NULL && !g_error_matches (error, AT_ERROR, AT_ERROR_REFUSED)) {
    finish (self, bc660k_private_translate (error, CLOSE_REASON_MODULE_ERROR, "Clearing up"));
    return;
  }
  self->unsaid++;
  say_unsaid (self);
}

/** What an earlier life that was killed still owed the module. A restart of the module makes it void. */
static void
say_unsaid (Start *self)
{
  const char *line = at_channel_get_unsaid (self->driver->channel)[self->unsaid];

  if (line != NULL && self->attempt == 0 && !self->driver->inherited) {
    bc660k_private_run (self->driver, at_command_new (line, NULL, TIMEOUT_MS), on_unsaid_done, self);
    return;
  }
  bc660k_farewell_update (self->driver);
  finish_steps (self);
}

static void
run_step (Start *self)
{
  const Step *step = &steps[self->step];
  AtCommand *command;

  if (self->step == G_N_ELEMENTS (steps)) {
    say_unsaid (self);
    return;
  }
  command = at_command_new (step->line, step->response, TIMEOUT_MS);
  command->any_response = step->any_response;
  bc660k_private_run (self->driver, command, on_step_done, self);
}

void
bc660k_start_async (ModuleDriver *base, GTask *task)
{
  Start *self = g_new0 (Start, 1);

  self->driver = bc660k_private_ref ((Bc660kDriver *) base);
  self->task = task;
  bc660k_record_settle (self->driver);
  assume_note (self);
  run_step (self);
}
