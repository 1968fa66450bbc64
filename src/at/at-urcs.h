/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who wants to hear of which lines that answer no command. Knows nothing of the dialogue.
 */
#pragma once

#include "at-parser.h"

/** @event: AT_EVENT_LINE, AT_EVENT_PAYLOAD, AT_EVENT_OVERLONG or AT_EVENT_BROKEN; valid during the call. */
typedef void (*AtUrcFunc) (const AtEvent *event, gpointer user_data);

typedef struct AtUrcs AtUrcs;

AtUrcs *at_urcs_new (void);
void at_urcs_free (AtUrcs *self);

/** Events whose line begins with @prefix (static) go to @func. The first match counts. */
void at_urcs_add (AtUrcs *self, const char *prefix, AtUrcFunc func, gpointer user_data);

/** Gives @event to its function, if it has one, which may free @self. FALSE: nobody wants it. */
gboolean at_urcs_dispatch (AtUrcs *self, const AtEvent *event);
