/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a TLS or DTLS session of the module is set up (versions, suites, certificates), and which result code
 * of the module (the note, chapter 4) stands for which failure. Must not know of sockets. */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

typedef enum {
  SIM_TLS_CODE_OK = 0,
  SIM_TLS_CODE_EXCEPTION = -1,
  SIM_TLS_CODE_CONNECTION = -2,
  SIM_TLS_CODE_CERTIFICATE = -3,
  SIM_TLS_CODE_KEY = -4,
  SIM_TLS_CODE_CIPHER = -5,
  SIM_TLS_CODE_STATE = -6,
  SIM_TLS_CODE_TIME_OUT = -7,
  SIM_TLS_CODE_UNLISTED = -8,
  SIM_TLS_CODE_OTHER = -9,
} SimTlsCode;

typedef struct {
  const char *host;
  guint16 port;
  gboolean is_datagram;
  gint version;  /* "sslversion", or "dtlsversion" for datagrams */
  gint seclevel; /* 0 to 2 */
  gboolean checks_dates;
  GBytes *ca_certificate;     /* PEM; needed from seclevel 1 on */
  GBytes *client_certificate; /* PEM; needed for seclevel 2 */
  GBytes *client_key;
  guint retransmit_ms; /* of the DTLS handshake */
} SimTlsSetup;

/* Makes GnuTLS ready, independent of the machine's own policy on old versions. Once, before all else. */
void sim_tls_setup_global (void);

/* On success the credentials are the caller's. */
SimTlsCode
sim_tls_setup_credentials (const SimTlsSetup *setup, gnutls_certificate_credentials_t *ret_credentials);

/* A client session that uses the credentials, which must outlive it. NULL when GnuTLS cannot. */
gnutls_session_t
sim_tls_setup_session (const SimTlsSetup *setup, gnutls_certificate_credentials_t credentials);

/* Why a handshake, a send or a receive has failed. */
SimTlsCode sim_tls_setup_judge (gnutls_session_t session, gint seclevel, int error);
