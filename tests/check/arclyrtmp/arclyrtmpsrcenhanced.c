/* SPDX-License-Identifier: MIT
 *
 * What comes out of arclyrtmpsrc for what enhanced RTMP carries: codecs,
 * colour, tracks, nanoseconds. */
#include "testsrc.h"

#include "rtmp/flvenhanced.h"
#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"

#define DISCONT GST_BUFFER_FLAG_DISCONT
#define DELTA GST_BUFFER_FLAG_DELTA_UNIT
#define VIDEO GST_ARCLY_FLV_EX_VIDEO
#define AUDIO GST_ARCLY_FLV_EX_AUDIO
#define START GST_ARCLY_FLV_EX_SEQUENCE_START
#define FRAMES GST_ARCLY_FLV_EX_CODED_FRAMES

/* Sequence headers and frames as GStreamer's encoders make them. */
static const guint8 hvcc[] = { 1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0x3c,
  0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 0 };
static const guint8 av1c[] = { 0x81, 0x00, 0x0c, 0x00 };
/* With what tells the size. */
static const guint8 hvcc_1080[] = { 0x01, 0x01, 0x60, 0x00, 0x00, 0x00, 0x90,
  0x00, 0x00, 0x00, 0x00, 0x00, 0x78, 0xf0, 0x00, 0xfc, 0xfd, 0xf8, 0xf8, 0x00,
  0x00, 0x0f, 0x03, 0xa0, 0x00, 0x01, 0x00, 0x18, 0x40, 0x01, 0x0c, 0x01, 0xff,
  0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
  0x03, 0x00, 0x78, 0x95, 0x94, 0x09, 0xa1, 0x00, 0x01, 0x00, 0x37, 0x42, 0x01,
  0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
  0x03, 0x00, 0x78, 0xa0, 0x03, 0xc0, 0x80, 0x10, 0xe5, 0x96, 0x56, 0x59, 0x24,
  0xe5, 0x78, 0x0b, 0x50, 0x10, 0x10, 0x10, 0x40, 0x00, 0x00, 0xfa, 0x40, 0x00,
  0x1d, 0x4c, 0x18, 0x49, 0x25, 0x9b, 0x80, 0x03, 0xd0, 0x90, 0x00, 0x7a, 0x12,
  0x20, 0xa2, 0x00, 0x01, 0x00, 0x07, 0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62,
  0x40 };
static const guint8 av1c_obu[] = { 0x81, 0x00, 0x0c, 0x00, 0x0a, 0x0b, 0x00,
  0x00, 0x00, 0x04, 0x45, 0x7e, 0x3e, 0x6d, 0x7c, 0x80, 0x20 };
static const guint8 vpcc[] = { 0, 10, 0x82, 2, 2, 2, 0, 0 };
static const guint8 opus_head[] = { 'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1,
  2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0 };
