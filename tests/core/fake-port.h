/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A port with a driver that does nothing by itself: each operation waits until the test ends it, when and how
 * it likes. Keeps to the contract of module-driver.h, and checks that its caller does.
 */
#pragma once

#include "module-driver.h"

#define FAKE_PORT_IMEI "867724030000017"

/** For operations that have no slot. */
#define FAKE_PORT_NO_SLOT 0

typedef enum {
  FAKE_START,
  FAKE_OPEN,
  FAKE_SEND,
  FAKE_CLOSE,
  FAKE_ERASE,
  FAKE_RESET,
  FAKE_CHECK,
  FAKE_STOP,
  FAKE_ADOPT,
} FakeOperation;

#define FAKE_OPERATIONS (FAKE_ADOPT + 1)

typedef struct FakeDriver FakeDriver;

/** FakePort: outlives its drivers. All fields may be read; those under "set" also written. */
typedef struct {
  /* set */
  const char *refusal;                 /**< why the port cannot be opened; NULL: it can */
  gboolean automatic[FAKE_OPERATIONS]; /**< it succeeds at once */
  gboolean echo;                       /**< what is sent is received, after its confirmation */
  ModuleCapabilities capabilities;
  gboolean no_imei; /**< it does not tell one */
  gboolean refuses_adoption;
  guint sleep_locks;
  const char *answer;          /**< a line, to every AT command but AT+BAD, which is refused */
  CloseReason command_failure; /**< where there is no answer */
  ModuleStatus status;         /**< of the next driver; at first current, at home, with an address */

  FakeDriver *driver; /**< NULL when there is none */
  guint opened;       /**< how many drivers there were */
  guint calls[FAKE_OPERATIONS];
  char *host; /**< of the last open */
  guint16 port;
  TlsSettings settings;
  gboolean in_module[MODULE_CREDENTIAL_PARTS];
  gboolean has_pem[MODULE_CREDENTIAL_PARTS];
  ConnectionJournal *journal; /**< of the last open or adoption, a reference; NULL when there was none */
  gboolean left;              /**< the last driver was left to whoever keeps the port */
  GByteArray *sent;           /**< all bytes of all sends */
  gsize last_send_bytes;
  gboolean compare_clock;      /**< of the last check */
  ModuleCredentialPart erased; /**< the part of the last erase */
  ModuleReset reset;           /**< the last one */
  char *command;               /**< the last AT command */
  guint command_timeout_ms;
} FakePort;

FakePort *fake_port_new (void);
void fake_port_free (FakePort *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakePort, fake_port_free)

/** For ModuleConfig.open_driver. */
ModuleDriver *fake_port_open (gpointer port, GError **error);

gboolean fake_port_is_pending (FakePort *self, FakeOperation operation, guint slot);

/** Ends the operation, which must be pending; CLOSE_REASON_NONE: with success. A close ends an open and a
 * send before. */
void fake_port_finish (FakePort *self, FakeOperation operation, guint slot, CloseReason reason);

/** What the module tells. */
void fake_port_tell_connecting (FakePort *self, guint slot);
void fake_port_tell_received (FakePort *self, guint slot, gconstpointer data, gsize size);
void fake_port_tell_closed (FakePort *self, guint slot, CloseReason reason, int result);
void fake_port_tell_credential_changed (FakePort *self, ModuleCredentialPart part, gboolean known);
/** @status: copied. */
void fake_port_tell_status (FakePort *self, const ModuleStatus *status);
void fake_port_tell_restarted (FakePort *self);
void fake_port_tell_lost (FakePort *self, const char *why);

/** Runs the main context until nothing is left to do. */
void fake_port_settle (void);
