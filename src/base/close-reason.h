/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Why a connection ended: the one list of reasons that the bus, the log and the command line use,
 * each with a stable name and a sentence that says what to do about it.
 */
#pragma once

#include <glib.h>

/**
 * CloseReason:
 * @CLOSE_REASON_NONE: the connection has not ended. (``, the empty string)
 * @CLOSE_REASON_REQUESTED: its owner called Close or Release, or closed its stream. (`requested`)
 * @CLOSE_REASON_OWNER_LEFT: its owner left the bus. (`owner-left`)
 * @CLOSE_REASON_QUEUE_TIMEOUT: no slot became free within the queue time-out. (`queue-timeout`)
 * @CLOSE_REASON_PREEMPTED: it had its slot for longer than max-hold, and others waited. (`preempted`)
 * @CLOSE_REASON_IDLE_TIMEOUT: no byte moved for the idle time-out. (`idle-timeout`)
 * @CLOSE_REASON_SERVER_CLOSED: the server closed, +QSSLURC: "closed" (note 2.4.2). (`server-closed`)
 * @CLOSE_REASON_OVERFLOW: more arrived than the receive buffer holds. (`overflow`)
 * @CLOSE_REASON_DATAGRAM_SIZE: the client wrote a datagram to its stream that the module cannot send.
 *   (`datagram-size`)
 * @CLOSE_REASON_CONNECT_FAILED: result -2: no TCP connection, or it broke. (`connect-failed`)
 * @CLOSE_REASON_CERTIFICATE: result -3: a certificate was not accepted. (`certificate`)
 * @CLOSE_REASON_KEY: result -4: the client's key was not accepted. (`key`)
 * @CLOSE_REASON_CIPHER: result -5: no cipher suite or version in common. (`cipher`)
 * @CLOSE_REASON_STATE: result -6: the module's slot was in an unexpected state. (`state`)
 * @CLOSE_REASON_NO_NETWORK: the module did not come onto the network in time. (`no-network`)
 * @CLOSE_REASON_NO_SIM: there is no SIM card that can be used. (`no-sim`)
 * @CLOSE_REASON_TIMEOUT: result -7, or nothing came in time. (`timeout`)
 * @CLOSE_REASON_MODULE_ERROR: result -1, -9 or an unlisted one, or a bare ERROR. (`module-error`)
 * @CLOSE_REASON_SETTINGS: the module's settings differ from what the context asks. (`settings`)
 * @CLOSE_REASON_CREDENTIAL: a certificate or key could not be stored in the module. (`credential`)
 * @CLOSE_REASON_STORAGE: the state directory cannot be written. (`storage`)
 * @CLOSE_REASON_PROTOCOL: what came from the module could not be understood; going on would have
 *   risked a hole in the data. (`protocol`)
 * @CLOSE_REASON_MODULE_RESTARTED: the module restarted. (`module-restarted`)
 * @CLOSE_REASON_DEEP_SLEEP: the module fell into deep sleep, which ends every connection. (`deep-sleep`)
 * @CLOSE_REASON_MODULE_LOST: the port is gone or the module no longer answers. (`module-lost`)
 * @CLOSE_REASON_PORT_RELEASED: the port went back to ModemManager. (`port-released`)
 * @CLOSE_REASON_SHUTDOWN: the daemon stops. (`shutdown`)
 * @CLOSE_REASON_BREAKER: earlier opens to the same peer failed again and again: not tried. (`breaker`)
 */
typedef enum {
  CLOSE_REASON_NONE,
  CLOSE_REASON_REQUESTED,
  CLOSE_REASON_OWNER_LEFT,
  CLOSE_REASON_QUEUE_TIMEOUT,
  CLOSE_REASON_PREEMPTED,
  CLOSE_REASON_IDLE_TIMEOUT,
  CLOSE_REASON_SERVER_CLOSED,
  CLOSE_REASON_OVERFLOW,
  CLOSE_REASON_DATAGRAM_SIZE,
  CLOSE_REASON_CONNECT_FAILED,
  CLOSE_REASON_CERTIFICATE,
  CLOSE_REASON_KEY,
  CLOSE_REASON_CIPHER,
  CLOSE_REASON_STATE,
  CLOSE_REASON_NO_NETWORK,
  CLOSE_REASON_NO_SIM,
  CLOSE_REASON_TIMEOUT,
  CLOSE_REASON_MODULE_ERROR,
  CLOSE_REASON_SETTINGS,
  CLOSE_REASON_CREDENTIAL,
  CLOSE_REASON_STORAGE,
  CLOSE_REASON_PROTOCOL,
  CLOSE_REASON_MODULE_RESTARTED,
  CLOSE_REASON_DEEP_SLEEP,
  CLOSE_REASON_MODULE_LOST,
  CLOSE_REASON_PORT_RELEASED,
  CLOSE_REASON_SHUTDOWN,
  CLOSE_REASON_BREAKER,
} CloseReason;

#define CLOSE_REASON_LAST CLOSE_REASON_BREAKER

/** The stable name, as on the bus. Static. */
const char *close_reason_get_name (CloseReason reason);

/** One sentence for a person: what happened and what to do. Static. */
const char *close_reason_get_advice (CloseReason reason);
