/* SPDX-License-Identifier: MIT
 *
 * How a unit becomes a buffer of packets. */
#include "config.h"

#include "gstarclytsmuxprivate.h"
#include "mpegtsdata.h"

/* Tables in front of each frame would double an audio-only stream. */
#define AUDIO_CUT_NS (500 * GST_MSECOND)
/* The same as the writer's: no clock runs over a longer hole. */
#define JUMP_NS (10 * GST_SECOND)
/* By which tracks are apart. */
#define SKEW_NS ((gint64) GST_SECOND)
/* ISO/IEC 13818-1, D.0.9: nothing stays longer in a decoder's buffer. */
#define MIN_LEAD (100 * GST_MSECOND)
#define MAX_LEAD GST_SECOND

static void
ensure_writer (GstArclyTsMux *self)
{
  GstClockTime pat_interval, max_wait;

  if (self->writer)
    return;
  GST_OBJECT_LOCK (self);
  pat_interval = self->pat_interval;
  self->clock_interval = (gint64) self->pcr_interval;
  self->audio_delay = (gint64) self->max_audio_delay;
  self->packets = self->alignment;
  max_wait = GST_ARCLY_MUX (self)->max_wait;
  GST_OBJECT_UNLOCK (self);

  /* What comes late within the wait, and sound that was held back, is still
   * ahead of the clock. */
  self->writer = gst_arcly_ts_writer_new ();
  gst_arcly_ts_writer_set_timing (self->writer, pat_interval,
      self->clock_interval,
      MIN (CLAMP (max_wait, MIN_LEAD, MAX_LEAD) + self->audio_delay, MAX_LEAD));
}

void
gst_arcly_ts_mux_output_start (GstArclyMux *mux)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (mux);

  if (!self->started) {
    g_autoptr (GstCaps) caps = gst_pad_get_pad_template_caps (mux->srcpad);

    gst_arcly_mux_push_stream_start (mux);
    gst_pad_push_event (mux->srcpad, gst_event_new_caps (caps));
    self->started = TRUE;
    self->need_segment = TRUE;
    self->need_discont = TRUE;
  }
  if (self->need_segment) {
    gst_arcly_mux_push_segment (mux);
    self->need_segment = FALSE;
  }
}

void
gst_arcly_ts_mux_output_flushed (GstArclyMux *mux)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (mux);

  gst_arcly_ts_mux_pack_drop (self, NULL);
  gst_clear_buffer (&self->rest);
  self->need_segment = self->started;
  self->need_discont = self->need_clock = TRUE;
  self->last_cut = GST_ARCLY_MUX_NO_TIME;
}

/* A PMT of one packet, which everything reads, describes 32 streams, or 11 of
 * the kind that need the most words. */
static void
refuse (GstArclyTsMuxPad *pad)
{
  if (pad->warned_full)
    return;
  pad->warned_full = TRUE;
  GST_WARNING_OBJECT (pad, "left out: no room for another track in the PMT");
}

void
gst_arcly_ts_mux_output_announce (GstArclyMux *mux, GstArclyMuxPad *mux_pad)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (mux);
  GstArclyTsMuxPad *pad = GST_ARCLY_TS_MUX_PAD (mux_pad);
  GstArclyTsPmtEntry entry;

  ensure_writer (self);
  if (pad->stream)
    return;
  entry = pad->announced_entry;
  entry.pid = pad->pid;
  pad->stream =
      gst_arcly_ts_writer_add_stream (self->writer, &entry, pad->announced_id);
  if (!pad->stream)
    refuse (pad);
}

void
gst_arcly_ts_mux_output_remove (GstArclyMux *mux, GstArclyMuxPad *mux_pad)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (mux);
  GstArclyTsMuxPad *pad = GST_ARCLY_TS_MUX_PAD (mux_pad);

  gst_arcly_ts_mux_pack_drop (self, pad);
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
start_video (GstArclyTsMuxPad *pad, const GstArclyTsMuxFormat *format)
{
  guint i;

  if (!pad->video)
    pad->video = gst_arcly_ts_video_new ();
  gst_arcly_ts_video_start (pad->video,
      gst_arcly_ts_mux_format_get_video (format), format->nal_length_size);
  for (i = 0; i < format->sets->len; i++) {
    gsize size;
    const guint8 *nal =
        g_bytes_get_data (g_ptr_array_index (format->sets, i), &size);

    gst_arcly_ts_video_add_set (pad->video, nal, size);
  }
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
    gst_arcly_ts_mux_pack_write (self, pad);
    self->need_discont = TRUE;
  }
  g_clear_pointer (&pad->active, gst_arcly_ts_mux_format_unref);
  pad->active = gst_arcly_ts_mux_format_ref (format);
  if (!gst_arcly_ts_writer_change_stream (
          self->writer, pad->stream, &format->entry, format->stream_id))
    refuse (pad);
  if (GST_ARCLY_MUX_PAD (pad)->is_video && is_other)
    start_video (pad, format);
}

