/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclympegaudio.h>

#include "rtmp/flvwrite.h"
#include "rtmpwriter.h"

/* Parameter sets of a byte stream: scaling lists make 1 kB; more than this is
 * no stream that a player could use. */
#define MAX_SETS 16
#define MAX_SET_SIZE 8192
/* Of the NAL units in a message. */
#define NAL_LENGTH_SIZE 4

typedef struct _Codec Codec;

struct _GstArclyRtmpWriter {
  const Codec *codec; /* NULL: no caps yet */
  GstCaps *caps;
  gboolean ready;
  GBytes *sequence_header; /* as given last; nullable */

  GByteArray *scratch; /* an access unit, rewritten */
  GPtrArray *sets;     /* (element-type GBytes) of a byte stream */

  GstArclyAacConfig aac;
  GstArclyMpegAudioHeader mp3; /* rate 0: not known yet */
};

/* Where a codec's functions give their messages to. */
typedef struct {
  GstArclyRtmpBodyFunc func;
  gpointer data;
  gboolean key;
  gint64 composition_time;
} Out;

struct _Codec {
  const gchar *media_type;
  /* Fields that tell it from others of the media type. */
  gint mpegversion;           /* 0: any */
  const gchar *stream_format; /* NULL: any */
  /* onMetaData. */
  const gchar *id_key;
  gdouble id;
  gboolean has_headers;

  gboolean (*start) (GstArclyRtmpWriter *writer, const GstStructure *structure,
      const Out *out, GError **error);
  gboolean (*write) (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
      const Out *out, GError **error);
};

/* ---- legacy tags ---- */

static void
emit_avc (
    const Out *out, GstArclyFlvPacketType type, const guint8 *data, gsize size)
{
  GstArclyRtmpBody body = { .data = data, .size = size };
  GstArclyFlvVideo video = { .codec = GST_ARCLY_FLV_VIDEO_H264 };

  body.is_header = type == GST_ARCLY_FLV_SEQUENCE_HEADER;
  body.key = body.is_header || out->key;
  video.packet_type = type;
  video.frame_type =
      body.key ? GST_ARCLY_FLV_FRAME_KEY : GST_ARCLY_FLV_FRAME_INTER;
  if (!body.is_header)
    video.composition_time = CLAMP (out->composition_time,
        GST_ARCLY_FLV_MIN_COMPOSITION_TIME, GST_ARCLY_FLV_MAX_COMPOSITION_TIME);
  body.header_size = gst_arcly_flv_video_write (&video, body.header);
  out->func (out->data, &body);
}

static void
emit_audio (const Out *out, const GstArclyFlvAudio *audio, const guint8 *data,
    gsize size, GstClockTime offset)
{
  GstArclyRtmpBody body = { .data = data, .size = size, .offset = offset };

  body.is_header = audio->codec == GST_ARCLY_FLV_AUDIO_AAC &&
                   audio->packet_type == GST_ARCLY_FLV_SEQUENCE_HEADER;
  body.key = TRUE;
  body.header_size = gst_arcly_flv_audio_write (audio, body.header);
  out->func (out->data, &body);
}

/* FALSE if it is the one that players have. Takes @header. */
static gboolean
is_new_header (GstArclyRtmpWriter *writer, GBytes *header)
{
  gboolean is_new = writer->sequence_header == NULL ||
                    !g_bytes_equal (writer->sequence_header, header);

  g_clear_pointer (&writer->sequence_header, g_bytes_unref);
  writer->sequence_header = header;
  writer->ready = TRUE;
  return is_new;
}

static GBytes *
get_codec_data (const GstStructure *structure)
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

/* ---- H.264 ---- */

static void
give_avc_header (GstArclyRtmpWriter *writer, const Out *out, GBytes *header)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  if (is_new_header (writer, header))
    emit_avc (out, GST_ARCLY_FLV_SEQUENCE_HEADER, data, size);
}

