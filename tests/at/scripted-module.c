/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A queue of steps, and a socket pair. Knows bytes only.
 */
#include "scripted-module.h"

#include <check.h>
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 20

typedef enum {
  STEP_EXPECT,
  STEP_ANSWER,
  STEP_PAUSE,
  STEP_CALL,
  STEP_HANG_UP,
} StepKind;

typedef struct {
  StepKind kind;
  GBytes *data;
  guint delay_ms;
  GFunc func;
  gpointer user_data;
} Step;

struct ScriptedModule {
  int fd;
  GSource *read_source;
  GSource *pause_source;
  GQueue steps;
  GByteArray *written; /* by the other end, not yet expected */
};

static void play (ScriptedModule *self);

static void
step_free (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->data, g_bytes_unref);
  g_free (step);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
close_end (ScriptedModule *self)
{
  clear_source (&self->read_source);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  ScriptedModule *self = user_data;
  guint8 data[4096];
  ssize_t size = read (fd, data, sizeof data);

  if (size < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (size <= 0) {
    close_end (self);
    return G_SOURCE_REMOVE;
  }
  g_byte_array_append (self->written, data, (guint) size);
  play (self);
  return G_SOURCE_CONTINUE;
}

ScriptedModule *
scripted_module_new (int *ret_fd)
{
  ScriptedModule *self = g_new0 (ScriptedModule, 1);
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  self->fd = ends[0];
  *ret_fd = ends[1];
  g_queue_init (&self->steps);
  self->written = g_byte_array_new ();
  self->read_source = g_unix_fd_source_new (self->fd, G_IO_IN | G_IO_HUP);
  g_source_set_callback (self->read_source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->read_source, NULL);
  return self;
}

static char *
describe (const guint8 *data, gsize size)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, data[i] >= ' ' && data[i] < 0x7f ? "%c" : "<%02x>", data[i]);
  return g_string_free (text, FALSE);
}

void
scripted_module_free (ScriptedModule *self)
{
  g_autofree char *rest = describe (self->written->data, self->written->len);

  close_end (self);
  clear_source (&self->pause_source);
  g_queue_clear_full (&self->steps, step_free);
  g_byte_array_unref (self->written);
  g_free (self);
  ck_assert_str_eq (rest, "");
}

/** TRUE when the bytes of the step have all come; fails at the first wrong one. */
static gboolean
meet (ScriptedModule *self, GBytes *expected)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (expected, &size);
  gsize here = MIN (size, self->written->len);

  if (here > 0 && memcmp (data, self->written->data, here) != 0) {
    g_autofree char *wanted = describe (data, size);
    g_autofree char *got = describe (self->written->data, self->written->len);

    ck_abort_msg ("expected %s, got %s", wanted, got);
  }
  if (here < size)
    return FALSE;
  g_byte_array_remove_range (self->written, 0, (guint) size);
  return TRUE;
}

static void
answer (ScriptedModule *self, GBytes *data)
{
  gsize size;
  const void *bytes = g_bytes_get_data (data, &size);

  if (self->fd >= 0)
    ck_assert_int_eq (send (self->fd, bytes, size, MSG_NOSIGNAL), (ssize_t) size);
}

static gboolean
on_pause_over (gpointer user_data)
{
  ScriptedModule *self = user_data;

  clear_source (&self->pause_source);
  play (self);
  return G_SOURCE_REMOVE;
}

static void
pause_for (ScriptedModule *self, guint delay_ms)
{
  self->pause_source = g_timeout_source_new (delay_ms);
  g_source_set_callback (self->pause_source, on_pause_over, self, NULL);
  g_source_attach (self->pause_source, NULL);
}

static void
do_step (ScriptedModule *self, const Step *step)
{
  switch (step->kind) {
  case STEP_EXPECT:
    break;
  case STEP_ANSWER:
    answer (self, step->data);
    break;
  case STEP_PAUSE:
    pause_for (self, step->delay_ms);
    break;
  case STEP_CALL:
    step->func (self, step->user_data);
    break;
  case STEP_HANG_UP:
    close_end (self);
    break;
  }
}

