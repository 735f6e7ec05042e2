/* SPDX-License-Identifier: MIT */
/**
 * SECTION:element-arclytsmux
 * @title: arclytsmux
 *
 * Muxes H.264, H.265, AAC, MPEG audio, AC-3 and Opus into an MPEG transport
 * stream that can be cut at each key frame. It takes what encoders,
 * depayloaders and demuxers give, without a parser in between, and one upstream
 * thread may feed all its pads: a track that stays silent is waited for inside
 * the element, up to #GstArclyMux:max-wait, and then the others go on without
 * it.
 *
 * What goes beside them has pads named data_%u: timed ID3, one tag a buffer,
 * and SCTE-35, one splice_info_section a buffer. Nobody waits for these.
 *
 * Each output buffer is a picture or some frames of sound in whole packets,
 * with their times. A buffer without the DELTA_UNIT flag is a place to cut: it
 * begins with PAT and PMT, and a decoder can start there.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=250 ! x264enc ! \
 *     arclytsmux name=mux ! filesink location=test.ts \
 *     audiotestsrc num-buffers=430 ! avenc_aac ! mux.
 * ]|
 * Writes ten seconds of test picture and tone, which any player plays.
 *
 * Since: 0.1
 */
#include "config.h"

#include "gstarclytsmuxprivate.h"

GST_DEBUG_CATEGORY (gst_arcly_ts_mux_debug);

#define DEFAULT_PAT_INTERVAL (400 * GST_MSECOND)
#define DEFAULT_PCR_INTERVAL (40 * GST_MSECOND)
#define DEFAULT_MAX_AUDIO_DELAY (80 * GST_MSECOND)
/* More packets than any datagram has. */
#define MAX_ALIGNMENT 348
#define FIRST_PID 0x100
/* Up to the PID of the PMT. */
#define LAST_PID 0xfff

enum {
  PROP_0,
  PROP_PAT_INTERVAL,
  PROP_PCR_INTERVAL,
  PROP_MAX_AUDIO_DELAY,
  PROP_ALIGNMENT,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* What encoders, depayloaders and demuxers give, without a parser between. */
static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("video/x-h264, stream-format = (string) { avc, avc3, "
                         "byte-stream }, alignment = (string) au; "
                         "video/x-h265, stream-format = (string) { hvc1, hev1, "
                         "byte-stream }, alignment = (string) au"));

static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("audio/mpeg, mpegversion = (int) { 2, 4 }, "
                         "stream-format = (string) { raw, adts }; "
                         "audio/mpeg, mpegversion = (int) 1, "
                         "layer = (int) [ 1, 3 ]; "
                         "audio/x-ac3; audio/x-eac3; audio/x-opus"));

/* One ID3 tag, or one splice_info_section, a buffer. */
static GstStaticPadTemplate data_template =
    GST_STATIC_PAD_TEMPLATE ("data_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("meta/x-id3; application/x-scte-35"));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/mpegts, systemstream = (boolean) true, "
                         "packetsize = (int) 188"));

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyTsMux, gst_arcly_ts_mux,
    GST_TYPE_ARCLY_MUX,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_ts_mux_debug, "arclytsmux", 0, "Arcly MPEG-TS muxer"));
GST_ELEMENT_REGISTER_DEFINE (
    arclytsmux, "arclytsmux", GST_RANK_NONE, GST_TYPE_ARCLY_TS_MUX);

G_DEFINE_FINAL_TYPE (
    GstArclyTsMuxPad, gst_arcly_ts_mux_pad, GST_TYPE_ARCLY_MUX_PAD)

/* PIDs are not used again before all are: a player that still holds the old
 * table does not take one stream for another. The lock. */
static guint16
next_pid_locked (GstArclyTsMux *self)
{
  GPtrArray *pads = GST_ARCLY_MUX (self)->pads;
  gboolean used;
  guint i;

  do {
    used = FALSE;
    self->next_pid =
        self->next_pid >= LAST_PID ? FIRST_PID : self->next_pid + 1;
    for (i = 0; i < pads->len; i++)
      used |= ((GstArclyTsMuxPad *) g_ptr_array_index (pads, i))->pid ==
              self->next_pid;
  } while (used);
  return self->next_pid;
}

