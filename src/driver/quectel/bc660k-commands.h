/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands of one connection (note 2.3.2 to 2.3.4), built. Knows nothing of when they are sent.
 */
#pragma once

#include "at-command.h"
#include "module-driver.h"

/**
 * Bc660kSendFormat:
 * @hex: the data goes as two characters a byte.
 * @counted: the firmware takes a length.
 * @prompt_delay_ms: between the prompt and the data.
 * @timeout_ms: for the answer.
 */
typedef struct {
  gboolean hex;
  gboolean counted;
  guint prompt_delay_ms;
  guint timeout_ms;
} Bc660kSendFormat;

/** AT+QSSLOPEN. NULL with G_IO_ERROR_INVALID_ARGUMENT when the host cannot stand in a command. */
AtCommand *
bc660k_commands_new_open (guint slot, const ModuleOpenRequest *request, guint timeout_ms, GError **error);

/**
 * AT+QSSLSEND: the counted form whenever the firmware has it, since it carries every byte and its end cannot
 * be missed. The Ctrl-Z form is for a firmware without it, and then only for data that it can carry: NULL
 * when
 * @data holds 0x1A or 0x1B and goes as text.
 */
AtCommand *bc660k_commands_new_send (guint slot, GBytes *data, const Bc660kSendFormat *format);

/** AT+QSSLCLOSE. */
AtCommand *bc660k_commands_new_close (guint slot, guint timeout_ms);
