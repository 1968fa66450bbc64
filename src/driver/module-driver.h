/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The border between policy and vendor: what `core` asks of a module, and what a module tells `core`.
 * A driver owns the AT channel and knows every command; it knows no bus, no client and no file.
 *
 * All asynchronous calls follow GTask: the callback runs exactly once, in the main context of the caller,
 * never inside the call that started it, and also when the driver is stopped or freed meanwhile (then with
 * CLOSE_REASON_MODULE_LOST). At most one operation of a kind may be under way for a slot.
 */
#pragma once

#include <gio/gio.h>

#include "close-reason.h"
#include "connection-journal.h"
#include "module-error.h"
#include "module-status.h"
#include "tls-settings.h"

/** The most slots that core will use of any module. */
#define MODULE_SLOTS_MAX 8

/** Who the module says it is. NULL where it did not say. Owned by the driver. */
typedef struct {
  const char *manufacturer;
  const char *model;
  const char *revision;
  const char *imei; /**< 15 digits */
} ModuleIdentity;

/** What the firmware can do, as read from it or, where it does not say, from the note. */
typedef struct {
  guint slots;             /**< connections at a time, 1 to MODULE_SLOTS_MAX */
  guint max_send_bytes;    /**< of one module_driver_send_async() */
  guint max_receive_bytes; /**< of one received event */
  guint max_host_bytes;    /**< of a host name */
} ModuleCapabilities;

typedef enum {
  MODULE_CREDENTIAL_CA,
  MODULE_CREDENTIAL_CLIENT_CERTIFICATE,
  MODULE_CREDENTIAL_CLIENT_KEY,
} ModuleCredentialPart;

#define MODULE_CREDENTIAL_PARTS 3

/**
 * ModuleCredential: one part that an open needs in the module.
 * @pem: the exact bytes, or NULL when the open does not need this part.
 * @in_module: the ledger says that the module holds exactly these bytes. The driver uploads it again all the
 * same when the length that the module reports is another.
 */
typedef struct {
  GBytes *pem;
  gboolean in_module;
} ModuleCredential;

/**
 * ModuleOpenRequest: all that an open needs. The driver takes what it keeps.
 * @journal: NULL, or where the driver notes what a later life of the daemon must know to go on with the
 * connection; it begins it at the connection's begin and ends it at its end, or at once where nobody keeps
 * the port.
 */
typedef struct {
  const char *host; /**< name or address, 1 to max_host_bytes bytes, no quote or control character */
  guint16 port;     /**< 1 to 65535 */
  TlsSettings settings;
  ModuleCredential credentials[MODULE_CREDENTIAL_PARTS]; /**< indexed by #ModuleCredentialPart */
  ConnectionJournal *journal;
} ModuleOpenRequest;

/** ModuleAdoption: a connection that an earlier life of the daemon had open. @journal was resumed and told
 * @past. Both are borrowed. */
typedef struct {
  TlsSettings settings;
  ConnectionJournal *journal;
  const ConnectionJournalPast *past;
} ModuleAdoption;

/**
 * ModuleReset: a way to bring back a module that answers but does not do what it should, the gentlest first.
 * @MODULE_RESET_SLOTS: gets back into step with the module and closes every slot.
 * @MODULE_RESET_RADIO: radio off and on: the module leaves the network and finds it again.
 * @MODULE_RESET_RESTART: the module restarts; ends when it answers again.
 * @MODULE_RESET_AWAIT: somebody else has restarted it, by its power perhaps: ends when it answers.
 */
typedef enum {
  MODULE_RESET_SLOTS,
  MODULE_RESET_RADIO,
  MODULE_RESET_RESTART,
  MODULE_RESET_AWAIT,
} ModuleReset;

typedef struct ModuleDriver ModuleDriver;

/**
 * ModuleDriverListener: what a module tells on its own. Any of them may free the driver. They run from the
 * main loop, never inside a call of this interface. All are required.
 *
 * @connecting: the settings of the open under way are proven; the handshake starts.
 * @received: @data arrived for @slot, in order, already decoded.
 * @closed: the connection on @slot has ended in the module. Comes at most once for each successful open,
 * never after module_driver_close_async() was called for it. A send under way fails beside it. @error is a
 * MODULE_ERROR, CLOSE_REASON_SERVER_CLOSED for the plain case (note 2.4.2), or why the driver had to end it.
 *   The slot is free afterwards.
 * @credential_changed: the module's copy of @part is now what was given to an open (@known) or is about to be
 *   overwritten and unknown from now on (!@known). Comes before the first byte is written.
 * @status_changed: what module_driver_get_status() tells may be other than before.
 * @restarted: the module restarted, by itself or by module_driver_reset_async(). A @closed came before it for
 * each open slot.
 * @lost: the module is no more usable through this driver: the port hung up, or it no longer answers. A
 * @closed came before it for each open slot. Nothing comes after it.
 */
