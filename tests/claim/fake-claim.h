/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Stands in for mm-modems.h and port-source.h: a ModemManager with at most one modem, and a way to the port
 * that answers when the test says so.
 */
#pragma once

#include "mm-modems.h"
#include "port-source.h"

/** FakeClaim: all fields may be set. @modem.uid is NULL while there is no modem. */
typedef struct {
  MmModems *modems;
  guint life;
  guint age_ms;
  MmModemsFacts modem;

  GTask *opening;  /* asked for and not answered yet */
  char *asked_uid; /* of the last asking; NULL: the port alone */
  guint asked;
  guint resumed;      /* how often it was asked for what an earlier life has left */
  HeldPortFacts left; /* which is this */
  guint given;
  guint enabled;
} FakeClaim;

FakeClaim *fake_claim_new (void);
void fake_claim_free (FakeClaim *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeClaim, fake_claim_free)

/** Tells that something about ModemManager is new. */
void fake_claim_tell (FakeClaim *self);

/** Answers the asking with an open port, or with the remote error @name ("org.…"), and runs the main loop. */
void fake_claim_answer (FakeClaim *self, const char *name);
void fake_claim_settle (void);
