/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state machine: what ModemManager knows decides the next step, and every news of it is a reason to look
 * again.
 */
#include "claim.h"

#include "claim-note.h"
#include "claim-refusal.h"
#include "mm-enabler.h"
#include "port-guard.h"
#include "port-source.h"

#define RETRY_MS 5000

/* What is held now, beside the open port. */
typedef enum {
  HOLD_NONE,
  HOLD_PORT,      /* a port that ModemManager does not know, or knew nothing of when it was opened */
  HOLD_IGNORED,   /* a port that ModemManager leaves alone */
  HOLD_INHIBITED, /* a modem that was taken away from it */
} Hold;

struct Claim {
  ClaimMode mode;
  SerialPortSettings port;
  char *device; /* as configured, or NULL */
  char *equipment_id;
  MmModems *modems;
  PortSource *source;
  MmEnabler *enabler; /* while the modem is on its way back */
  TimerClock *clock;
  gulong changed_id;
  const ClaimListener *listener; /* NULL at the end */
  gpointer listener_data;

  PortGuard *guard; /* while a port is ours that ModemManager may not know to leave alone */

  ClaimState state;
  char *text;
  char *modem_path;
  char *found_device;
  ModuleRegistration registration;
  int signal_dbm;
  char *found_equipment_id; /* of the modem that was taken away */

  Hold hold;
  guint life;       /* of ModemManager, when the port was taken; 0: it was not running */
  gboolean enabled; /* the modem was, and shall be again */
  char *uid;        /* of the modem that is taken away, or was last */
  gboolean opening; /* the source is at it */
  gboolean resumed; /* the holder was asked for what an earlier life has left */
  Hold wanted;      /* what will be held then */
  gboolean revoked;
  Timer retry;

  GTask *take;
  gulong cancelled_id;
  GTask *give;
};

static void look (Claim *self);
static void follow_network (Claim *self);
static void want_back (Claim *self, const char *why);
static void check_hold (Claim *self);

static const char *const mode_names[] = {
  [CLAIM_MODE_AUTO] = "auto",
  [CLAIM_MODE_INHIBIT] = "inhibit",
  [CLAIM_MODE_IGNORED_PORT] = "ignored-port",
  [CLAIM_MODE_DEVICE] = "device",
};

const char *
claim_mode_get_name (ClaimMode mode)
{
  return mode_names[mode];
}

gboolean
claim_mode_parse (const char *name, ClaimMode *ret_mode)
{
  for (guint i = 0; i < G_N_ELEMENTS (mode_names); i++) {
    if (!g_str_equal (mode_names[i], name))
      continue;
    *ret_mode = (ClaimMode) i;
    return TRUE;
  }
  return FALSE;
}

const char *
claim_state_get_name (ClaimState state)
{
  static const char *const names[] = {
    [CLAIM_WAITING] = "waiting",     [CLAIM_INHIBITING] = "inhibiting", [CLAIM_CLAIMED] = "claimed",
    [CLAIM_RELEASING] = "releasing", [CLAIM_RELEASED] = "released",     [CLAIM_CONFLICT] = "conflict",
  };

  return names[state];
}

static gboolean
replace (char **place, const char *value)
{
  if (g_str_equal (*place, value))
    return FALSE;

  g_free (*place);
  *place = g_strdup (value);
  return TRUE;
}

static void G_GNUC_PRINTF (3, 4) set_state (Claim *self, ClaimState state, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (!replace (&self->text, text) && state == self->state)
    return;
  self->state = state;
  g_debug ("claim of %s: %s%s%s", self->found_device, claim_state_get_name (state), *text != '\0' ? ": " : "",
           text);
  if (self->listener != NULL)
    self->listener->changed (self->listener_data);
}

/* -- the end of a taking ----------------------------------------------------------------------------- */

static GTask *
steal_take (Claim *self)
{
  GCancellable *cancellable = g_task_get_cancellable (self->take);

  timer_clear (&self->retry);
  if (self->cancelled_id != 0)
    g_signal_handler_disconnect (cancellable, self->cancelled_id);
  self->cancelled_id = 0;
  return g_steal_pointer (&self->take);
}

