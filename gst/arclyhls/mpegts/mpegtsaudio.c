/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/gstarclyerror.h>

#include "mpegtsaudio.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
#define OPUS_RATE 48000

static gboolean
fail (GError **error, const gchar *what, gsize size)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
      "%" G_GSIZE_FORMAT " bytes of sound are no %s", size, what);
  return FALSE;
}

static gint64
samples_to_ns (guint64 samples, guint rate)
{
  return rate > 0 ? (gint64) ((samples * SECOND + rate / 2) / rate) : 0;
}

gboolean
gst_arcly_ts_adts_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error)
{
  GstArclyAdtsHeader header;
  guint64 samples = 0;
  gsize done = 0;

  *duration = 0;
  if (!gst_arcly_adts_header_parse (data, size, &header, error))
    return FALSE;
  while (done < size) {
    GstArclyAdtsHeader next;

    if (!gst_arcly_adts_header_parse (data + done, size - done, &next, NULL) ||
        next.frame_size > size - done || next.rate != header.rate)
      return TRUE;
    done += next.frame_size;
    samples += 1024 * next.n_blocks;
  }
  *duration = samples_to_ns (samples, header.rate);
  return TRUE;
}

gboolean
gst_arcly_ts_mpeg_audio_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error)
{
  GstArclyMpegAudioHeader header;
  guint64 samples = 0;
  gsize done = 0;

  *duration = 0;
  if (!gst_arcly_mpeg_audio_header_parse (data, size, &header, error))
    return FALSE;
  while (done < size) {
    GstArclyMpegAudioHeader next;

    if (!gst_arcly_mpeg_audio_header_parse (
            data + done, size - done, &next, NULL) ||
        next.frame_size == 0 || next.frame_size > size - done ||
        next.rate != header.rate)
      return TRUE;
    done += next.frame_size;
    samples += next.frame_samples;
  }
  *duration = samples_to_ns (samples, header.rate);
  return TRUE;
}

/* A frame of E-AC-3 that belongs to one before it takes no time of its own. */
static guint
ac3_samples (const GstArclyAc3Header *header)
{
  gboolean belongs = header->enhanced &&
                     (header->stream_type == 1 || header->substream_id > 0);

  return belongs ? 0 : header->frame_samples;
}

gboolean
gst_arcly_ts_ac3_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error)
{
  GstArclyAc3Header header;
  guint64 samples = 0;
  gsize done = 0;

  *duration = 0;
  if (!gst_arcly_ac3_header_parse (data, size, &header, error))
    return FALSE;
  while (done < size) {
    GstArclyAc3Header next;

    if (!gst_arcly_ac3_header_parse (data + done, size - done, &next, NULL) ||
        next.frame_size == 0 || next.frame_size > size - done ||
        next.rate != header.rate)
      return TRUE;
    done += next.frame_size;
    samples += ac3_samples (&next);
  }
  *duration = samples_to_ns (samples, header.rate);
  return TRUE;
}

gboolean
gst_arcly_ts_opus_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error)
{
  guint samples = gst_arcly_opus_packet_samples (data, size);

  *duration = 0;
  if (samples == 0 || size > GST_ARCLY_TS_OPUS_MAX_SIZE)
    return fail (error, "Opus", size);
  *duration = samples_to_ns (samples, OPUS_RATE);
  return TRUE;
}

guint
gst_arcly_ts_opus_control_write (guint8 out[GST_ARCLY_TS_OPUS_CONTROL_MAX],
    gsize size, guint start_trim, guint end_trim)
{
  guint8 *p = out;

  *p++ = 0x7f;
  *p++ = 0xe0 | (start_trim > 0 ? 0x10 : 0) | (end_trim > 0 ? 0x08 : 0);
  for (; size >= 255; size -= 255)
    *p++ = 255;
  *p++ = size;
  if (start_trim > 0) {
    *p++ = start_trim >> 8 & 0x1f;
    *p++ = start_trim & 0xff;
  }
  if (end_trim > 0) {
    *p++ = end_trim >> 8 & 0x1f;
    *p++ = end_trim & 0xff;
  }
  return p - out;
}
