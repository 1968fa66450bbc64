/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sim-tls-setup.h. The module speaks RSA key exchange with AES-CBC or 3DES-CBC and SHA-1 only (the note,
 * 1.2); nothing else may be offered. */
#include "sim-tls-setup.h"

#include <gnutls/dtls.h>
#include <gnutls/x509.h>

#define SUITES ":+RSA:+AES-128-CBC:+AES-256-CBC:+3DES-CBC:+SHA1:+COMP-NULL:+SIGN-ALL:+CTYPE-X509"
#define DATAGRAM_BYTES 1400
#define HANDSHAKE_MS 3600000 /* the module has its own time-out */

typedef struct gnutls_x509_crt_int Certificate;
typedef struct gnutls_x509_privkey_int Key;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Certificate, gnutls_x509_crt_deinit)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Key, gnutls_x509_privkey_deinit)

/* Debian's system-wide settings may forbid old versions. They are read in GnuTLS's implicit initialization,
 * which is skipped, so that the environment can be set first. */
GNUTLS_SKIP_GLOBAL_INIT

void
sim_tls_setup_global (void)
{
  g_setenv ("GNUTLS_SYSTEM_PRIORITY_FILE", "/dev/null", TRUE);
  int error = gnutls_global_init ();
  if (error < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (error));
}

static gnutls_datum_t
datum_of (GBytes *bytes)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  return (gnutls_datum_t){ .data = (unsigned char *) (guintptr) data, .size = (unsigned int) size };
}

static SimTlsCode
check_client_certificate (const gnutls_datum_t *pem)
{
  g_autoptr (Certificate) certificate = NULL;
  if (gnutls_x509_crt_init (&certificate) < 0)
    return SIM_TLS_CODE_EXCEPTION;
  if (gnutls_x509_crt_import (certificate, pem, GNUTLS_X509_FMT_PEM) < 0
      || gnutls_x509_crt_get_pk_algorithm (certificate, NULL) != GNUTLS_PK_RSA)
    return SIM_TLS_CODE_CERTIFICATE;
  return SIM_TLS_CODE_OK;
}

static SimTlsCode
check_client_key (const gnutls_datum_t *pem)
{
  g_autoptr (Key) key = NULL;
  if (gnutls_x509_privkey_init (&key) < 0)
    return SIM_TLS_CODE_EXCEPTION;
  if (gnutls_x509_privkey_import (key, pem, GNUTLS_X509_FMT_PEM) < 0
      || gnutls_x509_privkey_get_pk_algorithm (key) != GNUTLS_PK_RSA)
    return SIM_TLS_CODE_KEY;
  return SIM_TLS_CODE_OK;
}

static SimTlsCode
add_client (gnutls_certificate_credentials_t credentials, const SimTlsSetup *setup)
{
  gnutls_datum_t certificate = datum_of (setup->client_certificate);
  gnutls_datum_t key = datum_of (setup->client_key);
  SimTlsCode code = check_client_certificate (&certificate);
  if (code == SIM_TLS_CODE_OK)
    code = check_client_key (&key);
  if (code != SIM_TLS_CODE_OK)
    return code;

  int error = gnutls_certificate_set_x509_key_mem (credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
  return error < 0 ? SIM_TLS_CODE_KEY : SIM_TLS_CODE_OK; /* of another certificate */
}

static SimTlsCode
fill_credentials (gnutls_certificate_credentials_t credentials, const SimTlsSetup *setup)
{
  /* Old signatures and, unless a switch says so, dates mean nothing to a module of this kind. */
  unsigned int flags = GNUTLS_VERIFY_ALLOW_BROKEN;
  if (!setup->checks_dates)
    flags |= GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS;
  gnutls_certificate_set_verify_flags (credentials, flags);

  if (setup->seclevel >= 1) {
    gnutls_datum_t ca = datum_of (setup->ca_certificate);
    if (gnutls_certificate_set_x509_trust_mem (credentials, &ca, GNUTLS_X509_FMT_PEM) <= 0)
      return SIM_TLS_CODE_CERTIFICATE;
  }
  return setup->seclevel >= 2 ? add_client (credentials, setup) : SIM_TLS_CODE_OK;
}

SimTlsCode
sim_tls_setup_credentials (const SimTlsSetup *setup, gnutls_certificate_credentials_t *ret_credentials)
{
  gnutls_certificate_credentials_t credentials;
  if (gnutls_certificate_allocate_credentials (&credentials) < 0)
    return SIM_TLS_CODE_EXCEPTION;

  SimTlsCode code = fill_credentials (credentials, setup);
  if (code == SIM_TLS_CODE_OK)
    *ret_credentials = credentials;
  else
    gnutls_certificate_free_credentials (credentials);
  return code;
}

static const char *
find_priority (const SimTlsSetup *setup)
{
  static const char *const tls[] = {
    [1] = "NONE:+VERS-TLS1.0" SUITES,
    [2] = "NONE:+VERS-TLS1.1" SUITES,
    [3] = "NONE:+VERS-TLS1.2" SUITES,
    [4] = "NONE:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0" SUITES,
  };
  static const char *const dtls[] = {
    [0] = "NONE:+VERS-DTLS1.0" SUITES,
    [1] = "NONE:+VERS-DTLS1.2" SUITES,
    [2] = "NONE:+VERS-DTLS1.2:+VERS-DTLS1.0" SUITES,
  };
  return setup->is_datagram ? dtls[setup->version] : tls[setup->version];
}

/* The chain only: the module has no setting for host names. */
static int
verify_chain (gnutls_session_t session)
{
  unsigned int status = 0;
  if (gnutls_certificate_verify_peers2 (session, &status) < 0 || status != 0)
    return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
  return 0;
}

gnutls_session_t
sim_tls_setup_session (const SimTlsSetup *setup, gnutls_certificate_credentials_t credentials)
{
  /* A small stack sends its certificate to whoever asks, without a look at the list of accepted issuers. */
  unsigned int flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS | GNUTLS_FORCE_CLIENT_CERT;
  gnutls_session_t session;
  if (gnutls_init (&session, flags | (setup->is_datagram ? GNUTLS_DATAGRAM : 0)) < 0)
    return NULL;

  if (gnutls_priority_set_direct (session, find_priority (setup), NULL) < 0
      || gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials) < 0) {
    gnutls_deinit (session);
    return NULL;
  }
  if (setup->seclevel >= 1)
    gnutls_session_set_verify_function (session, verify_chain);
  if (setup->is_datagram) {
    gnutls_dtls_set_mtu (session, DATAGRAM_BYTES);
    gnutls_dtls_set_timeouts (session, setup->retransmit_ms, HANDSHAKE_MS);
  }
  return session;
}

