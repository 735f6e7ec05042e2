/* SPDX-License-Identifier: MIT
 *
 * What the audio and video messages of FLV and of enhanced RTMP hold, in one
 * form. One thread.
 *
 * |[<!-- language="C" -->
 * if (!gst_arcly_rtmp_packets_begin (&packets, media, &error))
 *   return FALSE;
 * while (gst_arcly_rtmp_packets_next (&packets, &packet, &error)) {
 *   use (&packet);
 *   gst_arcly_rtmp_packet_clear (&packet);
 * }
 * return error == NULL;
 * ]| */
#pragma once

#include <gst/gst.h>

#include "rtmp/flvenhanced.h"
#include "rtmp/rtmpevent.h"
#include "rtmptimeline.h"

G_BEGIN_DECLS

/* For one track. */
typedef struct {
  guint track;
  guint32 fourcc; /* also of the codecs that FLV gives a number */
  GstArclyFlvExPacket packet;
  gboolean key;
  gint32 composition_time; /* ms */
  guint32 nanoseconds;
  gint64 timestamp; /* ms */
  GBytes *payload;
} GstArclyRtmpPacket;

typedef struct {
  /*< private >*/
  const GstArclyRtmpMedia *media;
  GstArclyRtmpTrackKind kind;
  gboolean enhanced;
  gboolean done;
  GstArclyFlvEx message;
} GstArclyRtmpPackets;

/* @media: not DATA, not empty; must outlive @packets. */
gboolean gst_arcly_rtmp_packets_begin (GstArclyRtmpPackets *packets,
    const GstArclyRtmpMedia *media, GError **error);
/* The next, to be cleared. FALSE: there is none, or, with @error, the rest is
 * broken or beyond what we can use. */
gboolean gst_arcly_rtmp_packets_next (
    GstArclyRtmpPackets *packets, GstArclyRtmpPacket *packet, GError **error);

void gst_arcly_rtmp_packet_clear (GstArclyRtmpPacket *packet);

G_END_DECLS
