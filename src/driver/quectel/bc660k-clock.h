/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Compares the module's clock with the host's, and sets it.
 */
#pragma once

#include "bc660k-private.h"

/** A module's clock that differs by no more is right: the network sets it in whole seconds, and some minutes
 * make no difference to a certificate's dates. */
#define BC660K_CLOCK_TOLERANCE_S 60

/** The unit of the time zone. */
#define BC660K_CLOCK_ZONE_S 900

/** A host whose own clock shows less than this, 2025-01-01, was never set, and sets nobody's. */
#define BC660K_CLOCK_HOST_EARLIEST_S G_GINT64_CONSTANT (1735689600)

/** Compares, sets when it is off, and reads again whether that worked; the status holds what came of it.
 * @done runs once, never inside this call; its error means nothing. */
void bc660k_clock_compare (Bc660kDriver *driver, Bc660kDone done, gpointer user_data);
