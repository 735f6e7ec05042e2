/* SPDX-License-Identifier: MIT
 *
 * Shared by rtmpwriter.c (how a message begins), rtmpwritervideo.c and
 * rtmpwriteraudio.c (what is in it, by codec). */
#pragma once

#include "rtmp/flvenhanced.h"
#include "rtmpwriter.h"

G_BEGIN_DECLS

/* Where a codec's functions give their messages to. */
typedef struct {
  GstArclyRtmpBodyFunc func;
  gpointer data;
  gboolean key;
  gint64 composition_time; /* ms */
} GstArclyRtmpOut;

/**
 * GstArclyRtmpWriterCodec:
 * @media_type: of the caps
 * @mpegversion: field that tells it from others of the type; 0: any
 * @stream_format: likewise; %NULL: any
 * @kind: audio or video
 * @fourcc: its code in enhanced RTMP
 * @number: its code in the tags of FLV; 0: it has none
 * @has_headers: whether frames need a sequence header
 * @start: takes new caps; gives the sequence header if they have it
 * @write: gives the frames of a buffer, which is not empty
 *
 * A codec, and one packaging of it.
 */
typedef struct {
  const gchar *media_type;
  gint mpegversion;
  const gchar *stream_format;
  GstArclyFlvExKind kind;
  guint32 fourcc;
  guint8 number;
  gboolean has_headers;

  gboolean (*start) (GstArclyRtmpWriter *writer, const GstStructure *structure,
      const GstArclyRtmpOut *out, GError **error);
  gboolean (*write) (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
      const GstArclyRtmpOut *out, GError **error);
} GstArclyRtmpWriterCodec;

struct _GstArclyRtmpWriter {
  guint track_id;
  const GstArclyRtmpWriterCodec *codec; /* NULL: no caps yet */
  GstCaps *caps;
  gboolean ready;
  GBytes *sequence_header; /* as given last; nullable */
  GBytes *color;           /* likewise */

  GByteArray *scratch; /* an access unit, rewritten */
  GPtrArray *sets;     /* (element-type GBytes) of a byte stream */

  guint rate;     /* of sound, 0: not known */
  guint channels; /* likewise */
};

/* Tables that end with a row of zeros. Of rows that caps fit, the first
 * counts. */
extern const GstArclyRtmpWriterCodec gst_arcly_rtmp_writer_video[];
extern const GstArclyRtmpWriterCodec gst_arcly_rtmp_writer_audio[];

/* A frame, @offset after its buffer. */
void gst_arcly_rtmp_writer_give_frame (GstArclyRtmpWriter *writer,
    const GstArclyRtmpOut *out, const guint8 *data, gsize size,
    GstClockTime offset);
/* A sequence header, unless it is the one that players have. Takes it. */
void gst_arcly_rtmp_writer_give_header (
    GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out, GBytes *header);

/* (transfer full) (nullable) codec_data of caps. */
GBytes *gst_arcly_rtmp_writer_get_codec_data (const GstStructure *structure);
/* (transfer full) (nullable) The first streamheader. */
GBytes *gst_arcly_rtmp_writer_get_stream_header (const GstStructure *structure);

/* FALSE, with GST_ARCLY_ERROR_INVALID. */
gboolean gst_arcly_rtmp_writer_fail (GError **error, const gchar *text);

G_END_DECLS