static const guint8 flac_header[] = { 'f', 'L', 'a', 'C', 0x80, 0, 0, 0x22,
  0x12, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
static const guint8 vp8_key[] = { 0x50, 0x17, 0x00, 0x9d, 0x01, 0x2a, 0x40,
  0x00, 0x30, 0x00, 0x00 };
static const guint8 vp9_key[] = { 0x82, 0x49, 0x83, 0x42, 0x20, 0x03, 0xf0,
  0x02, 0xf6, 0x08 };
static const guint8 opus_20ms[] = { 0xfc, 1, 2, 3 };
static const guint8 ac3[] = { 0x0b, 0x77, 0xbc, 0xd9, 0x4c, 0x40, 0x2f, 0x84 };
static const guint8 eac3[] = { 0x0b, 0x77, 0x00, 0xcf, 0x72, 0x87, 0xc0, 0 };
static const guint8 frame[] = "frame";

typedef struct {
  const gchar *name;
  GstArclyFlvExKind kind;
  guint32 fourcc;
  const guint8 *header;
  gsize header_size;
  const guint8 *frame;
  gsize frame_size;
  const gchar *caps;
  gboolean codec_data;
  GstClockTime duration;
} Row;

#define BYTES(array) array, sizeof (array)
#define NONE NULL, 0

static const Row rows[] = {
  { "H.265", VIDEO, GST_ARCLY_FOURCC_HEVC, BYTES (hvcc), BYTES (frame),
      "video/x-h265, stream-format=hvc1, alignment=au, profile=main, "
      "level=(string)2",
      TRUE, GST_CLOCK_TIME_NONE },
  { "H.265 with its SPS", VIDEO, GST_ARCLY_FOURCC_HEVC, BYTES (hvcc_1080),
      BYTES (frame),
      "video/x-h265, width=1920, height=1080, "
      "framerate=30000/1001",
      TRUE, 33366666 },
  { "AV1 with its OBU", VIDEO, GST_ARCLY_FOURCC_AV1, BYTES (av1c_obu),
      BYTES (frame), "video/x-av1, width=352, height=288", TRUE,
      GST_CLOCK_TIME_NONE },
  { "AV1", VIDEO, GST_ARCLY_FOURCC_AV1, BYTES (av1c), BYTES (frame),
      "video/x-av1, stream-format=obu-stream, alignment=tu, profile=main", TRUE,
      GST_CLOCK_TIME_NONE },
  { "VP9", VIDEO, GST_ARCLY_FOURCC_VP9, BYTES (vpcc), BYTES (vp9_key),
      "video/x-vp9", FALSE, GST_CLOCK_TIME_NONE },
  { "VP9 without header", VIDEO, GST_ARCLY_FOURCC_VP9, NONE, BYTES (vp9_key),
      "video/x-vp9, profile=(string)0, width=64, height=48", FALSE,
      GST_CLOCK_TIME_NONE },
  { "VP8", VIDEO, GST_ARCLY_FOURCC_VP8, NONE, BYTES (vp8_key),
      "video/x-vp8, width=64, height=48", FALSE, GST_CLOCK_TIME_NONE },
  { "Opus", AUDIO, GST_ARCLY_FOURCC_OPUS, BYTES (opus_head), BYTES (opus_20ms),
      "audio/x-opus, rate=48000, channels=2, channel-mapping-family=0", FALSE,
      20 * GST_MSECOND },
  { "Opus without header", AUDIO, GST_ARCLY_FOURCC_OPUS, NONE,
      BYTES (opus_20ms), "audio/x-opus, channels=2", FALSE, 20 * GST_MSECOND },
  { "FLAC", AUDIO, GST_ARCLY_FOURCC_FLAC, BYTES (flac_header), BYTES (frame),
      "audio/x-flac, framed=true, rate=44100, channels=2", FALSE,
      4608 * GST_SECOND / 44100 },
  { "AC-3", AUDIO, GST_ARCLY_FOURCC_AC3, NONE, BYTES (ac3),
      "audio/x-ac3, framed=true, rate=44100, channels=1", FALSE,
      1536 * GST_SECOND / 44100 },
  { "E-AC-3", AUDIO, GST_ARCLY_FOURCC_EAC3, NONE, BYTES (eac3),
      "audio/x-eac3, framed=true, rate=44100, channels=1", FALSE,
      1536 * GST_SECOND / 44100 },
  { "MP3", AUDIO, GST_ARCLY_FOURCC_MP3, NONE, test_mp3, sizeof test_mp3,
      "audio/mpeg, mpegversion=1, layer=3, rate=44100", FALSE,
      1152 * GST_SECOND / 44100 },
  { "AAC", AUDIO, GST_ARCLY_FOURCC_AAC, test_asc, sizeof test_asc,
      BYTES (frame), "audio/mpeg, mpegversion=4, stream-format=raw, rate=44100",
      TRUE, 1024 * GST_SECOND / 44100 },
  { "H.264", VIDEO, GST_ARCLY_FOURCC_AVC, test_avc_240, 0, BYTES (frame),
      "video/x-h264, stream-format=avc, width=320, height=240", TRUE,
      40 * GST_MSECOND },
};

static void
send (RtmpPeer *peer, guint32 timestamp, const GstArclyFlvEx *message,
    const GstArclyFlvExSource *sources, guint n)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  gst_arcly_flv_ex_write (out, message, sources, n);
  fail_unless (rtmp_peer_send_message (peer,
      message->kind == VIDEO ? GST_ARCLY_RTMP_VIDEO_MESSAGE
                             : GST_ARCLY_RTMP_AUDIO_MESSAGE,
      timestamp, out->data, out->len));
}

