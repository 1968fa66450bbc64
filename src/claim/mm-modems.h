/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What ModemManager knows now, from libmm-glib's own copy of its objects: asking costs no round trip. Where
 * ModemManager is not running, or the build is without it, there is no modem. Decides nothing.
 *
 * Signal "changed" (no arguments): ModemManager came or went, or something about a modem is new. Runs from
 * the main loop.
 */
#pragma once

#include <gio/gio.h>

#define MM_TYPE_MODEMS (mm_modems_get_type ())
G_DECLARE_FINAL_TYPE (MmModems, mm_modems, MM, MODEMS, GObject)

/** What says that a modem is one for us, in ModemManager's idea of its model. */
#define MM_MODEMS_MODEL_MARK "BC660K"

/**
 * MmModemQuery: which modem is meant.
 * @device: the tty that it has, a path (symbolic links are followed); or NULL for one of our model.
 * @equipment_id: its IMEI, or NULL for any.
 * @prefer_ignored: without a @device, of its ports the first that ModemManager ignores is told.
 */
typedef struct {
  const char *device;
  const char *equipment_id;
  gboolean prefer_ignored;
} MmModemQuery;

/**
 * MmModemsFacts: one modem, as it is now. To be cleared.
 * @uid: what InhibitDevice wants.
 * @device: path of the tty that was asked for, or else of one that takes AT commands; NULL if there is none.
 * @is_ignored: ModemManager leaves @device alone.
 * @hindrance: why it should not be taken away just now, a sentence; NULL when it may be. Static.
 * @is_enabled: somebody has enabled it.
 * @registration: <stat> of +CEREG (3GPP TS 27.007, 10.1.22); -1 when it is not followed.
 * @signal_dbm: RSRP where ModemManager knows it, else the power that its percentage stands for; 0 unknown.
 */
typedef struct {
  char *path;
  char *uid;
  char *equipment_id;
  char *device;
  gboolean is_ignored;
  const char *hindrance;
  gboolean is_enabled;
  int registration;
  int signal_dbm;
} MmModemsFacts;

void mm_modems_facts_clear (MmModemsFacts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MmModemsFacts, mm_modems_facts_clear)

/** Whether this build can talk to ModemManager at all. */
gboolean mm_modems_is_supported (void);

/** Connects to the system bus and reads ModemManager's objects; never starts it. Never fails. */
void mm_modems_new_async (GAsyncReadyCallback callback, gpointer user_data);
MmModems *mm_modems_new_finish (GAsyncResult *result);

/** The system bus, borrowed; NULL when there is none, or no support. */
GDBusConnection *mm_modems_get_bus (MmModems *self);

/** Counts the lives of ModemManager that were seen; 0 while it is not running. */
guint mm_modems_get_life (MmModems *self);

/** How long ModemManager has been seen running, in milliseconds. */
guint mm_modems_get_age_ms (MmModems *self);

/** The first modem that fits; FALSE, with nothing set, when there is none. */
gboolean mm_modems_find (MmModems *self, const MmModemQuery *query, MmModemsFacts *ret_facts);

/** The IMEIs of all modems of our model that have one; the caller unrefs. Of char *. */
GPtrArray *mm_modems_list (MmModems *self);

/** Enables the modem with the object path @path; gives up after @timeout_ms. The result tells nothing. */
void mm_modems_enable_async (MmModems *self, const char *path, guint timeout_ms, GAsyncReadyCallback callback,
                             gpointer user_data);
