/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Arguments, signals, progress and the last word; the connection itself is the session's.
 */
#include "ctl-connect.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl-bus.h"
#include "ctl-error.h"
#include "ctl-open-options.h"
#include "ctl-print.h"
#include "ctl-session.h"
#include "ctl-text.h"

typedef struct {
  const CtlOptions *options;
  GVariant *open_options; /* a{sv} */
  const char *context;
  const char *host;
  guint16 port;
  gboolean show_progress;
  GMainLoop *loop;
  CtlSession *session;
} Connect;

static void
show_connecting (Connect *self)
{
  guint64 sent;
  CtlPeerInfo info = ctl_session_get_info (self->session, &sent);
  g_autofree char *module = ctl_text_get_label (info.module_path);
  g_autofree char *host = ctl_text_escape (self->host);

  fprintf (stderr, "connecting to %s:%u through %s…\n", host, self->port, module);
}

static void
show_queue (Connect *self)
{
  guint64 sent;
  CtlPeerInfo info = ctl_session_get_info (self->session, &sent);

  fprintf (stderr, "waiting for a slot, as number %u in the queue…\n", info.queue_position);
}

static void
show_counters (Connect *self)
{
  guint64 sent;
  CtlPeerInfo info = ctl_session_get_info (self->session, &sent);

  fprintf (stderr,
           "sent %" G_GUINT64_FORMAT " bytes, of which %" G_GUINT64_FORMAT
           " were confirmed, received %" G_GUINT64_FORMAT " bytes\n",
           sent, info.confirmed, info.received);
}

static void
on_state (CtlSession *session, CtlSessionState state, gpointer user_data)
{
  Connect *self = user_data;

  if (self->show_progress && state == CTL_SESSION_QUEUED)
    show_queue (self);
  if (self->show_progress && state == CTL_SESSION_WAITING)
    fprintf (stderr, "waiting for the module to be on the network…\n");
  if (self->show_progress && state == CTL_SESSION_CONNECTING)
    show_connecting (self);
  if (self->show_progress && state == CTL_SESSION_TRANSFERRING)
    fprintf (stderr, "connected\n");
  if (state == CTL_SESSION_DONE)
    g_main_loop_quit (self->loop);
}

