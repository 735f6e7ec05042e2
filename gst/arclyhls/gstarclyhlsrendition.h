/* SPDX-License-Identifier: MIT
 *
 * One playlist of an arclyhlssink: a muxer and a writer inside the bin, and of
 * several, something that keeps them in step in front. The thread that changes
 * the layout of the element: in NULL and READY, or who requests and releases
 * pads. */
#pragma once

#include "gstarclyhlshold.h"
#include "gstarclyhlswriter.h"

G_BEGIN_DECLS

typedef struct {
  GstBin *bin;               /* borrowed: it has us */
  GstElement *mux;           /* owned by the bin */
  GstArclyHlsWriter *writer; /* the same */
  GstArclyHlsHold *hold;     /* the same; NULL for a single rendition */
  gchar *name;               /* of its pad and its folder; NULL the same */
  gboolean is_video;
  /* The bin's object lock: what viewers of parts get; owned, NULL without. */
  GstArclyHttpOrigin *origin;
} GstArclyHlsRendition;

/* @name is that of its one pad, or NULL for a rendition with all pads. */
GstArclyHlsRendition *gst_arcly_hls_rendition_new (
    GstBin *bin, gboolean fmp4, const gchar *name);

/* Out of the bin, too. The writer is closed. */
void gst_arcly_hls_rendition_free (GstArclyHlsRendition *self);

/* (transfer full) (nullable): where the element's own pad leads to. */
GstPad *gst_arcly_hls_rendition_request (GstArclyHlsRendition *self,
    GstPadTemplate *templ, const gchar *name, const GstCaps *caps);

/* Chunks as the writer wants them. After its open. */
void gst_arcly_hls_rendition_set_up (GstArclyHlsRendition *self, gboolean fmp4);

G_END_DECLS
