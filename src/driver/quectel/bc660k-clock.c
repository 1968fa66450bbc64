/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * AT+CCLK?, and if need be AT+CCLK= and AT+CCLK? again, since a firmware may say OK and do nothing.
 */
#include "bc660k-clock.h"

#include <stdlib.h>

#include "bc660k-status.h"

#define TIMEOUT_MS 3000
#define ARGUMENT_MAX_BYTES 32

typedef struct {
  Bc660kDone done;
  gpointer user_data;
} Compare;

static void
finish (Bc660kDriver *driver, Compare *self)
{
  Bc660kDone done = self->done;
  gpointer user_data = self->user_data;

  g_free (self);
  done (driver, NULL, NULL, user_data);
}

static gint64
get_host_s (Bc660kDriver *driver)
{
  return driver->get_real_time_us () / G_USEC_PER_SEC;
}

static gboolean
is_right (gint64 offset_s)
{
  return ABS (offset_s) <= BC660K_CLOCK_TOLERANCE_S;
}

/** How much the clock in the answer is ahead; FALSE when there is none in it. */
static gboolean
take_offset (Bc660kDriver *driver, char **lines, gint64 *ret_offset_s, int *ret_zone)
{
  gint64 unix_s;

  if (lines == NULL || lines[0] == NULL || !bc660k_status_parse_clock (lines[0], &unix_s, ret_zone))
    return FALSE;
  *ret_offset_s = unix_s - get_host_s (driver);
  /* Some firmware shows UTC beside the zone: what is right when read so must not be "corrected". */
  if (is_right (*ret_offset_s + (gint64) *ret_zone * BC660K_CLOCK_ZONE_S))
    *ret_offset_s += (gint64) *ret_zone * BC660K_CLOCK_ZONE_S;
  return TRUE;
}

static void
on_read_again (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  ModuleStatus *status = &driver->parent.status;
  gint64 offset_s;
  int zone;

  if (take_offset (driver, lines, &offset_s, &zone) && is_right (offset_s))
    status->clock = MODULE_CLOCK_SET;
  finish (driver, user_data);
}

static void
on_set (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  if (error != NULL)
    finish (driver, user_data);
  else
    bc660k_private_run_line (driver, "AT+CCLK?", "+CCLK:", on_read_again, user_data);
}

/** In the zone that the clock shows, which others may want to know from it. */
static void
set_clock (Bc660kDriver *driver, int zone, Compare *self)
{
  AtCommand *command = at_command_new ("AT+CCLK=", NULL, TIMEOUT_MS);
  g_autofree char *text = bc660k_status_format_clock (get_host_s (driver), zone);

  driver->parent.status.clock = MODULE_CLOCK_WRONG;
  at_command_add_string (command, text, ARGUMENT_MAX_BYTES, NULL);
  bc660k_private_run (driver, command, on_set, self);
}

static void
on_read (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data)
{
  ModuleStatus *status = &driver->parent.status;
  Compare *self = user_data;
  gint64 offset_s = 0;
  int zone = 0;

  status->clock = MODULE_CLOCK_UNKNOWN;
  status->clock_offset_s = 0;
  if (error != NULL || get_host_s (driver) < BC660K_CLOCK_HOST_EARLIEST_S) {
    finish (driver, self);
    return;
  }
  if (!take_offset (driver, lines, &offset_s, &zone)) {
    set_clock (driver, 0, self);
    return;
  }
  status->clock_offset_s = offset_s;
  if (!is_right (offset_s)) {
    set_clock (driver, zone, self);
    return;
  }
  status->clock = MODULE_CLOCK_RIGHT;
  finish (driver, self);
}

void
bc660k_clock_compare (Bc660kDriver *driver, Bc660kDone done, gpointer user_data)
{
  Compare *self = g_new (Compare, 1);

  *self = (Compare){ done, user_data };
  bc660k_private_run_line (driver, "AT+CCLK?", "+CCLK:", on_read, self);
}