static gpointer
format_new (GstCaps *caps, GError **error)
{
  return gst_arcly_ts_mux_format_new (caps, error);
}

static GstClockTime
get_duration (gpointer format)
{
  return ((GstArclyTsMuxFormat *) format)->duration;
}

static guint
get_depth (gpointer format, GstBuffer *buffer)
{
  return gst_arcly_ts_mux_format_get_depth (format, buffer);
}

static void
pad_new_locked (GstArclyMux *mux, GstArclyMuxPad *pad)
{
  GST_ARCLY_TS_MUX_PAD (pad)->pid = next_pid_locked (GST_ARCLY_TS_MUX (mux));
}

static void
pad_caps_locked (GstArclyMux *mux, GstArclyMuxPad *pad, gpointer format)
{
  const GstArclyTsMuxFormat *known = format;

  GST_ARCLY_TS_MUX_PAD (pad)->announced_entry = known->entry;
  GST_ARCLY_TS_MUX_PAD (pad)->announced_id = known->stream_id;
}

static void
pad_reset (GstArclyMuxPad *mux_pad)
{
  GstArclyTsMuxPad *pad = GST_ARCLY_TS_MUX_PAD (mux_pad);

  g_clear_pointer (&pad->active, gst_arcly_ts_mux_format_unref);
  g_clear_pointer (&pad->video, gst_arcly_ts_video_free);
  g_clear_pointer (&pad->pack.bytes, g_byte_array_unref);
  pad->pack.duration = 0;
  pad->stream = NULL;
  pad->warned_malformed = FALSE;
  pad->warned_full = FALSE;
  pad->n_jumps = 0;
}

static void
gst_arcly_ts_mux_pad_finalize (GObject *object)
{
  pad_reset (GST_ARCLY_MUX_PAD (object));

  G_OBJECT_CLASS (gst_arcly_ts_mux_pad_parent_class)->finalize (object);
}

static void
gst_arcly_ts_mux_pad_init (GstArclyTsMuxPad *pad)
{
}

static void
gst_arcly_ts_mux_pad_class_init (GstArclyTsMuxPadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_ts_mux_pad_finalize;
}

static void
gst_arcly_ts_mux_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_PAT_INTERVAL:
      self->pat_interval = g_value_get_uint64 (value);
      break;
    case PROP_PCR_INTERVAL:
      self->pcr_interval = g_value_get_uint64 (value);
      break;
    case PROP_MAX_AUDIO_DELAY:
      self->max_audio_delay = g_value_get_uint64 (value);
      GST_ARCLY_MUX (self)->max_hold = self->max_audio_delay;
      break;
    case PROP_ALIGNMENT:
      self->alignment = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_ts_mux_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_PAT_INTERVAL:
      g_value_set_uint64 (value, self->pat_interval);
      break;
    case PROP_PCR_INTERVAL:
      g_value_set_uint64 (value, self->pcr_interval);
      break;
    case PROP_MAX_AUDIO_DELAY:
      g_value_set_uint64 (value, self->max_audio_delay);
      break;
    case PROP_ALIGNMENT:
      g_value_set_uint (value, self->alignment);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_ts_mux_finalize (GObject *object)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (object);

  /* The parent resets once more. */
  gst_arcly_ts_mux_output_reset (GST_ARCLY_MUX (self));
  gst_arcly_ts_gather_clear (&self->gather);
  gst_arcly_ts_gather_clear (&self->pack_gather);
  g_clear_pointer (&self->packing, g_ptr_array_unref);

  G_OBJECT_CLASS (gst_arcly_ts_mux_parent_class)->finalize (object);
}

