/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "recordindex.h"

/* The years 1970 to 9999, in microseconds. */
#define MAX_WALL (G_GINT64_CONSTANT (253402300799) * G_USEC_PER_SEC)

typedef enum {
  KIND_UINT,
  KIND_INT,
  KIND_WALL,
  KIND_STRING,
  KIND_BOOL,
} Kind;

#define IN(type) (1u << GST_ARCLY_RECORD_##type)
#define OF_FILE                                                                \
  (IN (FILE) | IN (FRAGMENT) | IN (GAP) | IN (CLOSED) | IN (FINALIZED) |       \
      IN (DELETED))
#define MEMBER(field) G_STRUCT_OFFSET (GstArclyRecordEntry, field)

static const gchar *const types[] = {
  [GST_ARCLY_RECORD_SESSION] = "session",
  [GST_ARCLY_RECORD_FILE] = "file",
  [GST_ARCLY_RECORD_FRAGMENT] = "fragment",
  [GST_ARCLY_RECORD_GAP] = "gap",
  [GST_ARCLY_RECORD_CLOSED] = "closed",
  [GST_ARCLY_RECORD_FINALIZED] = "finalized",
  [GST_ARCLY_RECORD_DELETED] = "deleted",
};

static const struct {
  const gchar *name;
  Kind kind;
  gsize member;
  guint in; /* types of entry */
} fields[] = {
  { "version", KIND_UINT, MEMBER (version), IN (SESSION) },
  { "file", KIND_UINT, MEMBER (file), OF_FILE },
  { "path", KIND_STRING, MEMBER (path), IN (FILE) },
  { "container", KIND_STRING, MEMBER (container), IN (FILE) },
  { "wall", KIND_WALL, MEMBER (wall), OF_FILE | IN (SESSION) },
  { "media", KIND_INT, MEMBER (media), IN (FILE) | IN (FRAGMENT) | IN (GAP) },
  { "duration", KIND_INT, MEMBER (duration),
      IN (FRAGMENT) | IN (GAP) | IN (CLOSED) },
  { "offset", KIND_UINT, MEMBER (offset), IN (FRAGMENT) },
  { "size", KIND_UINT, MEMBER (size),
      IN (FRAGMENT) | IN (GAP) | IN (CLOSED) | IN (FINALIZED) },
  { "fragments", KIND_UINT, MEMBER (fragments), IN (GAP) | IN (CLOSED) },
  { "key", KIND_BOOL, MEMBER (key), IN (FRAGMENT) },
  { "reason", KIND_STRING, MEMBER (reason),
      IN (GAP) | IN (CLOSED) | IN (DELETED) },
};

#define FIELD(entry, i, type)                                                  \
  (*(type *) ((guint8 *) (entry) + fields[i].member))

void
gst_arcly_record_entry_clear (GstArclyRecordEntry *entry)
{
  g_free (entry->path);
  g_free (entry->container);
  g_free (entry->reason);
  memset (entry, 0, sizeof *entry);
}

