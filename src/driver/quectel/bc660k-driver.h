/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The driver of the Quectel BC660K-GL: TLS by AT+QSSLCFG, AT+QSSLOPEN, AT+QSSLSEND and AT+QSSLCLOSE. All that
 * this file offers is a ModuleDriver.
 */
#pragma once

#include "at-channel.h"
#include "module-driver.h"

/**
 * Bc660kConfig:
 * @name: of the module, for the trace.
 * @prompt_delay_ms: between a prompt and the data. The vendor advises 500 ms, other drivers wait 0 to 150.
 * @timing: of the channel; NULL for the default.
 * @trace: or NULL.
 * @get_real_time_us: the host's clock; NULL for g_get_real_time().
 * @margin_ms: how long a result may take beyond the module's own time-out, for its OK and the line; 0 for 5
 * s.
 */
typedef struct {
  const char *name;
  guint prompt_delay_ms;
  const AtTiming *timing;
  AtTrace *trace;
  guint margin_ms;
  gint64 (*get_real_time_us) (void);
} Bc660kConfig;

/** Takes @port. Nothing is written before module_driver_start_async(). */
ModuleDriver *bc660k_driver_new (SerialPort *port, const Bc660kConfig *config);
