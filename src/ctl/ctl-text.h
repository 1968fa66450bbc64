/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Values as text for a person. What comes from the bus may have come from a stranger's certificate, so
 * nothing that a terminal would obey gets through.
 */
#pragma once

#include <gio/gio.h>

/** @text with every control character as \xNN. */
char *ctl_text_escape (const char *text);

/**
 * The text of @value (NULL allowed), "-" where it is empty. Object paths become names, the times of
 * certificates (which @key tells) dates, lists are joined by commas.
 */
char *ctl_text_from_value (const char *key, GVariant *value);

/** The name or number of the object at @path: its last element, with the escapes undone. */
char *ctl_text_get_label (const char *path);

/** Kind and label, such as "connection 5"; the path itself when it is no such object. */
char *ctl_text_get_title (const char *path);
