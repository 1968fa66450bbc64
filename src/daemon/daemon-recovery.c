/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers by a table, the rest by hand.
 */
#include "daemon-recovery.h"

#include <string.h>

#define MS_PER_S 1000
#define WEEK_S (7 * 24 * 3600)
#define DAY_S (24 * 3600)

typedef struct {
  const char *key;
  gsize offset;
  guint min;
  guint max;
  guint initial;
} Number;

static const Number numbers[] = {
  { "recovery-failures", G_STRUCT_OFFSET (DaemonRecovery, failures), 0, 100, 2 },
  { "recovery-interval", G_STRUCT_OFFSET (DaemonRecovery, interval_s), 1, WEEK_S, 6 * 3600 },
  { "recovery-limit", G_STRUCT_OFFSET (DaemonRecovery, max_resets), 0, RECOVERY_MAX_RESETS, 6 },
  { "breaker-failures", G_STRUCT_OFFSET (DaemonRecovery, breaker_failures), 0, 1000, 5 },
  { "breaker-delay", G_STRUCT_OFFSET (DaemonRecovery, breaker_delay_s), 1, DAY_S, 60 },
  { "breaker-delay-max", G_STRUCT_OFFSET (DaemonRecovery, breaker_max_delay_s), 1, DAY_S, 900 },
  { "power-cycle-timeout", G_STRUCT_OFFSET (DaemonRecovery, power_timeout_s), 1, 600, 30 },
};

static guint *
get_field (const DaemonRecovery *self, const Number *number)
{
  return (guint *) G_STRUCT_MEMBER_P (self, number->offset);
}

void
daemon_recovery_init (DaemonRecovery *self)
{
  *self = (DaemonRecovery){ .doubt_limit = RECOVERY_RADIO };
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    *get_field (self, &numbers[i]) = numbers[i].initial;
}

void
daemon_recovery_clear (DaemonRecovery *self)
{
  g_clear_pointer (&self->power_command, g_free);
}

gboolean
daemon_recovery_equal (const DaemonRecovery *self, const DaemonRecovery *other)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (*get_field (self, &numbers[i]) != *get_field (other, &numbers[i]))
      return FALSE;
  return self->doubt_limit == other->doubt_limit
         && g_strcmp0 (self->power_command, other->power_command) == 0;
}

static void
take_number (DaemonRecovery *self, const Number *number, const char *value, char **ret_problem)
{
  guint64 parsed;

  if (g_ascii_string_to_unsigned (value, 10, number->min, number->max, &parsed, NULL))
    *get_field (self, number) = (guint) parsed;
  else
    *ret_problem =
        g_strdup_printf ("%s=%s is not a number from %u to %u", number->key, value, number->min, number->max);
}

static void
take_doubt (DaemonRecovery *self, const char *value, char **ret_problem)
{
  RecoveryStep step;

  if (recovery_step_parse (value, &step) && step != RECOVERY_NONE)
    self->doubt_limit = step;
  else
    *ret_problem = g_strdup_printf ("recovery-doubt=%s is none of retry, close, cfun, qrst and power", value);
}

static void
take_command (DaemonRecovery *self, const char *value, char **ret_problem)
{
  g_autoptr (GError) error = NULL;

  if (power_cycle_check (value, &error))
    self->power_command = g_strdup (value);
  else
    *ret_problem = g_strdup_printf ("power-cycle-command=%s: %s", value, error->message);
}

gboolean
daemon_recovery_take (DaemonRecovery *self, const char *key, const char *value, char **ret_problem)
{
  *ret_problem = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    if (strcmp (numbers[i].key, key) == 0) {
      take_number (self, &numbers[i], value, ret_problem);
      return TRUE;
    }
  }
  if (strcmp (key, "recovery-doubt") == 0)
    take_doubt (self, value, ret_problem);
  else if (strcmp (key, "power-cycle-command") == 0)
    take_command (self, value, ret_problem);
  else
    return FALSE;
  return TRUE;
}

ModuleRecoveryConfig
daemon_recovery_make_config (const DaemonRecovery *self, const ModulePower *power)
{
  return (ModuleRecoveryConfig){
    .ladder = {
      .failures = self->failures,
      .interval_ms = (gint64) self->interval_s * MS_PER_S,
      .max_resets = self->max_resets,
      .doubt_limit = self->doubt_limit,
    },
    .breaker = {
      .failures = self->breaker_failures,
      .delay_ms = (gint64) self->breaker_delay_s * MS_PER_S,
      .max_delay_ms = (gint64) MAX (self->breaker_delay_s, self->breaker_max_delay_s) * MS_PER_S,
    },
    .power = self->power_command != NULL ? power : NULL,
  };
}
