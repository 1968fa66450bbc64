/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parsers of replies, by tables with what they must refuse.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bc660k-reply.h"

static const struct {
  const char *line;
  gboolean understood;
  guint slot;
  int result;
} results[] = {
  { "+QSSLOPEN: 0,0,0", TRUE, 0, 0 },
  { "+QSSLOPEN: 0,0,-7", TRUE, 0, -7 },
  { "+QSSLOPEN: 0,3,-42", TRUE, 3, -42 },
  { "+QSSLOPEN:0,0,0", TRUE, 0, 0 },
  { "+QSSLOPEN: 0, 0, -2", TRUE, 0, -2 },
  { "+QSSLOPEN: 0,0", FALSE, 0, 0 },
  { "+QSSLOPEN: 0,0,", FALSE, 0, 0 },
  { "+QSSLOPEN: 0,0,0,0", FALSE, 0, 0 },
  { "+QSSLOPEN: 0,0,0x", FALSE, 0, 0 },
  { "+QSSLOPEN: 0,0,99999999999", FALSE, 0, 0 },
  { "+QSSLOPEN: 0,8,0", FALSE, 0, 0 },
  { "+QSSLOPEN: 0,-1,0", FALSE, 0, 0 },
  { "+QSSLOPEN: 1,0,0", FALSE, 0, 0 },
  { "+QSSLOPEN: -2", FALSE, 0, 0 },
  { "+QSSLOPEN: (0-10),(0-4),<host_name>", FALSE, 0, 0 },
  { "+QSSLOPEN:", FALSE, 0, 0 },
  { "+QSSLSEND: 0,0,0", FALSE, 0, 0 },
  { "", FALSE, 0, 0 },
};

START_TEST (bug_09_a_result_has_three_fields)
{
  guint slot = 99;
  int result = 99;
  gboolean understood = bc660k_reply_parse_result (results[_i].line, "+QSSLOPEN:", &slot, &result);

  ck_assert_msg (understood == results[_i].understood, "%s", results[_i].line);
  ck_assert_uint_eq (slot, understood ? results[_i].slot : 99);
  ck_assert_int_eq (result, understood ? results[_i].result : 99);
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
} closed[] = {
  { "+QSSLURC: \"closed\",0,0", TRUE },  { "+QSSLURC: \"closed\",0,7", TRUE },
  { "+QSSLURC: \"closed\",0", FALSE },   { "+QSSLURC: \"closed\",0,0,1", FALSE },
  { "+QSSLURC: \"closed\",1,0", FALSE }, { "+QSSLURC: \"closed\"", FALSE },
  { "+QSSLURC: closed,0,0", FALSE },     { "+QSSLURC: \"recv\",0,0,1,\"a\"", FALSE },
  { "+QSSLURC: \"pdpdeact\",0", FALSE }, { "+QSSLURC:", FALSE },
};

START_TEST (closed_urc)
{
  guint slot = 99;

  ck_assert_msg (bc660k_reply_parse_closed (closed[_i].line, &slot) == closed[_i].understood, "%s",
                 closed[_i].line);
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
  guint slot, size;
  gsize header;
} headers[] = {
  { "+QSSLURC: \"recv\",0,0,10,", TRUE, 0, 10, 24 },
  { "+QSSLURC: \"recv\",0,2,1400,\"abc", TRUE, 2, 1400, 26 },
  { "+QSSLURC: \"recv\",0,0,0,", TRUE, 0, 0, 23 },
  { "+QSSLURC: \"recv\",0,0,99999,", TRUE, 0, 99999, 27 },
  { "+QSSLURC: \"recv\",0,0,-1,", FALSE, 0, 0, 0 },
  { "+QSSLURC: \"recv\",0,0,99999999999,", FALSE, 0, 0, 0 },
  { "+QSSLURC: \"recv\",0,0,10", FALSE, 0, 0, 0 },
  { "+QSSLURC: \"recv\",0,0,", FALSE, 0, 0, 0 },
  { "+QSSLURC: \"recv\",0,", FALSE, 0, 0, 0 },
  { "+QSSLURC: \"recv\",1,0,10,", FALSE, 0, 0, 0 },
  { "+QSSLURC: \"recv\",0,9,10,", FALSE, 0, 0, 0 },
  { "+QSSLURC: \"closed\",0,0,", FALSE, 0, 0, 0 },
};

