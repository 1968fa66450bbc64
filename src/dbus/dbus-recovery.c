/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Times become those of the wall clock here: clients have no other.
 */
#include "dbus-recovery.h"

static GVariant *
make_counters (ModuleRecovery *recovery)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{su}"));

  for (RecoveryStep step = RECOVERY_RETRY; step < RECOVERY_STEPS; step++)
    g_variant_builder_add (&builder, "{su}", recovery_step_get_name (step),
                           module_recovery_count (recovery, step));
  g_variant_builder_add (&builder, "{su}", "breaker", module_recovery_count_breaks (recovery));
  return g_variant_builder_end (&builder);
}

static void
add_break (const char *peer, gint64 wait_us, gpointer user_data)
{
  guint64 until_s = (guint64) ((g_get_real_time () + wait_us) / G_USEC_PER_SEC) + 1;

  g_variant_builder_add (user_data, "{st}", peer, until_s);
}

void
dbus_recovery_show (ModuleRecovery *recovery, MsslDBusModule *skeleton)
{
  GVariantBuilder breaks = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));

  module_recovery_for_each_break (recovery, add_break, &breaks);
  mssl_dbus_module_set_recovery_step (skeleton, recovery_step_get_name (module_recovery_get_step (recovery)));
  mssl_dbus_module_set_recovery_counters (skeleton, make_counters (recovery));
  mssl_dbus_module_set_breaker_open_until (skeleton, g_variant_builder_end (&breaks));
}
