/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <math.h>
#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlsrange.h"

#define NS_PER_MS G_GINT64_CONSTANT (1000000)
/* 1970 to 9999: years of four digits. */
#define MAX_DATE G_GINT64_CONSTANT (253370764800000)
/* Ten years, in seconds; nothing that is added to a date overflows. */
#define MAX_DURATION 315360000.0
/* Doubles are whole numbers up to there. */
#define MAX_NUMBER 9007199254740992.0

typedef enum {
  TEXT,
  DATE,
  DURATION,
  HEX,
  FLAG,
  CUE,
  CLIENT, /* X-...: text, bytes or a number */
} Kind;

static const struct {
  const gchar *name;
  Kind kind;
} known_attributes[] = {
  { "ID", TEXT },
  { "CLASS", TEXT },
  { "START-DATE", DATE },
  { "CUE", CUE },
  { "END-DATE", DATE },
  { "DURATION", DURATION },
  { "PLANNED-DURATION", DURATION },
  { "SCTE35-CMD", HEX },
  { "SCTE35-OUT", HEX },
  { "SCTE35-IN", HEX },
  { "END-ON-NEXT", FLAG },
};

typedef struct {
  gchar *name;
  gchar *value; /* as it is written, with quotes if it has some */
} Attribute;

struct _GstArclyHlsRange {
  GArray *attributes; /* (element-type Attribute), owned */
};

static void
clear_attribute (gpointer data)
{
  g_free (((Attribute *) data)->name);
  g_free (((Attribute *) data)->value);
}

GstArclyHlsRange *
gst_arcly_hls_range_new (void)
{
  GstArclyHlsRange *self = g_new0 (GstArclyHlsRange, 1);

  self->attributes = g_array_new (FALSE, FALSE, sizeof (Attribute));
  g_array_set_clear_func (self->attributes, clear_attribute);
  return self;
}

void
gst_arcly_hls_range_free (GstArclyHlsRange *self)
{
  g_array_unref (self->attributes);
  g_free (self);
}

static gboolean
fail (GError **error, const gchar *name, const gchar *reason)
{
  g_set_error (
      error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, "%s %s", name, reason);
  return FALSE;
}

static const gchar *
get (const GstArclyHlsRange *self, const gchar *name)
{
  guint i;

  for (i = 0; i < self->attributes->len; i++) {
    const Attribute *attribute =
        &g_array_index (self->attributes, Attribute, i);

    if (g_str_equal (attribute->name, name))
      return attribute->value;
  }
  return NULL;
}

/* RFC 8216, 4.2: an AttributeName. */
static gboolean
is_name (const gchar *name)
{
  return name[0] != '\0' &&
         strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
             strlen (name);
}

static gboolean
find_kind (const gchar *name, Kind *kind)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known_attributes); i++) {
    if (!g_str_equal (known_attributes[i].name, name))
      continue;
    *kind = known_attributes[i].kind;
    return TRUE;
  }
  *kind = CLIENT;
  return g_str_has_prefix (name, "X-") && name[2] != '\0' && is_name (name);
}

/* RFC 8216, 4.1 and 4.2: no control characters anywhere, no quotes inside. */
static const gchar *
wrong_text (const gchar *value)
{
  gsize length = strlen (value);
  const gchar *at;

  if (length < 2 || value[0] != '"' || value[length - 1] != '"')
    return "is not in quotes";
  if (!g_utf8_validate (value, -1, NULL))
    return "is not UTF-8";
  for (at = value; *at; at = g_utf8_next_char (at)) {
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return "has a line break or another control character";
  }
  if (memchr (value + 1, '"', length - 2))
    return "has a quote inside";
  return NULL;
}

/* What is set; quotes are not part of it. */
static gchar *
unquote (const gchar *value)
{
  return g_strndup (value + 1, strlen (value) - 2);
}

static gint64
to_date (const gchar *value)
{
  g_autofree gchar *text = unquote (value);
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (text, NULL);

  return date ? g_date_time_to_unix (date) * 1000 +
                    g_date_time_get_microsecond (date) / 1000
              : G_MININT64;
}

