/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a connection asks of a module's TLS stack, in the host's own terms. A driver turns it into the
 * vendor's commands; the names that users write stand in core.
 */
#pragma once

#include <glib.h>

typedef enum {
  TLS_PROTOCOL_TLS,  /**< a stream, over TCP */
  TLS_PROTOCOL_DTLS, /**< datagrams, over UDP */
} TlsProtocol;

/** The order is from least to most: a driver may compare. */
typedef enum {
  TLS_AUTHENTICATION_NONE,   /**< nobody is authenticated */
  TLS_AUTHENTICATION_SERVER, /**< the server's chain is verified against the CA */
  TLS_AUTHENTICATION_MUTUAL, /**< and the client shows its certificate if asked */
} TlsAuthentication;

typedef enum {
  TLS_VERSION_1_0,
  TLS_VERSION_1_1,
  TLS_VERSION_1_2,
  TLS_VERSION_NEGOTIATE, /**< any of them, as the server likes */
} TlsVersion;

typedef enum {
  DTLS_VERSION_1_0,
  DTLS_VERSION_1_2,
  DTLS_VERSION_NEGOTIATE, /**< either, as the server likes */
} DtlsVersion;

typedef enum {
  DATA_FORMAT_TEXT, /**< bytes as they are */
  DATA_FORMAT_HEX,  /**< two characters a byte: half the speed, for modules or lines that are not 8-bit clean
                     */
} DataFormat;

#define TLS_TIMEOUT_MIN_S 10
#define TLS_TIMEOUT_MAX_S 300
#define TLS_TIMEOUT_DEFAULT_S 90
#define TLS_MODULE_DEBUG_MAX 4

/**
 * TlsSettings:
 * @tls_version, @dtls_version: the one of @protocol counts.
 * @timeout_s: for the handshake and for the delivery of one message, 10 to 300 (note 2.3.1).
 * @module_debug: 0 (none) to 4 (detail), the module's own debug log (note 2.3.1).
 *
 * Plain data; copied by assignment.
 */
typedef struct {
  TlsProtocol protocol;
  TlsVersion tls_version;
  DtlsVersion dtls_version;
  TlsAuthentication authentication;
  DataFormat send_format;
  DataFormat receive_format;
  guint timeout_s;
  guint module_debug;
} TlsSettings;
