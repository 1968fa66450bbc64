/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A message filter, which runs in GDBus' thread, passes each Ping to the main loop. There it comes behind the
 * signals that arrived before it, because GDBus queues those in the same way.
 */
#include "ctl-ping.h"

struct CtlPing {
  GDBusConnection *bus;
  guint filter;
  gboolean answering;
  gboolean freed;
  GQueue held; /* of GDBusMessage */
};

typedef struct {
  CtlPing *ping;
  GDBusMessage *message;
} Arrival;

static void
clear_ping (gpointer data)
{
  CtlPing *self = data;

  g_queue_clear_full (&self->held, g_object_unref);
  g_object_unref (self->bus);
}

static void
release_ping (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear_ping);
}

static void
arrival_free (gpointer data)
{
  Arrival *arrival = data;

  g_object_unref (arrival->message);
  release_ping (arrival->ping);
  g_free (arrival);
}

static void
answer (CtlPing *self, GDBusMessage *message)
{
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (message);

  /* Fails only when the bus is gone, which others notice. */
  (void) g_dbus_connection_send_message (self->bus, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static gboolean
on_arrival (gpointer user_data)
{
  Arrival *arrival = user_data;
  CtlPing *self = arrival->ping;

  if (self->answering || self->freed)
    answer (self, arrival->message);
  else
    g_queue_push_tail (&self->held, g_object_ref (arrival->message));
  return G_SOURCE_REMOVE;
}

static gboolean
is_ping (GDBusMessage *message)
{
  return g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL
         && g_strcmp0 (g_dbus_message_get_interface (message), "org.freedesktop.DBus.Peer") == 0
         && g_strcmp0 (g_dbus_message_get_member (message), "Ping") == 0;
}

/* In GDBus' thread; touches nothing of `CtlPing` but its reference count. */
static GDBusMessage *
filter_message (GDBusConnection *bus, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  if (!incoming || !is_ping (message))
    return message;

  Arrival *arrival = g_new0 (Arrival, 1);
  arrival->ping = g_atomic_rc_box_acquire (user_data);
  arrival->message = message;

  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_arrival, arrival, arrival_free);
  g_source_attach (source, NULL);
  return NULL;
}

CtlPing *
ctl_ping_new (GDBusConnection *bus)
{
  CtlPing *self = g_atomic_rc_box_new0 (CtlPing);

  self->bus = g_object_ref (bus);
  self->answering = TRUE;
  g_queue_init (&self->held);
  self->filter =
      g_dbus_connection_add_filter (bus, filter_message, g_atomic_rc_box_acquire (self), release_ping);
  return self;
}

void
ctl_ping_set_answering (CtlPing *self, gboolean answering)
{
  self->answering = answering;
  while (answering && !g_queue_is_empty (&self->held)) {
    g_autoptr (GDBusMessage) message = g_queue_pop_head (&self->held);
    answer (self, message);
  }
}

void
ctl_ping_free (CtlPing *self)
{
  self->freed = TRUE;
  g_dbus_connection_remove_filter (self->bus, self->filter);
  release_ping (self);
}
