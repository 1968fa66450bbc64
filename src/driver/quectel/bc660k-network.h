/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the driver knows of SIM card and network: asked for when core wants it, then followed by URCs. Nothing
 * is asked by itself, so an idle module stays idle.
 */
#pragma once

#include "bc660k-private.h"

/** What the module is told to give it back the settings that it had. */
#define BC660K_NETWORK_CEREG_OFF "AT+CEREG=0"
#define BC660K_NETWORK_EVENTS_OFF "AT+QNBIOTEVENT=0,1"

/** Registers the URCs. Once, when the channel is there. */
void bc660k_network_listen (Bc660kDriver *driver);

/** The vtable's check_async. */
void bc660k_network_check_async (ModuleDriver *base, gboolean compare_clock, GTask *task);

/** The vtable's tell_network. */
void bc660k_network_tell (ModuleDriver *base, ModuleRegistration registration, int signal_dbm);

/** The module has restarted: nothing is known any more. Tells nobody. */
void bc660k_network_forget (Bc660kDriver *driver);

/** Something went wrong that may be for want of a network, a URC may have been lost: it is to be asked again.
 */
void bc660k_network_doubt (Bc660kDriver *driver);

/** A command was answered, so the module does not sleep. It may free the driver. */
void bc660k_network_note_awake (Bc660kDriver *driver);

/** Gives the module back the URC settings that it had. */
void bc660k_network_restore (Bc660kDriver *driver);
