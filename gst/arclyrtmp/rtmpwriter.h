/* SPDX-License-Identifier: MIT
 *
 * One track on its way to players: what GStreamer's caps and buffers say, in
 * bodies of RTMP messages. A codec is a row of the table in rtmpwriter.c. One
 * thread at a time. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpamf.h"

G_BEGIN_DECLS

/* The longest tag header that a codec may ask for. */
#define GST_ARCLY_RTMP_MAX_TAG_HEADER 16

/* What the pads of a player's element accept. */
#define GST_ARCLY_RTMP_VIDEO_CAPS                                              \
  "video/x-h264, stream-format=(string){ avc, byte-stream }, "                 \
  "alignment=(string)au; "                                                     \
  "video/x-h265, stream-format=(string){ hvc1, hev1, byte-stream }, "          \
  "alignment=(string)au; "                                                     \
  "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; "      \
  "video/x-vp9; video/x-vp8"
#define GST_ARCLY_RTMP_AUDIO_CAPS                                              \
  "audio/mpeg, mpegversion=(int){ 2, 4 }, "                                    \
  "stream-format=(string){ raw, adts }; "                                      \
  "audio/mpeg, mpegversion=(int)1, layer=(int)3; "                             \
  "audio/x-opus; audio/x-ac3; audio/x-eac3; "                                  \
  "audio/x-flac, framed=(boolean)true"

typedef struct _GstArclyRtmpWriter GstArclyRtmpWriter;

typedef enum {
  GST_ARCLY_RTMP_BODY_FRAME,
  GST_ARCLY_RTMP_BODY_HEADER, /* which each player must have before frames */
  GST_ARCLY_RTMP_BODY_COLOR,  /* likewise; of video */
} GstArclyRtmpBodyKind;

/**
 * GstArclyRtmpBody:
 * @kind: what it is
 * @header: (array length=header_size): the tag's header
 * @header_size: its length in bytes
 * @data: (array length=size): what follows it
 * @size: its length in bytes
 * @key: decoding can start here
 * @offset: how long after its buffer it begins, in ns
 *
 * One message, without its chunk headers. Valid during the call.
 */
typedef struct {
  GstArclyRtmpBodyKind kind;
  guint8 header[GST_ARCLY_RTMP_MAX_TAG_HEADER];
  gsize header_size;
  const guint8 *data;
  gsize size;
  gboolean key;
  GstClockTime offset;
} GstArclyRtmpBody;

typedef void (*GstArclyRtmpBodyFunc) (
    gpointer data, const GstArclyRtmpBody *body);

/* Track 0 of a kind is written as players without multitrack know it, and with
 * a FourCC only if its codec has no number in FLV. Others are messages of one
 * track ("Enhanced RTMP v2", "Multitrack Capabilities"). */
GstArclyRtmpWriter *gst_arcly_rtmp_writer_new (guint track_id);
void gst_arcly_rtmp_writer_free (GstArclyRtmpWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpWriter, gst_arcly_rtmp_writer_free)

/* From now on buffers are of these @caps. Gives the sequence header and the
 * colour to @func, as far as the caps have them and they are new. FALSE with
 * GST_ARCLY_ERROR_UNSUPPORTED, or what was wrong with the codec_data. */
gboolean gst_arcly_rtmp_writer_set_caps (GstArclyRtmpWriter *writer,
    const GstCaps *caps, GstArclyRtmpBodyFunc func, gpointer data,
    GError **error);

/* RTMP 1.0, 5.3.1.2.1: a message's length has 24 bits. The rest is for the
 * tag's header, in any form, and for start codes that become lengths. */
#define GST_ARCLY_RTMP_WRITER_MAX_BUFFER 0xff0000

/* Gives the messages of one buffer to @func: frames, before them a sequence
 * header if it changed within the stream. @composition_time: PTS less DTS, in
 * ms. FALSE, after what could be read, if the buffer is broken, and for one of
 * more bytes than GST_ARCLY_RTMP_WRITER_MAX_BUFFER. */
gboolean gst_arcly_rtmp_writer_write (GstArclyRtmpWriter *writer,
    GstBuffer *buffer, gint64 composition_time, GstArclyRtmpBodyFunc func,
    gpointer data, GError **error);

/* The track can be played: its caps are known, and the sequence header if the
 * codec has one was given. */
gboolean gst_arcly_rtmp_writer_is_ready (const GstArclyRtmpWriter *writer);

/* Its codec, if caps told one, has sequence headers. */
gboolean gst_arcly_rtmp_writer_has_headers (const GstArclyRtmpWriter *writer);

/* The newest caps told of its colour, or took that back. */
gboolean gst_arcly_rtmp_writer_has_color (const GstArclyRtmpWriter *writer);

/* Its codec's; 0: no caps have come. Track 0 is written without it if the codec
 * has a number in FLV. */
guint32 gst_arcly_rtmp_writer_get_fourcc (const GstArclyRtmpWriter *writer);

/* Adds what onMetaData says of the track ("width", "videocodecid" ...).
 * @main: as the only one of its kind, whose codec is known by its number of FLV
 * if it has one. */
void gst_arcly_rtmp_writer_describe (const GstArclyRtmpWriter *writer,
    gboolean main, GstArclyAmfValue *metadata);

G_END_DECLS
