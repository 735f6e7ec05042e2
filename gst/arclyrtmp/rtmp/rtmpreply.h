/* SPDX-License-Identifier: MIT
 *
 * What a server says, encoded: each function appends one message. */
#pragma once

#include "rtmpamf.h"

G_BEGIN_DECLS

/* User control events, RTMP 1.0, 7.1.7. */
typedef enum {
  GST_ARCLY_RTMP_STREAM_BEGIN = 0,
  GST_ARCLY_RTMP_STREAM_EOF = 1,
  GST_ARCLY_RTMP_SET_BUFFER_LENGTH = 3,
  GST_ARCLY_RTMP_PING_REQUEST = 6,
  GST_ARCLY_RTMP_PING_RESPONSE = 7,
} GstArclyRtmpUserControl;

typedef struct {
  GByteArray *out;
  guint32 chunk_size; /* set_chunk_size() changes it */
} GstArclyRtmpReplies;

void gst_arcly_rtmp_reply_set_chunk_size (
    GstArclyRtmpReplies *replies, guint32 size);
void gst_arcly_rtmp_reply_acknowledgement (
    GstArclyRtmpReplies *replies, guint32 bytes);
void gst_arcly_rtmp_reply_window_ack_size (
    GstArclyRtmpReplies *replies, guint32 size);
void gst_arcly_rtmp_reply_set_peer_bandwidth (
    GstArclyRtmpReplies *replies, guint32 size);
void gst_arcly_rtmp_reply_user_control (
    GstArclyRtmpReplies *replies, GstArclyRtmpUserControl type, guint32 value);

/* RTMP 1.0, 7.2.1.1: the answer to connect. @enhanced: with what we can do of
 * enhanced RTMP, for a client that asks. */
void gst_arcly_rtmp_reply_connected (
    GstArclyRtmpReplies *replies, gdouble transaction, gboolean enhanced);

/* _result with null and one value; NULL stands for undefined. */
void gst_arcly_rtmp_reply_result (GstArclyRtmpReplies *replies,
    gdouble transaction, const GstArclyAmfValue *value);

/* _error with null and an info object of level error. */
void gst_arcly_rtmp_reply_error (GstArclyRtmpReplies *replies,
    gdouble transaction, const gchar *code, const gchar *description);

/* A command without an answer (@name onStatus, onFCPublish, onFCUnpublish):
 * null and an info object. */
void gst_arcly_rtmp_reply_status (GstArclyRtmpReplies *replies,
    const gchar *name, guint32 stream_id, const gchar *level, const gchar *code,
    const gchar *description);

G_END_DECLS