START_TEST (recv_header)
{
  guint slot = 99, size = 99;
  gsize header = 99;
  gboolean understood = bc660k_reply_parse_recv_header (headers[_i].line, &slot, &size, &header);

  ck_assert_msg (understood == headers[_i].understood, "%s", headers[_i].line);
  if (!understood)
    return;
  ck_assert_uint_eq (slot, headers[_i].slot);
  ck_assert_uint_eq (size, headers[_i].size);
  ck_assert_uint_eq (header, headers[_i].header);
}
END_TEST

static const struct {
  const char *data;
  guint size;
  const char *decoded; /* NULL: refused */
} hexes[] = {
  { "616263", 3, "abc" },  { "\"616263\"", 3, "abc" },    { "616263", 6, "abc" },
  { "\"6a6B\"", 4, "jk" }, { "4A4b", 2, "JK" },           { "616263", 2, NULL },
  { "616263", 4, NULL },   { "61626", 2, NULL },          { "\"616263", 3, NULL },
  { "616263\"", 3, NULL }, { "6162 3", 3, NULL },         { "61626g", 3, NULL },
  { "", 0, NULL },         { "\"\"", 0, NULL },           { "\"", 0, NULL },
  { "6", 1, NULL },        { "616263", G_MAXUINT, NULL },
};

START_TEST (hex)
{
  g_autoptr (GBytes) bytes = bc660k_reply_decode_hex (hexes[_i].data, hexes[_i].size);

  ck_assert_msg ((bytes != NULL) == (hexes[_i].decoded != NULL), "%s", hexes[_i].data);
  if (bytes == NULL)
    return;
  ck_assert_uint_eq (g_bytes_get_size (bytes), strlen (hexes[_i].decoded));
  ck_assert_mem_eq (g_bytes_get_data (bytes, NULL), hexes[_i].decoded, strlen (hexes[_i].decoded));
}
END_TEST

START_TEST (hex_is_limited)
{
  g_autofree char *most = g_strnfill (2 * BC660K_RECEIVE_MAX_BYTES, '4');
  g_autofree char *more = g_strnfill (2 * BC660K_RECEIVE_MAX_BYTES + 2, '4');
  g_autoptr (GBytes) bytes = bc660k_reply_decode_hex (most, BC660K_RECEIVE_MAX_BYTES);

  ck_assert_uint_eq (g_bytes_get_size (bytes), BC660K_RECEIVE_MAX_BYTES);
  ck_assert_ptr_null (bc660k_reply_decode_hex (more, BC660K_RECEIVE_MAX_BYTES + 1));
}
END_TEST

static const struct {
  const char *line;
  int mode; /* -1: not understood */
} modes[] = {
  { "+QSCLK: 0", 0 },  { "+QSCLK: 1", 1 },   { "+QSCLK: 2", 2 }, { "+QSCLK:1", 1 },
  { "+QSCLK: 3", -1 }, { "+QSCLK: -1", -1 }, { "+QSCLK:", -1 },  { "QSCLK: 1", -1 },
};

START_TEST (qsclk)
{
  int mode = -1;

  ck_assert_int_eq (bc660k_reply_parse_qsclk (modes[_i].line, &mode), modes[_i].mode >= 0);
  ck_assert_int_eq (mode, modes[_i].mode);
}
END_TEST

