/* SPDX-License-Identifier: MIT
 *
 * Between rtmpsession.c (input, states, decisions), rtmpmessage.c (media, data
 * and control messages), rtmpcommand.c (what the peer commands) and rtmpplay.c
 * (what players do). */
#pragma once

#include <gst/arcly/codec/gstarclyunwrap.h>
#include "rtmpcapabilities.h"
#include "rtmpchunk.h"
#include "rtmphandshake.h"
#include "rtmpreply.h"
#include "rtmpsession.h"

G_BEGIN_DECLS

/* The smallest window after which we acknowledge, in bytes, whatever the peer
 * asks for. */
#define GST_ARCLY_RTMP_MIN_WINDOW 4096

/* A message stream: exists from createStream to deleteStream. */
typedef struct {
  guint32 id;
  GstArclyRtmpStreamState state;
  gchar *name; /* as published, without query; NULL while IDLE */
  gchar *query;
  GstArclyUnwrap clock; /* one for all kinds of media: tracks stay together */
} GstArclyRtmpMessageStream;

struct _GstArclyRtmpSession {
  GstArclyRtmpLimits limits;
  GstArclyRtmpState state;
  GError *error; /* why it ended, if the peer was at fault */

  GByteArray *input;
  gsize input_pos; /* what lies before is consumed */
  GByteArray *output;
  GQueue events; /* (element-type GstArclyRtmpEvent), owned */

  GstArclyRtmpHandshake *handshake; /* NULL once done */
  GstArclyRtmpChunkReader *reader;
  GstArclyRtmpReplies replies; /* writes to output */

  guint32 window; /* bytes after which the peer wants an acknowledgement */
  guint64 acknowledged;

  gchar *app;
  gdouble connect_transaction;
  GstArclyRtmpCapabilities capabilities; /* of the peer */
  GHashTable *streams; /* (element-type guint GstArclyRtmpMessageStream) */
  guint32 asked; /* stream whose publish or play awaits a decision; else 0 */

  GstArclyRtmpSessionStats stats;
};

/* The only writers of the states. */
void gst_arcly_rtmp_session_enter (
    GstArclyRtmpSession *session, GstArclyRtmpState next);
void gst_arcly_rtmp_session_enter_stream (GstArclyRtmpSession *session,
    GstArclyRtmpMessageStream *stream, GstArclyRtmpStreamState next);

GstArclyRtmpMessageStream *gst_arcly_rtmp_session_find (
    const GstArclyRtmpSession *session, guint32 stream_id);

/* Returns the event, which the queue owns. */
GstArclyRtmpEvent *gst_arcly_rtmp_session_queue (GstArclyRtmpSession *session,
    GstArclyRtmpEventKind kind, guint32 stream_id);

/* Counts an ignored message and says why. */
void gst_arcly_rtmp_session_warn (GstArclyRtmpSession *session,
    guint32 stream_id, gint code, const gchar *format, ...)
    G_GNUC_PRINTF (4, 5);

/* A player's command but play itself; @argument (nullable) is its first. FALSE
 * if it is none. */
gboolean gst_arcly_rtmp_session_player_command (GstArclyRtmpSession *session,
    const gchar *name, guint32 stream_id, gdouble transaction,
    const GstArclyAmfValue *argument);

/* The peer leaves the stream: STOP if it plays. */
void gst_arcly_rtmp_session_leave_play (
    GstArclyRtmpSession *session, GstArclyRtmpMessageStream *stream);

/* Both: FALSE ends the session with @error. */
gboolean gst_arcly_rtmp_session_message (GstArclyRtmpSession *session,
    const GstArclyRtmpMessage *message, GError **error);
gboolean gst_arcly_rtmp_session_command (GstArclyRtmpSession *session,
    guint32 stream_id, const guint8 *data, gsize size, GError **error);

G_END_DECLS