/* Whoever reads the port beside us may take data away, and root cannot be kept off; so nothing goes on. */
static void
on_intruder (gpointer user_data)
{
  Claim *self = user_data;

  if (self->take == NULL && self->hold == HOLD_PORT)
    want_back (self, "Another program has opened the port, ModemManager perhaps; keep it off by a udev rule");
}

/* Only where ModemManager runs: the kernel has few inotify instances for one user. */
static void
update_guard (Claim *self)
{
  gboolean wanted = self->hold == HOLD_PORT && mm_modems_get_life (self->modems) != 0;

  if (wanted && self->guard == NULL)
    self->guard = port_guard_new (self->port.device, on_intruder, self);
  else if (!wanted)
    g_clear_pointer (&self->guard, port_guard_free);
}

static void
hand_out (Claim *self, Hold hold, SerialPort *port)
{
  g_autoptr (GTask) task = steal_take (self);

  g_clear_pointer (&self->guard, port_guard_free); /* the node may be another one now */
  self->hold = hold;
  update_guard (self);
  self->revoked = FALSE;
  follow_network (self);
  set_state (self, CLAIM_CLAIMED, "%s", "");
  g_task_return_pointer (task, port, (GDestroyNotify) serial_port_free);
  check_hold (self); /* ModemManager may have started while the port was being opened */
}

static void
fail (Claim *self, ClaimState state, GError *error)
{
  g_autoptr (GTask) task = steal_take (self);

  set_state (self, state, "%s", error->message);
  g_task_return_error (task, error);
}

/* -- inhibiting -------------------------------------------------------------------------------------- */

static void
handle_refusal (Claim *self, const GError *error)
{
  gboolean is_conflict;
  g_autofree char *text = claim_refusal_describe (error, &is_conflict);

  timer_set (&self->retry, RETRY_MS);
  set_state (self, is_conflict ? CLAIM_CONFLICT : CLAIM_WAITING, "%s", text);
}

static void finish_cancelled (Claim *self);

static void
finish_open (Claim *self, SerialPort *port, GError *error)
{
  if (port != NULL) {
    hand_out (self, self->wanted, port);
    return;
  }
  /* A holder that was started again has no inhibition of the one before. */
  if (g_dbus_error_is_remote_error (error))
    self->hold = HOLD_NONE;
  if (self->wanted != HOLD_INHIBITED) {
    fail (self, CLAIM_WAITING, error);
  } else if (self->hold == HOLD_INHIBITED) {
    fail (self, CLAIM_CLAIMED, error);
  } else {
    handle_refusal (self, error);
    g_error_free (error);
  }
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  Claim *self = user_data;
  g_autoptr (SerialPort) port = port_source_take_finish (result, &error);

  if (port == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_error_free (error);
    return; /* the claim was freed */
  }
  self->opening = FALSE;
  if (port != NULL)
    self->hold = self->wanted;
  if (!g_cancellable_is_cancelled (g_task_get_cancellable (self->take))) {
    finish_open (self, g_steal_pointer (&port), error);
    return;
  }
  g_clear_pointer (&port, serial_port_free);
  g_clear_error (&error);
  finish_cancelled (self);
}

static void
open_port (Claim *self, Hold hold)
{
  g_autofree char *note = NULL;

  self->opening = TRUE;
  self->wanted = hold;
  if (self->hold != HOLD_INHIBITED)
    self->life = mm_modems_get_life (self->modems);
  note = claim_note_make (self->found_equipment_id, self->enabled);
  port_source_take_async (self->source, hold == HOLD_INHIBITED ? self->uid : NULL, note, &self->port,
                          on_opened, self);
}

static void
inhibit (Claim *self, const MmModemsFacts *modem)
{
  self->enabled = modem->is_enabled;
  g_free (self->found_equipment_id);
  self->found_equipment_id = g_strdup (modem->equipment_id);
  g_free (self->uid);
  self->uid = g_strdup (modem->uid);
  set_state (self, CLAIM_INHIBITING, "ModemManager is letting go of the modem");
  open_port (self, HOLD_INHIBITED);
}

/* -- what to do now ---------------------------------------------------------------------------------- */

