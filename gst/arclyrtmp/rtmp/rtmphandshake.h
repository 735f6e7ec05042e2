/* SPDX-License-Identifier: MIT
 *
 * The server's side of the handshake (RTMP 1.0, 5.2), and, for clients that put
 * a digest into C1, of the one in rtmpdigest.h. */
#pragma once

#include <glib.h>
#include <gst/arcly/gstarclyerror.h>

G_BEGIN_DECLS

#define GST_ARCLY_RTMP_VERSION 3
#define GST_ARCLY_RTMP_HANDSHAKE_SIZE 1536
#define GST_ARCLY_RTMP_RANDOM_SIZE 1528

typedef enum {
  GST_ARCLY_RTMP_HANDSHAKE_C0,
  GST_ARCLY_RTMP_HANDSHAKE_C1,
  GST_ARCLY_RTMP_HANDSHAKE_C2,
  GST_ARCLY_RTMP_HANDSHAKE_DONE,
} GstArclyRtmpHandshakeStep;

typedef struct {
  GstArclyRtmpHandshakeStep step;
  guint8 random[GST_ARCLY_RTMP_RANDOM_SIZE];
} GstArclyRtmpHandshake;

/* @random: 1528 bytes, copied; NULL for zeros. */
void gst_arcly_rtmp_handshake_init (
    GstArclyRtmpHandshake *handshake, const guint8 *random);

/* Reads as many whole packets as @data has, and appends S0, S1, S2 to @out as
 * they are due. *@consumed is right on failure too. FALSE with
 * GST_ARCLY_ERROR_INVALID if the peer does not speak RTMP, which the first byte
 * tells. */
gboolean gst_arcly_rtmp_handshake_feed (GstArclyRtmpHandshake *handshake,
    const guint8 *data, gsize size, gsize *consumed, GByteArray *out,
    GError **error);

G_END_DECLS
