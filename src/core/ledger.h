/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which certificate or key each module holds, by IMEI, because a module can tell only its length; and which
 * copies are to be overwritten. Knows digests (SHA-256, 64 lower-case hexadecimal digits), no contents.
 *
 * For each part of each module the ledger keeps the copies that may be there: one and certain ("known"), or
 * several, when uploads were begun whose end nobody saw. Everything is on the disk before a call returns
 * TRUE. Errors: MSSL_ERROR_INVALID_ARGUMENT for an @imei that is not 15 digits and MSSL_ERROR_LIMIT_EXCEEDED
 * beyond LEDGER_MODULES_MAX, when nothing has changed; MSSL_ERROR_STORAGE, when the change is kept in memory
 * and nothing that this module holds counts as known until the next change can be saved. An IMEI that is
 * unknown holds nothing.
 *
 * How a module uses it: ledger_holds() for each part before an open; ledger_begin_upload() at the driver's
 * credential_changed(known = FALSE); ledger_set() at credential_changed(known = TRUE). When ready and idle:
 * while ledger_next_erasure() finds one, module_driver_erase_credential_async(), then ledger_set_erased().
 */
#pragma once

#include <glib.h>

#include "module-driver.h"
#include "state-dir.h"

/** An IMEI comes from a module, so their number is bounded. */
#define LEDGER_MODULES_MAX 1024

typedef struct Ledger Ledger;

/** Runs inside the call that changed what is known of @imei, after it is on the disk. */
typedef void (*LedgerChangedFunc) (const char *imei, gpointer user_data);

/** Reads the files. One that is damaged is set aside with a warning: its modules are as if unknown.
 * @state_dir must outlive the ledger. */
Ledger *ledger_new (StateDir *state_dir, GError **error);
void ledger_free (Ledger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ledger, ledger_free)

/** Calls @func at each change until ledger_unwatch() with the same arguments. Any number may watch. */
void ledger_watch (Ledger *self, LedgerChangedFunc func, gpointer user_data);
void ledger_unwatch (Ledger *self, LedgerChangedFunc func, gpointer user_data);

/** Whether the module is known to hold exactly this. FALSE when @digest is NULL. */
gboolean ledger_holds (Ledger *self, const char *imei, ModuleCredentialPart part, const char *digest);

/** @part is about to be overwritten by @digest (NULL if that is not known): call before the first byte. */
gboolean ledger_begin_upload (Ledger *self, const char *imei, ModuleCredentialPart part, const char *digest,
                              GError **error);

/** @part is now @digest and nothing else; marks for other copies are cleared. NULL: it is not known what it
 * is now. */
gboolean
ledger_set (Ledger *self, const char *imei, ModuleCredentialPart part, const char *digest, GError **error);

/** @part was overwritten with a harmless text: it holds no copy and has no mark any more. */
gboolean ledger_set_erased (Ledger *self, const char *imei, ModuleCredentialPart part, GError **error);

/** The IMEIs of all modules that hold, or may hold, a copy; sorted. Caller frees with g_strfreev(). */
char **ledger_list_holders (Ledger *self, const char *digest);

/** Whether a credential with this digest exists. */
typedef gboolean (*LedgerWantedFunc) (const char *digest, gpointer user_data);

/**
 * Marks every copy that is not wanted, in all modules, to be overwritten, and takes the mark back from every
 * copy that is. After an error some modules may be done and others not; calling it again is enough.
 */
gboolean ledger_update_marks (Ledger *self, LedgerWantedFunc wanted, gpointer user_data, GError **error);

/** A part of the module that is to be overwritten, if there is one. */
gboolean ledger_next_erasure (Ledger *self, const char *imei, ModuleCredentialPart *ret_part);
