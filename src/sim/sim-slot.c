/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-slot.h. A slot is CLOSED, OPENING (until its +QSSLOPEN has been printed) or OPEN. */
#include "sim-slot.h"

#include <string.h>

#include "sim-hex.h"

#define DTLS_TIMEOUT_MS 123000
#define DTLS_RETRANSMIT_MS 1000
#define MS_PER_S 1000
#define US_PER_MS 1000
/* closed-order=before-recv: received data waits so long for a close to overtake it. */
#define OVERTAKING_MS 20

typedef enum { SLOT_CLOSED, SLOT_OPENING, SLOT_OPEN } SlotState;

/* Levels of QSSLCFG "debug". */
enum { DEBUG_ERROR = 1, DEBUG_STATE = 2, DEBUG_INFO = 3, DEBUG_DETAIL = 4 };

struct SimSlot {
  SimSlotWorld world;
  guint index;
  SlotState state;
  SimTls *tls;          /* NULL when closed, and when the open is known to fail */
  GSource *timer;       /* of the open or the send that is under way, or of the result of an open */
  gint64 deadline_us;   /* of the open */
  SimTlsCode open_code; /* to be printed */
  gboolean is_sending;
  GByteArray *held; /* received data that a close may overtake; NULL: none */
  GSource *overtaking;
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
set_source (GSource **source, guint ms, GSourceFunc func, SimSlot *slot)
{
  clear_source (source);
  *source = g_timeout_source_new (ms);
  g_source_set_callback (*source, func, slot, NULL);
  g_source_attach (*source, NULL);
}

static gint
setting (const SimSlot *slot, SimSslcfgNumber number)
{
  return sim_sslcfg_get_number (slot->world.settings, slot->index, number);
}

static gboolean
has_switch (const SimSlot *slot, SimSwitchId id, guint value)
{
  return sim_switch_get (slot->world.switches, id) == value;
}

static gint
printed_code (const SimSlot *slot, SimTlsCode code)
{
  return code != SIM_TLS_CODE_OK && has_switch (slot, SIM_SWITCH_RESULT_8, SIM_YES) ? SIM_TLS_CODE_UNLISTED
                                                                                    : code;
}

static void
debug (const SimSlot *slot, gint level, const char *what, gint value)
{
  sim_trace_note (slot->world.trace, "slot %u: %s %d", slot->index, what, value);
  if (has_switch (slot, SIM_SWITCH_DEBUG_ON_AT_PORT, SIM_YES) && setting (slot, SIM_SSLCFG_DEBUG) >= level)
    sim_dialogue_urc (slot->world.dialogue, "[SSL %d] %s %d", level, what, value);
}

static guint
timeout_ms (const SimSlot *slot)
{
  /* "timeout" is for TLS only (the note, 2.3.1). */
  guint ms = setting (slot, SIM_SSLCFG_DTLS) != 0 ? DTLS_TIMEOUT_MS
                                                  : (guint) setting (slot, SIM_SSLCFG_TIMEOUT_S) * MS_PER_S;
  return sim_switch_scale_ms (slot->world.switches, ms);
}

/* The slot is empty afterwards; what the host is told is up to the caller. */
static void
empty_slot (SimSlot *slot, gboolean takes_leave)
{
  SimTls *tls = g_steal_pointer (&slot->tls);
  if (tls != NULL && takes_leave)
    sim_tls_close (tls);
  else if (tls != NULL)
    sim_tls_free (tls);
  clear_source (&slot->timer);
  clear_source (&slot->overtaking);
  g_clear_pointer (&slot->held, g_byte_array_unref);
  slot->state = SLOT_CLOSED;
  slot->is_sending = FALSE;
}

/* +QSSLURC: "recv" (the note, 2.4.1). Text is raw between its quotes. */
static void
print_received (SimSlot *slot, const guint8 *data, gsize length)
{
  gboolean is_hex = setting (slot, SIM_SSLCFG_RECV_FORMAT) != 0;
  gboolean has_quotes = !is_hex || has_switch (slot, SIM_SWITCH_HEX_QUOTES, SIM_YES);
  gboolean counts_characters = is_hex && has_switch (slot, SIM_SWITCH_HEX_LENGTH, SIM_HEX_LENGTH_CHARACTERS);
  g_autofree char *head = g_strdup_printf ("+QSSLURC: \"recv\",0,%u,%" G_GSIZE_FORMAT ",%s", slot->index,
                                           counts_characters ? 2 * length : length, has_quotes ? "\"" : "");
  g_autoptr (GByteArray) urc = g_byte_array_new ();
  g_byte_array_append (urc, (const guint8 *) head, (guint) strlen (head));
  if (is_hex)
    sim_hex_append (urc, data, length, has_switch (slot, SIM_SWITCH_HEX_CASE, SIM_HEX_CASE_UPPER));
  else
    g_byte_array_append (urc, data, (guint) length);
  if (has_quotes)
    g_byte_array_append (urc, (const guint8 *) "\"", 1);
  debug (slot, DEBUG_DETAIL, "received", (gint) length);
  sim_dialogue_urc_bytes (slot->world.dialogue, urc->data, urc->len);
}

static void
print_held (SimSlot *slot)
{
  clear_source (&slot->overtaking);
  g_autoptr (GByteArray) held = g_steal_pointer (&slot->held);
  if (held != NULL)
    print_received (slot, held->data, held->len);
}

static void
print_closed (SimSlot *slot)
{
  debug (slot, DEBUG_STATE, "closed", 0);
  sim_dialogue_urc (slot->world.dialogue, "+QSSLURC: \"closed\",0,%u", slot->index);
}

static gboolean
on_overtaking_over (gpointer user_data)
{
  print_held (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_received (const guint8 *data, gsize length, gpointer user_data)
{
  SimSlot *slot = user_data;
  if (has_switch (slot, SIM_SWITCH_CLOSED_ORDER, SIM_CLOSED_ORDER_AFTER_RECV)) {
    print_received (slot, data, length);
  } else {
    print_held (slot);
    slot->held = g_byte_array_append (g_byte_array_new (), data, (guint) length);
    set_source (&slot->overtaking, OVERTAKING_MS, on_overtaking_over, slot);
  }
  if (sim_dialogue_is_congested (slot->world.dialogue))
    sim_tls_set_reading (slot->tls, FALSE);
}

/* The module has closed by itself. */
static void
end_connection (SimSlot *slot)
{
  g_autoptr (GByteArray) held = g_steal_pointer (&slot->held);
  empty_slot (slot, FALSE);
  print_closed (slot);
  if (held != NULL)
    print_received (slot, held->data, held->len);
  slot->world.released (slot->world.user_data);
}

static void
on_closed (gpointer user_data)
{
  end_connection (user_data);
}

static void
report_sent (SimSlot *slot, SimTlsCode code)
{
  SimDialogue *dialogue = slot->world.dialogue;
  guint where = sim_switch_get (slot->world.switches, SIM_SWITCH_SEND_RESULT);
  slot->is_sending = FALSE;
  clear_source (&slot->timer);
  debug (slot, code == SIM_TLS_CODE_OK ? DEBUG_DETAIL : DEBUG_ERROR, "sent", code);
  if (where == SIM_SEND_RESULT_NONE) {
    sim_dialogue_finish (dialogue, code == SIM_TLS_CODE_OK ? SIM_RESULT_OK : SIM_RESULT_ERROR);
    return;
  }
  sim_dialogue_urc (dialogue, "+QSSLSEND: 0,%u,%d", slot->index, printed_code (slot, code));
  if (where == SIM_SEND_RESULT_BEFORE_OK)
    sim_dialogue_finish (dialogue, SIM_RESULT_OK);
}

static void
on_sent (SimTlsCode code, gpointer user_data)
{
  report_sent (user_data, code);
}

static gboolean
on_send_timeout (gpointer user_data)
{
  SimSlot *slot = user_data;
  report_sent (slot, SIM_TLS_CODE_TIME_OUT);
  /* Half a record may be on its way: this connection cannot be used any more. */
  if (slot->state == SLOT_OPEN)
    end_connection (slot);
  return G_SOURCE_REMOVE;
}

static gboolean
on_open_result (gpointer user_data)
{
  SimSlot *slot = user_data;
  SimDialogue *dialogue = slot->world.dialogue;
  SimTlsCode code = slot->open_code;
  clear_source (&slot->timer);
  slot->state = code == SIM_TLS_CODE_OK ? SLOT_OPEN : SLOT_CLOSED;
  debug (slot, code == SIM_TLS_CODE_OK ? DEBUG_STATE : DEBUG_ERROR, "open result", code);
  sim_dialogue_urc (dialogue, "+QSSLOPEN: 0,%u,%d", slot->index, printed_code (slot, code));
  if (code == SIM_TLS_CODE_OK)
    sim_tls_set_reading (slot->tls, !sim_dialogue_is_congested (dialogue));
  if (has_switch (slot, SIM_SWITCH_OPEN_RESULT, SIM_OPEN_RESULT_BEFORE_OK))
    sim_dialogue_finish (dialogue, SIM_RESULT_OK);
  return G_SOURCE_REMOVE;
}

/* The result is known; it is printed now or, as the switches will have it, later. */
static void
end_open (SimSlot *slot, SimTlsCode code)
{
  guint late_ms = sim_switch_get (slot->world.switches, SIM_SWITCH_OPEN_RESULT_LATE_MS);
  if (code == SIM_TLS_CODE_CONNECTION
      && has_switch (slot, SIM_SWITCH_FAILED_OPEN, SIM_FAILED_OPEN_AT_TIMEOUT)) {
    gint64 remaining_us = slot->deadline_us - g_get_monotonic_time ();
    late_ms += (guint) (MAX (0, remaining_us) / US_PER_MS);
    code = SIM_TLS_CODE_TIME_OUT;
  }
  if (code == SIM_TLS_CODE_OK)
    sim_tls_set_reading (slot->tls, FALSE);
  else
    g_clear_pointer (&slot->tls, sim_tls_free);
  slot->open_code = code;
  set_source (&slot->timer, late_ms, on_open_result, slot);
}

static void
on_opened (SimTlsCode code, gpointer user_data)
{
  end_open (user_data, code);
}

static gboolean
on_open_timeout (gpointer user_data)
{
  end_open (user_data, SIM_TLS_CODE_TIME_OUT);
  return G_SOURCE_REMOVE;
}

static const SimTlsEvents tls_events = {
  .opened = on_opened,
  .sent = on_sent,
  .received = on_received,
  .closed = on_closed,
};

static void
start_tls (SimSlot *slot, const char *host, guint16 port)
{
  const SimSlotWorld *self = &slot->world;
  gboolean is_datagram = setting (slot, SIM_SSLCFG_DTLS) != 0;
  g_autoptr (GBytes) ca = sim_sslcfg_get_file (self->settings, slot->index, SIM_SSLCFG_CACERT);
  g_autoptr (GBytes) certificate = sim_sslcfg_get_file (self->settings, slot->index, SIM_SSLCFG_CLIENTCERT);
  g_autoptr (GBytes) key = sim_sslcfg_get_file (self->settings, slot->index, SIM_SSLCFG_CLIENTKEY);
  SimTlsSetup setup = {
    .host = host,
    .port = port,
    .is_datagram = is_datagram,
    .version = setting (slot, is_datagram ? SIM_SSLCFG_DTLSVERSION : SIM_SSLCFG_SSLVERSION),
    .seclevel = setting (slot, SIM_SSLCFG_SECLEVEL),
    .checks_dates = has_switch (slot, SIM_SWITCH_CHECKS_DATES, SIM_YES),
    .ca_certificate = ca,
    .client_certificate = certificate,
    .client_key = key,
    .retransmit_ms = sim_switch_scale_ms (self->switches, DTLS_RETRANSMIT_MS),
  };
  slot->tls = sim_tls_new (&setup, &tls_events, slot);
}

void
sim_slot_open (SimSlot *slot, const char *host, guint16 port, SimTlsCode doom)
{
  guint ms = timeout_ms (slot);
  slot->state = SLOT_OPENING;
  slot->deadline_us = g_get_monotonic_time () + (gint64) ms * US_PER_MS;
  debug (slot, DEBUG_INFO, "connecting to port", port);
  if (doom != SIM_TLS_CODE_OK) {
    end_open (slot, doom);
    return;
  }
  set_source (&slot->timer, ms, on_open_timeout, slot);
  start_tls (slot, host, port);
}

/* The files that a seclevel needs (the note, 2.3.1, note 2). */
gboolean
sim_slot_has_files (const SimSlot *slot)
{
  guint n_needed[] = { 0, SIM_SSLCFG_CACERT + 1, SIM_SSLCFG_N_FILES };
  for (guint i = 0; i < n_needed[setting (slot, SIM_SSLCFG_SECLEVEL)]; i++) {
    g_autoptr (GBytes) file = sim_sslcfg_get_file (slot->world.settings, slot->index, i);
    if (file == NULL)
      return FALSE;
  }
  return TRUE;
}

gboolean
sim_slot_is_closed (const SimSlot *slot)
{
  return slot->state == SLOT_CLOSED;
}

gboolean
sim_slot_can_send (const SimSlot *slot)
{
  return slot->state == SLOT_OPEN && !slot->is_sending;
}

void
sim_slot_send (SimSlot *slot, const guint8 *data, gsize length)
{
  slot->is_sending = TRUE;
  set_source (&slot->timer, timeout_ms (slot), on_send_timeout, slot);
  sim_tls_send (slot->tls, data, length);
}

void
sim_slot_close (SimSlot *slot)
{
  SimDialogue *dialogue = slot->world.dialogue;
  SimTlsCode code = slot->state == SLOT_CLOSED ? SIM_TLS_CODE_STATE : SIM_TLS_CODE_OK;
  gboolean was_open = slot->state == SLOT_OPEN;
  if (slot->is_sending)
    sim_dialogue_follow (dialogue, "+QSSLSEND: 0,%u,%d", slot->index,
                         printed_code (slot, SIM_TLS_CODE_STATE));
  empty_slot (slot, TRUE);
  sim_dialogue_follow (dialogue, "+QSSLCLOSE: 0,%u,%d", slot->index, printed_code (slot, code));
  if (was_open)
    slot->world.released (slot->world.user_data);
}

void
sim_slot_drop (SimSlot *slot)
{
  empty_slot (slot, FALSE);
}

void
sim_slot_lose_network (SimSlot *slot)
{
  if (slot->state == SLOT_OPENING && slot->tls != NULL) {
    end_open (slot, SIM_TLS_CODE_CONNECTION);
  } else if (slot->state == SLOT_OPEN) {
    if (slot->is_sending)
      report_sent (slot, SIM_TLS_CODE_CONNECTION);
    end_connection (slot);
  }
}

void
sim_slot_resume (SimSlot *slot)
{
  if (slot->state == SLOT_OPEN)
    sim_tls_set_reading (slot->tls, TRUE);
}

SimSlot *
sim_slot_new (const SimSlotWorld *world, guint index)
{
  SimSlot *slot = g_new0 (SimSlot, 1);
  slot->world = *world;
  slot->index = index;
  return slot;
}

void
sim_slot_free (SimSlot *slot)
{
  empty_slot (slot, FALSE);
  g_free (slot);
}
