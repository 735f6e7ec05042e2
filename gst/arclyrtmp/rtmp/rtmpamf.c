/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpamfprivate.h"

#include <string.h>

/* Names have 16 bits of length on the wire (AMF0, 1.3.1). */
#define MAX_NAME G_MAXUINT16

gboolean
gst_arcly_amf_value_has_members (const GstArclyAmfValue *value)
{
  return value && (value->type == GST_ARCLY_AMF_OBJECT ||
                      value->type == GST_ARCLY_AMF_ECMA_ARRAY ||
                      value->type == GST_ARCLY_AMF_STRICT_ARRAY);
}

static gboolean
has_names (const GstArclyAmfValue *value)
{
  return gst_arcly_amf_value_has_members (value) &&
         value->type != GST_ARCLY_AMF_STRICT_ARRAY;
}

static gboolean
has_number (const GstArclyAmfValue *value)
{
  return value && (value->type == GST_ARCLY_AMF_NUMBER ||
                      value->type == GST_ARCLY_AMF_DATE);
}

/* Builders */

GstArclyAmfValue *
gst_arcly_amf_value_new (GstArclyAmfType type)
{
  GstArclyAmfValue *value = g_new0 (GstArclyAmfValue, 1);

  value->type = type;
  return value;
}

GstArclyAmfValue *
gst_arcly_amf_value_new_number (gdouble number)
{
  GstArclyAmfValue *value = gst_arcly_amf_value_new (GST_ARCLY_AMF_NUMBER);

  value->number = number;
  return value;
}

GstArclyAmfValue *
gst_arcly_amf_value_new_boolean (gboolean boolean)
{
  GstArclyAmfValue *value = gst_arcly_amf_value_new (GST_ARCLY_AMF_BOOLEAN);

  value->boolean = !!boolean;
  return value;
}

GstArclyAmfValue *
gst_arcly_amf_value_new_string (const gchar *string)
{
  GstArclyAmfValue *value = gst_arcly_amf_value_new (GST_ARCLY_AMF_STRING);

  value->string = g_strdup (string);
  return value;
}

/* Cuts between characters. Also names as they came can be too long, when
 * U+FFFD took the place of single bytes. */
static void
cut_name (gchar *name)
{
  gchar *end;

  if (strlen (name) <= MAX_NAME)
    return;
  end = name + MAX_NAME;
  while (end > name && (*end & 0xc0) == 0x80)
    end--;
  *end = '\0';
}

void
gst_arcly_amf_value_append (
    GstArclyAmfValue *value, gchar *name, GstArclyAmfValue *member)
{
  GstArclyAmfMember entry = { name, member };

  if (name)
    cut_name (name);
  if (!value->members)
    value->members = g_array_new (FALSE, FALSE, sizeof (GstArclyAmfMember));
  g_array_append_val (value->members, entry);
}

void
gst_arcly_amf_value_add (
    GstArclyAmfValue *value, const gchar *name, GstArclyAmfValue *member)
{
  g_return_if_fail (gst_arcly_amf_value_has_members (value));
  g_return_if_fail (name != NULL || !has_names (value));
  g_return_if_fail (member != NULL && member != value);

  gst_arcly_amf_value_append (
      value, has_names (value) ? g_strdup (name) : NULL, member);
}

void
gst_arcly_amf_value_add_string (
    GstArclyAmfValue *value, const gchar *name, const gchar *string)
{
  gst_arcly_amf_value_add (
      value, name, gst_arcly_amf_value_new_string (string));
}

void
gst_arcly_amf_value_add_number (
    GstArclyAmfValue *value, const gchar *name, gdouble number)
{
  gst_arcly_amf_value_add (
      value, name, gst_arcly_amf_value_new_number (number));
}

void
gst_arcly_amf_value_free (GstArclyAmfValue *value)
{
  guint i;

  if (!value)
    return;
  if (value->type == GST_ARCLY_AMF_STRING)
    g_free (value->string);
  if (gst_arcly_amf_value_has_members (value) && value->members) {
    for (i = 0; i < value->members->len; i++) {
      GstArclyAmfMember *member =
          &g_array_index (value->members, GstArclyAmfMember, i);

      g_free (member->name);
      gst_arcly_amf_value_free (member->value);
    }
    g_array_unref (value->members);
  }
  g_free (value);
}

