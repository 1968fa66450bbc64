/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The ways in which the program can end other than well. The code of an error is the exit status;
 * an empty message means that all has been said already.
 */
#pragma once

#include <glib.h>

#define CTL_ERROR (ctl_error_quark ())

/**
 * CtlError:
 * @CTL_ERROR_FAILED: the operation failed.
 * @CTL_ERROR_USAGE: the command line is wrong; nothing was tried.
 * @CTL_ERROR_UNREACHABLE: the daemon does not run, cannot be reached, or the bus denies access to it.
 * @CTL_ERROR_INTERRUPTED: SIGINT came.
 * @CTL_ERROR_TERMINATED: SIGTERM came.
 */
typedef enum {
  CTL_ERROR_FAILED = 1,
  CTL_ERROR_USAGE = 2,
  CTL_ERROR_UNREACHABLE = 3,
  CTL_ERROR_INTERRUPTED = 130,
  CTL_ERROR_TERMINATED = 143,
} CtlError;

/** The error domain. */
GQuark ctl_error_quark (void);

/**
 * Turns @error, in place, into one of the domain: what came from the bus loses its D-Bus name, and tells
 * CTL_ERROR_UNREACHABLE from CTL_ERROR_FAILED. An error that is of the domain already stays as it is, and so
 * does NULL. Always returns FALSE, to be returned.
 */
gboolean ctl_error_convert (GError **error);
