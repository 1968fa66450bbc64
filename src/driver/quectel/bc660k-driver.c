/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The vtable of the driver, and the way of each URC to its slot.
 */
#include "bc660k-network.h"
#include "bc660k-private.h"

#include <string.h>

#include "bc660k-errand.h"
#include "bc660k-line.h"

#define MARGIN_MS 5000

static void
on_open_result (const AtEvent *event, gpointer user_data)
{
  Bc660kDriver *driver = user_data;
  guint slot;
  int result;

  if (event->kind == AT_EVENT_LINE && bc660k_reply_parse_result (event->line, "+QSSLOPEN:", &slot, &result))
    bc660k_slot_handle_open_result (driver->slots[slot], result);
}

static void
on_send_result (const AtEvent *event, gpointer user_data)
{
  Bc660kDriver *driver = user_data;
  guint slot;
  int result;

  if (event->kind == AT_EVENT_LINE && bc660k_reply_parse_result (event->line, "+QSSLSEND:", &slot, &result))
    bc660k_slot_handle_send_result (driver->slots[slot], result);
}

static void
on_close_result (const AtEvent *event, gpointer user_data)
{
  Bc660kDriver *driver = user_data;
  guint slot;
  int result;

  if (event->kind == AT_EVENT_LINE && bc660k_reply_parse_result (event->line, "+QSSLCLOSE:", &slot, &result))
    bc660k_slot_handle_close_result (driver->slots[slot], result);
}

static void
handle_hex (Bc660kDriver *driver, guint slot, const char *data, guint size)
{
  g_autoptr (GBytes) bytes = bc660k_reply_decode_hex (data, size);

  if (bytes != NULL)
    bc660k_slot_handle_received (driver->slots[slot], bytes);
  else
    bc660k_slot_handle_broken (driver->slots[slot]);
}

/** What was lost cannot be attributed: no open connection may go on. */
static void
handle_broken (Bc660kDriver *driver)
{
  bc660k_private_ref (driver);
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    bc660k_slot_handle_broken (driver->slots[i]);
  bc660k_private_unref (driver);
}

static void
on_urc (const AtEvent *event, gpointer user_data)
{
  Bc660kDriver *driver = user_data;
  guint slot, size;
  gsize header;

  if (event->kind == AT_EVENT_LINE && bc660k_reply_parse_closed (event->line, &slot))
    bc660k_slot_handle_closed (driver->slots[slot]);
  else if (event->kind == AT_EVENT_LINE && bc660k_line_is_sound (event->line, event->length, FALSE))
    return; /* of a newer firmware; no data is in it */
  else if (event->kind == AT_EVENT_BROKEN && event->payload != NULL
           && bc660k_line_is_banner_in (event->payload))
    bc660k_driver_handle_restart (driver);
  else if (event->kind == AT_EVENT_BROKEN || event->kind == AT_EVENT_OVERLONG
           || !bc660k_reply_parse_recv_header (event->line, &slot, &size, &header))
    handle_broken (driver);
  else if (event->kind == AT_EVENT_PAYLOAD)
    bc660k_slot_handle_received (driver->slots[slot], event->payload);
  else
    handle_hex (driver, slot, event->line + header, size);
}

static void
on_stray (const AtEvent *event, gpointer user_data)
{
  Bc660kDriver *driver = user_data;
  gboolean verbose = FALSE;

  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    verbose = verbose || bc660k_slot_is_verbose (driver->slots[i]);
  if (event->kind == AT_EVENT_OVERLONG || !bc660k_line_is_sound (event->line, event->length, verbose))
    handle_broken (driver);
}

/** Every connection ended: each slot's listener call may free the driver, so this holds it. */
static void
end_all (Bc660kDriver *driver, const GError *error)
{
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    bc660k_slot_end (driver->slots[i], error);
}

static void
on_restart_handled (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  /* Whether the echo is off does not matter to the channel; it only saves time. */
}

void
bc660k_driver_handle_restart (Bc660kDriver *driver)
{
  g_autoptr (GError) error = module_error_new (CLOSE_REASON_MODULE_RESTARTED, 0, "the module restarted");

  bc660k_private_ref (driver);
  driver->restarts++;
  driver->radio_off = FALSE;
  bc660k_network_forget (driver);
  /* First, since what is queued was meant for the module as it was. */
  at_channel_restart (driver->channel);
  bc660k_private_run_line (driver, "ATE0", NULL, on_restart_handled, NULL);
  end_all (driver, error);
  if (driver->parent.listener != NULL)
    driver->parent.listener->restarted (driver->parent.listener_data);
  bc660k_private_unref (driver);
}