/* A second signal of the kind ends the program the hard way, because the source is gone by then. */
static gboolean
on_interrupt (gpointer user_data)
{
  Connect *self = user_data;

  ctl_session_abort (self->session, g_error_new_literal (CTL_ERROR, CTL_ERROR_INTERRUPTED, "interrupted"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_terminate (gpointer user_data)
{
  Connect *self = user_data;

  ctl_session_abort (self->session, g_error_new_literal (CTL_ERROR, CTL_ERROR_TERMINATED, "terminated"));
  return G_SOURCE_REMOVE;
}

static gboolean
run_session (Connect *self, GError **error)
{
  GSource *interrupt = g_unix_signal_source_new (SIGINT);
  GSource *terminate = g_unix_signal_source_new (SIGTERM);

  g_source_set_callback (interrupt, on_interrupt, self, NULL);
  g_source_set_callback (terminate, on_terminate, self, NULL);
  g_source_attach (interrupt, NULL);
  g_source_attach (terminate, NULL);
  g_main_loop_run (self->loop);

  g_source_destroy (terminate);
  g_source_destroy (interrupt);
  g_source_unref (terminate);
  g_source_unref (interrupt);
  return ctl_session_check (self->session, error);
}

static gboolean
start_session (Connect *self, GDBusConnection *bus, GError **error)
{
  g_autofree char *context_path = ctl_bus_get_path (bus, "GetContext", self->context, error);
  g_autofree char *service = context_path != NULL ? ctl_bus_get_owner (bus, error) : NULL;
  if (service == NULL)
    return FALSE;

  const CtlPeerTarget target = {
    .service = service,
    .context_path = context_path,
    .host = self->host,
    .port = self->port,
    .options = self->open_options,
  };
  self->session = ctl_session_new (bus, &target, self->options->linger_ms, on_state, self);
  return TRUE;
}

/* What did not arrive must not go unsaid, although a server that closes is a good end. */
static void
warn_unconfirmed (Connect *self)
{
  guint64 sent;
  CtlPeerInfo info = ctl_session_get_info (self->session, &sent);

  if (info.confirmed < sent)
    fprintf (stderr, "%s: the server closed before the last %" G_GUINT64_FORMAT " bytes were confirmed\n",
             g_get_prgname (), sent - info.confirmed);
}

static void
print_summary (Connect *self, const GError *error)
{
  guint64 sent = 0;
  CtlPeerInfo info = { .path = "", .module_path = "", .reason = "", .text = "" };
  GVariantBuilder summary;

  if (self->session != NULL)
    info = ctl_session_get_info (self->session, &sent);
  g_variant_builder_init (&summary, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&summary, "{sv}", "context", g_variant_new_string (self->context));
  g_variant_builder_add (&summary, "{sv}", "host", g_variant_new_string (self->host));
  g_variant_builder_add (&summary, "{sv}", "port", g_variant_new_uint16 (self->port));
  g_variant_builder_add (&summary, "{sv}", "connection", g_variant_new_string (info.path));
  g_variant_builder_add (&summary, "{sv}", "module", g_variant_new_string (info.module_path));
  g_variant_builder_add (&summary, "{sv}", "reason", g_variant_new_string (info.reason));
  g_variant_builder_add (&summary, "{sv}", "code", g_variant_new_int32 (info.code));
  g_variant_builder_add (&summary, "{sv}", "text", g_variant_new_string (info.text));
  g_variant_builder_add (&summary, "{sv}", "bytes-sent", g_variant_new_uint64 (sent));
  g_variant_builder_add (&summary, "{sv}", "bytes-confirmed", g_variant_new_uint64 (info.confirmed));
  g_variant_builder_add (&summary, "{sv}", "bytes-received", g_variant_new_uint64 (info.received));
  g_variant_builder_add (&summary, "{sv}", "status", g_variant_new_int32 (error != NULL ? error->code : 0));
  g_variant_builder_add (&summary, "{sv}", "error",
                         g_variant_new_string (error != NULL ? error->message : ""));

  g_autofree char *text = ctl_print_to_json (g_variant_builder_end (&summary));
  fprintf (stderr, "%s\n", text);
}

/* With --json the summary is all that standard error gets, so the error itself must not be printed again. */
static gboolean
finish (Connect *self, GError *result, GError **error)
{
  g_autoptr (GError) held = result;

  if (self->options->json)
    print_summary (self, held);
  else if (self->session != NULL && held == NULL)
    warn_unconfirmed (self);
  if (self->show_progress && self->session != NULL)
    show_counters (self);

  if (held == NULL)
    return TRUE;
  g_set_error_literal (error, CTL_ERROR, held->code, self->options->json ? "" : held->message);
  return FALSE;
}

gboolean
ctl_connect_run (const CtlOptions *options, char *const *arguments, GError **error)
{
  guint64 port;
  if (!ctl_options_parse_number (arguments[2], "the port", 1, G_MAXUINT16, &port, error))
    return FALSE;
  g_autoptr (GVariant) open_options = ctl_open_options_new (options, error);
  if (open_options == NULL)
    return FALSE;

  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Connect self = {
    .options = options,
    .open_options = open_options,
    .context = arguments[0],
    .host = arguments[1],
    .port = (guint16) port,
    .show_progress = isatty (STDERR_FILENO) && !options->json,
    .loop = loop,
  };
  g_autoptr (GError) result = NULL;
  g_autoptr (GDBusConnection) bus = ctl_bus_connect (options->bus, &result);
  if (bus != NULL && start_session (&self, bus, &result))
    (void) run_session (&self, &result);

  gboolean success = finish (&self, g_steal_pointer (&result), error);
  g_clear_pointer (&self.session, ctl_session_free);
  return success;
}