static const gchar *
wrong_date (const gchar *value)
{
  const gchar *wrong = wrong_text (value);
  gint64 date;

  if (wrong)
    return wrong;
  date = to_date (value);
  return date < 0 || date > MAX_DATE ? "is no date from 1970 to 9999" : NULL;
}

static const gchar *
wrong_number (const gchar *value, gdouble max)
{
  if (!g_ascii_isdigit (value[0]) ||
      strspn (value, "0123456789.") != strlen (value) ||
      (strchr (value, '.') && strchr (strchr (value, '.') + 1, '.')))
    return "is no number, or negative";
  return g_ascii_strtod (value, NULL) > max ? "is too large" : NULL;
}

static const gchar *
wrong_hex (const gchar *value)
{
  const gchar *digits = value + 2;

  if (value[0] != '0' || (value[1] != 'x' && value[1] != 'X'))
    return "is not hexadecimal";
  return digits[0] == '\0' || strlen (digits) % 2 != 0 ||
                 strspn (digits, "0123456789ABCDEFabcdef") != strlen (digits)
             ? "is empty, or no whole bytes"
             : NULL;
}

/* An enumerated-string-list; each once, and a cue is in front or behind. */
static const gchar *
wrong_cue (const gchar *value)
{
  static const gchar *names[] = { "PRE", "POST", "ONCE" };
  const gchar *wrong = wrong_text (value);
  g_autofree gchar *text = wrong ? NULL : unquote (value);
  g_auto (GStrv) words = NULL;
  guint n[G_N_ELEMENTS (names)] = { 0 }, i, k;

  if (wrong)
    return wrong;
  words = g_strsplit (text, ",", -1);
  for (i = 0; words[i]; i++) {
    for (k = 0; k < G_N_ELEMENTS (names); k++)
      n[k] += g_str_equal (words[i], names[k]);
  }
  return i == 0 || n[0] + n[1] + n[2] != i || n[0] + n[1] > 1 || n[2] > 1
             ? "is not PRE or POST, ONCE, or one of the first with ONCE"
             : NULL;
}

static const gchar *
wrong_client (const gchar *value)
{
  if (value[0] == '"')
    return wrong_text (value);
  return value[0] == '0' && g_ascii_tolower (value[1]) == 'x'
             ? wrong_hex (value)
             : wrong_number (value, MAX_NUMBER);
}

static const gchar *
wrong_value (Kind kind, const gchar *value)
{
  switch (kind) {
    case TEXT:
      return wrong_text (value);
    case DATE:
      return wrong_date (value);
    case DURATION:
      return wrong_number (value, MAX_DURATION);
    case HEX:
      return wrong_hex (value);
    case FLAG:
      return g_str_equal (value, "YES") ? NULL : "is not YES";
    case CUE:
      return wrong_cue (value);
    case CLIENT:
    default:
      return wrong_client (value);
  }
}

/* (transfer full) to @value. */
static gboolean
add (GstArclyHlsRange *self, const gchar *name, gchar *value, GError **error)
{
  Attribute attribute = { .value = value };
  const gchar *wrong = NULL;
  gsize size = strlen (name) + strlen (value);
  Kind kind;
  guint i;

  for (i = 0; i < self->attributes->len; i++)
    size += strlen (g_array_index (self->attributes, Attribute, i).value);
  if (!find_kind (name, &kind))
    wrong = "is no attribute of a date range; those of clients are X-, "
            "capitals, digits and dashes";
  else if (get (self, name))
    wrong = "is set twice";
  else if (size > GST_ARCLY_HLS_MAX_RANGE_BYTES)
    wrong = "makes it too long";
  else
    wrong = wrong_value (kind, value);
  if (wrong) {
    g_free (value);
    return fail (error, name, wrong);
  }
  attribute.name = g_strdup (name);
  g_array_append_val (self->attributes, attribute);
  return TRUE;
}

