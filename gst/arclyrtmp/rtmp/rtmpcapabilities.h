/* SPDX-License-Identifier: MIT
 *
 * What the two sides of enhanced RTMP tell each other when they connect
 * ("Enhanced RTMP v2", "Enhancing NetConnection connect Command"). Any
 * thread. */
#pragma once

#include "flvenhanced.h"
#include "rtmpamf.h"

G_BEGIN_DECLS

/* CapsExMask. */
#define GST_ARCLY_RTMP_CAPS_RECONNECT 0x01
#define GST_ARCLY_RTMP_CAPS_MULTITRACK 0x02
#define GST_ARCLY_RTMP_CAPS_MOD_EX 0x04
#define GST_ARCLY_RTMP_CAPS_NANOSECONDS 0x08

#define GST_ARCLY_RTMP_MAX_FOURCCS 32

/**
 * GstArclyRtmpCapabilities:
 * @enhanced: whether the peer told anything of this
 * @any_audio: it takes every codec of audio
 * @any_video: it takes every codec of video
 * @caps_ex: bits of GST_ARCLY_RTMP_CAPS_*
 *
 * What a client takes. Zero: a client of RTMP as it was.
 */
typedef struct {
  gboolean enhanced;
  gboolean any_audio;
  gboolean any_video;
  guint caps_ex;
  /*< private >*/
  guint32 fourccs[GST_ARCLY_RTMP_MAX_FOURCCS];
  guint n_fourccs;
} GstArclyRtmpCapabilities;

/* From the object of a connect command (nullable). Of the codecs, those beyond
 * MAX_FOURCCS are forgotten. */
void gst_arcly_rtmp_capabilities_read (
    GstArclyRtmpCapabilities *capabilities, const GstArclyAmfValue *command);

/* Whether the client can do something with messages of that codec. */
gboolean gst_arcly_rtmp_capabilities_accept (
    const GstArclyRtmpCapabilities *capabilities, GstArclyFlvExKind kind,
    guint32 fourcc);

/* Ours, for the answer to connect. */
void gst_arcly_rtmp_capabilities_add_own (GstArclyAmfValue *properties);

G_END_DECLS
