/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The listener, the log, and the parts that scripts are made of.
 */
#include "driver-fixture.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

DriverFixture driver_fixture;

const DriverFixtureList driver_fixture_defaults = { 0, 4, 0, 0, 90, 0, 0, 0, 0, 0 };

static const AtTiming timing = { 400, 3, 10, 250, 100000 };

#define add_entry driver_fixture_add_entry

void
driver_fixture_add_entry (const char *format, ...)
{
  g_autofree char *entry = NULL;
  va_list args;

  va_start (args, format);
  entry = g_strdup_vprintf (format, args);
  va_end (args);
  g_string_append_printf (driver_fixture.log, "%s;", entry);
  driver_fixture.entries++;
  if (driver_fixture.open_at != NULL && g_str_has_prefix (entry, driver_fixture.open_at)) {
    driver_fixture.open_at = NULL;
    driver_fixture_open ();
  }
  if (driver_fixture.free_at != NULL && g_str_has_prefix (entry, driver_fixture.free_at))
    g_clear_pointer (&driver_fixture.driver, module_driver_free);
}

static void
on_connecting (guint slot, gpointer user_data)
{
  add_entry ("connecting");
}

static void
on_received (guint slot, GBytes *data, gpointer user_data)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (data, NULL), g_bytes_get_size (data));

  driver_fixture.received++;
  add_entry ("received %s", text);
  ck_assert_mem_eq (g_bytes_get_data (data, NULL), text, strlen (text));
}

static void
on_closed (guint slot, const GError *error, gpointer user_data)
{
  ck_assert (error->domain == MODULE_ERROR);
  add_entry ("closed %s %d", close_reason_get_name (error->code), module_error_get_result (error));
}

static void
on_credential_changed (ModuleCredentialPart part, gboolean known, gpointer user_data)
{
  add_entry ("credential %d %s", (int) part, known ? "known" : "unknown");
}

static void
on_status_changed (gpointer user_data)
{
  driver_fixture.status_changes++;
}

static void
on_restarted (gpointer user_data)
{
  add_entry ("restarted");
}

static void
on_lost (const GError *error, gpointer user_data)
{
  ck_assert (g_error_matches (error, MODULE_ERROR, CLOSE_REASON_MODULE_LOST));
  add_entry ("lost");
}

static const ModuleDriverListener listener = {
  on_connecting, on_received, on_closed, on_credential_changed, on_status_changed, on_restarted, on_lost,
};

/** 2026-11-22 21:00:00 UTC, unless the test says otherwise. */
static gint64
get_real_time_us (void)
{
  return driver_fixture.unix_s * G_USEC_PER_SEC;
}

static void
make_driver (SerialPort *port)
{
  const Bc660kConfig config = {
    "one", 0, &timing, driver_fixture.trace, .margin_ms = 300, .get_real_time_us = get_real_time_us
  };

  driver_fixture.driver = bc660k_driver_new (port, &config);
  module_driver_set_listener (driver_fixture.driver, &listener, NULL);
}

void
driver_fixture_make_kept (const SerialPortHistory *history, const char *log, const char *const *unsaid)
{
  int fd;

  module_driver_free (driver_fixture.driver);
  scripted_module_free (driver_fixture.module);
  driver_fixture.module = scripted_module_new (&fd);
  make_driver (kept_port_new (fd, history, log, unsaid, &driver_fixture.kept));
}

void
driver_fixture_set_up (void)
{
  DriverFixture *self = &driver_fixture;
  int fd;

  *self = (DriverFixture){ 0 };
  fd = g_file_open_tmp ("modemssl-trace-XXXXXX", &self->trace_path, NULL);
  ck_assert_int_ge (fd, 0);
  close (fd);
  self->trace = at_trace_open (self->trace_path, NULL);
  ck_assert_ptr_nonnull (self->trace);
  self->log = g_string_new (NULL);
  self->module = scripted_module_new (&fd);
  make_driver (serial_port_new_for_fd (fd, 921600));
  self->unix_s = DRIVER_FIXTURE_NOW_S;
  self->request.host = "example.org";
  self->request.port = 8883;
  self->request.settings = (TlsSettings){ .tls_version = TLS_VERSION_NEGOTIATE, .timeout_s = 90 };
}

static void
check_trace (void)
{
  g_autofree char *text = NULL;

  ck_assert (g_file_get_contents (driver_fixture.trace_path, &text, NULL, NULL));
  ck_assert_ptr_null (strstr (text, "SECRET"));
  g_unlink (driver_fixture.trace_path);
}

