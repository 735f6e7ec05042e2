/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclycodec.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/gstarclyerror.h>

#include "rtmp/flvtag.h"
#include "rtmpwriterpriv.h"

/* Version and flags of a box, which are not part of what it holds. */
#define FULL_BOX_SIZE 4

static gboolean
start_in_band (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const GstArclyRtmpOut *out, GError **error)
{
  return TRUE; /* each frame says what it is */
}

/* ---- AAC ---- */

static gboolean
start_aac (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const GstArclyRtmpOut *out, GError **error)
{
  g_autoptr (GBytes) header = gst_arcly_rtmp_writer_get_codec_data (structure);
  GstArclyAacConfig config;

  if (header == NULL)
    return gst_arcly_rtmp_writer_fail (
        error, "raw AAC needs codec_data in its caps");
  if (!gst_arcly_aac_config_parse (g_bytes_get_data (header, NULL),
          g_bytes_get_size (header), &config, error))
    return FALSE;
  writer->rate = config.rate;
  writer->channels = config.channels;
  gst_arcly_rtmp_writer_give_header (writer, out, g_steal_pointer (&header));
  return TRUE;
}

static gboolean
write_as_is (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  gst_arcly_rtmp_writer_give_frame (writer, out, data, size, 0);
  return TRUE;
}

static gboolean
give_adts_config (GstArclyRtmpWriter *writer, const GstArclyAdtsHeader *adts,
    const GstArclyRtmpOut *out, GError **error)
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
  writer->rate = config.rate;
  writer->channels = config.channels;
  gst_arcly_rtmp_writer_give_header (writer, out, header);
  return TRUE;
}

/* ISO/IEC 14496-3, 1.A.2.2. */
static gboolean
write_adts (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
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
    gst_arcly_rtmp_writer_give_frame (writer, out, data + adts.header_size,
        adts.frame_size - adts.header_size,
        gst_util_uint64_scale (samples, GST_SECOND, adts.rate));
    samples += 1024;
    data += adts.frame_size;
    size -= adts.frame_size;
  }
  return TRUE;
}

/* ---- MP3, AC-3 and E-AC-3, which have no sequence headers ---- */

static gboolean
write_mp3 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  GstArclyMpegAudioHeader header;

  if (!gst_arcly_mpeg_audio_header_parse (data, size, &header, error))
    return FALSE;
  writer->ready = TRUE;
  writer->rate = header.rate;
  writer->channels = header.channels;
  return write_as_is (writer, data, size, out, error);
}

static gboolean
write_ac3 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  GstArclyAc3Header header;

  if (!gst_arcly_ac3_header_parse (data, size, &header, error))
    return FALSE;
  if (header.enhanced != (writer->codec->fourcc == GST_ARCLY_FOURCC_EAC3))
    return gst_arcly_rtmp_writer_fail (
        error, "AC-3 in caps of E-AC-3, or the other way round");
  writer->ready = TRUE;
  writer->rate = header.rate;
  writer->channels = header.channels;
  return write_as_is (writer, data, size, out, error);
}

/* ---- Opus ---- */

/* An OpusHead (RFC 7845, 5.1), as it came or from what the caps say. */
static gboolean
start_opus (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const GstArclyRtmpOut *out, GError **error)
{
  g_autoptr (GBytes) header =
      gst_arcly_rtmp_writer_get_stream_header (structure);
  g_autoptr (GstArclyCodecInfo) info =
      gst_arcly_codec_info_new (writer->caps, NULL, error);
  GstArclyOpusConfig config;

  if (info == NULL)
    return FALSE;
  if (info->config == NULL)
    return gst_arcly_rtmp_writer_fail (
        error, "Opus without channels in its caps, nor an OpusHead");
  if (header == NULL) {
    if (!gst_arcly_opus_config_parse (g_bytes_get_data (info->config, NULL),
            g_bytes_get_size (info->config), &config, error))
      return FALSE;
    header = gst_arcly_opus_head_to_bytes (&config, error);
    if (header == NULL)
      return FALSE;
  }
  writer->rate = info->rate;
  writer->channels = info->channels;
  gst_arcly_rtmp_writer_give_header (writer, out, g_steal_pointer (&header));
  return TRUE;
}

