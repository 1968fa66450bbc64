/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the ledger knows of one module. Plain data, copied by assignment. Pure: no file, no IMEI.
 */
#pragma once

#include <glib.h>

#include "module-driver.h"

#define LEDGER_ENTRY_DIGEST_CHARACTERS 64

/** How many copies may be in doubt for one part; of more, the oldest are forgotten. */
#define LEDGER_ENTRY_COPIES_MAX 8

/** @unwanted: it is to be overwritten. */
typedef struct {
  char digest[LEDGER_ENTRY_DIGEST_CHARACTERS + 1];
  gboolean unwanted;
} LedgerCopy;

/** @known: the module holds the one copy and nothing else. Otherwise it may hold any of them, or none. */
typedef struct {
  gboolean known;
  guint n_copies;
  LedgerCopy copies[LEDGER_ENTRY_COPIES_MAX];
} LedgerPart;

typedef struct {
  LedgerPart parts[MODULE_CREDENTIAL_PARTS];
} LedgerEntry;

/** Whether @digest is 64 lower-case hexadecimal digits. */
gboolean ledger_entry_digest_is_valid (const char *digest);

/** Adds @digest (NULL: none) to what @part may hold; it is not known any more what it does. */
void ledger_entry_add (LedgerEntry *self, ModuleCredentialPart part, const char *digest);

/** @part holds @digest and nothing else; the mark of that copy stays. */
void ledger_entry_set (LedgerEntry *self, ModuleCredentialPart part, const char *digest);

/** @part holds nothing. */
void ledger_entry_clear (LedgerEntry *self, ModuleCredentialPart part);

/** Nothing is known for certain of any part. */
void ledger_entry_doubt (LedgerEntry *self);

/** The copy, NULL when @part cannot hold it. */
LedgerCopy *ledger_entry_find (LedgerEntry *self, ModuleCredentialPart part, const char *digest);

/** Whether any part holds, or may hold, it. */
gboolean ledger_entry_has (LedgerEntry *self, const char *digest);

/** The content of its file. Caller unrefs. */
GBytes *ledger_entry_save (const LedgerEntry *self);

/** The reverse. FALSE, and @ret_entry untouched, when the file is damaged. */
gboolean ledger_entry_load (GBytes *content, LedgerEntry *ret_entry);
