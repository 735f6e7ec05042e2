/* SPDX-License-Identifier: MIT
 *
 * Walks the OBUs of an AV1 temporal unit, in place. Private: not installed. */
#pragma once

#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/* AV1 Bitstream Specification, 6.2.2. */
#define GST_ARCLY_OBU_SEQUENCE_HEADER 1
#define GST_ARCLY_OBU_TEMPORAL_DELIMITER 2
#define GST_ARCLY_OBU_FRAME_HEADER 3
#define GST_ARCLY_OBU_FRAME 6

typedef struct {
  guint type;
  const guint8 *data; /* with its header */
  gsize size;
  const guint8 *payload; /* never NULL, may be empty */
  gsize payload_size;
} GstArclyObu;

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  gboolean malformed;
} GstArclyObuIter;

GST_ARCLY_API
void gst_arcly_obu_iter_init (
    GstArclyObuIter *iter, const guint8 *data, gsize size);

/* FALSE at the end; what breaks the format also sets "malformed". An OBU
 * without a size goes on to the end. */
GST_ARCLY_API
gboolean gst_arcly_obu_iter_next (GstArclyObuIter *iter, GstArclyObu *obu);

G_END_DECLS
