/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Modules that are configured but not there, and why: what one would otherwise look for in vain.
 */
#pragma once

#include <glib.h>

/** MissingModule: @why is a sentence, without a full stop, that names the device. */
typedef struct {
  char *name;
  char *device;
  char *why;
} MissingModule;

/** An empty list. Element type MissingModule*, owned. */
GPtrArray *missing_module_list_new (void);
void missing_module_list_add (GPtrArray *list, const char *name, const char *device, const char *why);

gboolean missing_module_list_equal (const GPtrArray *a, const GPtrArray *b);

/** Borrowed; NULL when it is not in the list. */
const MissingModule *missing_module_list_find (const GPtrArray *list, const char *name);

/** All of them and why, in one text. */
char *missing_module_list_describe (const GPtrArray *list);