gboolean
gst_arcly_hls_range_set_text (GstArclyHlsRange *self, const gchar *name,
    const gchar *value, GError **error)
{
  /* RFC 8216, 4.1: normalized. */
  g_autofree gchar *text = g_utf8_normalize (value, -1, G_NORMALIZE_NFC);

  if (!text)
    return fail (error, name, "is not UTF-8");
  return add (self, name, g_strdup_printf ("\"%s\"", text), error);
}

gboolean
gst_arcly_hls_range_set_date (
    GstArclyHlsRange *self, const gchar *name, gint64 date, GError **error)
{
  gint64 ms = date / 1000;
  g_autoptr (GDateTime) utc =
      date < 0 ? NULL : g_date_time_new_from_unix_utc (ms / 1000);
  g_autofree gchar *second =
      utc ? g_date_time_format (utc, "%Y-%m-%dT%H:%M:%S") : NULL;

  if (!second)
    return fail (error, name, "is no date from 1970 to 9999");
  return add (self, name,
      g_strdup_printf ("\"%s.%03uZ\"", second, (guint) (ms % 1000)), error);
}

gboolean
gst_arcly_hls_range_set_duration (
    GstArclyHlsRange *self, const gchar *name, gint64 duration, GError **error)
{
  gint64 ms = duration / NS_PER_MS;

  if (duration < 0)
    return fail (error, name, "is negative");
  return add (self, name,
      g_strdup_printf (
          "%" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT, ms / 1000, ms % 1000),
      error);
}

gboolean
gst_arcly_hls_range_set_number (
    GstArclyHlsRange *self, const gchar *name, gdouble number, GError **error)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE + 32];

  /* RFC 8216, 4.2: no sign and no exponent. */
  if (!isfinite (number) || number < 0 || number > MAX_NUMBER)
    return fail (error, name, "is no number from 0 to 2^53");
  g_ascii_formatd (text, sizeof text, "%.6f", number);
  return add (self, name, g_strdup (text), error);
}

gboolean
gst_arcly_hls_range_set_bytes (GstArclyHlsRange *self, const gchar *name,
    const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GString) text = g_string_new ("0x");
  gsize i;

  if (size > GST_ARCLY_HLS_MAX_RANGE_BYTES / 2)
    return fail (error, name, "is too long");
  for (i = 0; i < size; i++)
    g_string_append_printf (text, "%02X", data[i]);
  return add (
      self, name, g_string_free (g_steal_pointer (&text), FALSE), error);
}

gboolean
gst_arcly_hls_range_set_flag (
    GstArclyHlsRange *self, const gchar *name, GError **error)
{
  return add (self, name, g_strdup ("YES"), error);
}

/* The end of the value, which may have commas in quotes. */
static const gchar *
skip_value (const gchar *value)
{
  const gchar *end = value + 1;

  if (value[0] != '"')
    return value + strcspn (value, ",");
  end += strcspn (end, "\"");
  return *end == '"' ? end + 1 : end;
}

GstArclyHlsRange *
gst_arcly_hls_range_parse (const gchar *attributes, GError **error)
{
  g_autoptr (GstArclyHlsRange) self = gst_arcly_hls_range_new ();
  const gchar *at = attributes;

  for (;;) {
    gsize length = strcspn (at, "=");
    g_autofree gchar *name = g_strndup (at, length);
    const gchar *value = at + length + 1, *end;

    if (at[length] != '=') {
      fail (error, at, "has no value");
      return NULL;
    }
    end = skip_value (value);
    if (!add (self, name, g_strndup (value, end - value), error))
      return NULL;
    if (*end == '\0')
      break;
    if (*end != ',') {
      fail (error, name, "is followed by no comma");
      return NULL;
    }
    at = end + 1;
  }
  return g_steal_pointer (&self);
}

const gchar *
gst_arcly_hls_range_get_id (const GstArclyHlsRange *self)
{
  return get (self, "ID");
}

