/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings: what is wanted, what a line says, what differs, and the commands.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bc660k-settings.h"

static const struct {
  const char *line;
  int key; /* -1: not understood */
  int value;
  int receive_format;
} lines[] = {
  { "+QSSLCFG: 0,0,\"seclevel\",2", BC660K_KEY_SECLEVEL, 2, 0 },
  { "+QSSLCFG: 0,0,\"sslversion\",4", BC660K_KEY_SSLVERSION, 4, 0 },
  { "+QSSLCFG: 0,0,\"ssIversion\",3", BC660K_KEY_SSLVERSION, 3, 0 },
  { "+QSSLCFG: 0,0,\"dataformat\",1,0", BC660K_KEY_DATAFORMAT, 1, 0 },
  { "+QSSLCFG: 0,0,\"dataformat\",0,1", BC660K_KEY_DATAFORMAT, 0, 1 },
  { "+QSSLCFG: 0,0,\"timeout\",300", BC660K_KEY_TIMEOUT, 300, 0 },
  { "+QSSLCFG: 0,0,\"debug\",4", BC660K_KEY_DEBUG, 4, 0 },
  { "+QSSLCFG: 0,0,\"dtls\",0", BC660K_KEY_DTLS, 0, 0 },
  { "+QSSLCFG: 0,0,\"cacert\",1216", BC660K_KEY_CACERT, 1216, 0 },
  { "+QSSLCFG: 0,0,\"clientcert\",0", BC660K_KEY_CLIENTCERT, 0, 0 },
  { "+QSSLCFG: 0,0,\"clientkey\",1679", BC660K_KEY_CLIENTKEY, 1679, 0 },
  { "+QSSLCFG: 0,1,\"seclevel\",2", -1, 0, 0 },
  { "+QSSLCFG: 1,0,\"seclevel\",2", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"seclevel\"", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"seclevel\",", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"seclevel\",2,3", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"seclevel\",-1", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"seclevel\",\"2\"", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"seclevel\",2x", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"seclevel\",99999999999", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"dataformat\",1", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"dataformat\",1,0,0", -1, 0, 0 },
  { "+QSSLCFG: 0,0,\"unknown\",2", -1, 0, 0 },
  { "+QSSLCFG: 0,0,seclevel,2", -1, 0, 0 },
  { "+QSSLCFG: (0-10),(0-4),\"seclevel\",(0-2)", -1, 0, 0 },
  { "+QSSLCFG:", -1, 0, 0 },
  { "OK", -1, 0, 0 },
};

START_TEST (parse)
{
  Bc660kSettings settings = { 0 };
  gboolean understood = bc660k_settings_parse (&settings, 0, lines[_i].line);

  ck_assert_msg (understood == (lines[_i].key >= 0), "%s", lines[_i].line);
  ck_assert_uint_eq (settings.known, understood ? 1u << lines[_i].key : 0);
  if (!understood)
    return;
  ck_assert_int_eq (settings.value[lines[_i].key], lines[_i].value);
  ck_assert_int_eq (settings.receive_format, lines[_i].receive_format);
}
END_TEST

static ModuleOpenRequest
make_request (void)
{
  return (ModuleOpenRequest){
    .host = "example.org",
    .port = 443,
    .settings = { .tls_version = TLS_VERSION_1_2,
                  .authentication = TLS_AUTHENTICATION_MUTUAL,
                  .send_format = DATA_FORMAT_HEX,
                  .receive_format = DATA_FORMAT_TEXT,
                  .timeout_s = 120,
                  .module_debug = 3 },
  };
}

START_TEST (what_a_request_wants)
{
  static const int levels[] = { 0, 1, 2 }, versions[] = { 1, 2, 3, 4 };
  static const Bc660kKey keys[] = { BC660K_KEY_SECLEVEL, BC660K_KEY_SSLVERSION, BC660K_KEY_DATAFORMAT,
                                    BC660K_KEY_TIMEOUT,  BC660K_KEY_DEBUG,      BC660K_KEY_DTLS,
                                    BC660K_KEY_CLIENTKEY };
  ModuleOpenRequest request = make_request ();
  g_autoptr (GBytes) pem = g_bytes_new_static ("12345", 5);
  Bc660kSettings settings;

  request.credentials[MODULE_CREDENTIAL_CLIENT_KEY].pem = pem;
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    request.settings.tls_version = i;
    request.settings.authentication = i % 3;
    bc660k_settings_init_wanted (&settings, &request);
    ck_assert_int_eq (settings.value[BC660K_KEY_SSLVERSION], versions[i]);
    ck_assert_int_eq (settings.value[BC660K_KEY_SECLEVEL], levels[i % 3]);
  }
  ck_assert_int_eq (settings.value[BC660K_KEY_DATAFORMAT], 1);
  ck_assert_int_eq (settings.receive_format, 0);
  ck_assert_int_eq (settings.value[BC660K_KEY_TIMEOUT], 120);
  ck_assert_int_eq (settings.value[BC660K_KEY_DEBUG], 3);
  ck_assert_int_eq (settings.value[BC660K_KEY_DTLS], 0);
  ck_assert_int_eq (settings.value[BC660K_KEY_CLIENTKEY], 5);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    ck_assert_uint_ne (settings.known & 1u << keys[i], 0);
  ck_assert_uint_eq (settings.known & (1u << BC660K_KEY_CACERT | 1u << BC660K_KEY_CLIENTCERT), 0);
}
END_TEST

