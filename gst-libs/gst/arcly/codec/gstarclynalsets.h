/* SPDX-License-Identifier: MIT
 *
 * The arrays of NAL units at the end of hvcC and vvcC (ISO/IEC 14496-15,
 * 8.3.3.1 and 11.2.4.2). Private: not installed. */
#pragma once

#include <gst/arcly/codec/gstarclycursor.h>

G_BEGIN_DECLS

/* H.265 and H.266 have at most 64 of any kind of parameter set. */
#define GST_ARCLY_NAL_SETS_MAX 64
#define GST_ARCLY_NAL_SETS_MAX_TYPES 8

typedef struct {
  const guint8 *types; /* which the record takes, in order of writing */
  guint n_types;
  guint32 uncounted;                              /* bit t: no count */
  GPtrArray *lists[GST_ARCLY_NAL_SETS_MAX_TYPES]; /* of GBytes, owned */
} GstArclyNalSets;

/* Keeps types, which is a constant table. */
void gst_arcly_nal_sets_init (GstArclyNalSets *sets, const guint8 *types,
    guint n_types, guint32 uncounted);

void gst_arcly_nal_sets_clear (GstArclyNalSets *sets);

/* A unit that is there already is not added again. */
gboolean gst_arcly_nal_sets_add (GstArclyNalSets *sets, guint type,
    const guint8 *nal, gsize size, GError **error);

/* NULL for a type that the record does not take. */
GPtrArray *gst_arcly_nal_sets_list (const GstArclyNalSets *sets, guint type);

/* From the number of arrays to the end. Units of types that are not taken are
 * passed over. */
gboolean gst_arcly_nal_sets_read (
    GstArclyNalSets *sets, GstArclyCursor *cursor, GError **error);

/* "complete": all parameter sets are here, none in the stream. */
void gst_arcly_nal_sets_write (
    const GstArclyNalSets *sets, GByteArray *out, gboolean complete);

G_END_DECLS