static void
look_at_modem (Claim *self, const MmModemsFacts *modem)
{
  if (modem->device == NULL) {
    set_state (self, CLAIM_WAITING, "ModemManager has no AT port of the modem%s",
               self->mode == CLAIM_MODE_IGNORED_PORT ? " that it ignores (ID_MM_PORT_IGNORE)" : "");
  } else if (modem->is_ignored && self->mode != CLAIM_MODE_INHIBIT) {
    open_port (self, HOLD_IGNORED);
  } else if (modem->is_ignored) {
    set_state (self, CLAIM_CONFLICT, "ModemManager ignores %s; use claim=ignored-port or claim=auto",
               self->port.device);
  } else if (self->mode == CLAIM_MODE_IGNORED_PORT) {
    set_state (self, CLAIM_CONFLICT,
               "ModemManager uses %s itself: mark it with ID_MM_PORT_IGNORE (`modemsslctl module udev-rule "
               "--ignore %s` prints the rule)",
               self->port.device, self->port.device);
  } else if (self->mode == CLAIM_MODE_DEVICE) {
    fail (self, CLAIM_CONFLICT,
          g_error_new (
              G_IO_ERROR, G_IO_ERROR_BUSY,
              "%s is used by ModemManager (%s): use claim=inhibit to take turns with it, or keep it off by "
              "a udev rule (`modemsslctl module udev-rule --ignore %s` prints it)",
              self->port.device, modem->path, self->port.device));
  } else if (modem->hindrance != NULL) {
    set_state (self, CLAIM_WAITING, "%s", modem->hindrance);
  } else {
    inhibit (self, modem);
  }
}

static void
look_without_modem (Claim *self)
{
  guint life = mm_modems_get_life (self->modems);
  guint age_ms = mm_modems_get_age_ms (self->modems);

  if (self->mode == CLAIM_MODE_DEVICE
      || (self->mode == CLAIM_MODE_AUTO && self->device != NULL && life == 0)) {
    open_port (self, HOLD_PORT);
  } else if (life == 0) {
    set_state (self, CLAIM_WAITING, "ModemManager is not running");
  } else if (self->mode != CLAIM_MODE_AUTO || self->device == NULL) {
    set_state (self, CLAIM_WAITING, "ModemManager knows no modem %s%s yet",
               self->device != NULL ? "at " : "of the model " MM_MODEMS_MODEL_MARK,
               self->device != NULL ? self->device : "");
  } else if (age_ms < CLAIM_SETTLE_MS) {
    timer_set (&self->retry, CLAIM_SETTLE_MS - age_ms);
    set_state (self, CLAIM_WAITING, "ModemManager may still be looking for a modem at %s", self->device);
  } else {
    open_port (self, HOLD_PORT);
  }
}

static void
take_facts (Claim *self, const MmModemsFacts *modem)
{
  gboolean changed = replace (&self->modem_path, modem->path);

  if (modem->device != NULL) {
    changed = replace (&self->found_device, modem->device) || changed;
    self->port.device = self->found_device;
  }
  if (changed)
    self->listener->changed (self->listener_data);
}

/* A modem that was taken away and whose port failed: as long as ModemManager does not have it, it is ours. */
static void
reopen (Claim *self)
{
  if (g_file_test (self->port.device, G_FILE_TEST_EXISTS)) {
    open_port (self, HOLD_INHIBITED);
    return;
  }
  self->hold = HOLD_NONE;
  self->enabled = FALSE;
  port_source_give_async (self->source, NULL, NULL);
  set_state (self, CLAIM_WAITING, "%s has gone", self->port.device);
}

/* What an earlier life of ours has left: ModemManager does not know that modem now. */
static void
take_resumed (Claim *self)
{
  const HeldPortFacts *facts = port_source_get_resumed (self->source);

  replace (&self->found_device, facts->device);
  self->port.device = self->found_device;
  g_free (self->found_equipment_id);
  self->found_equipment_id = claim_note_parse (facts->note, &self->enabled);
  g_free (self->uid);
  self->uid = g_strdup (facts->uid);
  self->wanted = *facts->uid != '\0' ? HOLD_INHIBITED : HOLD_PORT;
  self->hold = self->wanted;
  self->life = mm_modems_get_life (self->modems);
}

static void
on_resumed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Claim *self = user_data;
  g_autoptr (SerialPort) port = port_source_take_finish (result, &error);

  if (port == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the claim was freed */
  self->opening = FALSE;
  if (port != NULL)
    take_resumed (self);
  if (g_cancellable_is_cancelled (g_task_get_cancellable (self->take))) {
    g_clear_pointer (&port, serial_port_free);
    finish_cancelled (self);
  } else if (port != NULL) {
    hand_out (self, self->hold, g_steal_pointer (&port));
  } else {
    look (self);
  }
}

