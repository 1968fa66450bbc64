/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every name that crosses the border of the process: the bus name, object paths, interfaces,
 * option and settings keys, files. Nothing else in the tree spells one of these out.
 */
#pragma once

#define MSSL_BUS_NAME "org.modemssl1"
#define MSSL_PATH "/org/modemssl1"
#define MSSL_PATH_MODULES MSSL_PATH "/modules"
#define MSSL_PATH_CONTEXTS MSSL_PATH "/contexts"
#define MSSL_PATH_CREDENTIALS MSSL_PATH "/credentials"
#define MSSL_PATH_CONNECTIONS MSSL_PATH "/connections"

#define MSSL_INTERFACE_MANAGER "org.modemssl1.Manager"
#define MSSL_INTERFACE_MODULE "org.modemssl1.Module"
#define MSSL_INTERFACE_CONTEXT "org.modemssl1.Context"
#define MSSL_INTERFACE_CREDENTIAL "org.modemssl1.Credential"
#define MSSL_INTERFACE_CONNECTION "org.modemssl1.Connection"
#define MSSL_ERROR_PREFIX "org.modemssl1.Error."

/* Keys of a context's settings: Manager.CreateContext, Context.Configure, Context.Settings, the files
 * in the state directory and `modemsslctl context`. */
#define MSSL_SETTING_PROTOCOL "protocol"
#define MSSL_SETTING_TLS_VERSION "tls-version"
#define MSSL_SETTING_DTLS_VERSION "dtls-version"
#define MSSL_SETTING_AUTHENTICATION "authentication"
#define MSSL_SETTING_CA_CERTIFICATE "ca-certificate"
#define MSSL_SETTING_CLIENT_CERTIFICATE "client-certificate"
#define MSSL_SETTING_SEND_FORMAT "send-format"
#define MSSL_SETTING_RECEIVE_FORMAT "receive-format"
#define MSSL_SETTING_TIMEOUT "timeout"
#define MSSL_SETTING_MODULE_DEBUG "module-debug"

/* Keys of the options of Context.Open. */
#define MSSL_OPTION_MODULE "module"
#define MSSL_OPTION_PERSIST "persist"
#define MSSL_OPTION_PRIORITY "priority"
#define MSSL_OPTION_QUEUE_TIMEOUT "queue-timeout"
#define MSSL_OPTION_IDLE_TIMEOUT "idle-timeout"
#define MSSL_OPTION_MAX_HOLD "max-hold"
#define MSSL_OPTION_RECEIVE_BUFFER "receive-buffer"

/* Keys of the parts of Manager.ImportCredential and Credential.Replace. */
#define MSSL_PART_CA "ca"
#define MSSL_PART_CERTIFICATE "certificate"
#define MSSL_PART_KEY "key"

/* Below the state directory. */
#define MSSL_STATE_CREDENTIALS "credentials"
#define MSSL_STATE_CONTEXTS "contexts"
#define MSSL_STATE_LEDGER "ledger"
#define MSSL_STATE_COUNTER "connection-number"

#define MSSL_GROUP "modemssl"