void
driver_fixture_tear_down (void)
{
  DriverFixture *self = &driver_fixture;

  self->free_at = NULL;
  g_clear_pointer (&self->driver, module_driver_free);
  scripted_module_run_what_is_ready ();
  g_clear_pointer (&self->kept, kept_port_unref);
  ck_assert_uint_eq (self->tasks, 0);
  at_trace_unref (self->trace);
  check_trace ();
  scripted_module_free (self->module);
  g_free (self->trace_path);
  g_string_free (self->log, TRUE);
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++)
    g_clear_pointer (&self->request.credentials[part].pem, g_bytes_unref);
}

void
driver_fixture_ask_for_mutual (gboolean in_module)
{
  static const char *const pems[] = { CA_PEM, CERT_PEM, KEY_PEM };

  driver_fixture.request.settings.authentication = TLS_AUTHENTICATION_MUTUAL;
  for (guint part = 0; part < MODULE_CREDENTIAL_PARTS; part++) {
    driver_fixture.request.credentials[part].pem = g_bytes_new_static (pems[part], strlen (pems[part]));
    driver_fixture.request.credentials[part].in_module = in_module;
  }
}

void
driver_fixture_expect (const char *line, const char *answer)
{
  scripted_module_command (driver_fixture.module, line, answer);
}

void
driver_fixture_say (const char *text)
{
  scripted_module_answer (driver_fixture.module, text);
}

void
driver_fixture_script_probe (void)
{
  scripted_module_expect (driver_fixture.module, "\x1b\rAT\r");
  driver_fixture_say (OK);
}

void
driver_fixture_script_identity (void)
{
  driver_fixture_expect ("ATE0", "OK");
  driver_fixture_expect ("ATI", "Quectel_Ltd\r\nQuectel_BC660K-GL\r\nRevision: BC660KGLAAR01A05\r\n\r\nOK");
  driver_fixture_expect ("AT+CGSN=1", "+CGSN: \"866123456789012\"\r\n\r\nOK");
}

void
driver_fixture_script_steps (void)
{
  driver_fixture_script_probe ();
  driver_fixture_script_identity ();
  driver_fixture_expect ("AT+QSSLCFG=?", "+QSSLCFG: (0-10),(0-4),\"seclevel\",(0-2)\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLOPEN=?", "+QSSLOPEN: (0),(0),<host_name>,(1-65535),(0)\r\n\r\nOK");
  driver_fixture_expect ("AT+QSSLSEND=?", "+QSSLSEND: (0),(0),(1-1024)\r\n\r\nOK");
}

void
driver_fixture_script_start (void)
{
  driver_fixture_script_steps ();
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "ERROR");
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gboolean succeeded = g_task_propagate_boolean (G_TASK (result), &error);

  ck_assert_int_ne (succeeded, error != NULL);
  driver_fixture.tasks--;
  if (succeeded) {
    add_entry ("%s", (const char *) user_data);
    return;
  }
  ck_assert (error->domain == MODULE_ERROR);
  add_entry ("%s failed %s %d", (const char *) user_data, close_reason_get_name (error->code),
             module_error_get_result (error));
}

void
driver_fixture_begin_start (void)
{
  driver_fixture.tasks++;
  module_driver_start_async (driver_fixture.driver, on_done, (gpointer) "start");
}

void
driver_fixture_start (void)
{
  driver_fixture_script_start ();
  driver_fixture_begin_start ();
  driver_fixture_check ("start;");
}

void
driver_fixture_script_list (const DriverFixtureList *list)
{
  g_autofree char *text = g_strdup_printf (
      "+QSSLCFG: 0,0,\"seclevel\",%d\r\n+QSSLCFG: 0,0,\"sslversion\",%d\r\n"
      "+QSSLCFG: 0,0,\"dataformat\",%d,%d\r\n+QSSLCFG: 0,0,\"timeout\",%d\r\n"
      "+QSSLCFG: 0,0,\"debug\",%d\r\n+QSSLCFG: 0,0,\"cacert\",%d\r\n+QSSLCFG: 0,0,\"clientcert\",%d\r\n"
      "+QSSLCFG: 0,0,\"clientkey\",%d\r\n+QSSLCFG: 0,0,\"dtls\",%d\r\n+QSSLCFG: "
      "0,0,\"dtlsversion\",2\r\n\r\nOK",
      list->seclevel, list->sslversion, list->send_format, list->receive_format, list->timeout, list->debug,
      list->ca, list->cert, list->key, list->dtls);

  driver_fixture_expect ("AT+QSSLCFG=0,0", text);
}

