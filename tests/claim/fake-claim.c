/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One fake at a time. No bus and no port: an open port is one end of a socket pair.
 */
#include "fake-claim.h"

#include <sys/socket.h>
#include <unistd.h>

struct _MmModems {
  GObject parent_instance;
  FakeClaim *fake;
};

struct PortSource {
  FakeClaim *fake;
};

static FakeClaim *current; /* what port_source_new() is not given */

G_DEFINE_FINAL_TYPE (MmModems, mm_modems, G_TYPE_OBJECT)

static void
mm_modems_init (MmModems *self)
{
}

static void
mm_modems_class_init (MmModemsClass *klass)
{
  g_signal_new ("changed", MM_TYPE_MODEMS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

FakeClaim *
fake_claim_new (void)
{
  FakeClaim *self = g_new0 (FakeClaim, 1);

  self->modems = g_object_new (MM_TYPE_MODEMS, NULL);
  self->modems->fake = self;
  current = self;
  self->modem =
      (MmModemsFacts){ .path = (char *) "/modem/0", .device = (char *) "/dev/fake0", .registration = -1 };
  return self;
}

void
fake_claim_free (FakeClaim *self)
{
  g_assert_null (self->opening);
  g_object_unref (self->modems);
  g_free (self->asked_uid);
  g_free (self);
}

void
fake_claim_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

void
fake_claim_tell (FakeClaim *self)
{
  g_signal_emit_by_name (self->modems, "changed");
  fake_claim_settle ();
}

void
fake_claim_answer (FakeClaim *self, const char *name)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);
  int ends[2];

  g_assert_nonnull (task);
  if (name != NULL) {
    g_task_return_error (task, g_dbus_error_new_for_dbus_error (name, "as the test says"));
  } else {
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==, 0);
    close (ends[1]);
    g_task_return_pointer (task, serial_port_new_for_fd (ends[0], 115200), (GDestroyNotify) serial_port_free);
  }
  fake_claim_settle ();
}

/* -- mm-modems.h ------------------------------------------------------------------------------------- */

void
mm_modems_facts_clear (MmModemsFacts *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->uid, g_free);
  g_clear_pointer (&self->equipment_id, g_free);
  g_clear_pointer (&self->device, g_free);
}

GDBusConnection *
mm_modems_get_bus (MmModems *self)
{
  return NULL;
}

guint
mm_modems_get_life (MmModems *self)
{
  return self->fake->life;
}

guint
mm_modems_get_age_ms (MmModems *self)
{
  return self->fake->age_ms;
}

gboolean
mm_modems_find (MmModems *self, const MmModemQuery *query, MmModemsFacts *ret_facts)
{
  const MmModemsFacts *modem = &self->fake->modem;

  if (modem->uid == NULL || self->fake->life == 0)
    return FALSE;
  *ret_facts = *modem;
  ret_facts->path = g_strdup (modem->path);
  ret_facts->uid = g_strdup (modem->uid);
  ret_facts->equipment_id = g_strdup (modem->equipment_id);
  ret_facts->device = g_strdup (modem->device);
  return TRUE;
}

void
mm_modems_enable_async (MmModems *self, const char *path, guint timeout_ms, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  self->fake->enabled++;
  g_task_return_boolean (task, TRUE);
}

/* -- port-source.h ----------------------------------------------------------------------------------- */

PortSource *
port_source_new (const char *holder_path, GDBusConnection *bus, TimerClock *clock)
{
  PortSource *self = g_new0 (PortSource, 1);

  self->fake = current;
  return self;
}

void
port_source_free (PortSource *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->fake->opening);

  if (task != NULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the claim was given up");
  g_free (self);
}

void
port_source_take_async (PortSource *self, const char *uid, const char *note,
                        const SerialPortSettings *settings, GAsyncReadyCallback callback, gpointer user_data)
{
  FakeClaim *fake = self->fake;

  g_assert_null (fake->opening);
  fake->opening = g_task_new (NULL, NULL, callback, user_data);
  fake->asked++;
  g_free (fake->asked_uid);
  fake->asked_uid = g_strdup (uid);
}

void
port_source_resume_async (PortSource *self, const char *note, const SerialPortSettings *settings,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_assert_null (self->fake->opening);
  self->fake->opening = g_task_new (NULL, NULL, callback, user_data);
  self->fake->resumed++;
}

const HeldPortFacts *
port_source_get_resumed (PortSource *self)
{
  return &self->fake->left;
}

SerialPort *
port_source_take_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
port_source_give_async (PortSource *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  self->fake->given++;
  g_task_return_boolean (task, TRUE);
}

gboolean
port_source_give_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
port_source_forget (PortSource *self)
{
}
