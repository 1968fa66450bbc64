/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-connect.h. */
#include "sim-connect.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim-watch.h"

/* A module's stack has little memory: what a server does not read soon holds a send up. */
#define SEND_BUFFER_BYTES 8192

struct SimConnect {
  guint16 port;
  gboolean is_datagram;
  SimConnectDone done;
  gpointer user_data;
  GCancellable *cancellable;
  GList *addresses; /* of GInetAddress, not tried yet */
  int fd;           /* being connected, or -1 */
  SimWatch *watch;
};

static void
drop_socket (SimConnect *self)
{
  g_clear_pointer (&self->watch, sim_watch_free);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
finish (SimConnect *self)
{
  int fd = self->fd;
  self->fd = -1;
  g_clear_pointer (&self->watch, sim_watch_free);
  self->done (fd, self->user_data);
}

static void
open_socket (SimConnect *self, GSocketAddress *address)
{
  int type = self->is_datagram ? SOCK_DGRAM : SOCK_STREAM;
  int family = g_socket_address_get_family (address) == G_SOCKET_FAMILY_IPV6 ? AF_INET6 : AF_INET;
  self->fd = socket (family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd >= 0 && !self->is_datagram) {
    int on = 1;
    int send_bytes = SEND_BUFFER_BYTES;
    setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt (self->fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
  }
}

static void on_writable (GIOCondition condition, gpointer user_data);

/* TRUE: connected, or under way. */
static gboolean
try_address (SimConnect *self, GInetAddress *inet)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, self->port);
  struct sockaddr_storage native;
  gssize length = g_socket_address_get_native_size (address);
  if (length < 0 || !g_socket_address_to_native (address, &native, sizeof native, NULL))
    return FALSE;

  open_socket (self, address);
  if (self->fd < 0)
    return FALSE;
  if (connect (self->fd, (struct sockaddr *) &native, (socklen_t) length) < 0 && errno != EINPROGRESS) {
    drop_socket (self);
    return FALSE;
  }
  self->watch = sim_watch_new (self->fd, G_PRIORITY_DEFAULT, on_writable, self);
  sim_watch_set (self->watch, G_IO_OUT);
  return TRUE;
}

static void
try_next (SimConnect *self)
{
  while (self->addresses != NULL) {
    g_autoptr (GInetAddress) address = self->addresses->data;
    self->addresses = g_list_delete_link (self->addresses, self->addresses);
    if (try_address (self, address))
      return;
  }
  finish (self);
}

static void
on_writable (GIOCondition condition, gpointer user_data)
{
  SimConnect *self = user_data;
  int reason = 0;
  socklen_t length = sizeof reason;
  if (getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &reason, &length) == 0 && reason == 0) {
    finish (self);
    return;
  }
  drop_socket (self);
  try_next (self);
}

/* The module has an IPv4 address: it tries such ones first. That matters for datagrams, where every address
 * seems to be reached. */
static gint
compare_families (gconstpointer a, gconstpointer b)
{
  gboolean is_ipv6_a = g_inet_address_get_family ((GInetAddress *) a) == G_SOCKET_FAMILY_IPV6;
  gboolean is_ipv6_b = g_inet_address_get_family ((GInetAddress *) b) == G_SOCKET_FAMILY_IPV6;
  return is_ipv6_a - is_ipv6_b;
}

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* freed meanwhile */

  SimConnect *self = user_data;
  self->addresses = g_list_sort (addresses, compare_families);
  try_next (self);
}

SimConnect *
sim_connect_new (const char *host, guint16 port, gboolean is_datagram, SimConnectDone done,
                 gpointer user_data)
{
  SimConnect *self = g_new0 (SimConnect, 1);
  self->port = port;
  self->is_datagram = is_datagram;
  self->done = done;
  self->user_data = user_data;
  self->fd = -1;
  self->cancellable = g_cancellable_new ();

  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_resolver_lookup_by_name_async (resolver, host, self->cancellable, on_resolved, self);
  return self;
}

void
sim_connect_free (SimConnect *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  drop_socket (self);
  g_list_free_full (self->addresses, g_object_unref);
  g_free (self);
}
