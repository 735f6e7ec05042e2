/* SPDX-License-Identifier: MIT
 *
 * One publication's messages in, caps and frames out. Nothing comes out until
 * it is known which tracks there are, so that all pads exist before the first
 * frame; what is kept back meanwhile is bounded. One thread. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpevent.h"
#include "rtmptimeline.h"

G_BEGIN_DECLS

/* How much media is kept back for a track that does not come. */
#define GST_ARCLY_RTMP_HOLD_MS 1000
#define GST_ARCLY_RTMP_HOLD_BYTES (4 * 1024 * 1024)

/* What the track's next frames are, or one of them, or something for all
 * tracks. */
typedef struct {
  guint track;
  GstCaps *caps;
  GstEvent *event;         /* for all */
  GstBuffer *buffer;       /* with flags and duration, without times */
  gint64 dts;              /* ms on the publisher's clock */
  gint32 composition_time; /* ms */
  guint32 nanoseconds;     /* to be added to the time of presentation */
} GstArclyRtmpUnit;

typedef struct _GstArclyRtmpDemux GstArclyRtmpDemux;

void gst_arcly_rtmp_unit_free (GstArclyRtmpUnit *unit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpUnit, gst_arcly_rtmp_unit_free)

GstArclyRtmpDemux *gst_arcly_rtmp_demux_new (void);
void gst_arcly_rtmp_demux_free (GstArclyRtmpDemux *demux);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpDemux, gst_arcly_rtmp_demux_free)

/* Takes the MEDIA or METADATA that @event holds. FALSE, with an error for the
 * user: the message, or a track of it, was left out. Told once a track and
 * publication. */
gboolean gst_arcly_rtmp_demux_feed (
    GstArclyRtmpDemux *demux, GstArclyRtmpEvent *event, GError **error);

/* Nothing more comes: gives out what was kept back. */
void gst_arcly_rtmp_demux_finish (GstArclyRtmpDemux *demux);

/* Whether the tracks are known. */
gboolean gst_arcly_rtmp_demux_is_ready (const GstArclyRtmpDemux *demux);
gboolean gst_arcly_rtmp_demux_has_track (
    const GstArclyRtmpDemux *demux, guint track);

/* (transfer none) (nullable) The caps with which the track begins, of what is
 * kept back. */
GstCaps *gst_arcly_rtmp_demux_peek_caps (
    const GstArclyRtmpDemux *demux, guint track);

/* (transfer full) The next unit in order, or NULL if none is ready. */
GstArclyRtmpUnit *gst_arcly_rtmp_demux_next (GstArclyRtmpDemux *demux);

/* (transfer full) What new metadata said since the last call, or NULL. */
GstTagList *gst_arcly_rtmp_demux_take_tags (
    GstArclyRtmpDemux *demux, guint track);

/* Frames left out because no keyframe, or no sequence header, came before. */
guint64 gst_arcly_rtmp_demux_get_dropped (const GstArclyRtmpDemux *demux);
/* Messages left out because they are broken or of an unsupported codec. */
guint64 gst_arcly_rtmp_demux_get_ignored (const GstArclyRtmpDemux *demux);

G_END_DECLS
