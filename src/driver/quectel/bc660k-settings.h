/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The settings of one slot as AT+QSSLCFG knows them (note 2.3.1): what a connection wants, what the module
 * says, and the commands that lead from one to the other. No I/O.
 */
#pragma once

#include "at-command.h"
#include "module-driver.h"

/** Bc660kKey: the keys of AT+QSSLCFG, in the order of the note's list; the credentials last. */
typedef enum {
  BC660K_KEY_SECLEVEL,
  BC660K_KEY_SSLVERSION,
  BC660K_KEY_DATAFORMAT,
  BC660K_KEY_TIMEOUT,
  BC660K_KEY_DEBUG,
  BC660K_KEY_DTLS,
  BC660K_KEY_DTLSVERSION,
  BC660K_KEY_CACERT,
  BC660K_KEY_CLIENTCERT,
  BC660K_KEY_CLIENTKEY,
} Bc660kKey;

#define BC660K_KEYS (BC660K_KEY_CLIENTKEY + 1)

/**
 * Bc660kSettings:
 * @known: a bit (1 << key) for each value that is set.
 * @value: by key; the length for the credentials; the send format for dataformat.
 * @receive_format: the second value of dataformat.
 */
typedef struct {
  guint known;
  int value[BC660K_KEYS];
  int receive_format;
} Bc660kSettings;

/** The vendor's name of @key. Static. */
const char *bc660k_settings_get_key_name (Bc660kKey key);

/** The key of a credential part. */
Bc660kKey bc660k_settings_get_credential_key (ModuleCredentialPart part);

/** What a connection wants: every value set but the lengths of the credentials that it does not need. */
void bc660k_settings_init_wanted (Bc660kSettings *self, const ModuleOpenRequest *request);

/** Takes the value out of one line `+QSSLCFG: <ctx>,<conn>,"<key>",...` of @slot. Others are ignored: FALSE.
 */
gboolean bc660k_settings_parse (Bc660kSettings *self, guint slot, const char *line);

/** A bit for each key that @wanted sets and that @actual does not set, or sets otherwise. */
guint bc660k_settings_compare (const Bc660kSettings *wanted, const Bc660kSettings *actual);

/** AT+QSSLCFG=<ctx>,<conn>: query all. */
AtCommand *bc660k_settings_new_query_all (guint slot);

/** AT+QSSLCFG=<ctx>,<conn>,"<key>": query one. Not for credentials, whose query would be an upload. */
AtCommand *bc660k_settings_new_query (guint slot, Bc660kKey key);

/** AT+QSSLCFG=<ctx>,<conn>,"<key>",<value>. Not for credentials. */
AtCommand *bc660k_settings_new_write (guint slot, Bc660kKey key, const Bc660kSettings *wanted);

/** AT+QSSLCFG=<ctx>,<conn>,"<key>" with @pem behind the prompt, @data_delay_ms later. */
AtCommand *
bc660k_settings_new_upload (guint slot, ModuleCredentialPart part, GBytes *pem, guint data_delay_ms);