static gboolean
has_prefix (const guint8 *data, gsize size, const gchar *prefix)
{
  gsize length = strlen (prefix);

  return size >= length && memcmp (data, prefix, length) == 0;
}

/* Encoders and demuxers of Ogg also push the headers. */
static gboolean
write_opus (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  if (!has_prefix (data, size, "OpusHead") &&
      !has_prefix (data, size, "OpusTags"))
    gst_arcly_rtmp_writer_give_frame (writer, out, data, size, 0);
  return TRUE;
}

/* ---- FLAC ---- */

/* The marker and STREAMINFO: what is in a dfLa box, behind a marker. */
static gboolean
start_flac (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const GstArclyRtmpOut *out, GError **error)
{
  g_autoptr (GstArclyCodecInfo) info =
      gst_arcly_codec_info_new (writer->caps, NULL, error);
  GByteArray *header;
  const guint8 *box;
  gsize size;

  if (info == NULL)
    return FALSE;
  if (info->config == NULL)
    return gst_arcly_rtmp_writer_fail (
        error, "FLAC needs a streamheader in its caps");
  box = g_bytes_get_data (info->config, &size);
  header = g_byte_array_new ();
  g_byte_array_append (header, (const guint8 *) "fLaC", 4);
  g_byte_array_append (header, box + FULL_BOX_SIZE, size - FULL_BOX_SIZE);
  writer->rate = info->rate;
  writer->channels = info->channels;
  gst_arcly_rtmp_writer_give_header (
      writer, out, g_byte_array_free_to_bytes (header));
  return TRUE;
}

/* FLAC format, FRAME_HEADER: 14 bits of sync code and a zero. Encoders also
 * push the headers. */
static gboolean
write_flac (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  if (size >= 2 && data[0] == 0xff && (data[1] & 0xfe) == 0xf8)
    gst_arcly_rtmp_writer_give_frame (writer, out, data, size, 0);
  return TRUE;
}

#define AUDIO GST_ARCLY_FLV_EX_AUDIO
#define AAC GST_ARCLY_FOURCC_AAC, GST_ARCLY_FLV_AUDIO_AAC, TRUE

const GstArclyRtmpWriterCodec gst_arcly_rtmp_writer_audio[] = {
  { "audio/mpeg", 4, "raw", AUDIO, AAC, start_aac, write_as_is },
  { "audio/mpeg", 2, "raw", AUDIO, AAC, start_aac, write_as_is },
  { "audio/mpeg", 4, "adts", AUDIO, AAC, start_in_band, write_adts },
  { "audio/mpeg", 2, "adts", AUDIO, AAC, start_in_band, write_adts },
  { "audio/mpeg", 1, NULL, AUDIO, GST_ARCLY_FOURCC_MP3, GST_ARCLY_FLV_AUDIO_MP3,
      FALSE, start_in_band, write_mp3 },
  { "audio/x-opus", 0, NULL, AUDIO, GST_ARCLY_FOURCC_OPUS, 0, TRUE, start_opus,
      write_opus },
  { "audio/x-flac", 0, NULL, AUDIO, GST_ARCLY_FOURCC_FLAC, 0, TRUE, start_flac,
      write_flac },
  { "audio/x-ac3", 0, NULL, AUDIO, GST_ARCLY_FOURCC_AC3, 0, FALSE,
      start_in_band, write_ac3 },
  { "audio/x-eac3", 0, NULL, AUDIO, GST_ARCLY_FOURCC_EAC3, 0, FALSE,
      start_in_band, write_ac3 },
  { NULL },
};