static SimTlsCode
judge_alert (gnutls_session_t session, gint seclevel)
{
  switch ((int) gnutls_alert_get (session)) {
  case GNUTLS_A_BAD_CERTIFICATE:
  case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
  case GNUTLS_A_CERTIFICATE_REVOKED:
  case GNUTLS_A_CERTIFICATE_EXPIRED:
  case GNUTLS_A_CERTIFICATE_UNKNOWN:
  case GNUTLS_A_UNKNOWN_CA:
  case GNUTLS_A_ACCESS_DENIED:
  case GNUTLS_A_CERTIFICATE_REQUIRED:
  case GNUTLS_A_SSL3_NO_CERTIFICATE:
    return SIM_TLS_CODE_CERTIFICATE;
  case GNUTLS_A_DECRYPT_ERROR:
    /* OpenSSL says this of a client certificate that another authority of the same name has signed. */
    return gnutls_certificate_client_get_request_status (session) != 0 ? SIM_TLS_CODE_CERTIFICATE
                                                                       : SIM_TLS_CODE_EXCEPTION;
  case GNUTLS_A_HANDSHAKE_FAILURE:
    /* Up to TLS 1.2 this is also what a server says that wanted a certificate and got none. */
    if (seclevel < 2 && gnutls_certificate_client_get_request_status (session) != 0)
      return SIM_TLS_CODE_CERTIFICATE;
    return SIM_TLS_CODE_CIPHER;
  case GNUTLS_A_PROTOCOL_VERSION:
  case GNUTLS_A_INSUFFICIENT_SECURITY:
    return SIM_TLS_CODE_CIPHER;
  default:
    return SIM_TLS_CODE_OTHER;
  }
}

SimTlsCode
sim_tls_setup_judge (gnutls_session_t session, gint seclevel, int error)
{
  switch (error) {
  case GNUTLS_E_FATAL_ALERT_RECEIVED:
    return judge_alert (session, seclevel);
  case GNUTLS_E_CERTIFICATE_ERROR:
  case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
  case GNUTLS_E_NO_CERTIFICATE_FOUND:
  case GNUTLS_E_KEY_USAGE_VIOLATION:
  case GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE:
    return SIM_TLS_CODE_CERTIFICATE;
  case GNUTLS_E_NO_CIPHER_SUITES:
  case GNUTLS_E_UNKNOWN_CIPHER_SUITE:
  case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
  case GNUTLS_E_INSUFFICIENT_SECURITY:
  case GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM:
    return SIM_TLS_CODE_CIPHER;
  case GNUTLS_E_PULL_ERROR:
  case GNUTLS_E_PUSH_ERROR:
  case GNUTLS_E_PREMATURE_TERMINATION:
  case GNUTLS_E_SESSION_EOF:
  case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
    return SIM_TLS_CODE_CONNECTION;
  case GNUTLS_E_TIMEDOUT:
    return SIM_TLS_CODE_TIME_OUT;
  case GNUTLS_E_DECRYPTION_FAILED:
  case GNUTLS_E_UNEXPECTED_PACKET:
  case GNUTLS_E_UNEXPECTED_HANDSHAKE_PACKET:
  case GNUTLS_E_MEMORY_ERROR:
    return SIM_TLS_CODE_EXCEPTION;
  default:
    return SIM_TLS_CODE_OTHER;
  }
}
