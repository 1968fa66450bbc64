/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A named context: its settings, and how many connections use it. Does not know where it is saved.
 *
 * Signal "changed" (no arguments): its settings have changed. Runs inside the call that caused it.
 */
#pragma once

#include <gio/gio.h>

#include "context-settings.h"

#define CONTEXT_TYPE (context_get_type ())
G_DECLARE_FINAL_TYPE (Context, context, MSSL, CONTEXT, GObject)

/** Checks that the credentials exist and saves @settings for @context, or sets an error and has changed
 * nothing. */
typedef gboolean (*ContextCommitFunc) (Context *context, const ContextSettings *settings, gpointer user_data,
                                       GError **error);

/** @settings is taken. Only the store makes contexts. @commit must stay valid until context_detach(). */
Context *
context_new (const char *name, ContextSettings *settings, ContextCommitFunc commit, gpointer user_data);

/** For the store: the context is deleted, or the store goes; context_configure() fails from now on. */
void context_detach (Context *self);

const char *context_get_name (Context *self);

/** Borrowed until the next context_configure(). */
const ContextSettings *context_get_settings (Context *self);

/**
 * Changes and saves the keys of @settings (a{sv}), all of them or none. Errors: those of
 * context_settings_update(), NOT_FOUND (a credential, or the context was deleted meanwhile), STORAGE.
 */
gboolean context_configure (Context *self, GVariant *settings, GError **error);

/** A connection that was opened with it begins or ends; a context that is used cannot be deleted. */
void context_begin_use (Context *self);
void context_end_use (Context *self);
gboolean context_is_used (Context *self);