typedef struct {
  void (*connecting) (guint slot, gpointer user_data);
  void (*received) (guint slot, GBytes *data, gpointer user_data);
  void (*closed) (guint slot, const GError *error, gpointer user_data);
  void (*credential_changed) (ModuleCredentialPart part, gboolean known, gpointer user_data);
  void (*status_changed) (gpointer user_data);
  void (*restarted) (gpointer user_data);
  void (*lost) (const GError *error, gpointer user_data);
} ModuleDriverListener;

/** ModuleDriverClass: what a driver implements. Each entry is the function below of the same name. */
typedef struct {
  void (*free) (ModuleDriver *self);
  void (*leave) (ModuleDriver *self);
  gboolean (*adopt) (ModuleDriver *self, guint slot, const ModuleAdoption *adoption,
                     GAsyncReadyCallback callback, gpointer user_data, GError **error);
  void (*start_async) (ModuleDriver *self, GTask *task);
  void (*open_async) (ModuleDriver *self, guint slot, const ModuleOpenRequest *request, GTask *task);
  void (*send_async) (ModuleDriver *self, guint slot, GBytes *data, GTask *task);
  void (*close_async) (ModuleDriver *self, guint slot, GTask *task);
  void (*erase_credential_async) (ModuleDriver *self, ModuleCredentialPart part, GTask *task);
  void (*reset_async) (ModuleDriver *self, ModuleReset reset, GTask *task);
  void (*check_async) (ModuleDriver *self, gboolean compare_clock, GTask *task);
  gboolean (*check_command) (ModuleDriver *self, const char *line, GError **error);
  void (*run_command_async) (ModuleDriver *self, const char *line, guint timeout_ms, GTask *task);
  void (*tell_network) (ModuleDriver *self, ModuleRegistration registration, int signal_dbm);
  void (*stop_async) (ModuleDriver *self, GTask *task);
  guint (*get_sleep_locks) (ModuleDriver *self);
} ModuleDriverClass;

/** The part of every driver that this file knows; a driver's own struct begins with it. */
struct ModuleDriver {
  const ModuleDriverClass *klass;
  const ModuleDriverListener *listener; /**< NULL until module_driver_set_listener() */
  gpointer listener_data;
  ModuleIdentity identity;
  ModuleCapabilities capabilities;
  ModuleStatus status;
};

/** @listener must outlive the driver; NULL stops all events. */
void
module_driver_set_listener (ModuleDriver *self, const ModuleDriverListener *listener, gpointer user_data);

/** Ends everything at once, writes nothing more, closes the port. Pending operations end with MODULE_LOST,
 * some of them perhaps inside this call. */
void module_driver_free (ModuleDriver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModuleDriver, module_driver_free)

/** Lets whoever keeps the port take it over as after a crash: nothing is given back by module_driver_free().
 */
void module_driver_leave (ModuleDriver *self);

/**
 * Goes on with a connection on @slot, which is taken from now on as if it had been opened: received events
 * come, and a closed event at its end. Before the start. When TRUE, the callback runs when it is known what
 * became of the send that was under way; until then nothing may be sent. Error: CLOSE_REASON_MODULE_LOST,
 * when it cannot be proved that nothing is missing: then the callback does not run, and the start closes what
 * is open.
 */
gboolean module_driver_adopt (ModuleDriver *self, guint slot, const ModuleAdoption *adoption,
                              GAsyncReadyCallback callback, gpointer user_data, GError **error);

/** How many bytes were confirmed, all that was under way; 0 when nothing was. -1 with an error as that of a
 * send: the connection is ending. */
gssize module_driver_adopt_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/**
 * Finds the module, reads who it is and what it can do, and closes a connection that an earlier life left
 * open, unless it was adopted. Afterwards identity and capabilities can be read.
 */
