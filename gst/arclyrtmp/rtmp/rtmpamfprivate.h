/* SPDX-License-Identifier: MIT
 *
 * What a value is inside; for its reader and writer only. */
#pragma once

#include "rtmpamf.h"

G_BEGIN_DECLS

/* Markers of types, AMF0, 2.1. */
enum {
  AMF_MARKER_NUMBER = 0x00,
  AMF_MARKER_BOOLEAN = 0x01,
  AMF_MARKER_STRING = 0x02,
  AMF_MARKER_OBJECT = 0x03,
  AMF_MARKER_NULL = 0x05,
  AMF_MARKER_UNDEFINED = 0x06,
  AMF_MARKER_REFERENCE = 0x07,
  AMF_MARKER_ECMA_ARRAY = 0x08,
  AMF_MARKER_OBJECT_END = 0x09,
  AMF_MARKER_STRICT_ARRAY = 0x0a,
  AMF_MARKER_DATE = 0x0b,
  AMF_MARKER_LONG_STRING = 0x0c,
  AMF_MARKER_UNSUPPORTED = 0x0d,
  AMF_MARKER_XML = 0x0f,
  AMF_MARKER_TYPED_OBJECT = 0x10,
  AMF_MARKER_AMF3 = 0x11,
};

typedef struct {
  gchar *name; /* NULL in a strict array */
  GstArclyAmfValue *value;
} GstArclyAmfMember;

struct _GstArclyAmfValue {
  GstArclyAmfType type;
  union {
    gdouble number; /* NUMBER, DATE */
    gboolean boolean;
    gchar *string;   /* NULL is "" */
    GArray *members; /* of GstArclyAmfMember; NULL if there are none */
    guint16 reference;
  };
};

/* Objects and arrays. FALSE for NULL. */
gboolean gst_arcly_amf_value_has_members (const GstArclyAmfValue *value);

/* Takes name (NULL in a strict array) and member. */
void gst_arcly_amf_value_append (
    GstArclyAmfValue *value, gchar *name, GstArclyAmfValue *member);

G_END_DECLS
