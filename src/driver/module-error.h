/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The errors of every driver: why, in the words of the bus, and with which result code of the module.
 */
#pragma once

#include <glib.h>

#include "close-reason.h"

/**
 * MODULE_ERROR: every failure of an operation. The code is the #CloseReason that fits it; the result code of
 * the module, where there was one, is read by module_error_get_result(). The message is for a person
 * and holds no payload and no secret.
 */
#define MODULE_ERROR (module_error_quark ())
GQuark module_error_quark (void);

/** A new error. @result is the module's own result code (note, chapter 4), 0 where it gave none. */
GError *module_error_new (CloseReason reason, int result, const char *format, ...) G_GNUC_PRINTF (3, 4);

/** The module's result code in @error, 0 where it gave none. @error must be a #MODULE_ERROR. */
int module_error_get_result (const GError *error);
