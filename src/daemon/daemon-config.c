/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GKeyFile reads the values; a scan of the lines beforehand knows where each stands, and finds what GKeyFile
 * would pass over (a group or key that stands there twice).
 */
#include "daemon-config.h"

#include <gio/gio.h>
#include <string.h>

#include "mssl-name.h"

#define GROUP_PREFIX "module "
#define NAME_PREFIX_FOUND "bc660k-"
#define GROUP_LIMITS "limits"
#define BAUD_RATE_DEFAULT 115200
#define PROMPT_DELAY_DEFAULT_MS 50
#define PROMPT_DELAY_MAX_MS 2000
#define RELEASE_WHEN_IDLE_MAX_S 86400
#define IMEI_DIGITS 15

G_DEFINE_QUARK (daemon - config - error - quark, daemon_config_error)

typedef struct {
  const char *path;
  GKeyFile *key_file;
  GHashTable *lines; /* "group" or "group\nkey" → line number */
} Reader;

typedef struct {
  const char *name;
  gboolean (*take) (Reader *reader, const char *group, const char *value, DaemonConfigModule *module,
                    GError **error);
} Key;

static guint
find_line (Reader *reader, const char *group, const char *key)
{
  g_autofree char *place = key != NULL ? g_strjoin ("\n", group, key, NULL) : g_strdup (group);

  return GPOINTER_TO_UINT (g_hash_table_lookup (reader->lines, place));
}

static gboolean
    G_GNUC_PRINTF (4, 5) refuse (Reader *reader, guint line, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, DAEMON_CONFIG_ERROR, DAEMON_CONFIG_ERROR_INVALID, "%s:%u: %s", reader->path, line,
               text);
  return FALSE;
}

static gboolean
remember_line (Reader *reader, char *place, guint line, const char *what, const char *name, GError **error)
{
  if (g_hash_table_insert (reader->lines, place, GUINT_TO_POINTER (line)))
    return TRUE;
  return refuse (reader, line, error, "%s \"%s\" stands in the file twice", what, name);
}

static gboolean
scan_line (Reader *reader, const char *line, guint number, char **group, GError **error)
{
  const char *equals = strchr (line, '=');
  gsize length = strlen (line);
  g_autofree char *key = NULL;

  if (length == 0 || line[0] == '#')
    return TRUE;
  if (line[0] == '[' && line[length - 1] == ']') {
    g_free (*group);
    *group = g_strndup (line + 1, length - 2);
    return remember_line (reader, g_strdup (*group), number, "the group", *group, error);
  }
  if (equals == NULL || equals == line)
    return refuse (reader, number, error,
                   "neither a [group], nor KEY=VALUE, nor a comment that begins with #");
  if (*group == NULL)
    return refuse (reader, number, error, "a key stands before the first [module NAME]");
  key = g_strstrip (g_strndup (line, (gsize) (equals - line)));
  return remember_line (reader, g_strjoin ("\n", *group, key, NULL), number, "the key", key, error);
}

