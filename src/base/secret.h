/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory that is wiped before it is given back: private keys and whatever holds a copy of one.
 */
#pragma once

#include <glib.h>

/** Copies @size bytes of @data into a #GBytes whose memory is overwritten when its last reference goes. */
GBytes *secret_bytes_new (gconstpointer data, gsize size);

/** Like g_bytes_new_take(), but the memory is overwritten before it is freed with g_free(). */
GBytes *secret_bytes_new_take (gpointer data, gsize size);

/** Overwrites @size bytes of @data in a way that the compiler keeps. */
void secret_wipe (gpointer data, gsize size);
