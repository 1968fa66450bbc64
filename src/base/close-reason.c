/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table behind `CloseReason`.
 */
#include "close-reason.h"

typedef struct {
  const char *name;
  const char *advice;
} ReasonText;

static const ReasonText texts[] = {
  [CLOSE_REASON_NONE] = { "", "" },
  [CLOSE_REASON_REQUESTED] = { "requested", "The connection was closed as requested." },
  [CLOSE_REASON_OWNER_LEFT] = { "owner-left",
                                "The program that opened the connection left the bus. Open with persist=true "
                                "to let a connection outlive the program." },
  [CLOSE_REASON_QUEUE_TIMEOUT] = { "queue-timeout",
                                   "No slot of a module became free in time. Open with a longer "
                                   "queue-timeout, or see with \"modemsslctl connection list\" who holds "
                                   "it." },
  [CLOSE_REASON_PREEMPTED] = { "preempted",
                               "The connection had its slot for longer than max-hold, and others waited for "
                               "it. Open again to wait for another turn." },
  [CLOSE_REASON_IDLE_TIMEOUT] = { "idle-timeout",
                                  "No byte moved for the idle time-out. Open with a longer idle-timeout, or "
                                  "send a keep-alive." },
  [CLOSE_REASON_SERVER_CLOSED] = { "server-closed", "The server closed the connection." },
  [CLOSE_REASON_OVERFLOW] = { "overflow", "More data arrived than the receive buffer holds. Read faster; "
                                          "nothing that was "
                                          "delivered has a hole." },
  [CLOSE_REASON_DATAGRAM_SIZE] = { "datagram-size",
                                   "A datagram was written to the stream that the module cannot send: it was "
                                   "empty, or longer than the module's max-send-bytes. Write smaller ones." },
  [CLOSE_REASON_CONNECT_FAILED] = { "connect-failed",
                                    "The module could not reach the server, or the server dropped the "
                                    "connection. Check host, port, the network, and whether the server "
                                    "demands "
                                    "a client certificate." },
  [CLOSE_REASON_CERTIFICATE] = { "certificate",
                                 "A certificate was not accepted. Check that the context's ca-certificate "
                                 "signed the server's certificate, and that the server trusts the "
                                 "client's." },
  [CLOSE_REASON_KEY] = { "key",
                         "The client's private key was not accepted. Import certificate and key again." },
  [CLOSE_REASON_CIPHER] = { "cipher",
                            "Server and module share no cipher suite or version. The server needs an RSA "
                            "certificate, the suites TLS_RSA_WITH_AES_128/256_CBC_SHA, and at most TLS "
                            "1.2." },
  [CLOSE_REASON_STATE] = { "state", "The module's connection slot was in an unexpected state. Try again." },
  [CLOSE_REASON_NO_NETWORK] = { "no-network",
                                "The module was not on the network within the context's timeout, so nothing "
                                "was sent. Check antenna, coverage, APN and the SIM's contract, or open with "
                                "a longer timeout: a first registration may take 3 minutes." },
  [CLOSE_REASON_NO_SIM] = { "no-sim", "The module has no SIM card that it can use. Insert one, or unlock it; "
                                      "switching its PIN off lets the module come up alone." },
  [CLOSE_REASON_TIMEOUT] = { "timeout", "No answer in time. Check host and port, the signal, and the "
                                        "context's timeout." },
  [CLOSE_REASON_MODULE_ERROR] = { "module-error", "The module reported an error without naming a cause. Try "
                                                  "again; if it stays, "
                                                  "restart the module." },
  [CLOSE_REASON_SETTINGS] = { "settings",
                              "The module did not keep the settings that the context asks for, so the "
                              "connection was not opened with less protection. Try again; if it stays, "
                              "update "
                              "the module's firmware." },
  [CLOSE_REASON_CREDENTIAL] = { "credential",
                                "A certificate or key could not be stored in the module as it is. Try again; "
                                "check prompt-delay in the configuration." },
  [CLOSE_REASON_STORAGE] = { "storage", "The daemon could not note which credential the module holds. Check "
                                        "the state directory: disk full, "
                                        "read-only, or not the daemon's." },
  [CLOSE_REASON_PROTOCOL] = { "protocol",
                              "The module's output could not be understood, so the connection was closed "
                              "rather "
                              "than go on with a hole. Check baud rate, flow control and cabling." },
  [CLOSE_REASON_MODULE_RESTARTED] = { "module-restarted",
                                      "The module restarted and lost the connection. Open again; check its "
                                      "power supply if this repeats." },
  [CLOSE_REASON_DEEP_SLEEP] = { "deep-sleep",
                                "The module fell into deep sleep, in which it keeps no connection. Open "
                                "again: "
                                "that wakes it; switch power saving (AT+CPSMS) off if this repeats." },
  [CLOSE_REASON_MODULE_LOST] = { "module-lost",
                                 "The port is gone or the module no longer answers. Check cabling, power and "
                                 "baud rate." },
  [CLOSE_REASON_PORT_RELEASED] = { "port-released",
                                   "The port went back to ModemManager, as somebody asked or because "
                                   "ModemManager started. Open again once the module is ready." },
  [CLOSE_REASON_SHUTDOWN] = { "shutdown", "The daemon stopped. Open again once it runs." },
  [CLOSE_REASON_BREAKER] = { "breaker",
                             "Earlier opens to this server failed again and again, so this one was not "
                             "tried. Mend their cause, or open again later." },
};

G_STATIC_ASSERT (G_N_ELEMENTS (texts) == CLOSE_REASON_LAST + 1);

const char *
close_reason_get_name (CloseReason reason)
{
  return texts[reason].name;
}

const char *
close_reason_get_advice (CloseReason reason)
{
  return texts[reason].advice;
}