static gboolean
scan_lines (Reader *reader, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *group = NULL;

  for (guint i = 0; lines[i] != NULL; i++) {
    if (!scan_line (reader, g_strstrip (lines[i]), i + 1, &group, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_device (Reader *reader, const char *group, const char *value, DaemonConfigModule *module, GError **error)
{
  if (!g_path_is_absolute (value))
    return refuse (reader, find_line (reader, group, "device"), error, "device=%s is not an absolute path",
                   value);
  module->device = g_strdup (value);
  return TRUE;
}

static gboolean
take_baud_rate (Reader *reader, const char *group, const char *value, DaemonConfigModule *module,
                GError **error)
{
  guint64 rate;

  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT, &rate, NULL)
      || !serial_port_baud_rate_is_valid ((guint) rate))
    return refuse (
        reader, find_line (reader, group, "baud-rate"), error,
        "baud-rate=%s is not a rate of a serial port: 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, "
        "460800, 921600, 1000000, 1500000, 2000000, 3000000 or 4000000",
        value);
  module->baud_rate = (guint) rate;
  return TRUE;
}

static gboolean
take_flow_control (Reader *reader, const char *group, const char *value, DaemonConfigModule *module,
                   GError **error)
{
  if (strcmp (value, "none") == 0)
    module->flow_control = SERIAL_FLOW_CONTROL_NONE;
  else if (strcmp (value, "rts-cts") == 0)
    module->flow_control = SERIAL_FLOW_CONTROL_RTS_CTS;
  else
    return refuse (reader, find_line (reader, group, "flow-control"), error,
                   "flow-control=%s is neither none nor rts-cts", value);
  return TRUE;
}

static gboolean
take_prompt_delay (Reader *reader, const char *group, const char *value, DaemonConfigModule *module,
                   GError **error)
{
  guint64 delay_ms;

  if (!g_ascii_string_to_unsigned (value, 10, 0, PROMPT_DELAY_MAX_MS, &delay_ms, NULL))
    return refuse (reader, find_line (reader, group, "prompt-delay"), error,
                   "prompt-delay=%s is not a number of milliseconds from 0 to %d", value,
                   PROMPT_DELAY_MAX_MS);
  module->prompt_delay_ms = (guint) delay_ms;
  return TRUE;
}

static gboolean
take_claim (Reader *reader, const char *group, const char *value, DaemonConfigModule *module, GError **error)
{
  guint line = find_line (reader, group, "claim");

  if (!claim_mode_parse (value, &module->claim))
    return refuse (reader, line, error, "claim=%s is none of auto, inhibit, ignored-port and device", value);
  if (module->claim != CLAIM_MODE_DEVICE && !mm_modems_is_supported ())
    return refuse (reader, line, error,
                   "claim=%s needs ModemManager, which this modemssld was built without; use claim=device",
                   value);
  return TRUE;
}

static gboolean
take_imei (Reader *reader, const char *group, const char *value, DaemonConfigModule *module, GError **error)
{
  if (strlen (value) != IMEI_DIGITS || strspn (value, "0123456789") != IMEI_DIGITS)
    return refuse (reader, find_line (reader, group, "imei"), error, "imei=%s is not %d digits", value,
                   IMEI_DIGITS);
  module->imei = g_strdup (value);
  return TRUE;
}

static gboolean
take_release_when_idle (Reader *reader, const char *group, const char *value, DaemonConfigModule *module,
                        GError **error)
{
  guint64 seconds;

  if (!g_ascii_string_to_unsigned (value, 10, 0, RELEASE_WHEN_IDLE_MAX_S, &seconds, NULL))
    return refuse (reader, find_line (reader, group, "release-when-idle"), error,
                   "release-when-idle=%s is not a number of seconds from 0 to %d", value,
                   RELEASE_WHEN_IDLE_MAX_S);
  module->release_when_idle_s = (guint) seconds;
  return TRUE;
}

static gboolean
take_yes_or_no (Reader *reader, const char *group, const char *key, const char *value, gboolean *ret_yes,
                GError **error)
{
  gboolean yes = strcmp (value, "yes") == 0;

  if (!yes && strcmp (value, "no") != 0)
    return refuse (reader, find_line (reader, group, key), error, "%s=%s is neither yes nor no", key, value);
  *ret_yes = yes;
  return TRUE;
}

static gboolean
take_sync_clock (Reader *reader, const char *group, const char *value, DaemonConfigModule *module,
                 GError **error)
{
  return take_yes_or_no (reader, group, "sync-clock", value, &module->sync_clock, error);
}

static gboolean
take_allow_commands (Reader *reader, const char *group, const char *value, DaemonConfigModule *module,
                     GError **error)
{
  return take_yes_or_no (reader, group, "allow-commands", value, &module->allow_commands, error);
}

static const Key keys[] = {
  { "device", take_device },
  { "baud-rate", take_baud_rate },
  { "flow-control", take_flow_control },
  { "prompt-delay", take_prompt_delay },
  { "claim", take_claim },
  { "imei", take_imei },
  { "release-when-idle", take_release_when_idle },
  { "sync-clock", take_sync_clock },
  { "allow-commands", take_allow_commands },
};

static void
clear_module (gpointer data)
{
  DaemonConfigModule *module = data;

  g_free (module->name);
  g_free (module->device);
  g_free (module->imei);
  daemon_recovery_clear (&module->recovery);
}

DaemonConfigModule *
daemon_config_module_ref (DaemonConfigModule *self)
{
  return g_rc_box_acquire (self);
}

void
daemon_config_module_unref (DaemonConfigModule *self)
{
  g_rc_box_release_full (self, clear_module);
}

gboolean
daemon_config_module_equal (const DaemonConfigModule *self, const DaemonConfigModule *other)
{
  return g_str_equal (self->name, other->name) && g_strcmp0 (self->device, other->device) == 0
         && self->baud_rate == other->baud_rate && self->flow_control == other->flow_control
         && self->prompt_delay_ms == other->prompt_delay_ms && self->claim == other->claim
         && g_strcmp0 (self->imei, other->imei) == 0
         && self->release_when_idle_s == other->release_when_idle_s && self->sync_clock == other->sync_clock
         && self->allow_commands == other->allow_commands
         && daemon_recovery_equal (&self->recovery, &other->recovery);
}

static gboolean
take_key (Reader *reader, const char *group, const char *key, DaemonConfigModule *module, GError **error)
{
  g_autofree char *value = g_key_file_get_string (reader->key_file, group, key, NULL);
  g_autofree char *problem = NULL;

  if (value == NULL)
    return refuse (reader, find_line (reader, group, key), error, "the value of %s is not valid", key);
  g_strchomp (value);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (strcmp (keys[i].name, key) == 0)
      return keys[i].take (reader, group, value, module, error);
  }
  if (daemon_recovery_take (&module->recovery, key, value, &problem))
    return problem == NULL || refuse (reader, find_line (reader, group, key), error, "%s", problem);
  return refuse (reader, find_line (reader, group, key), error,
                 "the key \"%s\" is not known; the keys are device, baud-rate, flow-control, prompt-delay, "
                 "claim, imei, release-when-idle, sync-clock, allow-commands, " DAEMON_RECOVERY_KEYS,
                 key);
}

/* What one key says about the claim must fit what the others say. */
static gboolean
check_claim (Reader *reader, const char *group, DaemonConfigModule *module, GError **error)
{
  gboolean is_set = find_line (reader, group, "claim") != 0;
  guint line = find_line (reader, group, is_set ? "claim" : NULL);

  if (!is_set && (module->device != NULL || !mm_modems_is_supported ()))
    module->claim = CLAIM_MODE_DEVICE;
  if (module->claim == CLAIM_MODE_DEVICE && module->device == NULL)
    return refuse (reader, line, error, "[%s] has no device=", group);
  if (module->claim == CLAIM_MODE_DEVICE && module->imei != NULL)
    return refuse (reader, find_line (reader, group, "imei"), error,
                   "imei= is for modems that ModemManager is asked for; with claim=device it has no meaning");
  return TRUE;
}

/* Takes @name. */
static void
init_module (DaemonConfigModule *module, char *name)
{
  *module = (DaemonConfigModule){
    .name = name,
    .baud_rate = BAUD_RATE_DEFAULT,
    .prompt_delay_ms = PROMPT_DELAY_DEFAULT_MS,
    .sync_clock = TRUE,
    .claim = CLAIM_MODE_AUTO,
  };
  daemon_recovery_init (&module->recovery);
}

DaemonConfigModule *
daemon_config_module_new_found (const char *imei)
{
  DaemonConfigModule *self = g_rc_box_new0 (DaemonConfigModule);

  init_module (self, g_strconcat (NAME_PREFIX_FOUND, imei, NULL));
  self->imei = g_strdup (imei);
  return self;
}

static gboolean
read_module (Reader *reader, const char *group, DaemonConfigModule *module, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (reader->key_file, group, NULL, NULL);

  init_module (module, g_strdup (group + strlen (GROUP_PREFIX)));
  for (guint i = 0; names[i] != NULL; i++) {
    if (!take_key (reader, group, names[i], module, error))
      return FALSE;
  }
  return check_claim (reader, group, module, error);
}

static gboolean
read_limits (Reader *reader, Quotas *quotas, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (reader->key_file, GROUP_LIMITS, NULL, NULL);

  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *value = g_key_file_get_string (reader->key_file, GROUP_LIMITS, names[i], NULL);
    guint line = find_line (reader, GROUP_LIMITS, names[i]);
    g_autoptr (GError) local = NULL;
    g_autofree char *known = quotas_list_names ();
    QuotasKey key;

    if (!quotas_find (names[i], &key))
      return refuse (reader, line, error, "the key \"%s\" is not known; the keys are %s", names[i], known);
    if (!quotas_parse (quotas, key, value != NULL ? g_strchomp (value) : "", &local))
      return refuse (reader, line, error, "%s", local->message);
  }
  return TRUE;
}

