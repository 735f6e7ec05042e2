/* SPDX-License-Identifier: MIT */
/**
 * SECTION:element-arclyfmp4mux
 * @title: arclyfmp4mux
 *
 * Muxes H.264, H.265, H.266, AV1, VP9, AAC, Opus, FLAC, AC-3 and E-AC-3 into
 * fragmented MP4 (CMAF) that can be cut at each key frame. It takes what
 * encoders, depayloaders and demuxers give, without a parser in between, and
 * one upstream thread may feed all its pads: a track that stays silent is
 * waited for inside the element, up to #GstArclyMux:max-wait, and then the
 * others go on without it. Payload is not copied: what comes out are the
 * memories that came in, with boxes in front.
 *
 * What goes beside them has pads named data_%u: timed ID3, one tag a buffer,
 * and SCTE-35, one splice_info_section a buffer. They become event messages
 * (emsg) in front of the chunk that follows; nobody waits for them.
 *
 * First comes the init segment, with the flag HEADER and also in the caps. Then
 * chunks, each one buffer list of a moof and its mdat. A list whose first
 * buffer lacks DELTA_UNIT begins a fragment, and a decoder can start there.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=300 ! x264enc ! \
 *     arclyfmp4mux name=mux ! filesink location=test.mp4 \
 *     audiotestsrc num-buffers=430 ! avenc_aac ! mux.
 * ]|
 * Writes ten seconds of test picture and tone, which any player plays, and up
 * to the last whole fragment if it is cut off.
 *
 * Since: 0.1
 */
#include "config.h"

#include "gstarclyfmp4muxprivate.h"

GST_DEBUG_CATEGORY (gst_arcly_fmp4_mux_debug);

#define DEFAULT_FRAGMENT_DURATION (2 * GST_SECOND)

enum {
  PROP_0,
  PROP_FRAGMENT_DURATION,
  PROP_CHUNK_DURATION,
  PROP_BRAND,
  PROP_SIDX,
  PROP_STYP,
  PROP_PRFT,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* What encoders, depayloaders and demuxers give, without a parser between. */
static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("video/x-h264, stream-format = (string) { avc, avc3, "
                         "byte-stream }, alignment = (string) au; "
                         "video/x-h265, stream-format = (string) { hvc1, hev1, "
                         "byte-stream }, alignment = (string) au; "
                         "video/x-h266, stream-format = (string) { vvc1, vvi1, "
                         "byte-stream }, alignment = (string) au; "
                         "video/x-av1, stream-format = (string) obu-stream, "
                         "alignment = (string) tu; "
                         "video/x-vp9, alignment = (string) super-frame"));

static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("audio/mpeg, mpegversion = (int) { 2, 4 }, "
                         "stream-format = (string) { raw, adts }; "
                         "audio/x-opus; audio/x-flac, framed = (boolean) true; "
                         "audio/x-ac3, framed = (boolean) true; "
                         "audio/x-eac3, framed = (boolean) true"));

/* One ID3 tag, or one splice_info_section, a buffer. */
static GstStaticPadTemplate data_template =
    GST_STATIC_PAD_TEMPLATE ("data_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("meta/x-id3; application/x-scte-35"));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/quicktime, variant = (string) iso-fragmented"));

G_DEFINE_FINAL_TYPE (
    GstArclyFmp4MuxPad, gst_arcly_fmp4_mux_pad, GST_TYPE_ARCLY_MUX_PAD)

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyFmp4Mux, gst_arcly_fmp4_mux,
    GST_TYPE_ARCLY_MUX,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_fmp4_mux_debug, "arclyfmp4mux", 0,
        "Arcly fragmented MP4 muxer"));
GST_ELEMENT_REGISTER_DEFINE (
    arclyfmp4mux, "arclyfmp4mux", GST_RANK_NONE, GST_TYPE_ARCLY_FMP4_MUX);

static gpointer
format_new (GstCaps *caps, GError **error)
{
  return gst_arcly_fmp4_mux_format_new (caps, error);
}

static GstClockTime
get_duration (gpointer format)
{
  return ((GstArclyFmp4MuxFormat *) format)->duration;
}

static guint
get_depth (gpointer format, GstBuffer *buffer)
{
  return gst_arcly_fmp4_mux_format_depth (format, buffer);
}

static void
pad_new_locked (GstArclyMux *mux, GstArclyMuxPad *pad)
{
  if (!pad->is_data)
    GST_ARCLY_FMP4_MUX_PAD (pad)->track_id =
        ++GST_ARCLY_FMP4_MUX (mux)->last_track_id;
}

