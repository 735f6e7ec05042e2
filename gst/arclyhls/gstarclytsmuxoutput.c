/* SPDX-License-Identifier: MIT
 *
 * How a unit becomes a buffer of packets. */
#include "config.h"

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/gstarclyerror.h>

#include "gstarclytsmuxprivate.h"

/* ISO/IEC 13818-1, table 2-22. */
#define STREAM_ID_VIDEO 0xe0
#define STREAM_ID_AUDIO 0xc0
/* Tables in front of each frame would double an audio-only stream. */
#define AUDIO_CUT_NS (500 * GST_MSECOND)
/* The same as the writer's: no clock runs over a longer hole. */
#define JUMP_NS (10 * GST_SECOND)
/* ISO/IEC 13818-1, D.0.9: nothing stays longer in a decoder's buffer. */
#define MIN_LEAD (100 * GST_MSECOND)
#define MAX_LEAD GST_SECOND
/* PES_packet_length: 16 bits, of which 8 bytes are ours. */
#define MAX_AUDIO_PES (G_MAXUINT16 - 8)

void
gst_arcly_ts_mux_job_clear (GstArclyTsMuxJob *job)
{
  gst_clear_object (&job->pad);
  gst_arcly_ts_mux_item_clear (&job->item);
}

static void
ensure_writer (GstArclyTsMux *self)
{
  GstClockTime pat_interval, pcr_interval, max_wait;

  if (self->writer)
    return;
  GST_OBJECT_LOCK (self);
  pat_interval = self->pat_interval;
  pcr_interval = self->pcr_interval;
  max_wait = self->max_wait;
  GST_OBJECT_UNLOCK (self);

  /* What comes late within the wait is still ahead of the clock. */
  self->writer = gst_arcly_ts_writer_new ();
  gst_arcly_ts_writer_set_timing (self->writer, pat_interval, pcr_interval,
      CLAMP (max_wait, MIN_LEAD, MAX_LEAD));
}

void
gst_arcly_ts_mux_output_start (GstArclyTsMux *self)
{
  GstSegment segment;

  if (!self->started) {
    g_autofree gchar *id =
        g_strdup_printf ("%s/%08x", GST_OBJECT_NAME (self), g_random_int ());
    GstEvent *event = gst_event_new_stream_start (id);
    g_autoptr (GstCaps) caps = gst_pad_get_pad_template_caps (self->srcpad);

    gst_event_set_group_id (event, gst_util_group_id_next ());
    gst_pad_push_event (self->srcpad, event);
    gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
    self->started = TRUE;
    self->need_segment = TRUE;
    self->need_discont = TRUE;
  }
  if (self->need_segment) {
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_pad_push_event (self->srcpad, gst_event_new_segment (&segment));
    self->need_segment = FALSE;
  }
}

void
gst_arcly_ts_mux_output_announce (GstArclyTsMux *self, GstArclyTsMuxPad *pad)
{
  ensure_writer (self);
  if (pad->stream)
    return;
  pad->stream = gst_arcly_ts_writer_add_stream (self->writer, pad->pid,
      pad->announced_type, pad->is_video ? STREAM_ID_VIDEO : STREAM_ID_AUDIO);
  /* Pads are limited to what the writer takes, and the streams of those that
   * went are removed before a new one is announced. */
  g_assert (pad->stream != NULL);
}

void
gst_arcly_ts_mux_output_remove (GstArclyTsMux *self, GstArclyTsMuxPad *pad)
{
  if (self->writer && pad->stream)
    gst_arcly_ts_writer_remove_stream (self->writer, pad->stream);
  pad->stream = NULL;
}

