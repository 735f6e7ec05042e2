/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpamfprivate.h"

#include <string.h>

/* Reading, writing and freeing recurse, so no limits of a caller go deeper. */
#define MAX_DEPTH 256

typedef struct {
  GstArclyCursor cursor;
  guint depth_left;
  guint values_left;
} Reader;

static gboolean
fail_truncated (const Reader *reader, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
      "AMF0 message of %" G_GSIZE_FORMAT " bytes ends inside a value",
      reader->cursor.size);
  return FALSE;
}

static gdouble
read_double (GstArclyCursor *cursor)
{
  guint64 bits = gst_arcly_cursor_u64be (cursor);
  gdouble number;

  memcpy (&number, &bits, sizeof number);
  return number;
}

/* NULL if the message ends before. */
static gchar *
read_text (GstArclyCursor *cursor, gsize size)
{
  const guint8 *text = gst_arcly_cursor_bytes (cursor, size);

  if (cursor->overrun)
    return NULL;
  /* Replaces NUL, too. */
  return size > 0 ? g_utf8_make_valid ((const gchar *) text, size)
                  : g_strdup ("");
}

static gboolean read_value (
    Reader *reader, GstArclyAmfValue **value, GError **error);

/* AMF0, 2.5: names and values, until an empty name and the end marker. An
 * empty name before another marker is a name as any other. */
static gboolean
read_named (Reader *reader, GstArclyAmfValue *value, GError **error)
{
  GstArclyCursor *cursor = &reader->cursor;

  for (;;) {
    GstArclyAmfValue *member = NULL;
    gsize size = gst_arcly_cursor_u16be (cursor);
    g_autofree gchar *name = read_text (cursor, size);

    if (!name || gst_arcly_cursor_left (cursor) == 0)
      return fail_truncated (reader, error);
    if (size == 0 && cursor->data[cursor->pos] == AMF_MARKER_OBJECT_END)
      return gst_arcly_cursor_skip (cursor, 1);
    if (!read_value (reader, &member, error))
      return FALSE;
    gst_arcly_amf_value_append (value, g_steal_pointer (&name), member);
  }
}

/* AMF0, 2.12. */
static gboolean
read_unnamed (Reader *reader, GstArclyAmfValue *value, GError **error)
{
  guint32 count = gst_arcly_cursor_u32be (&reader->cursor);

  /* No value is shorter than its marker. */
  if (reader->cursor.overrun || count > gst_arcly_cursor_left (&reader->cursor))
    return fail_truncated (reader, error);
  while (count-- > 0) {
    GstArclyAmfValue *member = NULL;

    if (!read_value (reader, &member, error))
      return FALSE;
    gst_arcly_amf_value_append (value, NULL, member);
  }
  return TRUE;
}

static gboolean
read_members (
    Reader *reader, guint8 marker, GstArclyAmfValue *value, GError **error)
{
  GstArclyCursor *cursor = &reader->cursor;
  gboolean ok;

  if (reader->depth_left == 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "AMF0 objects nested too deep");
    return FALSE;
  }
  if (marker == AMF_MARKER_TYPED_OBJECT)
    gst_arcly_cursor_skip (cursor, gst_arcly_cursor_u16be (cursor));
  if (marker == AMF_MARKER_ECMA_ARRAY)
    gst_arcly_cursor_u32be (cursor); /* many writers get the count wrong */

  reader->depth_left--;
  ok = marker == AMF_MARKER_STRICT_ARRAY ? read_unnamed (reader, value, error)
                                         : read_named (reader, value, error);
  reader->depth_left++;
  return ok;
}

