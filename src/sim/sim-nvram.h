/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the module keeps over a restart: numbers and certificates under names. Must not know which. */
#pragma once

#include <glib.h>

typedef struct SimNvram SimNvram;

/* path NULL: kept in memory only. A missing file is an empty memory, a damaged one an error (of
 * G_KEY_FILE_ERROR or G_FILE_ERROR). Owned by the caller. */
SimNvram *sim_nvram_new (const char *path, GError **error);
void sim_nvram_free (SimNvram *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimNvram, sim_nvram_free)

gint sim_nvram_get_number (SimNvram *self, const char *name, gint fallback);

/* Setters write the file at once, whole or not at all; a failure is a warning on standard error. */
void sim_nvram_set_number (SimNvram *self, const char *name, gint value);

/* A new reference, or NULL when nothing is stored under that name. */
GBytes *sim_nvram_get_bytes (SimNvram *self, const char *name);
void sim_nvram_set_bytes (SimNvram *self, const char *name, GBytes *value);