static void
send_plain (RtmpPeer *peer, guint32 timestamp, GstArclyFlvExKind kind,
    GstArclyFlvExPacket packet, guint32 fourcc, const guint8 *data, gsize size)
{
  const GstArclyFlvEx message = { kind, packet, GST_ARCLY_FLV_EX_PLAIN,
    kind == VIDEO ? GST_ARCLY_FLV_FRAME_KEY : 0 };
  const GstArclyFlvExSource source = { fourcc, 0, 0, data, size };

  send (peer, timestamp, &message, &source, 1);
}

static void
start (TestSrc *t, RtmpPeer **peer)
{
  test_src_start (t, "arclyrtmpsrc", GST_STATE_PLAYING);
  *peer = test_src_publish (t);
}

/* Each codec gets the caps that GStreamer has for it, and its frames come out
 * as they were sent. */
GST_START_TEST (test_codecs)
{
  const Row *row = &rows[__i__];
  TestTrack track = row->kind == VIDEO ? TEST_VIDEO : TEST_AUDIO;
  /* A table cannot hold the size of another file's array. */
  gsize header_size =
      row->header == test_avc_240 ? test_avc_240_size : row->header_size;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  TestSrc t;

  start (&t, &peer);
  /* Names the other track, so that this one need not wait for it. */
  test_peer_metadata (peer, row->kind == VIDEO ? row->fourcc : 0,
      row->kind == AUDIO ? row->fourcc : 0);
  if (row->header)
    send_plain (
        peer, 0, row->kind, START, row->fourcc, row->header, header_size);
  send_plain (
      peer, 0, row->kind, FRAMES, row->fourcc, row->frame, row->frame_size);
  test_src_wait_pads (&t, 1);
  test_src_expect_event (&t, track, GST_EVENT_STREAM_START);
  test_src_expect_caps (
      &t, track, row->caps, row->codec_data ? row->header : NULL, header_size);
  buffer = test_src_next_buffer (&t, track);
  fail_unless_equals_int (gst_buffer_get_size (buffer), row->frame_size);
  fail_unless_equals_int (
      gst_buffer_memcmp (buffer, 0, row->frame, row->frame_size), 0);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer), row->duration);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "ignored"), 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* flacdec reads the STREAMINFO from "streamheader". */
GST_START_TEST (test_flac_streamheader)
{
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstEvent) event = NULL;
  const GValue *headers = NULL;
  GstBuffer *info = NULL;
  GstCaps *caps = NULL;
  TestSrc t;

  start (&t, &peer);
  test_peer_metadata (peer, 0, GST_ARCLY_FOURCC_FLAC);
  send_plain (peer, 0, AUDIO, START, GST_ARCLY_FOURCC_FLAC, flac_header,
      sizeof flac_header);
  send_plain (
      peer, 0, AUDIO, FRAMES, GST_ARCLY_FOURCC_FLAC, frame, sizeof frame);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_STREAM_START);
  event = test_src_next_event (&t, TEST_AUDIO, GST_EVENT_CAPS);
  gst_event_parse_caps (event, &caps);
  headers = gst_structure_get_value (
      gst_caps_get_structure (caps, 0), "streamheader");
  fail_unless (headers != NULL && gst_value_array_get_size (headers) == 2);
  info = gst_value_get_buffer (gst_value_array_get_value (headers, 0));
  fail_unless_equals_int (gst_buffer_get_size (info), 9 + sizeof flac_header);
  fail_unless_equals_int (
      gst_buffer_memcmp (info, 9 + 8, flac_header + 8, sizeof flac_header - 8),
      0);
  test_src_stop (&t);
}
GST_END_TEST;

