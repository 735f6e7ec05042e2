/* SPDX-License-Identifier: MIT */
#include "muxload.h"

#include <string.h>

#define FPS 30
#define KEY_EVERY 60
#define KEY_TIMES 6 /* a key frame is so many times as long */
#define AUDIO_RATE 48000
#define AUDIO_SAMPLES 1024
#define AUDIO_BYTES 341 /* 128 kbit/s */
#define ADTS_SIZE 7

static const guint8 sps[] = { 0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02,
  0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00,
  0xf0, 0x3c, 0x60, 0xc9, 0x20 };
static const guint8 pps[] = { 0x68, 0xcb, 0x83, 0xcb, 0x20 };
static const guint8 delimiter[] = { 9, 0xf0 };

/* A size by a factor of 0.7 to 1.3, always the same for the same index: equal
 * frames would all end at the same place in a packet. */
static gsize
vary (gsize mean, guint index)
{
  guint32 hash = (index + 1) * 2654435761u;

  return mean * 7 / 10 + (gsize) ((guint64) mean * 6 / 10 * (hash >> 8) >> 24);
}

static guint8 *
put_nal (guint8 *p, MuxForm form, const guint8 *nal, gsize head, gsize size)
{
  GST_WRITE_UINT32_BE (p, form == MUX_FORM_STREAM ? 1 : (guint32) size);
  memcpy (p + 4, nal, head);
  return p + 4 + size;
}

static GstBuffer *
make_picture (MuxForm form, guint index, gsize size, gboolean key)
{
  const guint8 slice[] = { key ? 0x65 : 0x41, key ? 0x88 : 0x9a };
  guint8 *data = g_malloc (size), *p = data;
  gsize i;

  /* No start codes, and no zeros to speed a search up. */
  for (i = 0; i < size; i++)
    data[i] = ((i + index * 7919) * 2654435761u >> 13) | 2;
  if (form == MUX_FORM_STREAM) {
    p = put_nal (p, form, delimiter, sizeof delimiter, sizeof delimiter);
    if (key) {
      p = put_nal (p, form, sps, sizeof sps, sizeof sps);
      p = put_nal (p, form, pps, sizeof pps, sizeof pps);
    }
  }
  put_nal (p, form, slice, sizeof slice, data + size - p - 4);
  return gst_buffer_new_wrapped (data, size);
}

static GstBuffer *
make_sound (MuxForm form, guint index)
{
  gsize head = form == MUX_FORM_STREAM ? ADTS_SIZE : 0;
  gsize size = vary (AUDIO_BYTES, index) + head;
  guint8 *data = g_malloc (size);

  memset (data, 0x55, size);
  if (head > 0) {
    /* ISO/IEC 14496-3, 1.A.3.2: AAC LC, 48 kHz, stereo. */
    memcpy (data, "\xff\xf1\x4c", 3);
    data[3] = 0x80 | size >> 11;
    data[4] = size >> 3 & 0xff;
    data[5] = (size & 7) << 5 | 0x1f;
    data[6] = 0xfc;
  }
  return gst_buffer_new_wrapped (data, size);
}

static void
add (MuxForm form, GPtrArray *buffers, GstBuffer *buffer, GstClockTime start,
    GstClockTime end, gboolean delta)
{
  if (form == MUX_FORM_RTMP)
    start -= start % GST_MSECOND;
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = end - start;
  if (delta)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  g_ptr_array_add (buffers, buffer);
}

void
mux_load_init (MuxLoad *load, MuxForm form, guint seconds, guint kbps)
{
  gsize mean = (gsize) kbps * 1000 / 8 / FPS;
  gsize delta = mean * KEY_EVERY / (KEY_EVERY - 1 + KEY_TIMES);
  guint i;

  load->video =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  load->audio =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  load->bytes = 0;
  for (i = 0; i < seconds * FPS; i++) {
    gboolean key = i % KEY_EVERY == 0;
    gsize size = vary (key ? delta * KEY_TIMES : delta, i);

    add (form, load->video, make_picture (form, i, size, key),
        gst_util_uint64_scale (i, GST_SECOND, FPS),
        gst_util_uint64_scale (i + 1, GST_SECOND, FPS), !key);
    load->bytes += size;
  }
  for (i = 0; i < seconds * AUDIO_RATE / AUDIO_SAMPLES; i++) {
    add (form, load->audio, make_sound (form, i),
        gst_util_uint64_scale (i * AUDIO_SAMPLES, GST_SECOND, AUDIO_RATE),
        gst_util_uint64_scale ((i + 1) * AUDIO_SAMPLES, GST_SECOND, AUDIO_RATE),
        FALSE);
    load->bytes += vary (AUDIO_BYTES, i);
  }
  load->video_caps =
      form == MUX_FORM_STREAM
          ? "video/x-h264, stream-format=byte-stream, alignment=au, "
            "width=1920, height=1080, framerate=30/1, "
            "profile=constrained-baseline, level=(string)4"
          : "video/x-h264, stream-format=avc, alignment=au, "
            "width=1920, height=1080, framerate=30/1, "
            "profile=constrained-baseline, level=(string)4, "
            "codec_data=(buffer)0142c028ffe1001a6742c028d900780227e5c0440000"
            "03000400000300f03c60c92001000568cb83cb20";
  load->audio_caps =
      form == MUX_FORM_STREAM
          ? "audio/mpeg, mpegversion=4, stream-format=adts, framed=true, "
            "rate=48000, channels=2, base-profile=lc"
          : "audio/mpeg, mpegversion=4, stream-format=raw, framed=true, "
            "rate=48000, channels=2, base-profile=lc, codec_data=(buffer)1190";
}

void
mux_load_clear (MuxLoad *load)
{
  g_ptr_array_unref (load->video);
  g_ptr_array_unref (load->audio);
}