static gboolean
type_of_marker (guint8 marker, GstArclyAmfType *type, GError **error)
{
  static const gint8 types[] = {
    [AMF_MARKER_NUMBER] = GST_ARCLY_AMF_NUMBER,
    [AMF_MARKER_BOOLEAN] = GST_ARCLY_AMF_BOOLEAN,
    [AMF_MARKER_STRING] = GST_ARCLY_AMF_STRING,
    [AMF_MARKER_OBJECT] = GST_ARCLY_AMF_OBJECT,
    [0x04] = -1, /* movieclip, reserved */
    [AMF_MARKER_NULL] = GST_ARCLY_AMF_NULL,
    [AMF_MARKER_UNDEFINED] = GST_ARCLY_AMF_UNDEFINED,
    [AMF_MARKER_REFERENCE] = GST_ARCLY_AMF_REFERENCE,
    [AMF_MARKER_ECMA_ARRAY] = GST_ARCLY_AMF_ECMA_ARRAY,
    [AMF_MARKER_OBJECT_END] = -1,
    [AMF_MARKER_STRICT_ARRAY] = GST_ARCLY_AMF_STRICT_ARRAY,
    [AMF_MARKER_DATE] = GST_ARCLY_AMF_DATE,
    [AMF_MARKER_LONG_STRING] = GST_ARCLY_AMF_STRING,
    [AMF_MARKER_UNSUPPORTED] = GST_ARCLY_AMF_UNDEFINED,
    [0x0e] = -1, /* recordset, reserved */
    [AMF_MARKER_XML] = GST_ARCLY_AMF_STRING,
    [AMF_MARKER_TYPED_OBJECT] = GST_ARCLY_AMF_OBJECT,
  };

  if (marker == AMF_MARKER_AMF3) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "AMF3 inside AMF0 is not supported");
    return FALSE;
  }
  if (marker >= G_N_ELEMENTS (types) || types[marker] < 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AMF0 has no type 0x%02x", marker);
    return FALSE;
  }
  *type = types[marker];
  return TRUE;
}

/* What follows the marker of a value without members. */
static void
read_scalar (GstArclyCursor *cursor, guint8 marker, GstArclyAmfValue *value)
{
  switch (marker) {
    case AMF_MARKER_NUMBER:
      value->number = read_double (cursor);
      break;
    case AMF_MARKER_BOOLEAN:
      value->boolean = gst_arcly_cursor_u8 (cursor) != 0;
      break;
    case AMF_MARKER_STRING:
      value->string = read_text (cursor, gst_arcly_cursor_u16be (cursor));
      break;
    case AMF_MARKER_LONG_STRING:
    case AMF_MARKER_XML:
      value->string = read_text (cursor, gst_arcly_cursor_u32be (cursor));
      break;
    case AMF_MARKER_REFERENCE:
      value->reference = gst_arcly_cursor_u16be (cursor);
      break;
    case AMF_MARKER_DATE:
      value->number = read_double (cursor);
      gst_arcly_cursor_u16be (cursor); /* time zone: reserved, AMF0, 2.13 */
      break;
    default: /* null, undefined, unsupported: nothing follows */
      break;
  }
}

static gboolean
read_value (Reader *reader, GstArclyAmfValue **out, GError **error)
{
  g_autoptr (GstArclyAmfValue) value = NULL;
  guint8 marker = gst_arcly_cursor_u8 (&reader->cursor);
  GstArclyAmfType type;

  if (reader->cursor.overrun)
    return fail_truncated (reader, error);
  if (!type_of_marker (marker, &type, error))
    return FALSE;
  if (reader->values_left == 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "too many AMF0 values in one message");
    return FALSE;
  }
  reader->values_left--;

  value = gst_arcly_amf_value_new (type);
  if (gst_arcly_amf_value_has_members (value)) {
    if (!read_members (reader, marker, value, error))
      return FALSE;
  } else {
    read_scalar (&reader->cursor, marker, value);
    if (reader->cursor.overrun)
      return fail_truncated (reader, error);
  }
  *out = g_steal_pointer (&value);
  return TRUE;
}

GPtrArray *
gst_arcly_amf_read (const guint8 *data, gsize size,
    const GstArclyAmfLimits *limits, GError **error)
{
  g_autoptr (GPtrArray) values = NULL;
  Reader reader;

  g_return_val_if_fail (data != NULL || size == 0, NULL);
  g_return_val_if_fail (limits != NULL, NULL);

  gst_arcly_cursor_init (&reader.cursor, data, size);
  reader.depth_left = MIN (limits->max_depth, MAX_DEPTH);
  reader.values_left = limits->max_values;
  values = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_arcly_amf_value_free);
  while (gst_arcly_cursor_left (&reader.cursor) > 0) {
    GstArclyAmfValue *value = NULL;

    if (!read_value (&reader, &value, error))
      return NULL;
    g_ptr_array_add (values, value);
  }
  return g_steal_pointer (&values);
}
