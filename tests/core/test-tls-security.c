/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which settings are called what.
 */
#include <check.h>
#include <stdlib.h>

#include "tls-security.h"

typedef struct {
  TlsSettings settings;
  const char *facts;
  guint n_warnings;
} Case;

static const Case cases[] = {
  { { .tls_version = TLS_VERSION_1_2, .authentication = TLS_AUTHENTICATION_MUTUAL },
    "{'protocol': <'tls'>, 'version': <'1.2'>, 'chain-verified': <true>, 'host-name-verified': <false>, "
    "'client-authenticated': <true>, 'forward-secrecy': <false>}",
    0 },
  { { .tls_version = TLS_VERSION_NEGOTIATE, .authentication = TLS_AUTHENTICATION_SERVER },
    "{'protocol': <'tls'>, 'version': <'negotiate'>, 'chain-verified': <true>, 'host-name-verified': "
    "<false>, "
    "'client-authenticated': <false>, 'forward-secrecy': <false>}",
    1 },
  { { .protocol = TLS_PROTOCOL_DTLS,
      .dtls_version = DTLS_VERSION_1_2,
      .authentication = TLS_AUTHENTICATION_SERVER },
    "{'protocol': <'dtls'>, 'version': <'1.2'>, 'chain-verified': <true>, 'host-name-verified': <false>, "
    "'client-authenticated': <false>, 'forward-secrecy': <false>}",
    0 },
  { { .protocol = TLS_PROTOCOL_DTLS, .dtls_version = DTLS_VERSION_1_0, .tls_version = TLS_VERSION_1_2 },
    "{'protocol': <'dtls'>, 'version': <'1.0'>, 'chain-verified': <false>, 'host-name-verified': <false>, "
    "'client-authenticated': <false>, 'forward-secrecy': <false>}",
    2 },
};

START_TEST (facts_and_warnings)
{
  const Case *c = &cases[_i];
  g_autoptr (GVariant) facts = g_variant_ref_sink (tls_security_describe (&c->settings));
  g_autofree char *text = g_variant_print (facts, FALSE);
  g_auto (GStrv) warnings = tls_security_get_warnings (&c->settings);

  ck_assert_str_eq (text, c->facts);
  ck_assert_uint_eq (g_strv_length (warnings), c->n_warnings);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("tls-security");
  TCase *tcase = tcase_create ("all");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_add_loop_test (tcase, facts_and_warnings, 0, G_N_ELEMENTS (cases));
  suite_add_tcase (suite, tcase);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
