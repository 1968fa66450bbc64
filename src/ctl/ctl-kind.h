/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The four kinds of object on the bus, as tables: how they are found, and what of them is shown in which
 * order. Property names are written as the rest of the program prints them: lower case, with hyphens.
 */
#pragma once

#include <glib.h>

typedef enum {
  CTL_KIND_MODULE,
  CTL_KIND_CONTEXT,
  CTL_KIND_CREDENTIAL,
  CTL_KIND_CONNECTION,
} CtlKindId;

#define CTL_KIND_LAST CTL_KIND_CONNECTION

typedef struct {
  const char *heading;
  const char *key; /* of the record; a dot leads into a dictionary */
} CtlColumn;

typedef struct {
  const char *name;         /* "module" */
  const char *interface;    /* its D-Bus interface */
  const char *parent_path;  /* above its objects */
  const char *get_method;   /* of the manager, name to path; NULL: the number is the last element */
  const char *flat_key;     /* a dictionary whose keys need no prefix; may be NULL */
  const char *const *order; /* of the keys, ended by NULL; others come behind */
  const CtlColumn *columns; /* of the list, ended by a heading of NULL */
} CtlKind;

/** The kind of that id. Static. */
const CtlKind *ctl_kind_get (CtlKindId id);

/** The kind whose objects carry @interface, or NULL. Static. */
const CtlKind *ctl_kind_find (const char *interface);

/** "CloseReason" to "close-reason". */
char *ctl_kind_get_key (const char *property);