static void
on_restart (const AtEvent *event, gpointer user_data)
{
  bc660k_driver_handle_restart (user_data);
}

void
bc660k_driver_handle_deep_sleep (Bc660kDriver *driver)
{
  g_autoptr (GError) error = module_error_new (CLOSE_REASON_DEEP_SLEEP, 0, "the module is in deep sleep");

  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    bc660k_slot_handle_deep_sleep (driver->slots[i], error);
}

static void
on_lost (const GError *at_error, gpointer user_data)
{
  Bc660kDriver *driver = bc660k_private_ref (user_data);
  g_autoptr (GError) error = module_error_new (CLOSE_REASON_MODULE_LOST, 0, "%s", at_error->message);

  driver->lost = TRUE;
  end_all (driver, error);
  if (driver->parent.listener != NULL)
    driver->parent.listener->lost (error, driver->parent.listener_data);
  bc660k_private_unref (driver);
}

/** `+QSSLURC: "recv"` in text format is the one thing that is counted (note 2.4.1); hex data is a line like
 * any other. */
static gssize
get_payload_size (const char *line, gsize length, gpointer user_data)
{
  Bc660kDriver *driver = user_data;
  guint slot, size;
  gsize header;

  if (!bc660k_reply_parse_recv_header (line, &slot, &size, &header) || header != length)
    return 0;
  if (bc660k_slot_get_receive_format (driver->slots[slot]) == DATA_FORMAT_HEX)
    return 0;
  return size >= 1 && size <= BC660K_RECEIVE_MAX_BYTES ? (gssize) size : -1;
}

/** Lines whose beginning says that they hold neither payload nor secret. */
static const char *const harmless[] = {
  "+CCLK:",    "+CESQ:",      "+CGATT:",     "+CGPADDR:",  "+CPSMS:",   "AT+CCLK",        "AT+CEREG",
  "AT+CESQ",   "AT+CGATT?",   "AT+CGPADDR=", "AT+CPIN?",   "AT+CPSMS?", "AT+QNBIOTEVENT", "+CEREG:",
  "+CFUN:",    "+CGSN:",      "+CME ERROR",  "+CPIN:",     "+IP:",      "+QNBIOTEVENT:",  "+QSCLK:",
  "+QSSLCFG:", "+QSSLCLOSE:", "+QSSLOPEN:",  "+QSSLSEND:", "AT+CFUN=",  "AT+CGSN=",       "AT+QRST=",
  "AT+QSCLK",  "AT+QSSL",     "F1: 0000",    "Quectel_",   "Revision:",
};

/** Lines that are harmless when nothing else stands in them; two such letters may well begin a line of a key.
 */
static const char *const harmless_alone[] = { "AT", "ATE0", "ATI", "ERROR", "OK", "RDY" };

/** Of any other line, data that lost its frame or an echoed key perhaps, nothing is shown. */
static gsize
get_visible_length (const char *line, gsize length, gpointer user_data)
{
  guint slot, size;
  gsize header;

  if (bc660k_reply_parse_recv_header (line, &slot, &size, &header))
    return header;
  if (bc660k_reply_parse_closed (line, &slot))
    return length;
  for (guint i = 0; i < G_N_ELEMENTS (harmless); i++) {
    if (g_str_has_prefix (line, harmless[i]))
      return length;
  }
  for (guint i = 0; i < G_N_ELEMENTS (harmless_alone); i++) {
    if (strcmp (line, harmless_alone[i]) == 0)
      return length;
  }
  return 0;
}

static const AtFraming framing = { get_payload_size, get_visible_length };

static void
driver_open_async (ModuleDriver *base, guint slot, const ModuleOpenRequest *request, GTask *task)
{
  bc660k_slot_open (((Bc660kDriver *) base)->slots[slot], request, task);
}

static void
driver_send_async (ModuleDriver *base, guint slot, GBytes *data, GTask *task)
{
  bc660k_slot_send (((Bc660kDriver *) base)->slots[slot], data, task);
}

static void
driver_leave (ModuleDriver *base)
{
  Bc660kDriver *driver = (Bc660kDriver *) base;

  driver->left = TRUE;
  serial_port_leave (at_channel_get_port (driver->channel));
}

/** Not before: until the port is closed a command that waits may be written, and must be noted. */
static void
leave_records (Bc660kDriver *driver)
{
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    bc660k_record_leave (bc660k_slot_get_record (driver->slots[i]));
}

static gboolean
driver_adopt (ModuleDriver *base, guint slot, const ModuleAdoption *adoption, GAsyncReadyCallback callback,
              gpointer user_data, GError **error)
{
  return bc660k_slot_adopt (((Bc660kDriver *) base)->slots[slot], adoption, callback, user_data, error);
}