static void
resume (Claim *self)
{
  g_autofree char *note = claim_note_make_start (self->equipment_id);

  self->resumed = TRUE;
  self->opening = TRUE;
  port_source_resume_async (self->source, note, &self->port, on_resumed, self);
}

static void
look (Claim *self)
{
  const MmModemQuery query = {
    .device = self->device,
    .equipment_id = self->equipment_id,
    .prefer_ignored = self->mode == CLAIM_MODE_IGNORED_PORT,
  };
  g_auto (MmModemsFacts) modem = { 0 };
  guint life = mm_modems_get_life (self->modems);

  if (self->take == NULL || self->opening)
    return;

  timer_clear (&self->retry);
  if (!self->resumed) {
    resume (self);
    return;
  }
  if (self->hold == HOLD_INHIBITED && life != self->life && life != 0) {
    self->hold = HOLD_NONE; /* it went with the ModemManager that gave it */
    port_source_forget (self->source);
  }
  if (self->hold == HOLD_INHIBITED) {
    reopen (self);
  } else if (mm_modems_find (self->modems, &query, &modem)) {
    take_facts (self, &modem);
    look_at_modem (self, &modem);
  } else {
    look_without_modem (self);
  }
}

static void
on_retry (gpointer user_data)
{
  look (user_data);
}

/* -- what ModemManager does while the port is ours --------------------------------------------------- */

static void
want_back (Claim *self, const char *why)
{
  if (self->revoked)
    return;

  self->revoked = TRUE;
  set_state (self, CLAIM_RELEASING, "%s", why);
  self->listener->revoked (CLAIM_REVOKE_MS, self->listener_data);
}

static gboolean
is_used_by_modem_manager (Claim *self)
{
  const MmModemQuery query = { .device = self->found_device };
  g_auto (MmModemsFacts) modem = { 0 };

  return mm_modems_find (self->modems, &query, &modem) && !modem.is_ignored;
}

/* ModemManager has the modem, so it is asked how that is. */
static void
follow_network (Claim *self)
{
  const MmModemQuery query = { .device = self->found_device };
  g_auto (MmModemsFacts) modem = { .registration = -1 };
  gboolean found = self->hold == HOLD_IGNORED && mm_modems_find (self->modems, &query, &modem);
  ModuleRegistration registration =
      (ModuleRegistration) CLAMP (modem.registration + 1, 0, MODULE_REGISTRATION_LAST);

  if (found)
    take_facts (self, &modem);
  if (registration == self->registration && modem.signal_dbm == self->signal_dbm)
    return;
  self->registration = registration;
  self->signal_dbm = modem.signal_dbm;
  self->listener->changed (self->listener_data);
}

static void
check_hold (Claim *self)
{
  guint life = mm_modems_get_life (self->modems);
  gboolean started = life != self->life && life != 0;

  update_guard (self);
  if (self->hold == HOLD_INHIBITED && started)
    want_back (self, "ModemManager has started again and is let at the port first");
  else if (self->hold == HOLD_INHIBITED && life == 0)
    set_state (self, CLAIM_CLAIMED, "ModemManager has ended; the port is kept until it is back");
  else if (self->hold == HOLD_PORT && self->mode == CLAIM_MODE_AUTO && started)
    want_back (self, "ModemManager has started and may want the port");
  else if (self->hold != HOLD_INHIBITED && is_used_by_modem_manager (self))
    want_back (self, "ModemManager has begun to use the port");
  else
    follow_network (self);
}

static void
on_modems_changed (Claim *self)
{
  if (self->take != NULL)
    look (self);
  else if (self->hold != HOLD_NONE)
    check_hold (self);
}

/* -- giving back ------------------------------------------------------------------------------------- */

static void
finish_give (Claim *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->give);

  g_clear_pointer (&self->enabler, mm_enabler_free);
  set_state (self, CLAIM_RELEASED, "%s", "");
  g_task_return_boolean (task, TRUE);
}

static void
on_enabled (gpointer user_data)
{
  finish_give (user_data);
}

