/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ctl-module.h.
 */
#include "ctl-module.h"

#include "ctl-show.h"

gboolean
ctl_module_list (const CtlOptions *options, char *const *arguments, GError **error)
{
  return ctl_show_list (options, ctl_kind_get (CTL_KIND_MODULE), error);
}

gboolean
ctl_module_show (const CtlOptions *options, char *const *arguments, GError **error)
{
  const CtlKind *kind = ctl_kind_get (CTL_KIND_MODULE);

  if (arguments[0] == NULL)
    return ctl_show_all (options, kind, error);
  return ctl_show_missing (options, arguments[0]) || ctl_show_one (options, kind, arguments[0], error);
}
