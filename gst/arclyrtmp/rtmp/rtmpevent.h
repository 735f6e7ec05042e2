/* SPDX-License-Identifier: MIT
 *
 * What a session tells its owner. */
#pragma once

#include "rtmpamf.h"

G_BEGIN_DECLS

/**
 * GstArclyRtmpEventKind:
 * @GST_ARCLY_RTMP_EVENT_CONNECT: a client asks to connect (@connect). The
 *     session holds further input until the owner calls
 *     gst_arcly_rtmp_session_accept_connect() or
 *     gst_arcly_rtmp_session_refuse_connect()
 * @GST_ARCLY_RTMP_EVENT_PUBLISH: a client asks to publish (@stream). The
 *     session holds further input until the owner calls
 *     gst_arcly_rtmp_session_accept_publish() or
 *     gst_arcly_rtmp_session_refuse_stream()
 * @GST_ARCLY_RTMP_EVENT_PLAY: a client asks to play (@stream). The session
 *     holds further input until the owner calls
 *     gst_arcly_rtmp_session_accept_play() or
 *     gst_arcly_rtmp_session_refuse_stream()
 * @GST_ARCLY_RTMP_EVENT_STOP: an accepted player stopped by command. A
 *     connection that just ends sends none
 * @GST_ARCLY_RTMP_EVENT_PAUSE: an accepted player paused or goes on (@paused);
 *     it is answered already
 * @GST_ARCLY_RTMP_EVENT_RECEIVE: an accepted player wants, or does not want,
 *     audio or video (@receive)
 * @GST_ARCLY_RTMP_EVENT_UNPUBLISH: an accepted publication ended by command
 *     (@stream). A connection that just ends sends none
 * @GST_ARCLY_RTMP_EVENT_MEDIA: an audio, video or data message of an accepted
 *     publication (@media)
 * @GST_ARCLY_RTMP_EVENT_METADATA: the publisher described its stream
 *     (@metadata)
 * @GST_ARCLY_RTMP_EVENT_PONG: the answer to gst_arcly_rtmp_session_ping()
 *     (@pong)
 * @GST_ARCLY_RTMP_EVENT_WARNING: something was ignored (@warning); the session
 *     goes on. A peer can cause one a message: log at most once a cause
 *
 * Kinds of #GstArclyRtmpEvent.
 */
typedef enum {
  GST_ARCLY_RTMP_EVENT_CONNECT,
  GST_ARCLY_RTMP_EVENT_PUBLISH,
  GST_ARCLY_RTMP_EVENT_PLAY,
  GST_ARCLY_RTMP_EVENT_STOP,
  GST_ARCLY_RTMP_EVENT_PAUSE,
  GST_ARCLY_RTMP_EVENT_RECEIVE,
  GST_ARCLY_RTMP_EVENT_UNPUBLISH,
  GST_ARCLY_RTMP_EVENT_MEDIA,
  GST_ARCLY_RTMP_EVENT_METADATA,
  GST_ARCLY_RTMP_EVENT_PONG,
  GST_ARCLY_RTMP_EVENT_WARNING,
} GstArclyRtmpEventKind;

/**
 * GstArclyRtmpMediaKind:
 * @GST_ARCLY_RTMP_AUDIO: payload for gst_arcly_flv_audio_parse()
 * @GST_ARCLY_RTMP_VIDEO: payload for gst_arcly_flv_video_parse()
 * @GST_ARCLY_RTMP_DATA: AMF0 values, the first a name other than onMetaData
 *
 * Kinds of media messages.
 */
typedef enum {
  GST_ARCLY_RTMP_AUDIO,
  GST_ARCLY_RTMP_VIDEO,
  GST_ARCLY_RTMP_DATA,
} GstArclyRtmpMediaKind;

