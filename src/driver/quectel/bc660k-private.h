/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of this driver share: the driver's state, and running a command. A command keeps the
 * driver's memory alive until its callback has run, so that a step never meets a freed driver; after
 * module_driver_free() every command ends with AT_ERROR_LOST.
 */
#pragma once

#include "timer.h"
#include "bc660k-driver.h"
#include "bc660k-reply.h"
#include "bc660k-settings.h"
#include "bc660k-slot.h"

/** Bc660kSleep: AT+QSCLK=0 while a connection is wanted, the former value afterwards. */
typedef struct {
  guint locks;
  gboolean former_known; /* the module was taken out of @former_mode and has to go back */
  int former_mode;
  gboolean restoring; /* the command for it is under way */
  guint restore_attempt;
} Bc660kSleep;

/** Bc660kNetwork: see bc660k-network.h. */
typedef struct {
  gboolean asked;        /* a check has come to its end */
  gboolean followed;     /* changes of the registration are told */
  int cereg_mode;        /* of AT+CEREG; -1 while not known */
  gboolean looks_again;  /* what changed before it was followed was not told */
  gboolean lacks_events; /* +QNBIOTEVENT is off */
  gboolean gives_back_cereg, gives_back_events;
  gboolean ended;          /* the driver stops: a check goes no further */
  ModuleRegistration told; /* by somebody else, who is believed; UNTOLD: the module is asked */
  int told_signal_dbm;
} Bc660kNetwork;

struct Bc660kDriver {
  ModuleDriver parent;
  int ref_count;
  AtChannel *channel; /* NULL once the driver is freed */
  guint prompt_delay_ms;
  guint margin_ms;
  gboolean lost;         /* the channel has said so */
  gboolean left;         /* a later life goes on with what is open */
  gboolean inherited;    /* what an earlier life owed the module is ours to give back */
  guint64 taken;         /* what of the port's input is noted, as its keeper was told */
  guint restarts;        /* of the module, counted */
  gboolean radio_off;    /* by us, for a moment */
  gboolean counted_send; /* the module takes AT+QSSLSEND=<ctx>,<conn>,<length> */
  gint64 (*get_real_time_us) (void);
  Bc660kSleep sleep;
  Bc660kNetwork network;
  Bc660kSlot *slots[MODULE_SLOTS_MAX];
  char *manufacturer, *model, *revision, *imei; /* behind parent.identity */
};

Bc660kDriver *bc660k_private_ref (Bc660kDriver *driver);
void bc660k_private_unref (Bc660kDriver *driver);

/** The end of a command: @lines when it succeeded, else @error. Both are borrowed. */
typedef void (*Bc660kDone) (Bc660kDriver *driver, char **lines, const GError *error, gpointer user_data);

/** Runs @command (taken) on the channel; @done runs exactly once, never inside this call. */
void bc660k_private_run (Bc660kDriver *driver, AtCommand *command, Bc660kDone done, gpointer user_data);

/** As bc660k_private_run(), of at_channel_adopt_async(). */
void bc660k_private_adopt (Bc660kDriver *driver, AtCommand *command, AtStage stage, Bc660kDone done,
                           gpointer user_data);

/** Runs `line`, a constant. */
void bc660k_private_run_line (Bc660kDriver *driver, const char *line, const char *response, Bc660kDone done,
                              gpointer user_data);

/** An AT error as a MODULE_ERROR. @what names what was tried; @refused is the reason when the module refused
 * it. */
GError *bc660k_private_translate (const GError *at_error, CloseReason refused, const char *what);

/** The result code @result (note, chapter 4), not 0, as a MODULE_ERROR. */
GError *bc660k_private_result_error (int result, const char *what);

/** bc660k-start.c: the vtable's start_async. */
void bc660k_start_async (ModuleDriver *base, GTask *task);

/** bc660k-sleep.c: takes a lock; @done when the module is awake, whether or not it knows AT+QSCLK. */
void bc660k_sleep_acquire (Bc660kDriver *driver, Bc660kDone done, gpointer user_data);

/** AT+QSCLK=@mode. */
AtCommand *bc660k_sleep_new_command (int mode);

/** Gives a lock back; with the last one the module gets its former mode, unless it is in deep sleep. */
void bc660k_sleep_release (Bc660kDriver *driver);

/** Gives the module its former mode if it does not have it yet. No lock may be held. */
void bc660k_sleep_restore (Bc660kDriver *driver);

/** bc660k-farewell.c: to be called before anything is written that the farewell has to undo, and when it is
 * undone. */
void bc660k_farewell_update (Bc660kDriver *driver);

/** The farewell of an earlier life becomes ours, since a connection of it goes on. */
void bc660k_farewell_inherit (Bc660kDriver *driver);

/**
 * bc660k-setup.c: brings settings and credentials into slot @slot and proves them by reading them back. The
 * task of the result is a boolean or a MODULE_ERROR. @request is used until the end; when *@cancelled becomes
 * TRUE it ends after the command under way with CLOSE_REASON_REQUESTED.
 */
void bc660k_setup_async (Bc660kDriver *driver, guint slot, const ModuleOpenRequest *request,
                         const gboolean *cancelled, GAsyncReadyCallback callback, gpointer user_data);

/** bc660k-setup.c: the vtable's erase_credential_async. */
void bc660k_setup_erase_async (ModuleDriver *base, ModuleCredentialPart part, GTask *task);

/** What turns the radio on again. */
#define BC660K_RADIO_ON "AT+CFUN=1"

/** bc660k-recovery.c: the vtable's reset_async. */
void bc660k_recovery_reset_async (ModuleDriver *base, ModuleReset reset, GTask *task);

/** Whether any slot is not free. */
gboolean bc660k_private_has_taken_slot (Bc660kDriver *driver);

/** bc660k-driver.c: the module has restarted: what waited for it fails, every connection ends, the listener
 * hears of it. It may free the driver, so it must be the last thing that the caller does with it. */
void bc660k_driver_handle_restart (Bc660kDriver *driver);

/** bc660k-driver.c: the module has fallen into deep sleep and lost its connections. The same holds. */
void bc660k_driver_handle_deep_sleep (Bc660kDriver *driver);
