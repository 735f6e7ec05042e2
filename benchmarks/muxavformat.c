/* SPDX-License-Identifier: MIT */
#include "muxavformat.h"

#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#define OUT_SIZE (64 * 1024)

static void
check (int result, const gchar *what)
{
  if (result >= 0)
    return;
  g_printerr ("libavformat: %s: %s\n", what, av_err2str (result));
  exit (1);
}

static int
count (void *data, uint8_t *bytes, int size)
{
  MuxAvOut *out = data;

  out->bytes += size;
  out->buffers++;
  return size;
}

static AVStream *
add_stream (AVFormatContext *context, const gchar *caps_string,
    enum AVMediaType type, enum AVCodecID codec)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_string);
  const GValue *value =
      gst_structure_get_value (gst_caps_get_structure (caps, 0), "codec_data");
  AVStream *stream = avformat_new_stream (context, NULL);
  AVCodecParameters *codecpar = stream->codecpar;

  codecpar->codec_type = type;
  codecpar->codec_id = codec;
  if (type == AVMEDIA_TYPE_VIDEO) {
    codecpar->width = 1920;
    codecpar->height = 1080;
  } else {
    codecpar->sample_rate = 48000;
    codecpar->frame_size = 1024;
    codecpar->profile = FF_PROFILE_AAC_LOW;
    av_channel_layout_default (&codecpar->ch_layout, 2);
  }
  stream->time_base = (AVRational){ 1, 90000 };
  if (value) {
    GstBuffer *buffer = gst_value_get_buffer (value);
    gsize size = gst_buffer_get_size (buffer);

    codecpar->extradata = av_mallocz (size + AV_INPUT_BUFFER_PADDING_SIZE);
    codecpar->extradata_size = size;
    gst_buffer_extract (buffer, 0, codecpar->extradata, size);
  }
  return stream;
}

/* The memory stays the load's. */
static void
keep (void *data, uint8_t *bytes)
{
}

static void
write_buffer (AVFormatContext *context, AVPacket *packet,
    const AVStream *stream, GstBuffer *buffer)
{
  const AVRational ns = { 1, 1000000000 };
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  packet->buf = av_buffer_create (
      map.data, map.size, keep, NULL, AV_BUFFER_FLAG_READONLY);
  packet->data = map.data;
  packet->size = map.size;
  packet->stream_index = stream->index;
  packet->pts = av_rescale_q (GST_BUFFER_PTS (buffer), ns, stream->time_base);
  packet->dts = av_rescale_q (GST_BUFFER_DTS (buffer), ns, stream->time_base);
  packet->duration =
      av_rescale_q (GST_BUFFER_DURATION (buffer), ns, stream->time_base);
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    packet->flags |= AV_PKT_FLAG_KEY;
  check (av_write_frame (context, packet), "write");
  av_packet_unref (packet);
  gst_buffer_unmap (buffer, &map);
}

static void
write_all (AVFormatContext *context, const MuxLoad *load)
{
  AVPacket *packet = av_packet_alloc ();
  guint v = 0, a = 0;

  while (v < load->video->len || a < load->audio->len) {
    GstBuffer *vb =
        v < load->video->len ? g_ptr_array_index (load->video, v) : NULL;
    GstBuffer *ab =
        a < load->audio->len ? g_ptr_array_index (load->audio, a) : NULL;
    gboolean is_video =
        vb && (!ab || GST_BUFFER_PTS (vb) <= GST_BUFFER_PTS (ab));

    write_buffer (
        context, packet, context->streams[!is_video], is_video ? vb : ab);
    v += is_video;
    a += !is_video;
  }
  av_packet_free (&packet);
}

void
mux_avformat_run (const gchar *name, const MuxLoad *load, MuxAvOut *out)
{
  AVFormatContext *context = NULL;
  AVDictionary *options = NULL;

  *out = (MuxAvOut){ 0 };
  check (avformat_alloc_output_context2 (&context, NULL, name, NULL), name);
  context->pb = avio_alloc_context (
      av_malloc (OUT_SIZE), OUT_SIZE, 1, out, NULL, count, NULL);
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  /* As the ffmpeg program sets it for MPEG-TS. */
  context->max_delay = 700000;
  add_stream (context, load->video_caps, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264);
  add_stream (context, load->audio_caps, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC);
  if (g_str_equal (name, "mp4"))
    av_dict_set (
        &options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0);
  check (avformat_write_header (context, &options), "header");
  av_dict_free (&options);
  write_all (context, load);
  check (av_write_trailer (context), "trailer");
  av_freep (&context->pb->buffer);
  avio_context_free (&context->pb);
  avformat_free_context (context);
}