/**
 * GstArclyRtmpConnect:
 * @app: application, without query and outer slashes; may be ""
 * @app_query: what followed "?" in the application, or %NULL
 * @tc_url: (nullable): the URL the client believes to have opened
 * @flash_ver: (nullable): the client's name of itself
 * @page_url: (nullable): the page it came from
 * @swf_url: (nullable): the player it runs
 * @object_encoding: 0 or 3; answers are AMF0 in any case
 * @command: the command object as it came; an object without members if there
 *     was none
 * @arguments: the strings that followed it, ended by %NULL; other values are
 *     left out
 *
 * Arguments of a connect command (RTMP 1.0, 7.2.1.1). Strings are UTF-8 and may
 * hold secrets: do not log @app_query, @tc_url and @arguments.
 */
typedef struct {
  gchar *app;
  gchar *app_query;
  gchar *tc_url;
  gchar *flash_ver;
  gchar *page_url;
  gchar *swf_url;
  guint object_encoding;
  GstArclyAmfValue *command;
  gchar **arguments;
} GstArclyRtmpConnect;

/**
 * GstArclyRtmpStream:
 * @app: as in #GstArclyRtmpConnect
 * @name: name of the stream, without query; may be ""
 * @query: what followed "?" in the name, or %NULL; may hold secrets
 * @type: "live", "record" or "append" as the client asked; "live" if it did
 *     not say
 * @path: @app and @name joined by "/", without empty parts: clients differ in
 *     where they split "a/b/c", so compare this
 *
 * Which stream a client publishes or plays.
 */
typedef struct {
  gchar *app;
  gchar *name;
  gchar *query;
  gchar *type;
  gchar *path;
} GstArclyRtmpStream;

/**
 * GstArclyRtmpMedia:
 * @kind: what it is
 * @timestamp: milliseconds on the publisher's clock, unwrapped past 2^32; one
 *     clock for all kinds. Negative only before a first timestamp near 0
 * @payload: the message as it came; never %NULL, may be empty
 *
 * A media message.
 */
typedef struct {
  GstArclyRtmpMediaKind kind;
  gint64 timestamp;
  GBytes *payload;
} GstArclyRtmpMedia;

/**
 * GstArclyRtmpMetadata:
 * @timestamp: as in #GstArclyRtmpMedia
 * @values: an object or ECMA array, for example with "width", "framerate"
 * @payload: the message, from "onMetaData" on (without "\@setDataFrame")
 *
 * An onMetaData message.
 */
typedef struct {
  gint64 timestamp;
  GstArclyAmfValue *values;
  GBytes *payload;
} GstArclyRtmpMetadata;

/**
 * GstArclyRtmpReceive:
 * @kind: audio or video
 * @on: whether the player wants it
 *
 * Arguments of receiveAudio and receiveVideo (RTMP 1.0, 7.2.2.4, 7.2.2.5).
 */
typedef struct {
  GstArclyRtmpMediaKind kind;
  gboolean on;
} GstArclyRtmpReceive;

/**
 * GstArclyRtmpEvent:
 * @kind: which of the members below is valid
 * @stream_id: message stream it belongs to; 0 for the connection
 *
 * Owns all it holds; take members out with g_steal_pointer().
 */
typedef struct {
  GstArclyRtmpEventKind kind;
  guint32 stream_id;
  union {
    GstArclyRtmpConnect connect;
    GstArclyRtmpStream stream; /* PUBLISH, PLAY, UNPUBLISH */
    GstArclyRtmpMedia media;
    GstArclyRtmpMetadata metadata;
    gboolean paused;
    GstArclyRtmpReceive receive;
    guint32 pong; /* the time given to gst_arcly_rtmp_session_ping() */
    GError *warning;
  };
} GstArclyRtmpEvent;

GstArclyRtmpEvent *gst_arcly_rtmp_event_new (
    GstArclyRtmpEventKind kind, guint32 stream_id);
void gst_arcly_rtmp_event_free (GstArclyRtmpEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpEvent, gst_arcly_rtmp_event_free)

/* For logs: "publish". */
const gchar *gst_arcly_rtmp_event_kind_name (GstArclyRtmpEventKind kind);

G_END_DECLS
