/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>

#include "rtmp/flvwrite.h"
#include "rtmpcolor.h"
#include "rtmpwriterpriv.h"

gboolean
gst_arcly_rtmp_writer_fail (GError **error, const gchar *text)
{
  g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, text);
  return FALSE;
}

/* ---- how messages begin ---- */

static gboolean
is_legacy (const GstArclyRtmpWriter *writer)
{
  return writer->track_id == 0 && writer->codec->number > 0;
}

static gint32
clamp_composition_time (gint64 time)
{
  return (gint32) CLAMP (time, GST_ARCLY_FLV_MIN_COMPOSITION_TIME,
      GST_ARCLY_FLV_MAX_COMPOSITION_TIME);
}

/* "Adobe Flash Video File Format Specification", E.4.2 and E.4.3. */
static void
begin_legacy (const GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out,
    GstArclyRtmpBody *body)
{
  GstArclyFlvPacketType type = body->kind == GST_ARCLY_RTMP_BODY_HEADER
                                   ? GST_ARCLY_FLV_SEQUENCE_HEADER
                                   : GST_ARCLY_FLV_FRAME;

  if (writer->codec->kind == GST_ARCLY_FLV_EX_VIDEO) {
    GstArclyFlvVideo video = { .codec = writer->codec->number,
      .packet_type = type };

    video.frame_type =
        body->key ? GST_ARCLY_FLV_FRAME_KEY : GST_ARCLY_FLV_FRAME_INTER;
    if (type == GST_ARCLY_FLV_FRAME)
      video.composition_time = clamp_composition_time (out->composition_time);
    body->header_size = gst_arcly_flv_video_write (&video, body->header);
  } else {
    const GstArclyFlvAudio audio = { .codec = writer->codec->number,
      .packet_type = type,
      .bits = 16,
      .rate = writer->rate,
      .channels = writer->channels };

    body->header_size = gst_arcly_flv_audio_write (&audio, body->header);
  }
}

/* "Enhanced RTMP v2", "Enhanced Audio" and "Enhanced Video". */
static void
begin_enhanced (const GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out,
    GstArclyRtmpBody *body)
{
  g_autoptr (GByteArray) header = g_byte_array_new ();
  GstArclyFlvEx message = { .kind = writer->codec->kind,
    .tracks = writer->track_id > 0 ? GST_ARCLY_FLV_EX_ONE_TRACK
                                   : GST_ARCLY_FLV_EX_PLAIN };
  GstArclyFlvExSource source = { .fourcc = writer->codec->fourcc,
    .track_id = writer->track_id };

  if (message.kind == GST_ARCLY_FLV_EX_VIDEO)
    message.frame_type =
        body->key ? GST_ARCLY_FLV_FRAME_KEY : GST_ARCLY_FLV_FRAME_INTER;
  switch (body->kind) {
    case GST_ARCLY_RTMP_BODY_HEADER:
      message.packet = GST_ARCLY_FLV_EX_SEQUENCE_START;
      break;
    case GST_ARCLY_RTMP_BODY_COLOR:
      message.packet = GST_ARCLY_FLV_EX_METADATA;
      break;
    case GST_ARCLY_RTMP_BODY_FRAME:
      message.packet = GST_ARCLY_FLV_EX_CODED_FRAMES;
      if (!gst_arcly_flv_ex_has_composition_time (source.fourcc))
        break;
      source.composition_time = clamp_composition_time (out->composition_time);
      if (source.composition_time == 0)
        message.packet = GST_ARCLY_FLV_EX_CODED_FRAMES_X;
      break;
  }
  gst_arcly_flv_ex_write (header, &message, &source, 1);
  g_assert (header->len <= sizeof body->header);
  memcpy (body->header, header->data, header->len);
  body->header_size = header->len;
}

static void
give (const GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out,
    GstArclyRtmpBody *body)
{
  if (is_legacy (writer))
    begin_legacy (writer, out, body);
  else
    begin_enhanced (writer, out, body);
  out->func (out->data, body);
}

void
gst_arcly_rtmp_writer_give_frame (GstArclyRtmpWriter *writer,
    const GstArclyRtmpOut *out, const guint8 *data, gsize size,
    GstClockTime offset)
{
  GstArclyRtmpBody body = { .kind = GST_ARCLY_RTMP_BODY_FRAME,
    .data = data,
    .size = size,
    .key = out->key || writer->codec->kind == GST_ARCLY_FLV_EX_AUDIO,
    .offset = offset };

  give (writer, out, &body);
}