static void
play (ScriptedModule *self)
{
  while (self->pause_source == NULL && !g_queue_is_empty (&self->steps)) {
    Step *step = g_queue_peek_head (&self->steps);

    if (step->kind == STEP_EXPECT && !meet (self, step->data))
      return;
    g_queue_pop_head (&self->steps);
    do_step (self, step);
    step_free (step);
  }
}

static void
add_step (ScriptedModule *self, StepKind kind, GBytes *data, guint delay_ms, GFunc func, gpointer user_data)
{
  Step *step = g_new (Step, 1);

  *step = (Step){ kind, data, delay_ms, func, user_data };
  g_queue_push_tail (&self->steps, step);
  play (self);
}

void
scripted_module_expect_bytes (ScriptedModule *self, gconstpointer data, gsize size)
{
  add_step (self, STEP_EXPECT, g_bytes_new (data, size), 0, NULL, NULL);
}

void
scripted_module_expect (ScriptedModule *self, const char *text)
{
  scripted_module_expect_bytes (self, text, strlen (text));
}

void
scripted_module_answer_bytes (ScriptedModule *self, gconstpointer data, gsize size)
{
  add_step (self, STEP_ANSWER, g_bytes_new (data, size), 0, NULL, NULL);
}

void
scripted_module_answer (ScriptedModule *self, const char *text)
{
  scripted_module_answer_bytes (self, text, strlen (text));
}

void
scripted_module_pause (ScriptedModule *self, guint delay_ms)
{
  add_step (self, STEP_PAUSE, NULL, delay_ms, NULL, NULL);
}

void
scripted_module_call (ScriptedModule *self, GFunc func, gpointer user_data)
{
  add_step (self, STEP_CALL, NULL, 0, func, user_data);
}

void
scripted_module_hang_up (ScriptedModule *self)
{
  add_step (self, STEP_HANG_UP, NULL, 0, NULL, NULL);
}

void
scripted_module_command (ScriptedModule *self, const char *line, const char *reply)
{
  g_autofree char *written = g_strconcat (line, "\r", NULL);

  scripted_module_expect (self, written);
  if (reply != NULL) {
    g_autofree char *framed = g_strconcat ("\r\n", reply, "\r\n", NULL);

    scripted_module_answer (self, framed);
  }
}

void
scripted_module_ignore (ScriptedModule *self)
{
  close_end (self);
  g_queue_clear_full (&self->steps, step_free);
  g_byte_array_set_size (self->written, 0);
}

gboolean
scripted_module_is_done (ScriptedModule *self)
{
  return g_queue_is_empty (&self->steps) && self->pause_source == NULL;
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/** Wakes the loop now and then, so that a test that hangs fails instead. */
static GSource *
start_ticking (void)
{
  GSource *tick = g_timeout_source_new_seconds (1);

  g_source_set_callback (tick, on_tick, NULL, NULL);
  g_source_attach (tick, NULL);
  return tick;
}

static void
be_patient (ScriptedModule *self, gint64 begin_us)
{
  if (g_get_monotonic_time () - begin_us > PATIENCE_S * G_USEC_PER_SEC) {
    const Step *step = g_queue_peek_head (&self->steps);
    g_autofree char *next =
        step != NULL && step->data != NULL
            ? describe (g_bytes_get_data (step->data, NULL), g_bytes_get_size (step->data))
            : g_strdup ("nothing");

    ck_abort_msg ("nothing happens; the next step is %d: %s", step != NULL ? (int) step->kind : -1, next);
  }
}

void
scripted_module_run (ScriptedModule *self)
{
  gint64 begin_us = g_get_monotonic_time ();
  g_autoptr (GSource) tick = start_ticking ();

  while (!scripted_module_is_done (self)) {
    g_main_context_iteration (NULL, TRUE);
    be_patient (self, begin_us);
  }
  g_source_destroy (tick);
}

void
scripted_module_run_until (ScriptedModule *self, const guint *counter, guint wanted)
{
  gint64 begin_us = g_get_monotonic_time ();
  g_autoptr (GSource) tick = start_ticking ();

  while (*counter < wanted) {
    g_main_context_iteration (NULL, TRUE);
    be_patient (self, begin_us);
  }
  g_source_destroy (tick);
}

void
scripted_module_run_what_is_ready (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}
