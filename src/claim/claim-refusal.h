/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What it means that ModemManager does not let go of a modem, and what to tell a person. Holds no state.
 */
#pragma once

#include <glib.h>

/** One sentence on @error; the caller frees. @ret_is_conflict: whether somebody must settle it; otherwise it
 * passes by itself. */
char *claim_refusal_describe (const GError *error, gboolean *ret_is_conflict);