/* Caps differ in what a decoder must be told. */
static gboolean
is_other_stream (const GstArclyTsMuxFormat *a, const GstArclyTsMuxFormat *b)
{
  static const gchar *fields[] = { "stream-format", "codec_data", "width",
    "height", "rate", "channels", "layer", "profile" };
  const GstStructure *sa = gst_caps_get_structure (a->caps, 0);
  const GstStructure *sb = gst_caps_get_structure (b->caps, 0);
  guint i;

  if (!gst_structure_has_name (sa, gst_structure_get_name (sb)))
    return TRUE;
  for (i = 0; i < G_N_ELEMENTS (fields); i++) {
    const GValue *va = gst_structure_get_value (sa, fields[i]);
    const GValue *vb = gst_structure_get_value (sb, fields[i]);

    if ((va != NULL) != (vb != NULL) ||
        (va && gst_value_compare (va, vb) != GST_VALUE_EQUAL))
      return TRUE;
  }
  return FALSE;
}

static void
use_format (
    GstArclyTsMux *self, GstArclyTsMuxPad *pad, GstArclyTsMuxFormat *format)
{
  gboolean is_other;

  if (pad->active == format)
    return;
  is_other = !pad->active || is_other_stream (pad->active, format);
  if (pad->active && is_other) {
    GST_DEBUG_OBJECT (pad, "format changes to %" GST_PTR_FORMAT, format->caps);
    self->need_discont = TRUE;
  }
  g_clear_pointer (&pad->active, gst_arcly_ts_mux_format_unref);
  pad->active = gst_arcly_ts_mux_format_ref (format);
  gst_arcly_ts_writer_set_type (self->writer, pad->stream, format->stream_type);
  if (!pad->is_video || !is_other)
    return;
  if (!pad->h264)
    pad->h264 = gst_arcly_ts_h264_new ();
  gst_arcly_ts_h264_set_config (pad->h264, format->h264);
}

static gboolean
gather_audio (GstArclyTsMux *self, const GstArclyTsMuxFormat *format,
    const GstMapInfo *map, guint8 *header, GError **error)
{
  GstArclyAdtsHeader adts;
  GstArclyMpegAudioHeader mpeg;

  gst_arcly_ts_gather_reset (&self->gather);
  if (map->size > MAX_AUDIO_PES) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "audio of %" G_GSIZE_FORMAT " bytes in one buffer", map->size);
    return FALSE;
  }
  switch (format->codec) {
    case GST_ARCLY_TS_MUX_AAC_RAW:
      if (!gst_arcly_adts_header_write (&format->aac, map->size, header, error))
        return FALSE;
      gst_arcly_ts_gather_add (
          &self->gather, header, GST_ARCLY_ADTS_HEADER_SIZE);
      break;
    case GST_ARCLY_TS_MUX_AAC_ADTS:
      if (!gst_arcly_adts_header_parse (map->data, map->size, &adts, error))
        return FALSE;
      break;
    case GST_ARCLY_TS_MUX_MPEG_AUDIO:
      if (!gst_arcly_mpeg_audio_header_parse (
              map->data, map->size, &mpeg, error))
        return FALSE;
      break;
    case GST_ARCLY_TS_MUX_H264:
      g_assert_not_reached ();
  }
  gst_arcly_ts_gather_add (&self->gather, map->data, map->size);
  return TRUE;
}