static gboolean
start_avc (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const Out *out, GError **error)
{
  g_autoptr (GBytes) header = get_codec_data (structure);
  g_autoptr (GstArclyH264Config) config = NULL;

  if (header == NULL) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.264 in avc format needs codec_data in its caps");
    return FALSE;
  }
  config = gst_arcly_h264_config_parse (
      g_bytes_get_data (header, NULL), g_bytes_get_size (header), error);
  if (config == NULL)
    return FALSE;
  give_avc_header (writer, out, g_steal_pointer (&header));
  return TRUE;
}

static gboolean
write_avc (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const Out *out, GError **error)
{
  emit_avc (out, GST_ARCLY_FLV_FRAME, data, size);
  return TRUE;
}

static gboolean
start_h264_stream (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const Out *out, GError **error)
{
  return TRUE; /* the sets come within */
}

static void
append_nal (GByteArray *out, const guint8 *nal, gsize size)
{
  const guint32 length = GUINT32_TO_BE ((guint32) size);

  g_byte_array_append (out, (const guint8 *) &length, NAL_LENGTH_SIZE);
  g_byte_array_append (out, nal, size);
}

/* The sets of one access unit stand for all; TRUE if it had an SPS. */
static gboolean
split_access_unit (GstArclyRtmpWriter *writer, const guint8 *data, gsize size)
{
  GstArclyH264NalIter iter;
  const guint8 *nal;
  gsize nal_size;
  gboolean has_sps = FALSE;

  g_ptr_array_set_size (writer->sets, 0);
  g_byte_array_set_size (writer->scratch, 0);
  gst_arcly_h264_nal_iter_init (&iter, data, size, 0);
  while (gst_arcly_h264_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_H264_NAL_TYPE (nal);

    if (type == GST_ARCLY_H264_NAL_AUD)
      continue;
    if ((type == GST_ARCLY_H264_NAL_SPS || type == GST_ARCLY_H264_NAL_PPS) &&
        nal_size <= MAX_SET_SIZE && writer->sets->len < MAX_SETS) {
      has_sps |= type == GST_ARCLY_H264_NAL_SPS;
      g_ptr_array_add (writer->sets, g_bytes_new (nal, nal_size));
    }
    append_nal (writer->scratch, nal, nal_size);
  }
  return has_sps;
}

static gboolean
give_sets (GstArclyRtmpWriter *writer, const Out *out, GError **error)
{
  g_autoptr (GstArclyH264Config) config =
      gst_arcly_h264_config_new (NAL_LENGTH_SIZE);
  GBytes *header;
  guint i;

  for (i = 0; i < writer->sets->len; i++) {
    GBytes *set = g_ptr_array_index (writer->sets, i);

    if (!gst_arcly_h264_config_add (config, g_bytes_get_data (set, NULL),
            g_bytes_get_size (set), error))
      return FALSE;
  }
  header = gst_arcly_h264_config_to_bytes (config, error);
  if (header == NULL)
    return FALSE;
  give_avc_header (writer, out, header);
  return TRUE;
}

/* Before the first sets nothing can be decoded. */
static gboolean
write_h264_stream (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const Out *out, GError **error)
{
  gboolean has_sps = split_access_unit (writer, data, size);

  if (has_sps && !give_sets (writer, out, error))
    return FALSE;
  if (writer->ready && writer->scratch->len > 0)
    emit_avc (
        out, GST_ARCLY_FLV_FRAME, writer->scratch->data, writer->scratch->len);
  return TRUE;
}

/* ---- AAC ---- */

static void
emit_aac (const Out *out, GstArclyFlvPacketType type, const guint8 *data,
    gsize size, GstClockTime offset)
{
  GstArclyFlvAudio audio = { .codec = GST_ARCLY_FLV_AUDIO_AAC, .bits = 16 };

  audio.packet_type = type;
  emit_audio (out, &audio, data, size, offset);
}

static void
give_aac_header (GstArclyRtmpWriter *writer, const Out *out, GBytes *header)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  if (is_new_header (writer, header))
    emit_aac (out, GST_ARCLY_FLV_SEQUENCE_HEADER, data, size, 0);
}

