/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A driver on a scripted module. All that it tells, events and ends of operations alike, goes into one log,
 * in order, so that a test compares one text. Each test writes a trace, in which the word SECRET may not
 * stand.
 */
#pragma once

#include "bc660k-driver.h"
#include "kept-port.h"
#include "scripted-module.h"

#define OK "\r\nOK\r\n"
#define CA_PEM "-----BEGIN CERTIFICATE-----\nAT+CASECRET\n-----END CERTIFICATE-----\n"
#define CERT_PEM "-----BEGIN CERTIFICATE-----\nOKSECRET\n-----END CERTIFICATE-----\n"
#define KEY_PEM "-----BEGIN PRIVATE KEY-----\nATSECRET\n-----END PRIVATE KEY-----\n"

/** DriverFixtureList: what the module answers to AT+QSSLCFG=0,0. */
typedef struct {
  int seclevel, sslversion, send_format, receive_format, timeout, debug, ca, cert, key, dtls;
} DriverFixtureList;

typedef struct {
  ScriptedModule *module;
  ModuleDriver *driver;
  AtTrace *trace;
  char *trace_path;
  GString *log;
  guint entries;        /* of the log */
  guint received;       /* events of this kind */
  guint status_changes; /* events of this kind; not in the log */
  guint tasks;          /* under way */
  gint64 unix_s;        /* the host's clock */
  const char *free_at;  /* frees the driver inside the callback whose entry begins so */
  const char *open_at;  /* opens again inside the callback whose entry begins so */
  ModuleOpenRequest request;
  KeptPort *kept; /* NULL for a port that nobody keeps */
} DriverFixture;

/** What the host's clock shows at first: 2026-11-22 21:00:00 UTC. */
#define DRIVER_FIXTURE_NOW_S G_GINT64_CONSTANT (1795381200)

/** One test at a time uses it. */
extern DriverFixture driver_fixture;

/** What a module in its default state lists. */
extern const DriverFixtureList driver_fixture_defaults;

/** Check's checked fixture. The request asks for what a module's defaults are. */
void driver_fixture_set_up (void);
void driver_fixture_tear_down (void);

/** Another driver, on a port that somebody keeps. */
void driver_fixture_make_kept (const SerialPortHistory *history, const char *log, const char *const *unsaid);

/** An entry of the log of a test's own. */
void driver_fixture_add_entry (const char *format, ...) G_GNUC_PRINTF (1, 2);

/** The request asks for mutual authentication; whether the ledger says that the module holds the parts. */
void driver_fixture_ask_for_mutual (gboolean in_module);

/** Script: a line that is written, and what is answered, framed; NULL for nothing. */
void driver_fixture_expect (const char *line, const char *answer);

/** Script: the module says this by itself. */
void driver_fixture_say (const char *text);

/** Script: the first probe. */
void driver_fixture_script_probe (void);

/** Script: identification, up to and with AT+CGSN=1. */
void driver_fixture_script_identity (void);

/** Script: a whole start; the leftover close is refused. */
void driver_fixture_script_start (void);

/** Script: the same without the close. */
void driver_fixture_script_steps (void);

/** Starts, without a script; one entry of the log. */
void driver_fixture_begin_start (void);

/** Starts, with that script. */
void driver_fixture_start (void);

/** Script: AT+QSSLCFG=0,0 and its answer. */
void driver_fixture_script_list (const DriverFixtureList *list);

/** Script: an upload of @pem as @key, answered by @length; -1: ERROR. */
void driver_fixture_script_upload (const char *key, const char *pem, int length);

/** Script: the module is taken out of its sleep mode 1. */
void driver_fixture_script_awake (void);

/** Script: waking, one list with nothing to change, AT+QSSLOPEN and its OK. */
void driver_fixture_script_open (void);

/** Starts and opens a connection on the defaults; the log is empty afterwards. */
void driver_fixture_connect (void);

/** Script: a counted send and what follows its data. */
void driver_fixture_script_send (const char *data, const char *answer);

/** Script: a close, and back to sleep mode 1. */
void driver_fixture_script_close (void);
void driver_fixture_script_asleep (void);

/** The operations; each ends with an entry of the log. */
void driver_fixture_open (void);
void driver_fixture_send (const char *data);
void driver_fixture_close (void);
void driver_fixture_erase (ModuleCredentialPart part);
void driver_fixture_reset (ModuleReset reset);
void driver_fixture_check_network (gboolean compare_clock);
void driver_fixture_stop (void);

/** Runs until the script is done and no operation is under way; then the log must be @log. */
void driver_fixture_check (const char *log);

/** Runs until the log has @entries entries. */
void driver_fixture_wait (guint entries);