static void
pad_caps_locked (GstArclyMux *mux, GstArclyMuxPad *mux_pad, gpointer format)
{
  GstArclyFmp4MuxPad *pad = GST_ARCLY_FMP4_MUX_PAD (mux_pad);

  g_clear_pointer (&pad->announced_format, gst_arcly_fmp4_mux_format_unref);
  pad->announced_format = gst_arcly_fmp4_mux_format_ref (format);
}

static void
pad_reset (GstArclyMuxPad *mux_pad)
{
  GstArclyFmp4MuxPad *pad = GST_ARCLY_FMP4_MUX_PAD (mux_pad);

  g_clear_pointer (&pad->announced_format, gst_arcly_fmp4_mux_format_unref);
  g_clear_pointer (&pad->active, gst_arcly_fmp4_mux_format_unref);
  g_clear_pointer (&pad->nal, gst_arcly_fmp4_nal_free);
  g_clear_pointer (&pad->wanted, g_bytes_unref);
  g_clear_pointer (&pad->entry, g_bytes_unref);
  if (pad->is_set_up) {
    gst_arcly_fmp4_timeline_clear (&pad->line);
    gst_arcly_fmp4_payload_clear (&pad->payload);
  }
  pad->is_track = pad->is_set_up = FALSE;
  pad->decodable = FALSE;
  pad->n_anew = 0;
  pad->leading_before = G_MININT64;
  pad->adts = (GstArclyAdtsHeader){ 0 };
  pad->warned_malformed = FALSE;
  pad->warned_waiting = FALSE;
}

static void
gst_arcly_fmp4_mux_pad_finalize (GObject *object)
{
  pad_reset (GST_ARCLY_MUX_PAD (object));

  G_OBJECT_CLASS (gst_arcly_fmp4_mux_pad_parent_class)->finalize (object);
}

static void
gst_arcly_fmp4_mux_pad_init (GstArclyFmp4MuxPad *pad)
{
  pad->leading_before = G_MININT64;
}

static void
gst_arcly_fmp4_mux_pad_class_init (GstArclyFmp4MuxPadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_fmp4_mux_pad_finalize;
}

/* Four characters that can be printed, or nothing. */
static gboolean
is_brand (const gchar *brand)
{
  guint i;

  if (!brand)
    return TRUE;
  for (i = 0; i < 4; i++) {
    if (!g_ascii_isprint (brand[i]))
      return FALSE;
  }
  return brand[4] == '\0';
}

static void
set_brand (GstArclyFmp4Mux *self, const gchar *brand)
{
  if (!is_brand (brand)) {
    GST_WARNING_OBJECT (
        self, "\"%s\" is no brand: it has four characters", brand);
    return;
  }
  g_free (self->settings.brand);
  self->settings.brand = g_strdup (brand);
}

static void
gst_arcly_fmp4_mux_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_FRAGMENT_DURATION:
      self->settings.fragment_duration = g_value_get_uint64 (value);
      break;
    case PROP_CHUNK_DURATION:
      self->settings.chunk_duration = g_value_get_uint64 (value);
      break;
    case PROP_BRAND:
      set_brand (self, g_value_get_string (value));
      break;
    case PROP_SIDX:
      self->settings.sidx = g_value_get_boolean (value);
      break;
    case PROP_STYP:
      self->settings.styp = g_value_get_boolean (value);
      break;
    case PROP_PRFT:
      self->settings.prft = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_fmp4_mux_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_FRAGMENT_DURATION:
      g_value_set_uint64 (value, self->settings.fragment_duration);
      break;
    case PROP_CHUNK_DURATION:
      g_value_set_uint64 (value, self->settings.chunk_duration);
      break;
    case PROP_BRAND:
      g_value_set_string (value, self->settings.brand);
      break;
    case PROP_SIDX:
      g_value_set_boolean (value, self->settings.sidx);
      break;
    case PROP_STYP:
      g_value_set_boolean (value, self->settings.styp);
      break;
    case PROP_PRFT:
      g_value_set_boolean (value, self->settings.prft);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_fmp4_mux_finalize (GObject *object)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (object);

  gst_arcly_fmp4_mux_output_reset (GST_ARCLY_MUX (self));
  g_ptr_array_unref (self->tracks);
  g_byte_array_unref (self->scratch);
  g_array_unref (self->pieces);
  g_array_unref (self->events);
  g_free (self->settings.brand);

  G_OBJECT_CLASS (gst_arcly_fmp4_mux_parent_class)->finalize (object);
}

