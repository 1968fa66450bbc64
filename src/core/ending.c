/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A reason, a code and a sentence.
 */
#include "ending.h"

#include "module-error.h"

static void
set (Ending *self, CloseReason reason, int code, const char *detail)
{
  const char *advice = close_reason_get_advice (reason);

  g_free (self->text);
  self->reason = reason;
  self->code = code;
  self->text = detail != NULL ? g_strdup_printf ("%s (%s)", advice, detail) : g_strdup (advice);
}

gboolean
ending_take (Ending *self, CloseReason reason, int code, const char *detail)
{
  if (self->reason != CLOSE_REASON_NONE)
    return FALSE;

  set (self, reason, code, detail);
  return TRUE;
}

gboolean
ending_take_error (Ending *self, const GError *error)
{
  /* That the server closed is the whole story; of every other end the driver knows more. */
  if (g_error_matches (error, MODULE_ERROR, CLOSE_REASON_SERVER_CLOSED))
    return ending_take (self, CLOSE_REASON_SERVER_CLOSED, 0, NULL);
  if (error->domain == MODULE_ERROR)
    return ending_take (self, (CloseReason) error->code, module_error_get_result (error), error->message);
  return ending_take (self, CLOSE_REASON_MODULE_ERROR, 0, error->message);
}

void
ending_replace (Ending *self, CloseReason reason, const char *detail)
{
  set (self, reason, 0, detail);
}

void
ending_clear (Ending *self)
{
  g_clear_pointer (&self->text, g_free);
}