void
driver_fixture_script_upload (const char *key, const char *pem, int length)
{
  g_autofree char *line = g_strdup_printf ("AT+QSSLCFG=0,0,\"%s\"\r", key);
  g_autofree char *data = g_strconcat (pem, "\x1a", NULL);
  g_autofree char *answer = g_strdup_printf ("\r\n+QSSLCFG: 0,0,\"%s\",%d\r\n\r\nOK\r\n", key, length);

  scripted_module_expect (driver_fixture.module, line);
  driver_fixture_say ("\r\n> ");
  scripted_module_expect (driver_fixture.module, data);
  driver_fixture_say (length >= 0 ? answer : "\r\nERROR\r\n");
}

void
driver_fixture_script_awake (void)
{
  driver_fixture_expect ("AT+QSCLK?", "+QSCLK: 1\r\n\r\nOK");
  driver_fixture_expect ("AT+QSCLK=0", "OK");
}

void
driver_fixture_script_open (void)
{
  driver_fixture_script_awake ();
  driver_fixture_script_list (&driver_fixture_defaults);
  driver_fixture_expect ("AT+QSSLOPEN=0,0,\"example.org\",8883,0", "OK");
}

void
driver_fixture_connect (void)
{
  driver_fixture_start ();
  driver_fixture_script_open ();
  driver_fixture_say ("\r\n+QSSLOPEN: 0,0,0\r\n");
  driver_fixture_open ();
  driver_fixture_check ("connecting;open;");
}

void
driver_fixture_script_send (const char *data, const char *answer)
{
  g_autofree char *line = g_strdup_printf ("AT+QSSLSEND=0,0,%d\r", (int) strlen (data));

  scripted_module_expect (driver_fixture.module, line);
  driver_fixture_say ("\r\n> ");
  scripted_module_expect (driver_fixture.module, data);
  driver_fixture_say (answer);
}

void
driver_fixture_script_close (void)
{
  driver_fixture_expect ("AT+QSSLCLOSE=0,0", "OK\r\n\r\n+QSSLCLOSE: 0,0,0");
  driver_fixture_script_asleep ();
}

void
driver_fixture_script_asleep (void)
{
  driver_fixture_expect ("AT+QSCLK=1", "OK");
}

void
driver_fixture_open (void)
{
  driver_fixture.tasks++;
  module_driver_open_async (driver_fixture.driver, 0, &driver_fixture.request, on_done, (gpointer) "open");
}

void
driver_fixture_send (const char *data)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, strlen (data));

  driver_fixture.tasks++;
  module_driver_send_async (driver_fixture.driver, 0, bytes, on_done, (gpointer) "send");
}

void
driver_fixture_close (void)
{
  driver_fixture.tasks++;
  module_driver_close_async (driver_fixture.driver, 0, on_done, (gpointer) "close");
}

void
driver_fixture_erase (ModuleCredentialPart part)
{
  driver_fixture.tasks++;
  module_driver_erase_credential_async (driver_fixture.driver, part, on_done, (gpointer) "erase");
}

void
driver_fixture_reset (ModuleReset reset)
{
  driver_fixture.tasks++;
  module_driver_reset_async (driver_fixture.driver, reset, on_done, (gpointer) "reset");
}

void
driver_fixture_check_network (gboolean compare_clock)
{
  driver_fixture.tasks++;
  module_driver_check_async (driver_fixture.driver, compare_clock, on_done, (gpointer) "check");
}

void
driver_fixture_stop (void)
{
  driver_fixture.tasks++;
  module_driver_stop_async (driver_fixture.driver, on_done, (gpointer) "stop");
}

void
driver_fixture_wait (guint entries)
{
  scripted_module_run_until (driver_fixture.module, &driver_fixture.entries, entries);
}

void
driver_fixture_check (const char *log)
{
  guint wanted = 0;

  for (const char *at = log; *at != '\0'; at++)
    wanted += *at == ';';
  driver_fixture_wait (wanted);
  scripted_module_run (driver_fixture.module);
  scripted_module_run_what_is_ready ();
  ck_assert_str_eq (driver_fixture.log->str, log);
  ck_assert_uint_eq (driver_fixture.tasks, 0);
  g_string_truncate (driver_fixture.log, 0);
  driver_fixture.entries = 0;
}
