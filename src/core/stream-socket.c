/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One source for the life of the socket, so that waiting costs no allocation.
 */
#include "stream-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mssl-error.h"

struct StreamSocket {
  int fd;
  gboolean datagrams;
  StreamSocketFunc func;
  gpointer user_data;
  GSource *source;
  gpointer tag; /* of the fd in @source; NULL after the hang-up, which would be told again and again */
};

typedef struct {
  GSource parent;
  StreamSocket *socket;
} Source;

static gboolean
dispatch (GSource *source, GSourceFunc unused_func, gpointer unused_data)
{
  StreamSocket *self = ((Source *) source)->socket;
  GIOCondition condition = self->tag != NULL ? g_source_query_unix_fd (source, self->tag) : 0;

  g_source_set_ready_time (source, -1);
  if ((condition & G_IO_HUP) != 0)
    g_source_remove_unix_fd (source, g_steal_pointer (&self->tag));
  self->func (condition & (G_IO_IN | G_IO_OUT | G_IO_HUP), self->user_data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

/* Without it the end of the file and an empty datagram cannot be told apart: only a datagram comes with who
 * sent it (unix(7), SO_PASSCRED). */
static gboolean
mark_datagrams (int fd)
{
  const int yes = 1;

  return setsockopt (fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == 0;
}

static gboolean
make_pair (gboolean datagrams, int *ret_fds, GError **error)
{
  int fds[2];
  int saved;

  if (socketpair (AF_UNIX, (datagrams ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0, fds) == 0) {
    if (fcntl (fds[0], F_SETFL, O_NONBLOCK) == 0 && (!datagrams || mark_datagrams (fds[0]))) {
      ret_fds[0] = fds[0];
      ret_fds[1] = fds[1];
      return TRUE;
    }
    saved = errno;
    close (fds[0]);
    close (fds[1]);
    errno = saved;
  }
  g_set_error (error, MSSL_ERROR, MSSL_ERROR_FAILED, "The daemon cannot make a socket pair: %s",
               g_strerror (errno));
  return FALSE;
}

StreamSocket *
stream_socket_new (gboolean datagrams, StreamSocketFunc func, gpointer user_data, int *ret_client_fd,
                   GError **error)
{
  StreamSocket *self;
  int fds[2];

  if (!make_pair (datagrams, fds, error))
    return NULL;

  self = g_new0 (StreamSocket, 1);
  self->fd = fds[0];
  self->datagrams = datagrams;
  self->func = func;
  self->user_data = user_data;
  *ret_client_fd = fds[1];
  return self;
}

void
stream_socket_free (StreamSocket *self)
{
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
  }
  close (self->fd);
  g_free (self);
}

static void
start_source (StreamSocket *self)
{
  self->source = g_source_new (&source_funcs, sizeof (Source));
  ((Source *) self->source)->socket = self;
  self->tag = g_source_add_unix_fd (self->source, self->fd, 0);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

void
stream_socket_watch (StreamSocket *self, GIOCondition wanted)
{
  if (self->source == NULL)
    start_source (self);
  if (self->tag != NULL)
    g_source_modify_unix_fd (self->source, self->tag, wanted);
}

void
stream_socket_wake (StreamSocket *self)
{
  if (self->source == NULL)
    start_source (self);
  g_source_set_ready_time (self->source, 0);
}

gboolean
stream_socket_is_hung_up (StreamSocket *self)
{
  struct pollfd poll_fd = { .fd = self->fd };

  return poll (&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLHUP) != 0;
}

/* A kernel that is short of memory is no client that has gone: nothing may be dropped for it. */
static gboolean
is_for_later (int error)
{
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

/* As read(2): the size, of a datagram also when it was longer than @max_bytes. *@ret_end: a size of 0 is the
 * end. */
static ssize_t
receive (StreamSocket *self, guint8 *buffer, gsize max_bytes, gboolean *ret_end)
{
  char control[CMSG_SPACE (sizeof (struct ucred))];
  struct iovec part = { buffer, max_bytes };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  ssize_t size;

  if (self->datagrams) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
  do
    size = recvmsg (self->fd, &message, MSG_DONTWAIT | (self->datagrams ? MSG_TRUNC : 0));
  /* A client that has closed without reading everything resets; what it has written is still here. */
  while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  *ret_end = message.msg_controllen == 0;
  return size;
}

StreamSocketRead
stream_socket_read (StreamSocket *self, gsize max_bytes, GBytes **ret_data)
{
  g_autofree guint8 *buffer = g_malloc (max_bytes);
  gboolean end;
  ssize_t size = receive (self, buffer, max_bytes, &end);

  if (size < 0)
    return is_for_later (errno) ? STREAM_SOCKET_NOTHING : STREAM_SOCKET_END;
  if (size == 0 && end)
    return STREAM_SOCKET_END;
  if (size == 0 || (gsize) size > max_bytes)
    return STREAM_SOCKET_BAD_SIZE;

  *ret_data = g_bytes_new_take (g_steal_pointer (&buffer), (gsize) size);
  return STREAM_SOCKET_DATA;
}

gssize
stream_socket_write (StreamSocket *self, const struct iovec *parts, guint n_parts)
{
  struct msghdr message = { .msg_iov = (struct iovec *) parts, .msg_iovlen = n_parts };
  ssize_t size;

  do
    size = sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (size < 0 && errno == EINTR);
  if (size >= 0)
    return size;
  return is_for_later (errno) ? 0 : -1;
}
