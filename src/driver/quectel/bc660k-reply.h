/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pure parsers of what a BC660K-GL says. Each understands a line whole or returns FALSE and touches nothing.
 */
#pragma once

#include <gio/gio.h>

#include "tls-settings.h"

/** Only this context id works today (note 2.3.1); a slot is a connect id of it. */
#define BC660K_CONTEXT_ID 0

/** The lengths of the note: 2.3.2 host, 2.3.3 send, 2.4.1 receive. */
#define BC660K_HOST_MAX_BYTES 150
#define BC660K_SEND_MAX_BYTES 1024
#define BC660K_RECEIVE_MAX_BYTES 1400

#define BC660K_URC_PREFIX "+QSSLURC:"

/** `+QSSLOPEN: <ctx>,<conn>,<err>`, and the same for QSSLSEND and QSSLCLOSE: @prefix names which. Exactly
 * three fields. */
gboolean bc660k_reply_parse_result (const char *line, const char *prefix, guint *ret_slot, int *ret_result);

/** `+QSSLURC: "closed",<ctx>,<conn>`. */
gboolean bc660k_reply_parse_closed (const char *line, guint *ret_slot);

/**
 * The beginning of `+QSSLURC: "recv",<ctx>,<conn>,<length>,<data>` up to and with the comma before the data.
 * @ret_header_length is how much of @line that is.
 */
gboolean
bc660k_reply_parse_recv_header (const char *line, guint *ret_slot, guint *ret_size, gsize *ret_header_length);

/**
 * The data of a "recv" in hex format, with or without quotes, upper or lower case. @size is the announced
 * length, which may count bytes or characters (unknown; both are accepted). NULL when it is not exactly that.
 */
GBytes *bc660k_reply_decode_hex (const char *data, guint size);

/** `+QSCLK: <n>`, n from 0 to 2. */
gboolean bc660k_reply_parse_qsclk (const char *line, int *ret_mode);

/** `+CGSN: <imei>`, with or without quotes or prefix: a new string of 15 digits. */
gboolean bc660k_reply_parse_imei (const char *line, char **ret_imei);

/** The greatest connect id in the answer to `AT+QSSLOPEN=?`: (contexts),(connects),... */
gboolean bc660k_reply_parse_open_test (const char *line, guint *ret_last_slot);

/** The greatest length in the answer to `AT+QSSLSEND=?`: (contexts),(connects),(lengths); 0 when it names no
 * lengths. */
gboolean bc660k_reply_parse_send_test (const char *line, guint *ret_max_bytes);
