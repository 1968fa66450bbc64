/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One claim to one port, in one of four ways; its states, and why it is in each. It hands out an open port
 * and wants it closed again; it knows nothing of what is on it.
 */
#pragma once

#include "mm-modems.h"
#include "module-status.h"
#include "serial-port.h"
#include "timer.h"

/** As in the configuration file. */
typedef enum {
  CLAIM_MODE_AUTO,
  CLAIM_MODE_INHIBIT,
  CLAIM_MODE_IGNORED_PORT,
  CLAIM_MODE_DEVICE,
} ClaimMode;

/** As documented in org.modemssl1.Module.xml. */
typedef enum {
  CLAIM_WAITING,
  CLAIM_INHIBITING,
  CLAIM_CLAIMED,
  CLAIM_RELEASING,
  CLAIM_RELEASED,
  CLAIM_CONFLICT,
} ClaimState;

/** ModemManager touches a port 1.5 s after it has appeared on the bus (measured). */
#define CLAIM_REVOKE_MS 1200

/** CLAIM_MODE_AUTO: how long a ModemManager that has just appeared may take to find the modem. */
#define CLAIM_SETTLE_MS 15000

/** Static. NULL when @mode is not one. */
const char *claim_mode_get_name (ClaimMode mode);
gboolean claim_mode_parse (const char *name, ClaimMode *ret_mode);
const char *claim_state_get_name (ClaimState state);

/**
 * ClaimConfig: copied.
 * @port: its device may be NULL, but in CLAIM_MODE_DEVICE: then the modem is found by its identity.
 * @equipment_id: the IMEI that the modem must have, or NULL.
 * @holder_path: the socket of the holder, or NULL.
 */
typedef struct {
  ClaimMode mode;
  SerialPortSettings port;
  const char *equipment_id;
  const char *holder_path;
} ClaimConfig;

/**
 * ClaimListener: both run from the main loop or inside claim_take_async() and claim_give_async().
 * @changed: what a getter tells is new.
 * @revoked: ModemManager is about to use the port, or already does: it must be closed, and given back with
 *   claim_give_async(), within @within_ms. Then it can be taken again.
 */
typedef struct {
  void (*changed) (gpointer user_data);
  void (*revoked) (guint within_ms, gpointer user_data);
} ClaimListener;

typedef struct Claim Claim;

/** @modems, @clock and @listener must outlive it. */
Claim *claim_new (const ClaimConfig *config, MmModems *modems, TimerClock *clock,
                  const ClaimListener *listener, gpointer user_data);

/** Gives up whatever it has, at once; the port must be closed. */
void claim_free (Claim *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Claim, claim_free)

/**
 * Waits until the port may be had, and opens it. Also for a claimed port that was closed because it, or the
 * module, failed. Errors: G_IO_ERROR_CANCELLED; those of serial_port_open(); G_IO_ERROR_BUSY when
 * ModemManager uses a port that is claimed by device. One at a time.
 */
void
claim_take_async (Claim *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
SerialPort *claim_take_finish (Claim *self, GAsyncResult *result, GError **error);

/** Gives the port, which is closed, back to ModemManager, and the modem enabled if it was. Never fails. */
void claim_give_async (Claim *self, GAsyncReadyCallback callback, gpointer user_data);

ClaimState claim_get_state (Claim *self);

/** One sentence on why it is not claimed, or what is to be known about it; else empty. */
const char *claim_get_text (Claim *self);

/** Object path of the modem in ModemManager, the last known one while it is taken away; or empty. */
const char *claim_get_modem_path (Claim *self);

/** With a port that ModemManager ignores: what it tells of the network that the modem is in; otherwise
 * nothing is told, which is MODULE_REGISTRATION_UNTOLD. */
ModuleRegistration claim_get_registration (Claim *self);
int claim_get_signal_dbm (Claim *self);

/** Path of the tty; empty until it is known. */
const char *claim_get_device (Claim *self);