static void
keep (GstArclyTsMux *self, GstBuffer *out)
{
  if (!self->first_out && !self->out) {
    self->first_out = out;
    return;
  }
  if (!self->out) {
    self->out = gst_buffer_list_new ();
    gst_buffer_list_add (self->out, g_steal_pointer (&self->first_out));
  }
  gst_buffer_list_add (self->out, out);
}

/* RFC 2250, 2: whole packets in a datagram, and none too many. What fills no
 * buffer waits for the next unit, unless that is a place to cut. */
static void
align (GstArclyTsMux *self, GstBuffer *out)
{
  const gsize size = self->packets * GST_ARCLY_TS_PACKET_SIZE;
  gsize done = 0, total;

  if (self->rest) {
    if (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_DELTA_UNIT))
      out = gst_buffer_append (g_steal_pointer (&self->rest), out);
    else
      keep (self, g_steal_pointer (&self->rest));
  }
  total = gst_buffer_get_size (out);
  while (done < total) {
    gsize n = MIN (size, total - done);
    GstBuffer *part = gst_buffer_copy_region (out,
        GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_FLAGS |
            GST_BUFFER_COPY_MEMORY,
        done, n);

    GST_BUFFER_PTS (part) = GST_BUFFER_PTS (out);
    GST_BUFFER_DTS (part) = GST_BUFFER_DTS (out);
    GST_BUFFER_DURATION (part) = GST_CLOCK_TIME_NONE;
    if (done > 0) {
      GST_BUFFER_FLAG_SET (part, GST_BUFFER_FLAG_DELTA_UNIT);
      GST_BUFFER_FLAG_UNSET (part, GST_BUFFER_FLAG_DISCONT);
    }
    if (n == size)
      keep (self, part);
    else
      self->rest = part;
    done += n;
  }
  gst_buffer_unref (out);
}

static GstBuffer *
make_buffer (GstArclyTsMux *self, const GstArclyTsMuxUnit *in,
    const GstArclyTsUnit *unit, gboolean discont)
{
  GstBuffer *out = gst_buffer_new_allocate (
      NULL, gst_arcly_ts_writer_measure (self->writer, unit), NULL);
  GstMapInfo map;

  gst_buffer_map (out, &map, GST_MAP_WRITE);
  gst_arcly_ts_writer_write (self->writer, unit, map.data);
  gst_buffer_unmap (out, &map);

  if (in->pts >= 0)
    GST_BUFFER_PTS (out) = in->pts;
  if (in->dts >= 0)
    GST_BUFFER_DTS (out) = in->dts;
  if (in->duration > 0)
    GST_BUFFER_DURATION (out) = in->duration;
  if (!unit->cut)
    GST_BUFFER_FLAG_SET (out, GST_BUFFER_FLAG_DELTA_UNIT);
  if (discont)
    GST_BUFFER_FLAG_SET (out, GST_BUFFER_FLAG_DISCONT);
  if (in->leftover)
    GST_BUFFER_FLAG_SET (out, GST_ARCLY_TS_MUX_FLAG_LEFTOVER);
  if (!in->may_cut)
    GST_BUFFER_FLAG_SET (out, GST_ARCLY_TS_MUX_FLAG_BESIDE);
  return out;
}

