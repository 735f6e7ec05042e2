/* SPDX-License-Identifier: MIT
 *
 * AMF0 ("Action Message Format -- AMF 0", Adobe 2007): values of commands and
 * metadata. A value is an immutable tree; only its builder changes it. Any
 * thread, one at a time. */
#pragma once

#include <glib.h>
#include <gst/arcly/codec/gstarclycursor.h>
#include <gst/arcly/gstarclyerror.h>

G_BEGIN_DECLS

/**
 * GstArclyAmfType:
 * @GST_ARCLY_AMF_NUMBER: a double
 * @GST_ARCLY_AMF_BOOLEAN: a boolean
 * @GST_ARCLY_AMF_STRING: a string, long string or XML document
 * @GST_ARCLY_AMF_OBJECT: an object, anonymous or typed (its class is dropped)
 * @GST_ARCLY_AMF_NULL: null
 * @GST_ARCLY_AMF_UNDEFINED: undefined, or the marker "unsupported"
 * @GST_ARCLY_AMF_REFERENCE: a reference; never followed, so no cycles
 * @GST_ARCLY_AMF_ECMA_ARRAY: named members, as an object has them
 * @GST_ARCLY_AMF_STRICT_ARRAY: members without names
 * @GST_ARCLY_AMF_DATE: milliseconds since 1970, as a double
 *
 * What a #GstArclyAmfValue is.
 */
typedef enum {
  GST_ARCLY_AMF_NUMBER,
  GST_ARCLY_AMF_BOOLEAN,
  GST_ARCLY_AMF_STRING,
  GST_ARCLY_AMF_OBJECT,
  GST_ARCLY_AMF_NULL,
  GST_ARCLY_AMF_UNDEFINED,
  GST_ARCLY_AMF_REFERENCE,
  GST_ARCLY_AMF_ECMA_ARRAY,
  GST_ARCLY_AMF_STRICT_ARRAY,
  GST_ARCLY_AMF_DATE,
} GstArclyAmfType;

typedef struct _GstArclyAmfValue GstArclyAmfValue;

/**
 * GstArclyAmfLimits:
 * @max_depth: deepest nesting of objects and arrays; 0 allows scalars only,
 *     and no more than 256 are ever allowed
 * @max_values: most values in one message, members included
 *
 * What a message may cost its reader.
 */
typedef struct {
  guint max_depth;
  guint max_values;
} GstArclyAmfLimits;

/* Reads a message: values one after another until the end. Returns (transfer
 * full) (element-type GstArclyAmfValue), or NULL with
 * GST_ARCLY_ERROR_TRUNCATED, _INVALID, _UNSUPPORTED (AMF3 inside) or _LIMIT.
 * Strings that are no UTF-8 or hold NUL get U+FFFD in place of what is wrong,
 * so each string is good to print and to compare. */
GPtrArray *gst_arcly_amf_read (const guint8 *data, gsize size,
    const GstArclyAmfLimits *limits, GError **error);

/* UNDEFINED for NULL. */
GstArclyAmfType gst_arcly_amf_value_type (const GstArclyAmfValue *value);

/* All accept NULL and a value of another type, for which they return the
 * fallback (NULL, 0): messages of a peer may lack anything. A date has a
 * number. A number may be infinite or no number at all. */
const gchar *gst_arcly_amf_value_string (const GstArclyAmfValue *value);
gdouble gst_arcly_amf_value_number (
    const GstArclyAmfValue *value, gdouble fallback);
gboolean gst_arcly_amf_value_boolean (
    const GstArclyAmfValue *value, gboolean fallback);

/* Members of objects and arrays; 0 for all else. A strict array's members have
 * the name "". */
guint gst_arcly_amf_value_n_members (const GstArclyAmfValue *value);
const GstArclyAmfValue *gst_arcly_amf_value_member (
    const GstArclyAmfValue *value, guint index, const gchar **name);

/* The member of that name (the last, if the peer sent several), or NULL. */
const GstArclyAmfValue *gst_arcly_amf_value_get (
    const GstArclyAmfValue *value, const gchar *name);
const gchar *gst_arcly_amf_value_get_string (
    const GstArclyAmfValue *value, const gchar *name);
gdouble gst_arcly_amf_value_get_number (
    const GstArclyAmfValue *value, const gchar *name, gdouble fallback);

gboolean gst_arcly_amf_value_equal (
    const GstArclyAmfValue *a, const GstArclyAmfValue *b);

/* Builders. Strings must be UTF-8. */
GstArclyAmfValue *gst_arcly_amf_value_new (GstArclyAmfType type);
GstArclyAmfValue *gst_arcly_amf_value_new_number (gdouble number);
GstArclyAmfValue *gst_arcly_amf_value_new_boolean (gboolean boolean);
GstArclyAmfValue *gst_arcly_amf_value_new_string (const gchar *string);
/* Takes @member. @name is ignored for a strict array, and cut at 65535 bytes,
 * the most the format can hold. */
void gst_arcly_amf_value_add (
    GstArclyAmfValue *value, const gchar *name, GstArclyAmfValue *member);
void gst_arcly_amf_value_add_string (
    GstArclyAmfValue *value, const gchar *name, const gchar *string);
void gst_arcly_amf_value_add_number (
    GstArclyAmfValue *value, const gchar *name, gdouble number);

/* Appends the encoded value to @out. */
void gst_arcly_amf_value_write (const GstArclyAmfValue *value, GByteArray *out);
void gst_arcly_amf_write_string (const gchar *string, GByteArray *out);
void gst_arcly_amf_write_number (gdouble number, GByteArray *out);
void gst_arcly_amf_write_null (GByteArray *out);

void gst_arcly_amf_value_free (GstArclyAmfValue *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyAmfValue, gst_arcly_amf_value_free)

G_END_DECLS