gchar *
gst_arcly_record_format_wall (gint64 wall)
{
  g_autoptr (GDateTime) second =
      g_date_time_new_from_unix_utc (wall / G_USEC_PER_SEC);
  g_autofree gchar *text = g_date_time_format (second, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%06dZ", text, (int) (wall % G_USEC_PER_SEC));
}

/* RFC 8259, 7. */
static void
put_string (GString *out, const gchar *text)
{
  g_string_append_c (out, '"');
  for (; *text; text++) {
    guchar c = (guchar) *text;

    if (c == '"' || c == '\\')
      g_string_append_c (out, '\\');
    if (c < 0x20)
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_c (out, c);
  }
  g_string_append_c (out, '"');
}

static void
put_field (GString *out, const GstArclyRecordEntry *entry, guint i)
{
  g_autofree gchar *wall = NULL;
  const gchar *text;

  g_string_append_printf (out, ",\"%s\":", fields[i].name);
  switch (fields[i].kind) {
    case KIND_UINT:
      g_string_append_printf (
          out, "%" G_GUINT64_FORMAT, FIELD (entry, i, const guint64));
      break;
    case KIND_INT:
      g_string_append_printf (
          out, "%" G_GINT64_FORMAT, FIELD (entry, i, const gint64));
      break;
    case KIND_WALL:
      wall = gst_arcly_record_format_wall (
          CLAMP (FIELD (entry, i, const gint64), 0, MAX_WALL));
      put_string (out, wall);
      break;
    case KIND_STRING:
      text = FIELD (entry, i, const gchar *const);
      put_string (out, text ? text : "");
      break;
    case KIND_BOOL:
      g_string_append (
          out, FIELD (entry, i, const gboolean) ? "true" : "false");
      break;
  }
}

void
gst_arcly_record_entry_write (const GstArclyRecordEntry *entry, GString *out)
{
  guint i;

  g_string_append (out, "{\"type\":");
  put_string (out, types[entry->type]);
  for (i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (fields[i].in & (1u << entry->type))
      put_field (out, entry, i);
  }
  g_string_append (out, "}\n");
}

/* One object, and nothing nested: a parser that recurses has nothing to do. */
static gboolean
is_flat (const gchar *line, gsize size)
{
  gboolean quoted = FALSE, open = FALSE, closed = FALSE;
  gsize i;

  for (i = 0; i < size; i++) {
    gchar c = line[i];

    if (c == '\0')
      return FALSE;
    if (quoted && c == '\\') {
      i++;
    } else if (c == '"') {
      if (!open)
        return FALSE;
      quoted = !quoted;
    } else if (quoted || g_ascii_isspace (c)) {
      continue;
    } else if (c == '{') {
      if (open || closed)
        return FALSE;
      open = TRUE;
    } else if (!open || c == '[' || c == '/') {
      return FALSE;
    } else if (c == '}') {
      open = FALSE;
      closed = TRUE;
    }
  }
  return closed;
}

static gboolean
read_integer (JsonNode *node, gint64 *value)
{
  if (json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return TRUE;
}

static gboolean
read_wall (const gchar *text, gint64 *wall)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

  if (!time)
    return FALSE;
  *wall = g_date_time_to_unix (time) * G_USEC_PER_SEC +
          g_date_time_get_microsecond (time);
  return *wall >= 0 && *wall <= MAX_WALL;
}

static gboolean
read_field (GstArclyRecordEntry *entry, guint i, JsonNode *node)
{
  const gchar *text = NULL;
  gint64 number = 0;

  if (!JSON_NODE_HOLDS_VALUE (node))
    return FALSE;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    text = json_node_get_string (node);
  switch (fields[i].kind) {
    case KIND_UINT:
      if (!read_integer (node, &number) || number < 0)
        return FALSE;
      FIELD (entry, i, guint64) = (guint64) number;
      return TRUE;
    case KIND_INT:
      return read_integer (node, &FIELD (entry, i, gint64));
    case KIND_WALL:
      return text && read_wall (text, &FIELD (entry, i, gint64));
    case KIND_STRING:
      if (!text || !g_utf8_validate (text, -1, NULL))
        return FALSE;
      FIELD (entry, i, gchar *) = g_strdup (text);
      return TRUE;
    case KIND_BOOL:
      if (json_node_get_value_type (node) != G_TYPE_BOOLEAN)
        return FALSE;
      FIELD (entry, i, gboolean) = json_node_get_boolean (node);
      return TRUE;
  }
  g_assert_not_reached ();
}

static gboolean
read_type (JsonObject *object, GstArclyRecordEntry *entry)
{
  JsonNode *node = json_object_get_member (object, "type");
  const gchar *text;
  guint i;

  if (!node || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_STRING)
    return FALSE;
  text = json_node_get_string (node);
  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    if (g_strcmp0 (text, types[i]) == 0) {
      entry->type = (GstArclyRecordEntryType) i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
read_object (JsonObject *object, GstArclyRecordEntry *entry)
{
  guint i;

  if (!read_type (object, entry))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (fields); i++) {
    JsonNode *node;

    if (!(fields[i].in & (1u << entry->type)))
      continue;
    node = json_object_get_member (object, fields[i].name);
    if (!node || !read_field (entry, i, node))
      return FALSE;
  }
  return entry->file > 0 || entry->type == GST_ARCLY_RECORD_SESSION ||
         entry->type == GST_ARCLY_RECORD_GAP;
}

gboolean
gst_arcly_record_entry_read (
    GstArclyRecordEntry *entry, const gchar *line, gsize size)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root;

  memset (entry, 0, sizeof *entry);
  if (size > GST_ARCLY_RECORD_MAX_LINE || !is_flat (line, size))
    return FALSE;
  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, line, (gssize) size, NULL))
    return FALSE;
  root = json_parser_get_root (parser);
  if (root && JSON_NODE_HOLDS_OBJECT (root) &&
      read_object (json_node_get_object (root), entry))
    return TRUE;
  gst_arcly_record_entry_clear (entry);
  return FALSE;
}