/* H.265: composition times, and frames that say they have none. */
GST_START_TEST (test_composition_times)
{
  const GstArclyFlvEx late = { VIDEO, FRAMES, GST_ARCLY_FLV_EX_PLAIN,
    GST_ARCLY_FLV_FRAME_KEY };
  const GstArclyFlvEx none = { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES_X,
    GST_ARCLY_FLV_EX_PLAIN, GST_ARCLY_FLV_FRAME_INTER };
  GstArclyFlvExSource source = { GST_ARCLY_FOURCC_HEVC, 0, 80, frame, 5 };
  g_autoptr (RtmpPeer) peer = NULL;
  TestSrc t;

  start (&t, &peer);
  test_peer_metadata (peer, GST_ARCLY_FOURCC_HEVC, 0);
  send_plain (peer, 0, VIDEO, START, GST_ARCLY_FOURCC_HEVC, hvcc, sizeof hvcc);
  send (peer, 0, &late, &source, 1);
  send (peer, 40, &none, &source, 1);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 80, DISCONT);
  test_src_expect_frame (&t, TEST_VIDEO, 40, 40, DELTA);
  test_src_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_nanoseconds)
{
  const GstArclyFlvEx video = { VIDEO, FRAMES, GST_ARCLY_FLV_EX_PLAIN,
    GST_ARCLY_FLV_FRAME_KEY, 0, 333333 };
  const GstArclyFlvEx audio = { AUDIO, FRAMES, GST_ARCLY_FLV_EX_PLAIN, 0, 0,
    999999 };
  const GstArclyFlvExSource av1 = { GST_ARCLY_FOURCC_AV1, 0, 0, frame, 5 };
  const GstArclyFlvExSource opus = { GST_ARCLY_FOURCC_OPUS, 0, 0, opus_20ms,
    4 };
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstBuffer) picture = NULL, sound = NULL;
  TestSrc t;

  start (&t, &peer);
  send_plain (peer, 0, VIDEO, START, av1.fourcc, av1c, sizeof av1c);
  send (peer, 0, &video, &av1, 1);
  send (peer, 0, &audio, &opus, 1);
  picture = test_src_next_buffer (&t, TEST_VIDEO);
  fail_unless_equals_uint64 (GST_BUFFER_DTS (picture), 0);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (picture), 333333);
  sound = test_src_next_buffer (&t, TEST_AUDIO);
  fail_unless_equals_uint64 (GST_BUFFER_DTS (sound), 999999);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (sound), 999999);
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- colour ---- */

static void
add_numbers (
    GstArclyAmfValue *object, const gchar *const *names, const gdouble *numbers)
{
  for (; *names; names++, numbers++)
    gst_arcly_amf_value_add_number (object, *names, *numbers);
}

/* PQ in BT.2020, as a grading monitor has it. */
static void
send_color (RtmpPeer *peer, gboolean undefined)
{
  static const gchar *const config_names[] = { "bitDepth", "colorPrimaries",
    "transferCharacteristics", "matrixCoefficients", NULL };
  static const gdouble config_numbers[] = { 10, 9, 16, 9 };
  static const gchar *const cll_names[] = { "maxFall", "maxCLL", NULL };
  static const gdouble cll_numbers[] = { 400, 1000 };
  static const gchar *const mdcv_names[] = { "redX", "redY", "greenX", "greenY",
    "blueX", "blueY", "whitePointX", "whitePointY", "maxLuminance",
    "minLuminance", NULL };
  static const gdouble mdcv_numbers[] = { 0.68, 0.32, 0.265, 0.69, 0.15, 0.06,
    0.3127, 0.329, 1000, 0.0001 };
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) info = gst_arcly_amf_value_new (
      undefined ? GST_ARCLY_AMF_UNDEFINED : GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *config = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *cll = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *mdcv = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  add_numbers (config, config_names, config_numbers);
  add_numbers (cll, cll_names, cll_numbers);
  add_numbers (mdcv, mdcv_names, mdcv_numbers);
  if (undefined) {
    gst_arcly_amf_value_free (config);
    gst_arcly_amf_value_free (cll);
    gst_arcly_amf_value_free (mdcv);
  } else {
    gst_arcly_amf_value_add (info, "colorConfig", config);
    gst_arcly_amf_value_add (info, "hdrCll", cll);
    gst_arcly_amf_value_add (info, "hdrMdcv", mdcv);
  }
  gst_arcly_amf_write_string ("colorInfo", body);
  gst_arcly_amf_value_write (info, body);
  send_plain (peer, 0, VIDEO, GST_ARCLY_FLV_EX_METADATA, GST_ARCLY_FOURCC_AV1,
      body->data, body->len);
}