static void
on_read (gpointer user_data)
{
  bc660k_record_catch_up (user_data);
}

static void
driver_close_async (ModuleDriver *base, guint slot, GTask *task)
{
  bc660k_slot_close (((Bc660kDriver *) base)->slots[slot], task);
}

static guint
driver_get_sleep_locks (ModuleDriver *base)
{
  return ((Bc660kDriver *) base)->sleep.locks;
}

/** The last command of all has been answered: everything that was queued before it is done. */
static void
on_stopped (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (driver->channel != NULL && (driver->sleep.restoring || (driver->radio_off && error == NULL)))
    bc660k_private_run_line (driver, "AT", NULL, on_stopped, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

static void stop_next_slot (Bc660kDriver *driver, GTask *task, guint slot);

typedef struct {
  Bc660kDriver *driver;
  GTask *task;
  guint slot;
} Stop;

static void
on_slot_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Stop *stop = user_data;

  stop_next_slot (stop->driver, stop->task, stop->slot + 1);
  bc660k_private_unref (stop->driver);
}

static void
stop_next_slot (Bc660kDriver *driver, GTask *task, guint slot)
{
  Stop *stop;

  if (slot == MODULE_SLOTS_MAX) {
    bc660k_network_restore (driver);
    bc660k_sleep_restore (driver);
    bc660k_private_run_line (driver, "AT", NULL, on_stopped, task);
    return;
  }
  stop = g_new (Stop, 1);
  *stop = (Stop){ bc660k_private_ref (driver), task, slot };
  bc660k_slot_close (driver->slots[slot], g_task_new (NULL, NULL, on_slot_stopped, stop));
}

static void
driver_stop_async (ModuleDriver *base, GTask *task)
{
  stop_next_slot ((Bc660kDriver *) base, task, 0);
}

static void
driver_free (ModuleDriver *base)
{
  Bc660kDriver *driver = (Bc660kDriver *) base;
  g_autoptr (GError) error = module_error_new (CLOSE_REASON_MODULE_LOST, 0, "the port was closed");
  AtChannel *channel = g_steal_pointer (&driver->channel);

  if (driver->left)
    leave_records (driver);
  end_all (driver, error);
  at_channel_free (channel);
  bc660k_private_unref (driver);
}

static const ModuleDriverClass bc660k_class = {
  .free = driver_free,
  .leave = driver_leave,
  .adopt = driver_adopt,
  .start_async = bc660k_start_async,
  .open_async = driver_open_async,
  .send_async = driver_send_async,
  .close_async = driver_close_async,
  .erase_credential_async = bc660k_setup_erase_async,
  .reset_async = bc660k_recovery_reset_async,
  .check_async = bc660k_network_check_async,
  .tell_network = bc660k_network_tell,
  .check_command = bc660k_errand_check,
  .run_command_async = bc660k_errand_run_async,
  .stop_async = driver_stop_async,
  .get_sleep_locks = driver_get_sleep_locks,
};

ModuleDriver *
bc660k_driver_new (SerialPort *port, const Bc660kConfig *config)
{
  Bc660kDriver *driver = g_new0 (Bc660kDriver, 1);
  const AtTiming *timing = config->timing != NULL ? config->timing : &at_timing_default;

  driver->parent.klass = &bc660k_class;
  driver->ref_count = 1;
  driver->prompt_delay_ms = config->prompt_delay_ms;
  driver->get_real_time_us = config->get_real_time_us != NULL ? config->get_real_time_us : g_get_real_time;
  driver->margin_ms = config->margin_ms != 0 ? config->margin_ms : MARGIN_MS;
  driver->channel = at_channel_new (port, &framing, driver, timing, config->name, config->trace);
  for (guint i = 0; i < MODULE_SLOTS_MAX; i++)
    driver->slots[i] = bc660k_slot_new (driver, i);
  at_channel_set_lost_func (driver->channel, on_lost, driver);
  at_channel_set_stray_func (driver->channel, on_stray, driver);
  at_channel_set_read_func (driver->channel, on_read, driver);
  at_channel_add_urc (driver->channel, BC660K_URC_PREFIX, on_urc, driver);
  at_channel_add_urc (driver->channel, "+QSSLSEND:", on_send_result, driver);
  at_channel_add_urc (driver->channel, "+QSSLOPEN:", on_open_result, driver);
  at_channel_add_urc (driver->channel, "+QSSLCLOSE:", on_close_result, driver);
  bc660k_network_forget (driver);
  bc660k_network_listen (driver);
  at_channel_add_urc (driver->channel, "RDY", on_restart, driver);
  at_channel_add_urc (driver->channel, "F1: 0000", on_restart, driver);
  return &driver->parent;
}
