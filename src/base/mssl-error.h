/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The errors that a client of the bus can get: one list, each value with its D-Bus name
 * org.modemssl1.Error.<Name>. Layers below `core` return errors of their own (`ModuleError`,
 * `AtError`, GIO's); `core` turns them into these.
 */
#pragma once

#include <glib.h>

#define MSSL_ERROR (mssl_error_quark ())

/**
 * MsslError:
 * @MSSL_ERROR_FAILED: something inside the daemon or its host failed; the text says what. (`Failed`)
 * @MSSL_ERROR_INVALID_ARGUMENT: an argument, option or setting is unknown, of a wrong type or out of
 *   range; the text names it and what is allowed. (`InvalidArgument`)
 * @MSSL_ERROR_INVALID_CREDENTIAL: a certificate or key is not what the module can use. (`InvalidCredential`)
 * @MSSL_ERROR_NOT_FOUND: no module, context or credential of that name. (`NotFound`)
 * @MSSL_ERROR_EXISTS: the name is taken. (`Exists`)
 * @MSSL_ERROR_IN_USE: something else still uses the object that is to be changed or deleted. (`InUse`)
 * @MSSL_ERROR_BUSY: no free slot, and the open was not to wait. (`Busy`)
 * @MSSL_ERROR_NOT_READY: the module is not there, or not ready yet. (`NotReady`)
 * @MSSL_ERROR_NOT_CONNECTED: the connection is not (or no longer) connected. (`NotConnected`)
 * @MSSL_ERROR_ACCESS_DENIED: the connection belongs to another client, or it takes root. (`AccessDenied`)
 * @MSSL_ERROR_RECEIVE_MODE: data is already received in another way. (`ReceiveMode`)
 * @MSSL_ERROR_ACQUIRED: data goes through the stream that was acquired. (`Acquired`)
 * @MSSL_ERROR_OFFSET: the offset lies below what was let go of, or above what has come. (`Offset`)
 * @MSSL_ERROR_SEND_FAILED: the module did not confirm all of the data; BytesConfirmed tells what went
 *   through. (`SendFailed`)
 * @MSSL_ERROR_LIMIT_EXCEEDED: a documented limit is reached. (`LimitExceeded`)
 * @MSSL_ERROR_STORAGE: the state directory cannot be read or written. (`Storage`)
 * @MSSL_ERROR_BREAKER_OPEN: opens to this server failed again and again; the text says when the next is
 *   allowed. (`BreakerOpen`)
 * @MSSL_ERROR_COMMAND_FAILED: the module refused an AT command; the text is its answer. (`CommandFailed`)
 */
typedef enum {
  MSSL_ERROR_FAILED,
  MSSL_ERROR_INVALID_ARGUMENT,
  MSSL_ERROR_INVALID_CREDENTIAL,
  MSSL_ERROR_NOT_FOUND,
  MSSL_ERROR_EXISTS,
  MSSL_ERROR_IN_USE,
  MSSL_ERROR_BUSY,
  MSSL_ERROR_NOT_READY,
  MSSL_ERROR_NOT_CONNECTED,
  MSSL_ERROR_ACCESS_DENIED,
  MSSL_ERROR_RECEIVE_MODE,
  MSSL_ERROR_ACQUIRED,
  MSSL_ERROR_OFFSET,
  MSSL_ERROR_SEND_FAILED,
  MSSL_ERROR_LIMIT_EXCEEDED,
  MSSL_ERROR_STORAGE,
  MSSL_ERROR_BREAKER_OPEN,
  MSSL_ERROR_COMMAND_FAILED,
} MsslError;

/** The error domain. Its values are registered with GDBus under their D-Bus names at the first use. */
GQuark mssl_error_quark (void);