#define HDR                                                                    \
  "video/x-av1, colorimetry=bt2100-pq, bit-depth-luma=(uint)10, "              \
  "content-light-level=(string)1000:400, mastering-display-info=(string)"      \
  "34000:16000:13250:34500:7500:3000:15635:16450:10000000:1"

/* HDR metadata are part of the caps from the frame on that follows. */
GST_START_TEST (test_color)
{
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstEvent) event = NULL;
  GstCaps *caps = NULL;
  TestSrc t;

  start (&t, &peer);
  test_peer_metadata (peer, GST_ARCLY_FOURCC_AV1, 0);
  send_color (peer, FALSE);
  send_plain (peer, 0, VIDEO, START, GST_ARCLY_FOURCC_AV1, av1c, sizeof av1c);
  send_plain (
      peer, 0, VIDEO, FRAMES, GST_ARCLY_FOURCC_AV1, frame, sizeof frame);
  send_color (peer, TRUE);
  send_plain (
      peer, 40, VIDEO, FRAMES, GST_ARCLY_FOURCC_AV1, frame, sizeof frame);

  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_STREAM_START);
  test_src_expect_caps (&t, TEST_VIDEO, HDR, av1c, sizeof av1c);
  gst_buffer_unref (test_src_next_buffer (&t, TEST_VIDEO));
  event = test_src_next_event (&t, TEST_VIDEO, GST_EVENT_CAPS);
  gst_event_parse_caps (event, &caps);
  fail_if (gst_structure_has_field (
      gst_caps_get_structure (caps, 0), "mastering-display-info"));
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- tracks ---- */

/* A ladder of two pictures of different codecs in one message, and two
 * languages. */
GST_START_TEST (test_multitrack)
{
  const GstArclyFlvEx pictures = { VIDEO, FRAMES,
    GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS, GST_ARCLY_FLV_FRAME_KEY };
  const GstArclyFlvEx headers = { VIDEO, START,
    GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS, GST_ARCLY_FLV_FRAME_KEY };
  const GstArclyFlvEx sounds = { AUDIO, FRAMES, GST_ARCLY_FLV_EX_MANY_TRACKS };
  const GstArclyFlvEx one = { AUDIO, START, GST_ARCLY_FLV_EX_ONE_TRACK };
  const GstArclyFlvExSource header_sources[] = {
    { GST_ARCLY_FOURCC_HEVC, 0, 0, hvcc, sizeof hvcc },
    { GST_ARCLY_FOURCC_AV1, 1, 0, av1c, sizeof av1c },
  };
  const GstArclyFlvExSource picture_sources[] = {
    { GST_ARCLY_FOURCC_HEVC, 0, 40, frame, 5 },
    { GST_ARCLY_FOURCC_AV1, 1, 0, frame, 4 },
  };
  const GstArclyFlvExSource sound_sources[] = {
    { GST_ARCLY_FOURCC_OPUS, 0, 0, opus_20ms, 4 },
    { GST_ARCLY_FOURCC_OPUS, 1, 0, opus_20ms, 3 },
  };
  const GstArclyFlvExSource opus = { GST_ARCLY_FOURCC_OPUS, 1, 0, opus_head,
    sizeof opus_head };
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstBuffer) sound = NULL;
  TestSrc t;

  start (&t, &peer);
  send (peer, 0, &headers, header_sources, 2);
  send (peer, 0, &one, &opus, 1);
  send (peer, 0, &sounds, sound_sources, 2);
  send (peer, 0, &pictures, picture_sources, 2);
  test_src_wait_pads (&t, 4);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_STREAM_START);
  test_src_expect_event (&t, TEST_VIDEO_1, GST_EVENT_STREAM_START);
  test_src_expect_caps (&t, TEST_VIDEO, "video/x-h265", hvcc, sizeof hvcc);
  test_src_expect_caps (&t, TEST_VIDEO_1, "video/x-av1", av1c, sizeof av1c);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 40, DISCONT);
  test_src_expect_frame (&t, TEST_VIDEO_1, 0, 0, DISCONT);
  test_src_expect_frame (&t, TEST_AUDIO, 0, 0, DISCONT);
  sound = test_src_next_buffer (&t, TEST_AUDIO_1);
  fail_unless_equals_int (gst_buffer_get_size (sound), 3);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "video-frames"), 2);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "audio-frames"), 2);
  test_src_stop (&t);
}
GST_END_TEST;

