/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A table of unique names. The match for the leaving is made before the user id is asked for: the bus serves
 * both in order, so an answer proves that the leaving will be seen.
 */
#include "dbus-clients.h"

#include "mssl-error.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

struct DBusClients {
  GDBusConnection *bus;
  DBusClientsLeftFunc left; /* NULL when freed */
  gpointer left_data;
  GHashTable *clients; /* name -> Client; NULL when freed */
};

typedef struct {
  GDBusConnection *bus;
  guint subscription;
  gboolean known;
  guint uid;
  GPtrArray *tasks; /* GTask that wait for the answer */
} Client;

/* Who is asked for; outlives the table if need be. */
typedef struct {
  DBusClients *clients;
  char *name;
} Question;

static const char caller_left[] = "The caller has left the bus";

static void
fail_tasks (Client *client)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&client->tasks);

  client->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_new_error (tasks->pdata[i], MSSL_ERROR, MSSL_ERROR_FAILED, "%s", caller_left);
}

static void
client_free (gpointer user_data)
{
  Client *client = user_data;

  g_dbus_connection_signal_unsubscribe (client->bus, client->subscription);
  fail_tasks (client);
  g_ptr_array_unref (client->tasks);
  g_free (client);
}

static void
clients_clear (DBusClients *self)
{
  g_object_unref (self->bus);
}

static void
question_free (Question *question)
{
  g_rc_box_release_full (question->clients, (GDestroyNotify) clients_clear);
  g_free (question->name);
  g_free (question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static Question *
question_new (DBusClients *self, const char *name)
{
  Question *question = g_new (Question, 1);

  *question = (Question){ g_rc_box_acquire (self), g_strdup (name) };
  return question;
}

static Client *
find (DBusClients *self, const char *name)
{
  return self->clients != NULL ? g_hash_table_lookup (self->clients, name) : NULL;
}

static void
on_name_owner_changed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                       const char *signal, GVariant *parameters, gpointer user_data)
{
  DBusClients *self = user_data;
  g_autofree char *name = NULL;
  const char *new_owner;

  g_variant_get (parameters, "(s&s&s)", &name, NULL, &new_owner);
  if (*new_owner == '\0' && g_hash_table_remove (self->clients, name))
    self->left (name, self->left_data);
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  Client *client = find (question->clients, question->name);
  g_autoptr (GPtrArray) tasks = NULL;

  if (client == NULL)
    return;

  if (reply == NULL) {
    g_hash_table_remove (question->clients->clients, question->name);
    return;
  }
  client->known = TRUE;
  g_variant_get (reply, "(u)", &client->uid);
  tasks = g_steal_pointer (&client->tasks);
  client->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_int (tasks->pdata[i], client->uid);
}

static Client *
add_client (DBusClients *self, const char *name)
{
  Client *client = g_new0 (Client, 1);

  client->bus = self->bus;
  client->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  client->subscription =
      g_dbus_connection_signal_subscribe (self->bus, BUS_NAME, BUS_NAME, "NameOwnerChanged", BUS_PATH, name,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_name_owner_changed, self, NULL);
  g_hash_table_insert (self->clients, g_strdup (name), client);
  g_dbus_connection_call (self->bus, BUS_NAME, BUS_PATH, BUS_NAME, "GetConnectionUnixUser",
                          g_variant_new ("(s)", name), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1,
                          NULL, on_uid, question_new (self, name));
  return client;
}

gboolean
dbus_clients_get_uid (DBusClients *self, const char *name, guint *ret_uid)
{
  Client *client = find (self, name);

  if (client == NULL || !client->known)
    return FALSE;

  *ret_uid = client->uid;
  return TRUE;
}

void
dbus_clients_lookup_async (DBusClients *self, const char *name, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Client *client = find (self, name);

  g_task_set_source_tag (task, dbus_clients_lookup_async);
  g_task_set_task_data (task, question_new (self, name), (GDestroyNotify) question_free);
  if (client == NULL)
    client = add_client (self, name);
  if (client->known)
    g_task_return_int (task, client->uid);
  else
    g_ptr_array_add (client->tasks, g_steal_pointer (&task));
}

gboolean
dbus_clients_lookup_finish (GAsyncResult *result, guint *ret_uid, GError **error)
{
  const Question *question = g_task_get_task_data (G_TASK (result));
  GError *failure = NULL;
  gssize uid = g_task_propagate_int (G_TASK (result), &failure);

  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  /* The task may have been returned before the leaving was told and come behind it: nobody would tell again.
   */
  if (find (question->clients, question->name) == NULL) {
    g_set_error_literal (error, MSSL_ERROR, MSSL_ERROR_FAILED, caller_left);
    return FALSE;
  }
  *ret_uid = (guint) uid;
  return TRUE;
}

DBusClients *
dbus_clients_new (GDBusConnection *bus, DBusClientsLeftFunc left, gpointer user_data)
{
  DBusClients *self = g_rc_box_new0 (DBusClients);

  self->bus = g_object_ref (bus);
  self->left = left;
  self->left_data = user_data;
  self->clients = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, client_free);
  return self;
}

void
dbus_clients_free (DBusClients *self)
{
  g_clear_pointer (&self->clients, g_hash_table_unref);
  g_rc_box_release_full (self, (GDestroyNotify) clients_clear);
}