static gboolean
start_aac (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const Out *out, GError **error)
{
  g_autoptr (GBytes) header = get_codec_data (structure);

  if (header == NULL) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "raw AAC needs codec_data in its caps");
    return FALSE;
  }
  if (!gst_arcly_aac_config_parse (g_bytes_get_data (header, NULL),
          g_bytes_get_size (header), &writer->aac, error))
    return FALSE;
  give_aac_header (writer, out, g_steal_pointer (&header));
  return TRUE;
}

static gboolean
write_aac (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const Out *out, GError **error)
{
  emit_aac (out, GST_ARCLY_FLV_FRAME, data, size, 0);
  return TRUE;
}

static gboolean
start_adts (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const Out *out, GError **error)
{
  return TRUE; /* each frame says what it is */
}

static gboolean
give_adts_config (GstArclyRtmpWriter *writer, const GstArclyAdtsHeader *adts,
    const Out *out, GError **error)
{
  GstArclyAacConfig config = { 0 };
  GBytes *header;

  config.object_type = adts->object_type;
  config.rate = adts->rate;
  config.channel_configuration = adts->channel_configuration;
  config.channels =
      adts->channel_configuration == 7 ? 8 : adts->channel_configuration;
  config.frame_samples = 1024;
  header = gst_arcly_aac_config_to_bytes (&config, error);
  if (header == NULL)
    return FALSE;
  writer->aac = config;
  give_aac_header (writer, out, header);
  return TRUE;
}

/* ISO/IEC 14496-3, 1.A.2.2. */
static gboolean
write_adts (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const Out *out, GError **error)
{
  guint64 samples = 0;
  GstArclyAdtsHeader adts;

  while (size > 0) {
    if (!gst_arcly_adts_header_parse (data, size, &adts, error))
      return FALSE;
    if (adts.frame_size > size || adts.frame_size < adts.header_size ||
        adts.n_blocks != 1) {
      g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
          "ADTS frame of %u bytes and %u blocks in %" G_GSIZE_FORMAT " bytes",
          adts.frame_size, adts.n_blocks, size);
      return FALSE;
    }
    if (!give_adts_config (writer, &adts, out, error))
      return FALSE;
    emit_aac (out, GST_ARCLY_FLV_FRAME, data + adts.header_size,
        adts.frame_size - adts.header_size,
        gst_util_uint64_scale (samples, GST_SECOND, adts.rate));
    samples += 1024;
    data += adts.frame_size;
    size -= adts.frame_size;
  }
  return TRUE;
}

/* ---- MP3 ---- */

static gboolean
start_mp3 (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const Out *out, GError **error)
{
  writer->mp3 = (GstArclyMpegAudioHeader){ 0 };
  writer->ready = FALSE;
  return TRUE;
}

static gboolean
write_mp3 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const Out *out, GError **error)
{
  GstArclyFlvAudio audio = { .codec = GST_ARCLY_FLV_AUDIO_MP3, .bits = 16 };

  if (!gst_arcly_mpeg_audio_header_parse (data, size, &writer->mp3, error))
    return FALSE;
  writer->ready = TRUE;
  audio.rate = writer->mp3.rate;
  audio.channels = writer->mp3.channels;
  emit_audio (out, &audio, data, size, 0);
  return TRUE;
}

/* ---- the table ---- */

/* Of rows that a structure fits, the first counts. */
static const Codec codecs[] = {
  { "video/x-h264", 0, "avc", "videocodecid", GST_ARCLY_FLV_VIDEO_H264, TRUE,
      start_avc, write_avc },
  { "video/x-h264", 0, "byte-stream", "videocodecid", GST_ARCLY_FLV_VIDEO_H264,
      TRUE, start_h264_stream, write_h264_stream },
  { "audio/mpeg", 4, "raw", "audiocodecid", GST_ARCLY_FLV_AUDIO_AAC, TRUE,
      start_aac, write_aac },
  { "audio/mpeg", 2, "raw", "audiocodecid", GST_ARCLY_FLV_AUDIO_AAC, TRUE,
      start_aac, write_aac },
  { "audio/mpeg", 4, "adts", "audiocodecid", GST_ARCLY_FLV_AUDIO_AAC, TRUE,
      start_adts, write_adts },
  { "audio/mpeg", 2, "adts", "audiocodecid", GST_ARCLY_FLV_AUDIO_AAC, TRUE,
      start_adts, write_adts },
  { "audio/mpeg", 1, NULL, "audiocodecid", GST_ARCLY_FLV_AUDIO_MP3, FALSE,
      start_mp3, write_mp3 },
};