/* Of tracks that go elsewhere together, the first one makes the jump. */
static gboolean
jumps (GstArclyTsMux *self, const GstArclyTsMuxUnit *in)
{
  gboolean is_there = in->dts >= self->jump_dts - SKEW_NS &&
                      in->dts <= self->last_dts + SKEW_NS;
  gboolean jumped;

  if (self->last_dts == GST_ARCLY_MUX_NO_TIME) {
    self->jump_dts = in->dts;
    return FALSE;
  }
  jumped = in->dts - self->last_dts > (gint64) JUMP_NS ||
           (in->jumped && !(is_there && in->pad->n_jumps != self->n_jumps));
  if (jumped) {
    self->n_jumps++;
    self->jump_dts = in->dts;
  }
  if (jumped || is_there)
    in->pad->n_jumps = self->n_jumps;
  return jumped;
}

/* An audio-only stream can be cut anywhere; it need not be everywhere. Who cuts
 * downstream is asked at each, so that it knows of all. */
static gboolean
cuts_sound (GstArclyTsMux *self, const GstArclyTsMuxUnit *in)
{
  return gst_arcly_mux_ask (GST_ARCLY_MUX (self), in->pts, FALSE, NULL) ||
         self->need_discont || in->discont ||
         self->last_cut == GST_ARCLY_MUX_NO_TIME ||
         in->dts - self->last_cut >= (gint64) AUDIO_CUT_NS;
}

void
gst_arcly_ts_mux_output_write (GstArclyTsMux *self, const GstArclyTsMuxUnit *in)
{
  gboolean is_video = GST_ARCLY_MUX_PAD (in->pad)->is_video;
  gboolean is_data = GST_ARCLY_MUX_PAD (in->pad)->is_data;
  gboolean jumped = !is_data && jumps (self, in);
  GstArclyTsUnit unit = {
    .stream = in->pad->stream,
    .pts = in->pts,
    .dts = in->dts,
    .payload = in->payload,
    .random_access = in->random_access,
    .cut = in->may_cut && in->random_access,
    .section = in->section,
  };
  GstBuffer *out;
  gboolean discont;

  if (jumped)
    self->need_discont = self->need_clock = TRUE;
  if (in->turns)
    self->need_discont = TRUE;
  if (unit.cut && !is_video)
    unit.cut = cuts_sound (self, in);
  /* Each frame of sound is a random access point; saying so at each might
   * cost a packet. */
  if (!is_video)
    unit.random_access = unit.cut;
  discont = unit.cut && (self->need_discont || in->discont);
  /* The very first unit starts a clock, it doesn't change one; neither do other
   * parameter sets. */
  unit.discontinuity =
      (jumped || (unit.cut && (self->need_clock || in->discont))) &&
      self->last_dts != GST_ARCLY_MUX_NO_TIME;
  if (unit.cut) {
    self->need_discont = self->need_clock = FALSE;
    self->last_cut = in->dts;
  }
  if (!is_data)
    self->last_dts = jumped ? in->dts : MAX (self->last_dts, in->dts);

  out = make_buffer (self, in, &unit, discont);
  if (self->packets > 0)
    align (self, out);
  else
    keep (self, out);
}

static gboolean
add_video (GstArclyTsMux *self, GstArclyMuxJob *job, const GstMapInfo *map,
    GError **error)
{
  const GstArclyMuxItem *item = &job->item;
  GstArclyTsMuxUnit unit = {
    .pad = GST_ARCLY_TS_MUX_PAD (job->pad),
    .payload = &self->gather,
    .pts = item->pts,
    .dts = item->dts,
    .duration = item->duration,
    .may_cut = job->may_cut,
    .leftover = job->leftover,
    .turns = job->turns,
    .discont = item->discont,
    .jumped = item->jumped,
  };

  if (!gst_arcly_ts_video_gather (unit.pad->video, map->data, map->size,
          !GST_BUFFER_FLAG_IS_SET (item->buffer, GST_BUFFER_FLAG_DELTA_UNIT),
          &self->gather, &unit.random_access, error))
    return FALSE;
  /* What precedes a place to cut stays in front of it. */
  gst_arcly_ts_mux_pack_expire (
      self, item->dts, item->jumped || (unit.may_cut && unit.random_access));
  gst_arcly_ts_mux_output_write (self, &unit);
  return TRUE;
}