void module_driver_start_async (ModuleDriver *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean module_driver_start_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/** Valid after the start, until the driver is freed. */
const ModuleIdentity *module_driver_get_identity (ModuleDriver *self);
const ModuleCapabilities *module_driver_get_capabilities (ModuleDriver *self);

/** How many connections keep the module from sleeping now. */
guint module_driver_get_sleep_locks (ModuleDriver *self);

/**
 * Opens a connection on the free @slot: brings credentials and settings into the module, reads all of them
 * back, refuses (CLOSE_REASON_SETTINGS) when they are not exactly those of @request, then connects. Ends
 * within the settings' time-out plus the time of the configuration. After a failure the slot is free.
 */
void module_driver_open_async (ModuleDriver *self, guint slot, const ModuleOpenRequest *request,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean module_driver_open_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/**
 * Sends @data, 1 to max_send_bytes bytes, and succeeds when the module has confirmed it (note 2.3.3). One at
 * a time for a slot. After a failure it is not known whether the server got it, and the connection ends with
 * @closed; but not when the driver itself cannot encode @data for this firmware: then nothing was sent.
 */
void module_driver_send_async (ModuleDriver *self, guint slot, GBytes *data, GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean module_driver_send_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/**
 * Closes the connection on @slot; allowed at any time, also while the open or a send is under way (these then
 * end with CLOSE_REASON_REQUESTED, before this does). Afterwards the slot is free, whatever the result. No
 * received event comes after the call.
 */
void
module_driver_close_async (ModuleDriver *self, guint slot, GAsyncReadyCallback callback, gpointer user_data);
gboolean module_driver_close_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/** Overwrites the module's copy of @part with a harmless text. Refused (CLOSE_REASON_STATE) while a slot is
 * taken. */
void module_driver_erase_credential_async (ModuleDriver *self, ModuleCredentialPart part,
                                           GAsyncReadyCallback callback, gpointer user_data);
gboolean module_driver_erase_credential_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/**
 * Brings the module back. After the command that is under way, so never in the middle of a send or an upload;
 * until its end nothing may be opened. MODULE_RESET_SLOTS and MODULE_RESET_RADIO are refused
 * (CLOSE_REASON_STATE) while a slot is taken. The other two end what is open, with
 * CLOSE_REASON_MODULE_RESTARTED, and come with @restarted. It may fail by @lost.
 */
void module_driver_reset_async (ModuleDriver *self, ModuleReset reset, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean module_driver_reset_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/** What is known of SIM card, network, sleep and clock; nothing until the first check. Owned by the driver.
 */
const ModuleStatus *module_driver_get_status (ModuleDriver *self);

/**
 * Asks the module for what is not known of its status, and lets it tell what changes from now on; with
 * @compare_clock also compares its clock with the host's, and sets it. What a firmware does not understand
 * stays unknown, so this fails only when the module is lost or restarts meanwhile. After the start, one at a
 * time.
 */
void module_driver_check_async (ModuleDriver *self, gboolean compare_clock, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean module_driver_check_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/**
 * Somebody else follows the module's registration, and tells it here: the module is no longer asked for SIM
 * card, registration and signal, until @registration is MODULE_REGISTRATION_UNTOLD. The status has changed by
 * that; no event comes.
 */
void module_driver_tell_network (ModuleDriver *self, ModuleRegistration registration, int signal_dbm);

/** Whether a person may send @line to the module: one command, without its CR, that neither enters data mode
 * nor changes what the driver relies on. Error: CLOSE_REASON_STATE, which says what is wrong with it. */
gboolean module_driver_check_command (ModuleDriver *self, const char *line, GError **error);

/**
 * Sends @line, which must have passed the check, and waits for its result for @timeout_ms. The result is the
 * information lines of its answer, NULL-terminated, to be freed with g_strfreev(). Refused
 * (CLOSE_REASON_STATE) while a command with data is under way or waits. Errors: CLOSE_REASON_MODULE_ERROR,
 * whose message is the module's answer; CLOSE_REASON_TIMEOUT; CLOSE_REASON_PROTOCOL when the module asked for
 * data; MODULE_RESTARTED and MODULE_LOST.
 */
void module_driver_run_command_async (ModuleDriver *self, const char *line, guint timeout_ms,
                                      GAsyncReadyCallback callback, gpointer user_data);
char **module_driver_run_command_finish (ModuleDriver *self, GAsyncResult *result, GError **error);

/** Closes what is open, gives the module back the settings that it had (QSCLK, CEREG, QNBIOTEVENT), and ends.
 * Nothing may be asked afterwards. */
void module_driver_stop_async (ModuleDriver *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean module_driver_stop_finish (ModuleDriver *self, GAsyncResult *result, GError **error);