static const struct {
  const char *line;
  gboolean understood;
} imeis[] = {
  { "+CGSN: \"866123456789012\"", TRUE },
  { "+CGSN: 866123456789012", TRUE },
  { "866123456789012", TRUE },
  { "+CGSN: 86612345678901", FALSE },
  { "+CGSN: 8661234567890123", FALSE },
  { "+CGSN: 86612345678901x", FALSE },
  { "+CGSN: \"866123456789012", FALSE },
  { "+CGSN:", FALSE },
  { "../../../../etc", FALSE },
};

START_TEST (imei)
{
  g_autofree char *text = NULL;

  ck_assert_msg (bc660k_reply_parse_imei (imeis[_i].line, &text) == imeis[_i].understood, "%s",
                 imeis[_i].line);
  ck_assert_pstr_eq (text, imeis[_i].understood ? "866123456789012" : NULL);
}
END_TEST

static const struct {
  const char *line;
  int last_slot; /* -1: not understood */
} open_tests[] = {
  { "+QSSLOPEN: (0-10),(0-4),<host_name>,(1-65535),(0,1)", 4 },
  { "+QSSLOPEN: (0),(0),<host_name>,(1-65535),(0)", 0 },
  { "+QSSLOPEN: (0),(0-99)", 99 },
  { "+QSSLOPEN: (0-10)", -1 },
  { "+QSSLOPEN: 0,0,0", -1 },
  { "+QSSLOPEN: (0-10),(0-99999999999)", -1 },
  { "+QSSLSEND: (0-10),(0-4)", -1 },
};

START_TEST (open_test)
{
  guint last_slot = 77;
  gboolean understood = bc660k_reply_parse_open_test (open_tests[_i].line, &last_slot);

  ck_assert_msg (understood == (open_tests[_i].last_slot >= 0), "%s", open_tests[_i].line);
  if (understood)
    ck_assert_int_eq ((int) last_slot, open_tests[_i].last_slot);
}
END_TEST

static const struct {
  const char *line;
  int max_bytes; /* -1: not understood */
} send_tests[] = {
  { "+QSSLSEND: (0-10),(0-4),(1-1024)", 1024 },
  { "+QSSLSEND: (0),(0),(1-512)", 512 },
  { "+QSSLSEND: (0-10),(0-4)", 0 },
  { "+QSSLSEND: (0-10),(0-4),<length>", -1 },
  { "+QSSLSEND: (0-10),(0-4),(0)", -1 },
  { "+QSSLSEND: (0-10),(0-4),", -1 },
  { "+QSSLSEND: (0-10)", -1 },
  { "+QSSLSEND: 0,0,0", -1 },
};

START_TEST (send_test)
{
  guint max_bytes = 77;
  gboolean understood = bc660k_reply_parse_send_test (send_tests[_i].line, &max_bytes);

  ck_assert_msg (understood == (send_tests[_i].max_bytes >= 0), "%s", send_tests[_i].line);
  ck_assert_int_eq ((int) max_bytes, understood ? send_tests[_i].max_bytes : 77);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("bc660k-reply");
  TCase *tcase = tcase_create ("bc660k-reply");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, bug_09_a_result_has_three_fields, 0, G_N_ELEMENTS (results));
  tcase_add_loop_test (tcase, closed_urc, 0, G_N_ELEMENTS (closed));
  tcase_add_loop_test (tcase, recv_header, 0, G_N_ELEMENTS (headers));
  tcase_add_loop_test (tcase, hex, 0, G_N_ELEMENTS (hexes));
  tcase_add_test (tcase, hex_is_limited);
  tcase_add_loop_test (tcase, qsclk, 0, G_N_ELEMENTS (modes));
  tcase_add_loop_test (tcase, imei, 0, G_N_ELEMENTS (imeis));
  tcase_add_loop_test (tcase, open_test, 0, G_N_ELEMENTS (open_tests));
  tcase_add_loop_test (tcase, send_test, 0, G_N_ELEMENTS (send_tests));
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