gboolean
gst_arcly_hls_range_is_class_of (
    const GstArclyHlsRange *self, const GstArclyHlsRange *other)
{
  const gchar *name = get (self, "CLASS");

  return name && g_strcmp0 (name, get (other, "CLASS")) == 0;
}

gint64
gst_arcly_hls_range_get_start (const GstArclyHlsRange *self)
{
  const gchar *value = get (self, "START-DATE");

  return value ? to_date (value) : G_MININT64;
}

static gint64
to_ms (const gchar *seconds)
{
  return (gint64) (g_ascii_strtod (seconds, NULL) * 1000 + 0.5);
}

gint64
gst_arcly_hls_range_get_end (const GstArclyHlsRange *self)
{
  const gchar *end = get (self, "END-DATE"), *duration = get (self, "DURATION");

  if (end)
    return to_date (end);
  return duration && get (self, "START-DATE")
             ? gst_arcly_hls_range_get_start (self) + to_ms (duration)
             : G_MAXINT64;
}

gboolean
gst_arcly_hls_range_ends_on_next (const GstArclyHlsRange *self)
{
  return get (self, "END-ON-NEXT") != NULL;
}

gboolean
gst_arcly_hls_range_check (const GstArclyHlsRange *self, GError **error)
{
  const gchar *id = get (self, "ID"), *end = get (self, "END-DATE");
  const gchar *duration = get (self, "DURATION");

  if (!id || g_str_equal (id, "\"\""))
    return fail (error, "ID", "is missing or empty");
  if (!get (self, "START-DATE"))
    return fail (error, "START-DATE", "is missing");
  if (end && to_date (end) < gst_arcly_hls_range_get_start (self))
    return fail (error, "END-DATE", "is in front of START-DATE");
  if (end && duration &&
      to_date (end) != gst_arcly_hls_range_get_start (self) + to_ms (duration))
    return fail (error, "END-DATE", "does not agree with DURATION");
  if (!gst_arcly_hls_range_ends_on_next (self))
    return TRUE;
  if (!get (self, "CLASS"))
    return fail (error, "END-ON-NEXT", "needs CLASS");
  if (end || duration)
    return fail (error, "END-ON-NEXT", "excludes DURATION and END-DATE");
  return TRUE;
}

gboolean
gst_arcly_hls_range_merge (
    GstArclyHlsRange *self, const GstArclyHlsRange *update, GError **error)
{
  guint before = self->attributes->len, i;
  gboolean ok = TRUE;

  for (i = 0; i < update->attributes->len && ok; i++) {
    const Attribute *attribute =
        &g_array_index (update->attributes, Attribute, i);
    const gchar *known = get (self, attribute->name);

    if (!known)
      ok = add (self, attribute->name, g_strdup (attribute->value), error);
    else if (!g_str_equal (known, attribute->value))
      ok = fail (error, attribute->name,
          "is not what it was: it cannot be taken back");
  }
  ok = ok && gst_arcly_hls_range_check (self, error);
  if (!ok)
    g_array_set_size (self->attributes, before);
  return ok;
}

static void
write_attribute (GString *text, const gchar *name, const gchar *value)
{
  g_string_append_printf (
      text, "%s%s=%s", text->len > 0 ? "," : "", name, value);
}

/* What each line has comes first. */
gchar *
gst_arcly_hls_range_write (
    const GstArclyHlsRange *self, const GstArclyHlsRange *known)
{
  static const gchar *always[] = { "ID", "START-DATE" };
  GString *text = g_string_new (NULL);
  gboolean is_new = known == NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (always); i++) {
    const gchar *value = get (self, always[i]);

    if (value)
      write_attribute (text, always[i], value);
  }
  for (i = 0; i < self->attributes->len; i++) {
    const Attribute *attribute =
        &g_array_index (self->attributes, Attribute, i);

    if (g_str_equal (attribute->name, always[0]) ||
        g_str_equal (attribute->name, always[1]) ||
        (known && get (known, attribute->name)))
      continue;
    write_attribute (text, attribute->name, attribute->value);
    is_new = TRUE;
  }
  return g_string_free (text, !is_new);
}