static void
give_bytes (const GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out,
    GstArclyRtmpBodyKind kind, GBytes *bytes)
{
  GstArclyRtmpBody body = { .kind = kind, .key = TRUE };

  body.data = g_bytes_get_data (bytes, &body.size);
  give (writer, out, &body);
}

void
gst_arcly_rtmp_writer_give_header (
    GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out, GBytes *header)
{
  gboolean is_new = writer->sequence_header == NULL ||
                    !g_bytes_equal (writer->sequence_header, header);

  g_clear_pointer (&writer->sequence_header, g_bytes_unref);
  writer->sequence_header = header;
  writer->ready = TRUE;
  if (is_new)
    give_bytes (writer, out, GST_ARCLY_RTMP_BODY_HEADER, header);
}

/* Metadata packets are for those who know a FourCC, and so enhanced RTMP. */
static void
give_color (GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out)
{
  g_autoptr (GBytes) color = NULL;

  if (writer->codec->kind == GST_ARCLY_FLV_EX_VIDEO && !is_legacy (writer))
    color = gst_arcly_rtmp_color_write (writer->caps, writer->color != NULL);
  if (color && !(writer->color && g_bytes_equal (color, writer->color)))
    give_bytes (writer, out, GST_ARCLY_RTMP_BODY_COLOR, color);
  g_clear_pointer (&writer->color, g_bytes_unref);
  writer->color = g_steal_pointer (&color);
}

/* ---- caps ---- */

GBytes *
gst_arcly_rtmp_writer_get_codec_data (const GstStructure *structure)
{
  GstBuffer *buffer = NULL;
  gpointer data = NULL;
  gsize size = 0;

  if (!gst_structure_get (
          structure, "codec_data", GST_TYPE_BUFFER, &buffer, NULL))
    return NULL;
  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  gst_buffer_unref (buffer);
  return g_bytes_new_take (data, size);
}

GBytes *
gst_arcly_rtmp_writer_get_stream_header (const GstStructure *structure)
{
  const GValue *array = gst_structure_get_value (structure, "streamheader");
  const GValue *value = NULL;
  gpointer data = NULL;
  gsize size = 0;

  if (array && GST_VALUE_HOLDS_ARRAY (array) &&
      gst_value_array_get_size (array) > 0)
    value = gst_value_array_get_value (array, 0);
  if (!value || !GST_VALUE_HOLDS_BUFFER (value))
    return NULL;
  gst_buffer_extract_dup (gst_value_get_buffer (value), 0, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

static const GstArclyRtmpWriterCodec *
find_codec (const GstArclyRtmpWriterCodec *codec, const GstStructure *structure)
{
  const gchar *format = gst_structure_get_string (structure, "stream-format");
  gint version = 0;

  gst_structure_get_int (structure, "mpegversion", &version);
  for (; codec->media_type; codec++) {
    if (gst_structure_has_name (structure, codec->media_type) &&
        (codec->mpegversion == 0 || codec->mpegversion == version) &&
        (!codec->stream_format ||
            g_strcmp0 (codec->stream_format, format) == 0))
      return codec;
  }
  return NULL;
}

/* Who comes back from another codec must say all anew. */
static void
set_codec (GstArclyRtmpWriter *writer, const GstArclyRtmpWriterCodec *codec)
{
  if (writer->codec == codec)
    return;
  g_clear_pointer (&writer->sequence_header, g_bytes_unref);
  g_clear_pointer (&writer->color, g_bytes_unref);
  writer->ready = FALSE;
  writer->rate = writer->channels = 0;
  writer->codec = codec;
}

gboolean
gst_arcly_rtmp_writer_set_caps (GstArclyRtmpWriter *writer, const GstCaps *caps,
    GstArclyRtmpBodyFunc func, gpointer data, GError **error)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  const GstArclyRtmpOut out = { .func = func, .data = data };
  const GstArclyRtmpWriterCodec *codec =
      find_codec (gst_arcly_rtmp_writer_video, structure);

  if (codec == NULL)
    codec = find_codec (gst_arcly_rtmp_writer_audio, structure);
  if (codec == NULL) {
    g_autofree gchar *text = gst_caps_to_string (caps);

    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "RTMP has no codec for %s", text);
    return FALSE;
  }
  set_codec (writer, codec);
  gst_clear_caps (&writer->caps);
  writer->caps = gst_caps_copy (caps);
  if (!codec->start (writer, structure, &out, error))
    return FALSE;
  give_color (writer, &out);
  return TRUE;
}

/* ---- life, and what is known ---- */