START_TEST (what_a_dtls_request_wants)
{
  static const int versions[] = {
    [DTLS_VERSION_1_0] = 0, [DTLS_VERSION_1_2] = 1, [DTLS_VERSION_NEGOTIATE] = 2
  };

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    ModuleOpenRequest request = make_request ();
    Bc660kSettings settings;

    request.settings.protocol = TLS_PROTOCOL_DTLS;
    request.settings.dtls_version = i;
    bc660k_settings_init_wanted (&settings, &request);
    ck_assert_int_eq (settings.value[BC660K_KEY_DTLS], 1);
    ck_assert_int_eq (settings.value[BC660K_KEY_DTLSVERSION], versions[i]);
    ck_assert_int_eq (settings.value[BC660K_KEY_SECLEVEL], 2);
    ck_assert_uint_eq (settings.known & (1u << BC660K_KEY_SSLVERSION | 1u << BC660K_KEY_TIMEOUT), 0);
  }
}
END_TEST

START_TEST (compare)
{
  ModuleOpenRequest request = make_request ();
  Bc660kSettings wanted, actual;

  bc660k_settings_init_wanted (&wanted, &request);
  actual = wanted;
  ck_assert_uint_eq (bc660k_settings_compare (&wanted, &actual), 0);
  actual.value[BC660K_KEY_SECLEVEL] = 0;
  ck_assert_uint_eq (bc660k_settings_compare (&wanted, &actual), 1u << BC660K_KEY_SECLEVEL);
  actual = wanted;
  actual.known &= ~(1u << BC660K_KEY_SECLEVEL);
  ck_assert_uint_eq (bc660k_settings_compare (&wanted, &actual), 1u << BC660K_KEY_SECLEVEL);
  actual = wanted;
  actual.receive_format = 1;
  ck_assert_uint_eq (bc660k_settings_compare (&wanted, &actual), 1u << BC660K_KEY_DATAFORMAT);
  actual = wanted;
  actual.known |= 1u << BC660K_KEY_CACERT; /* not asked for: no matter */
  ck_assert_uint_eq (bc660k_settings_compare (&wanted, &actual), 0);
}
END_TEST

static void
check_line (AtCommand *owned, const char *line)
{
  g_autoptr (AtCommand) command = owned;

  ck_assert_str_eq (command->line->str, line);
  ck_assert_str_eq (command->response, "+QSSLCFG:");
}

START_TEST (commands)
{
  ModuleOpenRequest request = make_request ();
  g_autoptr (GBytes) pem = g_bytes_new_static ("12345", 5);
  g_autoptr (AtCommand) upload =
      bc660k_settings_new_upload (0, MODULE_CREDENTIAL_CLIENT_CERTIFICATE, pem, 70);
  Bc660kSettings settings;

  bc660k_settings_init_wanted (&settings, &request);
  check_line (bc660k_settings_new_query_all (3), "AT+QSSLCFG=0,3");
  check_line (bc660k_settings_new_query (0, BC660K_KEY_DTLS), "AT+QSSLCFG=0,0,\"dtls\"");
  check_line (bc660k_settings_new_write (0, BC660K_KEY_SECLEVEL, &settings), "AT+QSSLCFG=0,0,\"seclevel\",2");
  check_line (bc660k_settings_new_write (0, BC660K_KEY_DATAFORMAT, &settings),
              "AT+QSSLCFG=0,0,\"dataformat\",1,0");
  ck_assert_str_eq (upload->line->str, "AT+QSSLCFG=0,0,\"clientcert\"");
  ck_assert_int_eq (upload->data_mode, AT_DATA_CTRL_Z);
  ck_assert_uint_eq (upload->data_delay_ms, 70);
}
END_TEST

START_TEST (names)
{
  ck_assert_str_eq (bc660k_settings_get_key_name (BC660K_KEY_SECLEVEL), "seclevel");
  ck_assert_int_eq (bc660k_settings_get_credential_key (MODULE_CREDENTIAL_CA), BC660K_KEY_CACERT);
  ck_assert_int_eq (bc660k_settings_get_credential_key (MODULE_CREDENTIAL_CLIENT_CERTIFICATE),
                    BC660K_KEY_CLIENTCERT);
  ck_assert_int_eq (bc660k_settings_get_credential_key (MODULE_CREDENTIAL_CLIENT_KEY), BC660K_KEY_CLIENTKEY);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-settings");
  TCase *tcase = tcase_create ("bc660k-settings");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, parse, 0, G_N_ELEMENTS (lines));
  tcase_add_test (tcase, what_a_request_wants);
  tcase_add_test (tcase, what_a_dtls_request_wants);
  tcase_add_test (tcase, compare);
  tcase_add_test (tcase, commands);
  tcase_add_test (tcase, names);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
