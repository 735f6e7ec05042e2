/* SPDX-License-Identifier: MIT
 *
 * Audio and video messages of enhanced RTMP ("Enhanced RTMP v2", veovera,
 * "Enhanced Audio" and "Enhanced Video"): codecs with a FourCC, several tracks
 * in a message, times finer than 1 ms. Any thread; keeps no reference to the
 * data.
 *
 * |[<!-- language="C" -->
 * if (!gst_arcly_flv_ex_parse (&message, kind, data, size, &error))
 *   return FALSE;
 * while (gst_arcly_flv_ex_next (&message, &part, &error))
 *   use (data + part.payload_offset, part.payload_size);
 * return error == NULL;
 * ]| */
#pragma once

#include <gst/arcly/codec/gstarclycursor.h>
#include "flvtag.h"

G_BEGIN_DECLS

#define GST_ARCLY_FOURCC(a, b, c, d)                                           \
  ((guint32) (a) << 24 | (guint32) (b) << 16 | (guint32) (c) << 8 |            \
      (guint32) (d))

#define GST_ARCLY_FOURCC_AVC GST_ARCLY_FOURCC ('a', 'v', 'c', '1')
#define GST_ARCLY_FOURCC_HEVC GST_ARCLY_FOURCC ('h', 'v', 'c', '1')
#define GST_ARCLY_FOURCC_AV1 GST_ARCLY_FOURCC ('a', 'v', '0', '1')
#define GST_ARCLY_FOURCC_VP8 GST_ARCLY_FOURCC ('v', 'p', '0', '8')
#define GST_ARCLY_FOURCC_VP9 GST_ARCLY_FOURCC ('v', 'p', '0', '9')
#define GST_ARCLY_FOURCC_AAC GST_ARCLY_FOURCC ('m', 'p', '4', 'a')
#define GST_ARCLY_FOURCC_OPUS GST_ARCLY_FOURCC ('O', 'p', 'u', 's')
#define GST_ARCLY_FOURCC_AC3 GST_ARCLY_FOURCC ('a', 'c', '-', '3')
#define GST_ARCLY_FOURCC_EAC3 GST_ARCLY_FOURCC ('e', 'c', '-', '3')
#define GST_ARCLY_FOURCC_FLAC GST_ARCLY_FOURCC ('f', 'L', 'a', 'C')
#define GST_ARCLY_FOURCC_MP3 GST_ARCLY_FOURCC ('.', 'm', 'p', '3')

/* Room for gst_arcly_flv_fourcc_print(). */
#define GST_ARCLY_FOURCC_TEXT_SIZE 5

/* ModEx TimestampOffsetNano: less than a millisecond. */
#define GST_ARCLY_FLV_EX_MAX_NANOSECONDS 999999

typedef enum {
  GST_ARCLY_FLV_EX_AUDIO,
  GST_ARCLY_FLV_EX_VIDEO,
} GstArclyFlvExKind;

/* VideoPacketType and AudioPacketType in one. Those that only say how the rest
 * is packed (Multitrack, ModEx) do not come out. */
typedef enum {
  GST_ARCLY_FLV_EX_SEQUENCE_START,
  GST_ARCLY_FLV_EX_CODED_FRAMES,
  GST_ARCLY_FLV_EX_SEQUENCE_END,
  GST_ARCLY_FLV_EX_CODED_FRAMES_X, /* video: composition time is 0 */
  GST_ARCLY_FLV_EX_METADATA,       /* video: AMF0 name and value pairs */
  GST_ARCLY_FLV_EX_MPEG2TS_SEQUENCE_START, /* video */
  GST_ARCLY_FLV_EX_MULTICHANNEL_CONFIG,    /* audio */
  GST_ARCLY_FLV_EX_COMMAND,                /* video: no part follows */
} GstArclyFlvExPacket;
#define GST_ARCLY_FLV_EX_N_PACKETS (GST_ARCLY_FLV_EX_COMMAND + 1)

/* AvMultitrackType, and no multitrack at all. */
typedef enum {
  GST_ARCLY_FLV_EX_ONE_TRACK = 0,
  GST_ARCLY_FLV_EX_MANY_TRACKS = 1,
  GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS = 2,
  GST_ARCLY_FLV_EX_PLAIN = 3,
} GstArclyFlvExTracks;