GstArclyRtmpWriter *
gst_arcly_rtmp_writer_new (guint track_id)
{
  GstArclyRtmpWriter *writer = g_new0 (GstArclyRtmpWriter, 1);

  writer->track_id = track_id;
  writer->scratch = g_byte_array_new ();
  writer->sets =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return writer;
}

void
gst_arcly_rtmp_writer_free (GstArclyRtmpWriter *writer)
{
  gst_clear_caps (&writer->caps);
  g_clear_pointer (&writer->sequence_header, g_bytes_unref);
  g_clear_pointer (&writer->color, g_bytes_unref);
  g_byte_array_unref (writer->scratch);
  g_ptr_array_unref (writer->sets);
  g_free (writer);
}

gboolean
gst_arcly_rtmp_writer_write (GstArclyRtmpWriter *writer, GstBuffer *buffer,
    gint64 composition_time, GstArclyRtmpBodyFunc func, gpointer data,
    GError **error)
{
  GstArclyRtmpOut out = { .func = func, .data = data };
  GstMapInfo map;
  gboolean ok;

  if (writer->codec == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "buffer without caps, or that cannot be read");
    return FALSE;
  }
  if (map.size > GST_ARCLY_RTMP_WRITER_MAX_BUFFER) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%" G_GSIZE_FORMAT " bytes are too many for a message of RTMP",
        map.size);
    gst_buffer_unmap (buffer, &map);
    return FALSE;
  }
  out.key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  out.composition_time = composition_time;
  ok = map.size == 0 ||
       writer->codec->write (writer, map.data, map.size, &out, error);
  gst_buffer_unmap (buffer, &map);
  return ok;
}

gboolean
gst_arcly_rtmp_writer_is_ready (const GstArclyRtmpWriter *writer)
{
  return writer->ready;
}

gboolean
gst_arcly_rtmp_writer_has_headers (const GstArclyRtmpWriter *writer)
{
  return writer->codec && writer->codec->has_headers;
}

gboolean
gst_arcly_rtmp_writer_has_color (const GstArclyRtmpWriter *writer)
{
  return writer->color != NULL;
}

guint32
gst_arcly_rtmp_writer_get_fourcc (const GstArclyRtmpWriter *writer)
{
  return writer->codec ? writer->codec->fourcc : 0;
}

/* ---- onMetaData ---- */

static void
add_picture (const GstStructure *structure, GstArclyAmfValue *metadata)
{
  gint width, height, n, d;

  if (gst_structure_get_int (structure, "width", &width) &&
      gst_structure_get_int (structure, "height", &height)) {
    gst_arcly_amf_value_add_number (metadata, "width", width);
    gst_arcly_amf_value_add_number (metadata, "height", height);
  }
  if (gst_structure_get_fraction (structure, "framerate", &n, &d) && n > 0 &&
      d > 0)
    gst_arcly_amf_value_add_number (metadata, "framerate", (gdouble) n / d);
}

static void
add_sound (const GstArclyRtmpWriter *writer, const GstStructure *structure,
    GstArclyAmfValue *metadata)
{
  gint rate = 0, channels = 0;

  if (!gst_structure_get_int (structure, "rate", &rate))
    rate = writer->rate;
  if (!gst_structure_get_int (structure, "channels", &channels))
    channels = writer->channels;
  if (rate > 0)
    gst_arcly_amf_value_add_number (metadata, "audiosamplerate", rate);
  gst_arcly_amf_value_add_number (metadata, "audiosamplesize", 16);
  if (channels > 0) {
    gst_arcly_amf_value_add_number (metadata, "audiochannels", channels);
    gst_arcly_amf_value_add (
        metadata, "stereo", gst_arcly_amf_value_new_boolean (channels > 1));
  }
}

/* A FourCC is a number here, too ("Enhanced RTMP v2", "Enhancing
 * onMetaData"). */
void
gst_arcly_rtmp_writer_describe (
    const GstArclyRtmpWriter *writer, gboolean main, GstArclyAmfValue *metadata)
{
  const GstStructure *structure;
  gdouble id;

  if (writer->codec == NULL)
    return;
  structure = gst_caps_get_structure (writer->caps, 0);
  id = main && writer->codec->number > 0 ? writer->codec->number
                                         : writer->codec->fourcc;
  if (writer->codec->kind == GST_ARCLY_FLV_EX_VIDEO) {
    gst_arcly_amf_value_add_number (metadata, "videocodecid", id);
    add_picture (structure, metadata);
  } else {
    gst_arcly_amf_value_add_number (metadata, "audiocodecid", id);
    add_sound (writer, structure, metadata);
  }
}