static gboolean
check_group (Reader *reader, const char *group, guint n_modules, GError **error)
{
  guint line = find_line (reader, group, NULL);

  if (!g_str_has_prefix (group, GROUP_PREFIX))
    return refuse (reader, line, error, "the group [%s] is not known; use [module NAME] or [limits]", group);
  if (!mssl_name_is_valid (group + strlen (GROUP_PREFIX)))
    return refuse (
        reader, line, error,
        "[%s]: a name is a letter or digit and up to 62 letters, digits, dots, underscores or hyphens",
        group);
  if (n_modules == DAEMON_CONFIG_MAX_MODULES)
    return refuse (reader, line, error, "more than %d modules", DAEMON_CONFIG_MAX_MODULES);
  return TRUE;
}

static gboolean
is_same (const char *value, const char *other)
{
  return value != NULL && other != NULL && strcmp (value, other) == 0;
}

/* No two groups may mean the same module. */
static gboolean
check_unique (Reader *reader, const char *group, const GPtrArray *modules, GError **error)
{
  const DaemonConfigModule *module = modules->pdata[modules->len - 1];

  for (guint i = 0; i + 1 < modules->len; i++) {
    const DaemonConfigModule *other = modules->pdata[i];

    if (is_same (module->device, other->device))
      return refuse (reader, find_line (reader, group, "device"), error,
                     "device=%s is that of [module %s] already", module->device, other->name);
    if (is_same (module->imei, other->imei))
      return refuse (reader, find_line (reader, group, "imei"), error,
                     "imei=%s is that of [module %s] already", module->imei, other->name);
    if (module->device == NULL && module->imei == NULL && other->device == NULL && other->imei == NULL)
      return refuse (
          reader, find_line (reader, group, NULL), error,
          "neither [%s] nor [module %s] has device= or imei=, so it is not said which modem is whose", group,
          other->name);
  }
  return TRUE;
}

