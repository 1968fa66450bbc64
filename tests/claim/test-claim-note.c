/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Notes for the next life, as they are made and read again.
 */
#include <check.h>
#include <stdlib.h>

#include "claim-note.h"

static const struct {
  const char *equipment_id;
  gboolean enabled;
} notes[] = {
  { "860536040000015", TRUE },
  { "860536040000015", FALSE },
  { NULL, FALSE },
};

START_TEST (what_is_made_is_read)
{
  g_autofree char *note = claim_note_make (notes[_i].equipment_id, notes[_i].enabled);
  g_autofree char *start = claim_note_make_start (notes[_i].equipment_id);
  g_autofree char *other = claim_note_make_start ("86053604000001");
  gboolean enabled;
  g_autofree char *equipment_id = claim_note_parse (note, &enabled);

  ck_assert_pstr_eq (equipment_id, notes[_i].equipment_id);
  ck_assert_int_eq (enabled, notes[_i].enabled);
  ck_assert (g_str_has_prefix (note, start));
  ck_assert (!g_str_has_prefix (note, other));
}
END_TEST

static const char *const nonsense[] = { "", " ", "enabled", "  enabled", "\n" };

START_TEST (nonsense_is_no_modem)
{
  gboolean enabled;
  g_autofree char *equipment_id = claim_note_parse (nonsense[_i], &enabled);

  ck_assert_ptr_null (equipment_id);
  ck_assert (!enabled);
}
END_TEST

START_TEST (of_many_the_modems)
{
  const char *const many[] = { "1 enabled", " ", "", "2 ", NULL };
  g_auto (GStrv) ids = claim_note_list_equipment_ids (many);
  g_autofree char *text = g_strjoinv (",", ids);

  ck_assert_str_eq (text, "1,2");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("claim-note");
  TCase *tcase = tcase_create ("claim-note");
  SRunner *runner;
  int failed;

  tcase_add_loop_test (tcase, what_is_made_is_read, 0, G_N_ELEMENTS (notes));
  tcase_add_loop_test (tcase, nonsense_is_no_modem, 0, G_N_ELEMENTS (nonsense));
  tcase_add_test (tcase, of_many_the_modems);
  suite_add_tcase (suite, tcase);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
