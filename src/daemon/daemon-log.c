/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A GLib log writer with a threshold of its own, so that G_MESSAGES_DEBUG is not needed.
 */
#include "daemon-log.h"

#include <stdio.h>
#include <unistd.h>

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  GLogLevelFlags threshold = GPOINTER_TO_INT (user_data);

  /* A lower number is more important. */
  if ((level & G_LOG_LEVEL_MASK) > threshold)
    return G_LOG_WRITER_HANDLED;
  if (g_log_writer_is_journald (fileno (stderr)))
    return g_log_writer_journald (level, fields, n_fields, NULL);
  return g_log_writer_standard_streams (level, fields, n_fields, NULL);
}

void
daemon_log_set_level (GLogLevelFlags level)
{
  /* Standard output is nobody's log. */
  g_log_writer_default_set_use_stderr (TRUE);
  g_log_set_writer_func (write_log, GINT_TO_POINTER (level), NULL);
}