/* What comes before a place to cut is in front of it, as sound is. */
static gboolean
add_data (GstArclyTsMux *self, GstArclyMuxJob *job, const GstMapInfo *map,
    GError **error)
{
  const GstArclyMuxItem *item = &job->item;
  GstArclyTsMuxUnit unit = {
    .pad = GST_ARCLY_TS_MUX_PAD (job->pad),
    .payload = &self->gather,
    .pts = item->pts,
    .dts = item->dts,
  };
  g_autofree guint8 *moved = NULL;
  const guint8 *data = map->data;

  if (unit.pad->active->codec == GST_ARCLY_TS_MUX_SCTE35) {
    if (!gst_arcly_ts_splice_check (data, map->size, error))
      return FALSE;
    /* Times inside it are those that all others get. */
    data = moved = g_memdup2 (data, map->size);
    gst_arcly_ts_splice_move (
        moved, map->size, GST_ARCLY_TS_BASE_NS / 100000 * 9);
    unit.section = TRUE;
  } else if (!gst_arcly_ts_id3_check (data, map->size, error)) {
    return FALSE;
  }
  gst_arcly_ts_gather_reset (&self->gather);
  gst_arcly_ts_gather_add (&self->gather, data, map->size);
  gst_arcly_ts_mux_output_write (self, &unit);
  return TRUE;
}

static void
add (GstArclyTsMux *self, GstArclyMuxJob *job)
{
  GstArclyTsMuxPad *pad = GST_ARCLY_TS_MUX_PAD (job->pad);
  g_autoptr (GError) error = NULL;
  GstMapInfo map;
  gboolean ok;

  gst_arcly_ts_mux_output_announce (GST_ARCLY_MUX (self), job->pad);
  if (!pad->stream)
    return;
  use_format (self, pad, job->item.format);
  if (!gst_buffer_map (job->item.buffer, &map, GST_MAP_READ)) {
    GST_WARNING_OBJECT (pad, "buffer cannot be read, dropped");
    return;
  }
  if (job->pad->is_video) {
    ok = add_video (self, job, &map, &error);
  } else if (job->pad->is_data) {
    gst_arcly_ts_mux_pack_expire (self, job->item.dts, FALSE);
    ok = add_data (self, job, &map, &error);
  } else {
    gst_arcly_ts_mux_pack_expire (self, job->item.dts, FALSE);
    ok = gst_arcly_ts_mux_pack_add (self, job, &map, &error);
  }
  if (!ok && !pad->warned_malformed) {
    pad->warned_malformed = TRUE;
    GST_WARNING_OBJECT (pad, "dropped: %s", error->message);
  }
  gst_buffer_unmap (job->item.buffer, &map);
}

static GstFlowReturn
push_out (GstArclyTsMux *self)
{
  GstPad *srcpad = GST_ARCLY_MUX (self)->srcpad;

  if (self->out)
    return gst_pad_push_list (srcpad, g_steal_pointer (&self->out));
  if (self->first_out)
    return gst_pad_push (srcpad, g_steal_pointer (&self->first_out));
  return GST_FLOW_OK;
}

GstFlowReturn
gst_arcly_ts_mux_output_push (GstArclyMux *mux, GstArclyMuxJob *jobs, guint n)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (mux);
  guint i;

  for (i = 0; i < n; i++) {
    add (self, &jobs[i]);
    /* What it was made of is not needed while downstream works. */
    gst_arcly_mux_item_clear (&jobs[i].item);
  }
  return push_out (self);
}

GstFlowReturn
gst_arcly_ts_mux_output_finish (GstArclyMux *mux)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (mux);

  if (self->writer)
    gst_arcly_ts_mux_pack_expire (self, 0, TRUE);
  if (self->rest)
    keep (self, g_steal_pointer (&self->rest));
  return push_out (self);
}

void
gst_arcly_ts_mux_output_reset (GstArclyMux *mux)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (mux);

  gst_arcly_ts_mux_pack_drop (self, NULL);
  gst_clear_buffer (&self->rest);
  gst_clear_buffer (&self->first_out);
  g_clear_pointer (&self->out, gst_buffer_list_unref);
  g_clear_pointer (&self->writer, gst_arcly_ts_writer_free);
  self->started = FALSE;
  self->need_segment = FALSE;
  self->need_discont = self->need_clock = FALSE;
  self->last_dts = GST_ARCLY_MUX_NO_TIME;
  self->jump_dts = 0;
  self->n_jumps = 0;
  self->last_cut = GST_ARCLY_MUX_NO_TIME;
}