static void
gst_arcly_fmp4_mux_init (GstArclyFmp4Mux *self)
{
  self->tracks = g_ptr_array_new_with_free_func (gst_object_unref);
  self->scratch = g_byte_array_new ();
  self->pieces = g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4Piece));
  self->events = g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4MuxEvent));
  g_array_set_clear_func (
      self->events, (GDestroyNotify) gst_arcly_fmp4_mux_event_clear);
  self->settings.fragment_duration = DEFAULT_FRAGMENT_DURATION;
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  /**
   * GstArclyFmp4Mux:fragment-duration:
   *
   * Shortest duration of a fragment, in nanoseconds: it ends before the first
   * key frame that comes so late, and lasts until then. 0 begins one at each
   * key frame. Without video, fragments are at least 0.5 s. Taken when
   * streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_FRAGMENT_DURATION] =
      g_param_spec_uint64 ("fragment-duration", "Fragment duration",
          "Shortest duration of a fragment (ns, 0 = one for each key frame)", 0,
          G_MAXINT64 / 2, DEFAULT_FRAGMENT_DURATION, flags);

  /**
   * GstArclyFmp4Mux:chunk-duration:
   *
   * Longest duration of a chunk of the first video track (or of sound, without
   * video), in nanoseconds: a fragment leaves in parts of no more than that,
   * each as soon as another frame would not fit. A single frame that is longer
   * is a chunk. 0 makes each fragment one chunk. Taken when streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_CHUNK_DURATION] =
      g_param_spec_uint64 ("chunk-duration", "Chunk duration",
          "Longest duration of a chunk (ns, 0 = a fragment is one chunk)", 0,
          G_MAXINT64 / 2, 0, flags);

  /**
   * GstArclyFmp4Mux:brand:
   *
   * The major brand, four characters. %NULL, the default, is "cmfc" with one
   * track and "iso6" with more, which CMAF does not have in one file. Anything
   * else is ignored with a warning. Taken when streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_BRAND] = g_param_spec_string ("brand", "Brand",
      "Major brand, four characters (NULL = cmfc or iso6)", NULL, flags);

  /**
   * GstArclyFmp4Mux:sidx:
   *
   * Puts an index (sidx) of one entry in front of each chunk. Taken when
   * streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_SIDX] = g_param_spec_boolean ("sidx", "Segment index",
      "Whether a sidx box goes before each chunk", FALSE, flags);

  /**
   * GstArclyFmp4Mux:styp:
   *
   * Puts a segment type (styp) in front of each fragment. Taken when streaming
   * starts.
   *
   * Since: 0.1
   */
  properties[PROP_STYP] = g_param_spec_boolean ("styp", "Segment type",
      "Whether a styp box goes before each fragment", FALSE, flags);

  /**
   * GstArclyFmp4Mux:prft:
   *
   * Puts the wall clock's time at which it was complete (prft) in front of each
   * chunk, from which players tell how far behind live they are. Taken when
   * streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_PRFT] =
      g_param_spec_boolean ("prft", "Producer reference time",
          "Whether a prft box goes before each chunk", FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
gst_arcly_fmp4_mux_class_init (GstArclyFmp4MuxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstArclyMuxClass *mux_class = GST_ARCLY_MUX_CLASS (klass);

  object_class->set_property = gst_arcly_fmp4_mux_set_property;
  object_class->get_property = gst_arcly_fmp4_mux_get_property;
  object_class->finalize = gst_arcly_fmp4_mux_finalize;
  install_properties (object_class);

  mux_class->format_new = format_new;
  mux_class->format_ref =
      (gpointer (*) (gpointer)) gst_arcly_fmp4_mux_format_ref;
  mux_class->format_unref = (GDestroyNotify) gst_arcly_fmp4_mux_format_unref;
  mux_class->get_duration = get_duration;
  mux_class->get_depth = get_depth;
  mux_class->pad_new_locked = pad_new_locked;
  mux_class->pad_caps_locked = pad_caps_locked;
  mux_class->pad_reset = pad_reset;
  mux_class->announce = gst_arcly_fmp4_mux_output_announce;
  mux_class->remove = gst_arcly_fmp4_mux_output_remove;
  mux_class->start = gst_arcly_fmp4_mux_output_start;
  mux_class->push = gst_arcly_fmp4_mux_output_push;
  mux_class->finish = gst_arcly_fmp4_mux_output_finish;
  mux_class->flushed = gst_arcly_fmp4_mux_output_flushed;
  mux_class->reset = gst_arcly_fmp4_mux_output_reset;

  gst_arcly_mux_class_add_templates (mux_class, &video_template,
      &audio_template, &data_template, GST_TYPE_ARCLY_FMP4_MUX_PAD,
      &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Arcly fragmented MP4 muxer", "Codec/Muxer",
      "Muxes live video and audio into fragmented MP4 (CMAF)",
      "The gst-arcly authors");
}