/* A track that the metadata announces is waited for; one that it does not gets
 * its pad when it comes. */
GST_START_TEST (test_announced_track)
{
  GstArclyFlvEx second = { VIDEO, START, GST_ARCLY_FLV_EX_ONE_TRACK,
    GST_ARCLY_FLV_FRAME_KEY };
  const GstArclyFlvExSource source = { GST_ARCLY_FOURCC_AV1, 1, 0, av1c,
    sizeof av1c };
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) values =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *map = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *track = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (RtmpPeer) peer = NULL;
  TestSrc t;

  gst_arcly_amf_value_add_number (track, "width", 640);
  gst_arcly_amf_value_add_number (track, "height", 360);
  gst_arcly_amf_value_add (map, "1", track);
  gst_arcly_amf_value_add (values, "videoTrackIdInfoMap", map);
  gst_arcly_amf_value_add_string (values, "videocodecid", "av01");
  gst_arcly_amf_write_string ("onMetaData", body);
  gst_arcly_amf_value_write (values, body);

  start (&t, &peer);
  fail_unless (rtmp_peer_send_message (
      peer, GST_ARCLY_RTMP_DATA_AMF0, 0, body->data, body->len));
  send_plain (peer, 0, VIDEO, START, GST_ARCLY_FOURCC_AV1, av1c, sizeof av1c);
  send_plain (
      peer, 0, VIDEO, FRAMES, GST_ARCLY_FOURCC_AV1, frame, sizeof frame);
  send (peer, 0, &second, &source, 1);
  second.packet = FRAMES;
  send (peer, 0, &second, &source, 1);
  test_src_wait_pads (&t, 2);
  test_src_expect_event (&t, TEST_VIDEO_1, GST_EVENT_STREAM_START);
  test_src_expect_caps (&t, TEST_VIDEO_1, "video/x-av1, width=640, height=360",
      av1c, sizeof av1c);
  test_src_expect_frame (&t, TEST_VIDEO_1, 0, 0, DISCONT);
  test_src_stop (&t);
}
GST_END_TEST;