/**
 * GstArclyFlvEx:
 * @kind: audio or video
 * @packet: what all parts of the message are
 * @tracks: how the tracks are told apart
 * @frame_type: of video; 0 for audio. Means nothing for METADATA
 * @command: of a COMMAND: 0 starts, 1 ends a seek of the client
 * @nanoseconds: to be added to the message's time of presentation
 *
 * What a message says before its parts.
 */
typedef struct {
  GstArclyFlvExKind kind;
  GstArclyFlvExPacket packet;
  GstArclyFlvExTracks tracks;
  GstArclyFlvFrameType frame_type;
  guint8 command;
  guint32 nanoseconds;
  /*< private >*/
  GstArclyCursor cursor;
  guint32 fourcc;
  gboolean done;
} GstArclyFlvEx;

/**
 * GstArclyFlvExPart:
 * @fourcc: its codec, of which not every one has a name here
 * @track_id: 0 unless the message says otherwise
 * @composition_time: presentation minus decoding time in ms, -2^23 to 2^23-1;
 *     0 but for CODED_FRAMES of H.264 and H.265
 * @payload_offset: where the codec's bytes start in the message
 * @payload_size: how many there are; may be 0
 *
 * What a message holds of one track.
 */
typedef struct {
  guint32 fourcc;
  guint8 track_id;
  gint32 composition_time;
  gsize payload_offset;
  gsize payload_size;
} GstArclyFlvExPart;

/* Whether a message is an enhanced one, and not what flvtag.h reads. */
gboolean gst_arcly_flv_ex_is (
    GstArclyFlvExKind kind, const guint8 *data, gsize size);

/**
 * gst_arcly_flv_ex_parse:
 * @message: (out): the header; keeps @data
 * @kind: whether it is an audio or a video message
 * @data: (array length=size): its body, for which is() is %TRUE
 * @size: its length in bytes
 * @error: return location for a #GError
 *
 * Returns: %FALSE with %GST_ARCLY_ERROR_TRUNCATED, %GST_ARCLY_ERROR_INVALID, or
 *     %GST_ARCLY_ERROR_UNSUPPORTED for packet types of later specifications
 */
gboolean gst_arcly_flv_ex_parse (GstArclyFlvEx *message, GstArclyFlvExKind kind,
    const guint8 *data, gsize size, GError **error);

/* The next part. FALSE: there is none, or, with @error, the rest is broken.
 * A plain message and one of one track have one part, unless it is a
 * COMMAND. */
gboolean gst_arcly_flv_ex_next (
    GstArclyFlvEx *message, GstArclyFlvExPart *part, GError **error);

/* Whether frames of that codec have a composition time. */
gboolean gst_arcly_flv_ex_has_composition_time (guint32 fourcc);

/* The FourCC as text, with "?" for what is not printable. */
const gchar *gst_arcly_flv_fourcc_print (
    guint32 fourcc, gchar text[GST_ARCLY_FOURCC_TEXT_SIZE]);
/* The FourCC of four bytes of text; 0 if it is anything else. */
guint32 gst_arcly_flv_fourcc_from_text (const gchar *text);

/**
 * GstArclyFlvExSource:
 * @fourcc: codec; the same for all unless they are many codecs
 * @track_id: its track; not written in a plain message
 * @composition_time: as in #GstArclyFlvExPart; written where it is needed
 * @data: (array length=size) (nullable): the codec's bytes, or %NULL to write
 *     only what is before them: only for a plain message or one of one track
 * @size: their number
 *
 * A part to be written.
 */
typedef struct {
  guint32 fourcc;
  guint8 track_id;
  gint32 composition_time;
  const guint8 *data;
  gsize size;
} GstArclyFlvExSource;

/* Appends the body of a message. Of @message the public members count. A
 * CODED_FRAMES_X with a composition time is the programmer's mistake. Plain
 * messages and those of one track have one source; a COMMAND has none. */
void gst_arcly_flv_ex_write (GByteArray *out, const GstArclyFlvEx *message,
    const GstArclyFlvExSource *sources, guint n_sources);

G_END_DECLS