static GstBuffer *
write_unit (GstArclyTsMux *self, GstArclyTsMuxJob *job, gboolean random_access)
{
  const GstArclyTsMuxItem *item = &job->item;
  gboolean jumped =
      item->jumped || (self->last_dts != GST_ARCLY_TS_MUX_NO_TIME &&
                          item->dts - self->last_dts > (gint64) JUMP_NS);
  GstArclyTsUnit unit = {
    .stream = job->pad->stream,
    .pts = item->pts,
    .dts = item->dts,
    .payload = &self->gather,
    .random_access = random_access,
    .cut = job->may_cut && random_access,
  };
  GstBuffer *out;
  GstMapInfo map;
  gboolean discont;

  if (jumped)
    self->need_discont = TRUE;
  /* An audio-only stream can be cut anywhere; it need not be everywhere. */
  if (unit.cut && !job->pad->is_video) {
    unit.cut = self->need_discont || item->discont ||
               self->last_cut == GST_ARCLY_TS_MUX_NO_TIME ||
               item->dts - self->last_cut >= (gint64) AUDIO_CUT_NS;
  }
  /* Each frame of sound is a random access point; saying so at each might
   * cost a packet. */
  if (!job->pad->is_video)
    unit.random_access = unit.cut;
  discont = unit.cut && (self->need_discont || item->discont);
  /* The very first unit starts a clock, it doesn't change one. */
  unit.discontinuity =
      (jumped || discont) && self->last_dts != GST_ARCLY_TS_MUX_NO_TIME;
  if (unit.cut) {
    self->need_discont = FALSE;
    self->last_cut = item->dts;
  }
  self->last_dts = jumped ? item->dts : MAX (self->last_dts, item->dts);

  out = gst_buffer_new_allocate (
      NULL, gst_arcly_ts_writer_measure (self->writer, &unit), NULL);
  gst_buffer_map (out, &map, GST_MAP_WRITE);
  gst_arcly_ts_writer_write (self->writer, &unit, map.data);
  gst_buffer_unmap (out, &map);

  if (item->pts >= 0)
    GST_BUFFER_PTS (out) = item->pts;
  if (item->dts >= 0)
    GST_BUFFER_DTS (out) = item->dts;
  if (item->duration > 0)
    GST_BUFFER_DURATION (out) = item->duration;
  if (!unit.cut)
    GST_BUFFER_FLAG_SET (out, GST_BUFFER_FLAG_DELTA_UNIT);
  if (discont)
    GST_BUFFER_FLAG_SET (out, GST_BUFFER_FLAG_DISCONT);
  if (job->leftover)
    GST_BUFFER_FLAG_SET (out, GST_ARCLY_TS_MUX_FLAG_LEFTOVER);
  if (!job->may_cut)
    GST_BUFFER_FLAG_SET (out, GST_ARCLY_TS_MUX_FLAG_BESIDE);
  return out;
}

GstBuffer *
gst_arcly_ts_mux_output_compose (GstArclyTsMux *self, GstArclyTsMuxJob *job)
{
  GstArclyTsMuxPad *pad = job->pad;
  GstArclyTsMuxItem *item = &job->item;
  g_autoptr (GError) error = NULL;
  guint8 header[GST_ARCLY_ADTS_HEADER_SIZE];
  gboolean random_access = TRUE;
  GstBuffer *out = NULL;
  GstMapInfo map;
  gboolean ok;

  gst_arcly_ts_mux_output_announce (self, pad);
  use_format (self, pad, item->format);
  if (!gst_buffer_map (item->buffer, &map, GST_MAP_READ)) {
    GST_WARNING_OBJECT (pad, "buffer cannot be read, dropped");
    return NULL;
  }
  if (pad->is_video)
    ok = gst_arcly_ts_h264_gather (pad->h264, map.data, map.size,
        !GST_BUFFER_FLAG_IS_SET (item->buffer, GST_BUFFER_FLAG_DELTA_UNIT),
        &self->gather, &random_access, &error);
  else
    ok = gather_audio (self, item->format, &map, header, &error);
  if (ok) {
    out = write_unit (self, job, random_access);
  } else if (!pad->warned_malformed) {
    pad->warned_malformed = TRUE;
    GST_WARNING_OBJECT (pad, "dropped: %s", error->message);
  }
  gst_buffer_unmap (item->buffer, &map);
  return out;
}

void
gst_arcly_ts_mux_output_reset (GstArclyTsMux *self)
{
  g_clear_pointer (&self->writer, gst_arcly_ts_writer_free);
  self->started = FALSE;
  self->need_segment = FALSE;
  self->need_discont = FALSE;
  self->last_dts = GST_ARCLY_TS_MUX_NO_TIME;
  self->last_cut = GST_ARCLY_TS_MUX_NO_TIME;
}
