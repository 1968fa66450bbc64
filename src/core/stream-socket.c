/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One source for the life of the socket, so that waiting costs no allocation; and what is waited for is
 * changed in the source's own GPollFD, which the main loop of this same thread reads before each poll:
 * g_source_modify_unix_fd() would wake it up by a system call each time.
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
};

typedef struct {
  GSource parent;
  StreamSocket *socket;
  GPollFD poll;
  gboolean woken;
  gboolean hung_up; /* and not polled any more, since it would be told again and again */
} Source;

static gboolean
prepare (GSource *source, gint *ret_timeout_ms)
{
  *ret_timeout_ms = -1;
  return ((Source *) source)->woken;
}

static gboolean
check (GSource *source)
{
  Source *self = (Source *) source;

  return self->woken || (!self->hung_up && self->poll.revents != 0);
}

static gboolean
dispatch (GSource *source, GSourceFunc unused_func, gpointer unused_data)
{
  Source *self = (Source *) source;
  GIOCondition condition = self->hung_up ? 0 : self->poll.revents;

  self->woken = FALSE;
  self->poll.revents = 0;
  if ((condition & G_IO_HUP) != 0) {
    self->hung_up = TRUE;
    g_source_remove_poll (source, &self->poll);
  }
  self->socket->func (condition & (G_IO_IN | G_IO_OUT | G_IO_HUP), self->socket->user_data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { prepare, check, dispatch, NULL, NULL, NULL };

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

static Source *
get_source (StreamSocket *self)
{
  Source *source = (Source *) self->source;

  if (source != NULL)
    return source;
  self->source = g_source_new (&source_funcs, sizeof (Source));
  source = (Source *) self->source;
  source->socket = self;
  source->poll.fd = self->fd;
  /* There is no main loop inside another; if there might be, GLib would leave the fd out of it meanwhile,
   * which takes two system calls each time. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_add_poll (self->source, &source->poll);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return source;
}

void
stream_socket_watch (StreamSocket *self, GIOCondition wanted)
{
  get_source (self)->poll.events = wanted;
}

void
stream_socket_wake (StreamSocket *self)
{
  get_source (self)->woken = TRUE;
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