/* Access */

GstArclyAmfType
gst_arcly_amf_value_type (const GstArclyAmfValue *value)
{
  return value ? value->type : GST_ARCLY_AMF_UNDEFINED;
}

const gchar *
gst_arcly_amf_value_string (const GstArclyAmfValue *value)
{
  if (!value || value->type != GST_ARCLY_AMF_STRING)
    return NULL;
  return value->string ? value->string : "";
}

gdouble
gst_arcly_amf_value_number (const GstArclyAmfValue *value, gdouble fallback)
{
  return has_number (value) ? value->number : fallback;
}

gboolean
gst_arcly_amf_value_boolean (const GstArclyAmfValue *value, gboolean fallback)
{
  if (!value || value->type != GST_ARCLY_AMF_BOOLEAN)
    return fallback;
  return value->boolean;
}

guint
gst_arcly_amf_value_n_members (const GstArclyAmfValue *value)
{
  return gst_arcly_amf_value_has_members (value) && value->members
             ? value->members->len
             : 0;
}

const GstArclyAmfValue *
gst_arcly_amf_value_member (
    const GstArclyAmfValue *value, guint index, const gchar **name)
{
  const GstArclyAmfMember *member;

  if (index >= gst_arcly_amf_value_n_members (value)) {
    if (name)
      *name = NULL;
    return NULL;
  }
  member = &g_array_index (value->members, GstArclyAmfMember, index);
  if (name)
    *name = member->name ? member->name : "";
  return member->value;
}

const GstArclyAmfValue *
gst_arcly_amf_value_get (const GstArclyAmfValue *value, const gchar *name)
{
  guint i;

  g_return_val_if_fail (name != NULL, NULL);

  if (!has_names (value))
    return NULL;
  for (i = gst_arcly_amf_value_n_members (value); i > 0; i--) {
    const GstArclyAmfMember *member =
        &g_array_index (value->members, GstArclyAmfMember, i - 1);

    if (g_str_equal (member->name, name))
      return member->value;
  }
  return NULL;
}

const gchar *
gst_arcly_amf_value_get_string (
    const GstArclyAmfValue *value, const gchar *name)
{
  return gst_arcly_amf_value_string (gst_arcly_amf_value_get (value, name));
}

gdouble
gst_arcly_amf_value_get_number (
    const GstArclyAmfValue *value, const gchar *name, gdouble fallback)
{
  return gst_arcly_amf_value_number (
      gst_arcly_amf_value_get (value, name), fallback);
}