/* Data between the frames stays between them, on each pad. */
GST_START_TEST (test_data)
{
  static const gchar expected[] =
      "[<{'text': <'hello'>, 'language': <@mv nothing>}>, <[<1.0>, <true>]>]";
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) object =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstArclyAmfValue) array =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  g_autoptr (RtmpPeer) peer = NULL;
  g_autofree gchar *text = NULL;
  const GstStructure *structure = NULL;
  const GValue *arguments = NULL;
  TestTrack track;
  TestSrc t;

  gst_arcly_amf_value_add_string (object, "text", "hello");
  gst_arcly_amf_value_add (
      object, "language", gst_arcly_amf_value_new (GST_ARCLY_AMF_NULL));
  gst_arcly_amf_value_add (array, NULL, gst_arcly_amf_value_new_number (1));
  gst_arcly_amf_value_add (array, NULL, gst_arcly_amf_value_new_boolean (TRUE));
  gst_arcly_amf_write_string ("onTextData", body);
  gst_arcly_amf_value_write (object, body);
  gst_arcly_amf_value_write (array, body);

  start (&t, &peer);
  test_peer_start (peer);
  test_peer_aac (peer, 0);
  fail_unless (rtmp_peer_send_message (
      peer, GST_ARCLY_RTMP_DATA_AMF0, 7, body->data, body->len));
  test_peer_avc (peer, 40, 0, FALSE);
  test_peer_aac (peer, 40);
  for (track = TEST_VIDEO; track <= TEST_AUDIO; track++) {
    g_autoptr (GstEvent) event = NULL;
    gint64 timestamp = 0;

    test_src_expect_frame (&t, track, 0, 0, DISCONT);
    event = test_src_next_event (&t, track, GST_EVENT_CUSTOM_DOWNSTREAM);
    structure = gst_event_get_structure (event);
    fail_unless (gst_structure_has_name (structure, "arcly-rtmp-data"));
    fail_unless_equals_string (
        gst_structure_get_string (structure, "name"), "onTextData");
    fail_unless (gst_structure_get_int64 (structure, "timestamp", &timestamp));
    fail_unless_equals_int64 (timestamp, 7);
    arguments = gst_structure_get_value (structure, "arguments");
    g_free (text);
    text = g_variant_print (g_value_get_variant (arguments), FALSE);
    fail_unless_equals_string (text, expected);
    test_src_expect_frame (&t, track, 40, 40, track == TEST_VIDEO ? DELTA : 0);
  }
  test_src_stop (&t);
}
GST_END_TEST;

/* What cannot be used is told, with its name, and harms nothing else. */
GST_START_TEST (test_left_out)
{
  const GstArclyFlvEx far = { AUDIO, FRAMES, GST_ARCLY_FLV_EX_ONE_TRACK };
  const GstArclyFlvExSource source = { GST_ARCLY_FOURCC_OPUS, 16, 0, opus_20ms,
    4 };
  g_autoptr (RtmpPeer) peer = NULL;
  TestSrc t;

  start (&t, &peer);
  send_plain (peer, 0, VIDEO, FRAMES, GST_ARCLY_FOURCC ('v', 'v', 'c', '1'),
      frame, sizeof frame);
  test_src_expect_text (&t, GST_MESSAGE_WARNING, "\"vvc1\"");
  send (peer, 0, &far, &source, 1);
  send_plain (peer, 0, AUDIO, FRAMES, GST_ARCLY_FOURCC_OPUS, opus_20ms,
      sizeof opus_20ms);
  test_src_expect_frame (&t, TEST_AUDIO, 0, 0, DISCONT);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "ignored"), 2);
  send_plain (peer, 0, VIDEO, GST_ARCLY_FLV_EX_MPEG2TS_SEQUENCE_START,
      GST_ARCLY_FOURCC_AV1, av1c, sizeof av1c);
  send_plain (peer, 20, AUDIO, FRAMES, GST_ARCLY_FOURCC_OPUS, opus_20ms,
      sizeof opus_20ms);
  test_src_expect_frame (&t, TEST_AUDIO, 20, 20, 0);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "ignored"), 3);
  test_src_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsrcenhanced_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsrcenhanced");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_codecs, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tcase, test_flac_streamheader);
  tcase_add_test (tcase, test_composition_times);
  tcase_add_test (tcase, test_nanoseconds);
  tcase_add_test (tcase, test_color);
  tcase_add_test (tcase, test_multitrack);
  tcase_add_test (tcase, test_announced_track);
  tcase_add_test (tcase, test_data);
  tcase_add_test (tcase, test_left_out);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsrcenhanced);
