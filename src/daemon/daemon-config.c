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
#define BAUD_RATE_DEFAULT 115200
#define PROMPT_DELAY_DEFAULT_MS 50
#define PROMPT_DELAY_MAX_MS 2000

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
  if (strcmp (value, "device") != 0)
    return refuse (reader, find_line (reader, group, "claim"), error,
                   "claim=%s is not known; use claim=device", value);
  return TRUE;
}

static const Key keys[] = {
  { "device", take_device },
  { "baud-rate", take_baud_rate },
  { "flow-control", take_flow_control },
  { "prompt-delay", take_prompt_delay },
  { "claim", take_claim },
};

static void
clear_module (gpointer data)
{
  DaemonConfigModule *module = data;

  g_free (module->name);
  g_free (module->device);
  g_free (module->claim);
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
  return g_str_equal (self->name, other->name) && g_str_equal (self->device, other->device)
         && self->baud_rate == other->baud_rate && self->flow_control == other->flow_control
         && self->prompt_delay_ms == other->prompt_delay_ms && g_str_equal (self->claim, other->claim);
}

static gboolean
take_key (Reader *reader, const char *group, const char *key, DaemonConfigModule *module, GError **error)
{
  g_autofree char *value = g_key_file_get_string (reader->key_file, group, key, NULL);

  if (value == NULL)
    return refuse (reader, find_line (reader, group, key), error, "the value of %s is not valid", key);
  g_strchomp (value);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (strcmp (keys[i].name, key) == 0)
      return keys[i].take (reader, group, value, module, error);
  }
  return refuse (
      reader, find_line (reader, group, key), error,
      "the key \"%s\" is not known; the keys are device, baud-rate, flow-control, prompt-delay, claim", key);
}

static gboolean
read_module (Reader *reader, const char *group, DaemonConfigModule *module, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (reader->key_file, group, NULL, NULL);

  *module = (DaemonConfigModule){
    .name = g_strdup (group + strlen (GROUP_PREFIX)),
    .baud_rate = BAUD_RATE_DEFAULT,
    .prompt_delay_ms = PROMPT_DELAY_DEFAULT_MS,
    .claim = g_strdup ("device"),
  };
  for (guint i = 0; names[i] != NULL; i++) {
    if (!take_key (reader, group, names[i], module, error))
      return FALSE;
  }
  if (module->device == NULL)
    return refuse (reader, find_line (reader, group, NULL), error, "[%s] has no device=", group);
  return TRUE;
}

static gboolean
check_group (Reader *reader, const char *group, guint n_modules, GError **error)
{
  guint line = find_line (reader, group, NULL);

  if (!g_str_has_prefix (group, GROUP_PREFIX))
    return refuse (reader, line, error, "the group [%s] is not known; use [module NAME]", group);
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
check_device (Reader *reader, const char *group, const GPtrArray *modules, const char *device, GError **error)
{
  for (guint i = 0; i + 1 < modules->len; i++) {
    const DaemonConfigModule *other = modules->pdata[i];

    if (strcmp (other->device, device) == 0)
      return refuse (reader, find_line (reader, group, "device"), error,
                     "device=%s is that of [module %s] already", device, other->name);
  }
  return TRUE;
}

static gboolean
read_modules (Reader *reader, GPtrArray *modules, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (reader->key_file, NULL);

  for (guint i = 0; groups[i] != NULL; i++) {
    DaemonConfigModule *module;

    if (!check_group (reader, groups[i], modules->len, error))
      return FALSE;
    module = g_rc_box_new0 (DaemonConfigModule);
    g_ptr_array_add (modules, module);
    if (!read_module (reader, groups[i], module, error)
        || !check_device (reader, groups[i], modules, module->device, error))
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
  if (text == NULL || !scan_lines (&reader, text, error))
    return NULL;
  if (!g_key_file_load_from_data (key_file, text, length, G_KEY_FILE_NONE, &local)) {
    refuse (&reader, 1, error, "%s", local->message);
    return NULL;
  }
  if (!read_modules (&reader, self->modules, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
daemon_config_free (DaemonConfig *self)
{
  g_ptr_array_unref (self->modules);
  g_free (self);
}