static const Codec *
find_codec (const GstStructure *structure)
{
  const gchar *format = gst_structure_get_string (structure, "stream-format");
  gint version = 0;
  guint i;

  gst_structure_get_int (structure, "mpegversion", &version);
  for (i = 0; i < G_N_ELEMENTS (codecs); i++) {
    const Codec *codec = &codecs[i];

    if (gst_structure_has_name (structure, codec->media_type) &&
        (codec->mpegversion == 0 || codec->mpegversion == version) &&
        (!codec->stream_format ||
            g_strcmp0 (codec->stream_format, format) == 0))
      return codec;
  }
  return NULL;
}

GstArclyRtmpWriter *
gst_arcly_rtmp_writer_new (void)
{
  GstArclyRtmpWriter *writer = g_new0 (GstArclyRtmpWriter, 1);

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
  g_byte_array_unref (writer->scratch);
  g_ptr_array_unref (writer->sets);
  g_free (writer);
}

gboolean
gst_arcly_rtmp_writer_set_caps (GstArclyRtmpWriter *writer, const GstCaps *caps,
    GstArclyRtmpBodyFunc func, gpointer data, GError **error)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  const Codec *codec = find_codec (structure);
  const Out out = { .func = func, .data = data };

  if (codec == NULL) {
    g_autofree gchar *text = gst_caps_to_string (caps);

    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "RTMP has no codec for %s", text);
    return FALSE;
  }
  /* Who comes back from another codec must say all anew. */
  if (writer->codec != codec)
    g_clear_pointer (&writer->sequence_header, g_bytes_unref);
  writer->codec = codec;
  gst_clear_caps (&writer->caps);
  writer->caps = gst_caps_copy (caps);
  return codec->start (writer, structure, &out, error);
}

gboolean
gst_arcly_rtmp_writer_write (GstArclyRtmpWriter *writer, GstBuffer *buffer,
    gint64 composition_time, GstArclyRtmpBodyFunc func, gpointer data,
    GError **error)
{
  Out out = { .func = func, .data = data };
  GstMapInfo map;
  gboolean ok;

  if (writer->codec == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "buffer without caps, or that cannot be read");
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
    rate = writer->aac.rate ? writer->aac.rate : writer->mp3.rate;
  if (!gst_structure_get_int (structure, "channels", &channels))
    channels =
        writer->aac.channels ? writer->aac.channels : writer->mp3.channels;
  if (rate > 0)
    gst_arcly_amf_value_add_number (metadata, "audiosamplerate", rate);
  gst_arcly_amf_value_add_number (metadata, "audiosamplesize", 16);
  if (channels > 0) {
    gst_arcly_amf_value_add_number (metadata, "audiochannels", channels);
    gst_arcly_amf_value_add (
        metadata, "stereo", gst_arcly_amf_value_new_boolean (channels > 1));
  }
}

void
gst_arcly_rtmp_writer_describe (
    const GstArclyRtmpWriter *writer, GstArclyAmfValue *metadata)
{
  const GstStructure *structure;

  if (writer->codec == NULL)
    return;
  structure = gst_caps_get_structure (writer->caps, 0);
  gst_arcly_amf_value_add_number (
      metadata, writer->codec->id_key, writer->codec->id);
  if (strcmp (writer->codec->id_key, "videocodecid") == 0)
    add_picture (structure, metadata);
  else
    add_sound (writer, structure, metadata);
}