static void
gst_arcly_ts_mux_init (GstArclyTsMux *self)
{
  gst_arcly_ts_gather_init (&self->gather);
  gst_arcly_ts_gather_init (&self->pack_gather);
  self->packing = g_ptr_array_new_with_free_func (gst_object_unref);
  self->next_pid = FIRST_PID - 1;
  self->pat_interval = DEFAULT_PAT_INTERVAL;
  self->pcr_interval = DEFAULT_PCR_INTERVAL;
  self->max_audio_delay = DEFAULT_MAX_AUDIO_DELAY;
  GST_ARCLY_MUX (self)->max_hold = DEFAULT_MAX_AUDIO_DELAY;
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * GstArclyTsMux:pat-interval:
   *
   * Longest time between two PAT and PMT, in nanoseconds; 0 writes them only
   * where the stream can be cut, where they always are. Taken when streaming
   * starts.
   *
   * Since: 0.1
   */
  properties[PROP_PAT_INTERVAL] = g_param_spec_uint64 ("pat-interval",
      "PAT interval",
      "Longest time between two PAT and PMT (ns, 0 = only at places to cut)", 0,
      G_MAXINT64 / 2, DEFAULT_PAT_INTERVAL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyTsMux:pcr-interval:
   *
   * Longest time between two PCRs, in nanoseconds. DVB asks for 40 ms, MPEG
   * for 100 ms. Taken when streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_PCR_INTERVAL] = g_param_spec_uint64 ("pcr-interval",
      "PCR interval", "Longest time between two PCRs (ns)", 5 * GST_MSECOND,
      100 * GST_MSECOND, DEFAULT_PCR_INTERVAL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyTsMux:max-audio-delay:
   *
   * How long a frame of sound may wait for others to share a PES with it, in
   * nanoseconds; 0 gives each frame a PES of its own. Fewer PES are less
   * overhead. It is latency of live input. Where the sound bears the clock
   * (without video), no PES is longer than #GstArclyTsMux:pcr-interval. Taken
   * when streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_AUDIO_DELAY] =
      g_param_spec_uint64 ("max-audio-delay", "Max audio delay",
          "How long sound may wait to share a PES (ns, 0 = not at all)", 0,
          500 * GST_MSECOND, DEFAULT_MAX_AUDIO_DELAY,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyTsMux:alignment:
   *
   * Packets in each buffer: 7 for UDP and RTP; 0 gives each PES a buffer. What
   * fills no buffer waits for the next unit. Only the last buffer in front of a
   * place to cut, and the last of all, may have fewer. Taken when streaming
   * starts.
   *
   * Since: 0.1
   */
  properties[PROP_ALIGNMENT] = g_param_spec_uint ("alignment", "Alignment",
      "Packets in a buffer (7 for UDP, 0 = a PES)", 0, MAX_ALIGNMENT, 0,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
gst_arcly_ts_mux_class_init (GstArclyTsMuxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstArclyMuxClass *mux_class = GST_ARCLY_MUX_CLASS (klass);

  object_class->set_property = gst_arcly_ts_mux_set_property;
  object_class->get_property = gst_arcly_ts_mux_get_property;
  object_class->finalize = gst_arcly_ts_mux_finalize;
  install_properties (object_class);

  mux_class->format_new = format_new;
  mux_class->format_ref = (gpointer (*) (gpointer)) gst_arcly_ts_mux_format_ref;
  mux_class->format_unref = (GDestroyNotify) gst_arcly_ts_mux_format_unref;
  mux_class->get_duration = get_duration;
  mux_class->get_depth = get_depth;
  mux_class->pad_new_locked = pad_new_locked;
  mux_class->pad_caps_locked = pad_caps_locked;
  mux_class->pad_reset = pad_reset;
  mux_class->announce = gst_arcly_ts_mux_output_announce;
  mux_class->remove = gst_arcly_ts_mux_output_remove;
  mux_class->start = gst_arcly_ts_mux_output_start;
  mux_class->push = gst_arcly_ts_mux_output_push;
  mux_class->finish = gst_arcly_ts_mux_output_finish;
  mux_class->flushed = gst_arcly_ts_mux_output_flushed;
  mux_class->reset = gst_arcly_ts_mux_output_reset;
  gst_arcly_mux_class_add_templates (mux_class, &video_template,
      &audio_template, &data_template, GST_TYPE_ARCLY_TS_MUX_PAD,
      &src_template);
  gst_element_class_set_static_metadata (element_class, "Arcly MPEG-TS muxer",
      "Codec/Muxer", "Muxes live video and audio into MPEG-TS",
      "The gst-arcly authors");
}
