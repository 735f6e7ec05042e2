/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
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

typedef struct {
  gsize size;
  guint rate;
  guint samples; /* 0 if it belongs to a frame before it */
} Ac3Frame;

/* 4.4.1.4, table 4.13: words of 16 bits. */
static gboolean
read_ac3 (const guint8 *p, Ac3Frame *frame)
{
  static const guint16 kbps[] = { 32, 40, 48, 56, 64, 80, 96, 112, 128, 160,
    192, 224, 256, 320, 384, 448, 512, 576, 640 };
  static const guint rates[] = { 48000, 44100, 32000 };
  guint code = p[4] & 0x3f;

  if (p[4] >> 6 == 3 || code / 2 >= G_N_ELEMENTS (kbps))
    return FALSE;
  frame->rate = rates[p[4] >> 6];
  frame->samples = 1536;
  frame->size = 2 * (kbps[code / 2] * 96000u / frame->rate);
  if (frame->rate == 44100)
    frame->size += 2 * (code & 1);
  return TRUE;
}

/* E.1.2.2 and E.1.3.1. */
static gboolean
read_eac3 (const guint8 *p, Ac3Frame *frame)
{
  static const guint rates[] = { 48000, 44100, 32000 };
  static const guint blocks[] = { 1, 2, 3, 6 };
  guint stream_type = p[2] >> 6, substream = p[2] >> 3 & 7;
  guint code = p[4] >> 4 & 3, n_blocks;

  if (stream_type == 3)
    return FALSE;
  if (p[4] >> 6 == 3) {
    if (code == 3)
      return FALSE;
    frame->rate = rates[code] / 2;
    n_blocks = 6;
  } else {
    frame->rate = rates[p[4] >> 6];
    n_blocks = blocks[code];
  }
  frame->size = 2 * (((p[2] & 7u) << 8 | p[3]) + 1);
  frame->samples = stream_type == 1 || substream > 0 ? 0 : 256 * n_blocks;
  return TRUE;
}

gboolean
gst_arcly_ts_ac3_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error)
{
  guint64 samples = 0;
  gsize done = 0;
  guint rate = 0;

  *duration = 0;
  while (done < size) {
    const guint8 *p = data + done;
    Ac3Frame frame = { 0 };

    /* bsid up to 8 is AC-3, 11 to 16 is E-AC-3. */
    if (size - done < 6 || p[0] != 0x0b || p[1] != 0x77 || p[5] >> 3 > 16 ||
        !(p[5] >> 3 > 10 ? read_eac3 (p, &frame) : read_ac3 (p, &frame)) ||
        frame.size > size - done || (rate > 0 && frame.rate != rate))
      return done > 0 ? TRUE : fail (error, "AC-3", size);
    rate = frame.rate;
    samples += frame.samples;
    done += frame.size;
  }
  if (done == 0)
    return fail (error, "AC-3", size);
  *duration = samples_to_ns (samples, rate);
  return TRUE;
}

/* Table 2 and 3.2. */
gboolean
gst_arcly_ts_opus_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error)
{
  static const guint16 silk[] = { 480, 960, 1920, 2880 };
  guint config, samples, n = 0;

  *duration = 0;
  if (size == 0 || size > GST_ARCLY_TS_OPUS_MAX_SIZE)
    return fail (error, "Opus", size);
  config = data[0] >> 3;
  samples = config < 12   ? silk[config & 3]
            : config < 16 ? 480u << (config & 1)
                          : 120u << (config & 3);
  switch (data[0] & 3) {
    case 0:
      n = 1;
      break;
    case 3:
      n = size > 1 ? data[1] & 0x3f : 0;
      break;
    default:
      n = 2;
      break;
  }
  /* R5: 120 ms at most, and not nothing. */
  if (n == 0 || n * samples > OPUS_RATE * 120 / 1000)
    return fail (error, "Opus", size);
  *duration = samples_to_ns (n * samples, OPUS_RATE);
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