static void
on_given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Claim *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gboolean given = port_source_give_finish (result, &error);

  if (self == NULL)
    return; /* it was freed */
  if (!given)
    g_debug ("ModemManager did not take %s back: %s", self->found_device, error->message);
  if (given && self->enabled && self->found_equipment_id != NULL)
    self->enabler = mm_enabler_new (self->modems, self->clock, self->found_equipment_id, on_enabled, self);
  else
    finish_give (self);
}

void
claim_give_async (Claim *self, GAsyncReadyCallback callback, gpointer user_data)
{
  gboolean inhibited = self->hold == HOLD_INHIBITED && mm_modems_get_life (self->modems) == self->life;

  g_return_if_fail (self->take == NULL && self->give == NULL);

  g_clear_pointer (&self->guard, port_guard_free);
  self->hold = HOLD_NONE;
  self->give = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_task_data (self->give, self, NULL);
  if (inhibited) {
    set_state (self, CLAIM_RELEASING, "ModemManager is getting the modem back");
    port_source_give_async (self->source, on_given, g_object_ref (self->give));
    return;
  }
  port_source_forget (self->source);
  finish_give (self);
}

/* -- taking ------------------------------------------------------------------------------------------ */

static void
finish_cancelled (Claim *self)
{
  g_autoptr (GTask) task = steal_take (self);

  set_state (self, CLAIM_RELEASED, "%s", "");
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The port is no longer wanted");
}

static void
on_cancelled (Claim *self)
{
  if (!self->opening)
    finish_cancelled (self);
}

void
claim_take_async (Claim *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (self->take == NULL && self->give == NULL);

  self->take = g_task_new (NULL, cancellable, callback, user_data);
  if (cancellable != NULL)
    self->cancelled_id = g_signal_connect_swapped (cancellable, "cancelled", G_CALLBACK (on_cancelled), self);
  look (self);
}

SerialPort *
claim_take_finish (Claim *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* -- the object -------------------------------------------------------------------------------------- */

ClaimState
claim_get_state (Claim *self)
{
  return self->state;
}

const char *
claim_get_text (Claim *self)
{
  return self->text;
}

const char *
claim_get_modem_path (Claim *self)
{
  return self->modem_path;
}

ModuleRegistration
claim_get_registration (Claim *self)
{
  return self->registration;
}

int
claim_get_signal_dbm (Claim *self)
{
  return self->signal_dbm;
}

const char *
claim_get_device (Claim *self)
{
  return self->found_device;
}

Claim *
claim_new (const ClaimConfig *config, MmModems *modems, TimerClock *clock, const ClaimListener *listener,
           gpointer user_data)
{
  Claim *self = g_new0 (Claim, 1);

  self->mode = config->mode;
  self->device = g_strdup (config->port.device);
  self->equipment_id = g_strdup (config->equipment_id);
  self->port = config->port;
  self->port.device = self->device;
  self->modems = modems;
  self->clock = clock;
  self->listener = listener;
  self->listener_data = user_data;
  self->text = g_strdup ("");
  self->modem_path = g_strdup ("");
  self->found_device = g_strdup (self->device != NULL ? self->device : "");
  self->state = CLAIM_RELEASED;
  self->resumed = config->holder_path == NULL;
  self->source = port_source_new (config->holder_path, mm_modems_get_bus (modems), clock);
  self->changed_id = g_signal_connect_swapped (modems, "changed", G_CALLBACK (on_modems_changed), self);
  timer_init (&self->retry, clock, on_retry, self);
  return self;
}

void
claim_free (Claim *self)
{
  self->listener = NULL;
  g_signal_handler_disconnect (self->modems, self->changed_id);
  g_clear_pointer (&self->source, port_source_free);
  g_clear_pointer (&self->enabler, mm_enabler_free);
  g_clear_pointer (&self->guard, port_guard_free);
  if (self->take != NULL)
    finish_cancelled (self);
  if (self->give != NULL) {
    g_task_set_task_data (self->give, NULL, NULL);
    finish_give (self);
  }
  timer_dispose (&self->retry);
  g_free (self->device);
  g_free (self->equipment_id);
  g_free (self->text);
  g_free (self->modem_path);
  g_free (self->found_device);
  g_free (self->found_equipment_id);
  g_free (self->uid);
  g_free (self);
}