static gboolean
read_groups (Reader *reader, DaemonConfig *config, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (reader->key_file, NULL);
  GPtrArray *modules = config->modules;

  for (guint i = 0; groups[i] != NULL; i++) {
    DaemonConfigModule *module;

    if (g_str_equal (groups[i], GROUP_LIMITS)) {
      if (!read_limits (reader, &config->quotas, error))
        return FALSE;
      continue;
    }
    if (!check_group (reader, groups[i], modules->len, error))
      return FALSE;
    module = g_rc_box_new0 (DaemonConfigModule);
    g_ptr_array_add (modules, module);
    if (!read_module (reader, groups[i], module, error) || !check_unique (reader, groups[i], modules, error))
      return FALSE;
  }
  return TRUE;
}

static char *
read_text (const char *path, gsize *ret_length, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &local)) {
    g_set_error (error, DAEMON_CONFIG_ERROR, DAEMON_CONFIG_ERROR_INVALID, "%s", local->message);
    return NULL;
  }
  if (length > DAEMON_CONFIG_MAX_BYTES || memchr (text, '\0', length) != NULL
      || !g_utf8_validate (text, -1, NULL)) {
    g_set_error (error, DAEMON_CONFIG_ERROR, DAEMON_CONFIG_ERROR_INVALID,
                 "%s is not a configuration file: not text, or over %d bytes", path, DAEMON_CONFIG_MAX_BYTES);
    return NULL;
  }
  *ret_length = length;
  return g_steal_pointer (&text);
}

DaemonConfig *
daemon_config_load (const char *path, GError **error)
{
  g_autoptr (GHashTable) lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (DaemonConfig) self = g_new0 (DaemonConfig, 1);
  g_autoptr (GError) local = NULL;
  Reader reader = { path, key_file, lines };
  gsize length = 0;
  g_autofree char *text = read_text (path, &length, error);

  self->modules = g_ptr_array_new_with_free_func ((GDestroyNotify) daemon_config_module_unref);
  quotas_init (&self->quotas);
  if (text == NULL || !scan_lines (&reader, text, error))
    return NULL;
  if (!g_key_file_load_from_data (key_file, text, length, G_KEY_FILE_NONE, &local)) {
    refuse (&reader, 1, error, "%s", local->message);
    return NULL;
  }
  if (!read_groups (&reader, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
daemon_config_free (DaemonConfig *self)
{
  g_ptr_array_unref (self->modules);
  g_free (self);
}