static gboolean
equal_members (const GstArclyAmfValue *a, const GstArclyAmfValue *b)
{
  guint i, n = gst_arcly_amf_value_n_members (a);

  if (n != gst_arcly_amf_value_n_members (b))
    return FALSE;
  for (i = 0; i < n; i++) {
    const gchar *name_a, *name_b;
    const GstArclyAmfValue *x = gst_arcly_amf_value_member (a, i, &name_a);
    const GstArclyAmfValue *y = gst_arcly_amf_value_member (b, i, &name_b);

    if (!g_str_equal (name_a, name_b) || !gst_arcly_amf_value_equal (x, y))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_arcly_amf_value_equal (const GstArclyAmfValue *a, const GstArclyAmfValue *b)
{
  if (a == b)
    return TRUE;
  if (!a || !b || a->type != b->type)
    return FALSE;
  switch (a->type) {
    case GST_ARCLY_AMF_NUMBER:
    case GST_ARCLY_AMF_DATE:
      /* Not a number is equal to itself here. */
      return a->number == b->number ||
             (a->number != a->number && b->number != b->number);
    case GST_ARCLY_AMF_BOOLEAN:
      return a->boolean == b->boolean;
    case GST_ARCLY_AMF_STRING:
      return g_str_equal (
          gst_arcly_amf_value_string (a), gst_arcly_amf_value_string (b));
    case GST_ARCLY_AMF_REFERENCE:
      return a->reference == b->reference;
    case GST_ARCLY_AMF_OBJECT:
    case GST_ARCLY_AMF_ECMA_ARRAY:
    case GST_ARCLY_AMF_STRICT_ARRAY:
      return equal_members (a, b);
    case GST_ARCLY_AMF_NULL:
    case GST_ARCLY_AMF_UNDEFINED:
      return TRUE;
  }
  return FALSE;
}

/* Writing */

static void
put_be (GByteArray *out, guint64 value, guint n)
{
  guint8 bytes[8];
  guint i;

  for (i = 0; i < n; i++)
    bytes[i] = value >> (8 * (n - 1 - i));
  g_byte_array_append (out, bytes, n);
}

static void
put_double (GByteArray *out, gdouble number)
{
  guint64 bits;

  memcpy (&bits, &number, sizeof bits);
  put_be (out, bits, 8);
}

static void
put_text (GByteArray *out, const gchar *text, guint size_bytes)
{
  gsize size = strlen (text);

  put_be (out, size, size_bytes);
  g_byte_array_append (out, (const guint8 *) text, size);
}

static void
write_members (const GstArclyAmfValue *value, GByteArray *out)
{
  guint i, n = gst_arcly_amf_value_n_members (value);

  for (i = 0; i < n; i++) {
    const gchar *name;
    const GstArclyAmfValue *member =
        gst_arcly_amf_value_member (value, i, &name);

    if (has_names (value))
      put_text (out, name, 2);
    gst_arcly_amf_value_write (member, out);
  }
  if (has_names (value)) {
    put_be (out, 0, 2);
    put_be (out, AMF_MARKER_OBJECT_END, 1);
  }
}

void
gst_arcly_amf_value_write (const GstArclyAmfValue *value, GByteArray *out)
{
  g_return_if_fail (value != NULL);
  g_return_if_fail (out != NULL);

  switch (value->type) {
    case GST_ARCLY_AMF_NUMBER:
      gst_arcly_amf_write_number (value->number, out);
      break;
    case GST_ARCLY_AMF_BOOLEAN:
      put_be (out, AMF_MARKER_BOOLEAN, 1);
      put_be (out, value->boolean, 1);
      break;
    case GST_ARCLY_AMF_STRING:
      gst_arcly_amf_write_string (gst_arcly_amf_value_string (value), out);
      break;
    case GST_ARCLY_AMF_OBJECT:
      put_be (out, AMF_MARKER_OBJECT, 1);
      write_members (value, out);
      break;
    case GST_ARCLY_AMF_NULL:
      gst_arcly_amf_write_null (out);
      break;
    case GST_ARCLY_AMF_UNDEFINED:
      put_be (out, AMF_MARKER_UNDEFINED, 1);
      break;
    case GST_ARCLY_AMF_REFERENCE:
      put_be (out, AMF_MARKER_REFERENCE, 1);
      put_be (out, value->reference, 2);
      break;
    case GST_ARCLY_AMF_ECMA_ARRAY:
      put_be (out, AMF_MARKER_ECMA_ARRAY, 1);
      put_be (out, gst_arcly_amf_value_n_members (value), 4);
      write_members (value, out);
      break;
    case GST_ARCLY_AMF_STRICT_ARRAY:
      put_be (out, AMF_MARKER_STRICT_ARRAY, 1);
      put_be (out, gst_arcly_amf_value_n_members (value), 4);
      write_members (value, out);
      break;
    case GST_ARCLY_AMF_DATE:
      put_be (out, AMF_MARKER_DATE, 1);
      put_double (out, value->number);
      put_be (out, 0, 2);
      break;
  }
}

void
gst_arcly_amf_write_string (const gchar *string, GByteArray *out)
{
  gboolean is_long;

  g_return_if_fail (string != NULL);
  g_return_if_fail (out != NULL);

  is_long = strlen (string) > G_MAXUINT16;
  put_be (out, is_long ? AMF_MARKER_LONG_STRING : AMF_MARKER_STRING, 1);
  put_text (out, string, is_long ? 4 : 2);
}

void
gst_arcly_amf_write_number (gdouble number, GByteArray *out)
{
  g_return_if_fail (out != NULL);

  put_be (out, AMF_MARKER_NUMBER, 1);
  put_double (out, number);
}

void
gst_arcly_amf_write_null (GByteArray *out)
{
  g_return_if_fail (out != NULL);

  put_be (out, AMF_MARKER_NULL, 1);
}
