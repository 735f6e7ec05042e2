/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/video/video.h>

#include "gstarclyfmp4mux.h"
#include "gstarclyhlsresume.h"
#include "gstarclyhlswriterprivate.h"
#include "gstarclytsmux.h"

GST_DEBUG_CATEGORY (gst_arcly_hls_writer_debug);

/* More than so many without a frame is a pause, not a rate. */
#define MAX_STEPS 4

/* Chunks that are further apart need not be of one sender. */
#define MAX_CHUNK_HOLE ((gint64) (100 * GST_MSECOND))

/* arclytsmux and arclyfmp4mux are the only ones that it is ever linked to. */
static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/mpegts, systemstream = (boolean) true, "
                         "packetsize = (int) 188; "
                         "video/quicktime, variant = (string) iso-fragmented"));

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHlsWriter, gst_arcly_hls_writer,
    GST_TYPE_BASE_SINK,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_hls_writer_debug, "arclyhlswriter", 0,
        "Arcly HLS segments and playlists"));

static void
note_tables (GstArclyHlsWriter *self, const guint8 *data, gsize size)
{
  gsize at = gst_arcly_ts_find_tables (data, size);

  if (at == size)
    return;
  memcpy (self->tables, data + at, sizeof self->tables);
  self->has_tables = TRUE;
}

/* RFC 8216, 3.2: each segment has PAT and PMT. A copy of the last ones counts
 * as a duplicate packet (ISO/IEC 13818-1, 2.4.3.3). */
static void
write_tables (GstArclyHlsWriter *self)
{
  if (self->has_tables)
    gst_arcly_hls_writer_write_bytes (self, self->tables, sizeof self->tables);
}

static void
warn_gop (GstArclyHlsWriter *self)
{
  guint target = gst_arcly_hls_playlist_get_target_duration (self->playlist);

  if (self->warned_gop)
    return;
  self->warned_gop = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("Keyframes are too far apart for segments of %u s: some segments do "
       "not begin with one. Set a shorter keyframe interval, or a larger "
       "target-duration.",
          target),
      ("RFC 8216, 4.3.3.1: the target duration must not change"));
}

static void
note_main (GstArclyHlsWriter *self, const GstArclyHlsUnit *unit)
{
  if (unit->dts == GST_ARCLY_HLS_NO_TIME)
    return;
  self->main_step = unit->dts - self->last_main;
  self->last_main = unit->dts;
}

static gboolean
is_pausing (GstArclyHlsWriter *self, const GstArclyHlsUnit *unit)
{
  return unit->dts != GST_ARCLY_HLS_NO_TIME &&
         unit->dts - self->last_main > MAX_STEPS * self->main_step;
}

/* Sound goes on, so a keyframe interval is not what lacks. */
static void
warn_pause (GstArclyHlsWriter *self)
{
  if (self->warned_pause)
    return;
  self->warned_pause = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("The video pauses while the sound goes on: some segments have no "
       "keyframe, and who joins there sees nothing until the next."),
      (NULL));
}

/* An encoder upstream may then put its keyframes where segments end. */
static void
request_keyframe (GstArclyHlsWriter *self, const GstArclyHlsUnit *unit)
{
  gint64 time;
  GstEvent *event;

  if (!self->send_keyframe_requests || unit->pts < 0)
    return;
  time =
      gst_arcly_hls_requests_begin (&self->requests, unit->pts, unit->may_cut);
  if (time == GST_ARCLY_HLS_NO_TIME)
    return;
  event = gst_video_event_new_upstream_force_key_unit (
      time - GST_ARCLY_HLS_KEYFRAME_EARLY, TRUE, self->n_keyframe_requests++);
  gst_pad_push_event (GST_BASE_SINK_PAD (self), event);
}

static gint64
to_time (GstClockTime time)
{
  return GST_CLOCK_TIME_IS_VALID (time) ? (gint64) time : GST_ARCLY_HLS_NO_TIME;
}

/* Clocks that bridge a hole, and tables, may stand in front of the tables of
 * the unit: they are of the time before. Returns how many bytes of the buffer
 * went to the segment that ended. */
static gsize
cut_before (GstArclyHlsWriter *self, const GstArclyHlsUnit *unit,
    const guint8 *data, gsize size)
{
  /* What begins after a stop doesn't continue what was. */
  GstArclyHlsCut cut = { .discontinuity = TRUE };
  gboolean was_open = self->open;
  gint64 duration;
  gsize head;

  gst_arcly_hls_writer_guide (self);
  if (!gst_arcly_hls_cutter_push (&self->cutter, unit, &cut) && self->open)
    return 0;
  head = unit->may_cut && self->open && !unit->chunk
             ? gst_arcly_ts_find_tables (data, size)
             : 0;
  if (head == size)
    head = 0;
  if (self->open) {
    gst_arcly_hls_writer_write_bytes (self, data, head);
    duration = gst_arcly_hls_writer_fit_parts (self, cut.duration);
    if (!cut.discontinuity)
      gst_arcly_hls_cutter_shift (&self->cutter, duration - cut.duration);
    gst_arcly_hls_writer_close_segment (self, duration);
  }
  gst_arcly_hls_writer_step (self, was_open);
  gst_arcly_hls_writer_open_segment (self, cut.discontinuity, cut.inside_gop);
  gst_arcly_hls_writer_tell_step (self);
  if (was_open)
    gst_arcly_hls_writer_publish (self);
  if (!unit->may_cut && !unit->chunk)
    write_tables (self);
  if (self->segment.dependent && is_pausing (self, unit))
    warn_pause (self);
  else if (self->segment.dependent)
    warn_gop (self);
  if (cut.discontinuity)
    gst_arcly_hls_requests_reset (&self->requests);
  request_keyframe (self, unit);
  return head;
}

static GstArclyHlsUnit
read_unit (GstBuffer *buffer)
{
  return (GstArclyHlsUnit){
    .pts = to_time (GST_BUFFER_PTS (buffer)),
    .dts = to_time (GST_BUFFER_DTS (buffer)),
    .duration = to_time (GST_BUFFER_DURATION (buffer)),
    .may_cut = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT),
    .discont = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT),
    /* Both muxers have it there. */
    .leftover = GST_BUFFER_FLAG_IS_SET (buffer, GST_ARCLY_TS_MUX_FLAG_LEFTOVER),
  };
}

static void
take_packets (
    GstArclyHlsWriter *self, GstBuffer *buffer, const guint8 *data, gsize size)
{
  GstArclyHlsUnit unit = read_unit (buffer);
  gboolean beside =
      GST_BUFFER_FLAG_IS_SET (buffer, GST_ARCLY_TS_MUX_FLAG_BESIDE);
  gsize done = cut_before (self, &unit, data, size);

  gst_arcly_hls_writer_list_ranges (self, &unit);
  if (!beside)
    note_main (self, &unit);
  if (self->live && gst_arcly_hls_live_push (self->live, &unit, beside))
    gst_arcly_hls_writer_note_part (self);
  note_tables (self, data, size);
  if (!self->failed)
    gst_arcly_hls_writer_write_bytes (self, data + done, size - done);
  gst_arcly_hls_writer_tell_horizon (self, &unit);
}

/* docs/fmp4mux.md: only the first buffer of a chunk tells of it. */
static void
take_boxes (
    GstArclyHlsWriter *self, GstBuffer *buffer, const guint8 *data, gsize size)
{
  if (!self->in_chunk) {
    gboolean last = gst_arcly_hls_cutter_is_agreed (&self->cutter);

    self->unit = read_unit (buffer);
    self->unit.chunk = TRUE;
    self->unit.key =
        GST_BUFFER_FLAG_IS_SET (buffer, GST_ARCLY_FMP4_MUX_FLAG_KEY);
    self->unit.fresh = self->init_is_new;
    self->in_chunk = TRUE;
    cut_before (self, &self->unit, data, size);
    gst_arcly_hls_writer_list_ranges (self, &self->unit);
    note_main (self, &self->unit);
    if (self->live && gst_arcly_hls_live_push_chunk (self->live, &self->unit))
      gst_arcly_hls_writer_note_part (self);
    self->is_last_chunk = last && !self->unit.may_cut;
  }
  if (!self->failed)
    gst_arcly_hls_writer_write_bytes (self, data, size);
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_MARKER))
    return;
  self->in_chunk = FALSE;
  if (self->live && gst_arcly_hls_live_end_chunk (
                        self->live, &self->unit, self->is_last_chunk))
    gst_arcly_hls_writer_note_part (self);
  gst_arcly_hls_writer_tell_horizon (self, &self->unit);
}

/* Behind a hole, sound may come in front of the first picture: of the same
 * sender, or of one that has another init segment, which comes with that
 * picture. A segment of a few frames that nothing goes on with makes players
 * stumble. */
static gboolean
is_doubtful (GstArclyHlsWriter *self, GstBuffer *buffer)
{
  GstArclyHlsUnit unit = read_unit (buffer);

  return self->open && !unit.may_cut && unit.pts != GST_ARCLY_HLS_NO_TIME &&
         unit.pts - self->cutter.end > MAX_CHUNK_HOLE;
}

/* What was doubtful goes on, or is nothing that the next chunk belongs to. */
static void
settle (GstArclyHlsWriter *self)
{
  guint i;

  for (i = 0; i < self->doubtful->len && !self->init_is_new; i++) {
    GstBuffer *buffer = g_ptr_array_index (self->doubtful, i);
    GstMapInfo map;

    if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
      continue;
    take_boxes (self, buffer, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
  }
  g_ptr_array_set_size (self->doubtful, 0);
}

static void
take_chunk (
    GstArclyHlsWriter *self, GstBuffer *buffer, const guint8 *data, gsize size)
{
  if (!self->in_chunk && !self->in_doubt) {
    settle (self);
    self->in_doubt = is_doubtful (self, buffer);
  }
  if (!self->in_doubt) {
    take_boxes (self, buffer, data, size);
    return;
  }
  g_ptr_array_add (self->doubtful, gst_buffer_ref (buffer));
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_MARKER))
    self->in_doubt = FALSE;
}

static void
take_init (GstArclyHlsWriter *self, const guint8 *data, gsize size)
{
  g_clear_pointer (&self->init, g_bytes_unref);
  self->init = g_bytes_new (data, size);
  self->init_is_new = TRUE;
}

static GstFlowReturn
gst_arcly_hls_writer_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstArclyHlsWriter *self = GST_ARCLY_HLS_WRITER (sink);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ, (NULL), ("buffer not readable"));
    return GST_FLOW_ERROR;
  }
  if (!self->fmp4)
    take_packets (self, buffer, map.data, map.size);
  else if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER))
    take_init (self, map.data, map.size);
  else if (self->init)
    take_chunk (self, buffer, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  return self->failed ? GST_FLOW_ERROR : GST_FLOW_OK;
}

static GstFlowReturn
gst_arcly_hls_writer_render_list (GstBaseSink *sink, GstBufferList *list)
{
  guint n = gst_buffer_list_length (list), i;
  GstFlowReturn flow = GST_FLOW_OK;

  for (i = 0; i < n && flow == GST_FLOW_OK; i++)
    flow = gst_arcly_hls_writer_render (sink, gst_buffer_list_get (list, i));
  return flow;
}

static void
finish_segment (GstArclyHlsWriter *self)
{
  gint64 duration;

  settle (self);
  gst_arcly_hls_writer_take_ranges (self, GST_ARCLY_HLS_BOARD_END);
  duration = gst_arcly_hls_cutter_finish (&self->cutter);
  if (self->open && duration != GST_ARCLY_HLS_NO_TIME)
    gst_arcly_hls_writer_close_segment (
        self, gst_arcly_hls_writer_fit_parts (self, duration));
  gst_arcly_hls_writer_publish (self);
}

static void
end_playlist (GstArclyHlsWriter *self)
{
  finish_segment (self);
  if (self->cuts && self->leads)
    gst_arcly_hls_cuts_advance (self->cuts, GST_ARCLY_HLS_CUTS_END);
  /* What may follow is another presentation, which has its own. */
  self->init_is_new = self->init != NULL;
  if (gst_arcly_hls_playlist_get_length (self->playlist) == 0)
    return;
  gst_arcly_hls_playlist_end (self->playlist);
  gst_arcly_hls_writer_write_playlist (self);
  gst_arcly_hls_writer_publish (self);
}

static gboolean
gst_arcly_hls_writer_event (GstBaseSink *sink, GstEvent *event)
{
  GstArclyHlsWriter *self = GST_ARCLY_HLS_WRITER (sink);

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    end_playlist (self);
    /* Who hears of the end finds it in the storage. */
    gst_arcly_hls_store_drain (self->store);
  }
  return GST_BASE_SINK_CLASS (gst_arcly_hls_writer_parent_class)
      ->event (sink, event);
}

/* docs/fmp4mux.md: a keyframe is there, and whether a fragment begins at it is
 * for us to say. So parts are of the same length up to where a segment ends,
 * and none is longer than what is advertised by then (rule U9). */
static gboolean
answer_fragment (GstArclyHlsWriter *self, GstStructure *fragment)
{
  gint64 pts;

  /* In MPEG-TS there is no need, but for sound: it follows what leads. */
  if ((self->fmp4 ? !self->live && !self->cuts
                  : !self->cuts || self->is_video) ||
      !gst_structure_get_int64 (fragment, "pts", &pts))
    return FALSE;
  gst_arcly_hls_writer_guide (self);
  gst_structure_set (fragment, "begin", G_TYPE_BOOLEAN,
      gst_arcly_hls_cutter_offer (&self->cutter, pts), "chunk-duration",
      G_TYPE_UINT64, gst_arcly_hls_writer_get_chunk_duration (self), NULL);
  return TRUE;
}

static gboolean
gst_arcly_hls_writer_query (GstBaseSink *sink, GstQuery *query)
{
  GstArclyHlsWriter *self = GST_ARCLY_HLS_WRITER (sink);

  if (GST_QUERY_TYPE (query) == GST_QUERY_CUSTOM &&
      gst_structure_has_name (
          gst_query_get_structure (query), GST_ARCLY_MUX_QUERY))
    return answer_fragment (self, gst_query_writable_structure (query));
  return GST_BASE_SINK_CLASS (gst_arcly_hls_writer_parent_class)
      ->query (sink, query);
}

/* Rule U10: what another process wrote here is continued, not contradicted. */
static void
resume (GstArclyHlsWriter *self)
{
  g_autoptr (GError) error = NULL;

  if (!gst_arcly_hls_resume (
          self->playlist, self->store, gst_arcly_hls_writer_now (), &error))
    GST_WARNING_OBJECT (self, "not continued: %s", error->message);
  gst_arcly_hls_cutter_set_limit (&self->cutter,
      gst_arcly_hls_playlist_get_target_duration (self->playlist));
  self->next_date_time = gst_arcly_hls_playlist_get_end (self->playlist);
  gst_arcly_hls_writer_publish_numbers (self);
}

/* Where the folder gives nothing to go on with, names must not come again
 * either: caches keep a segment for a year. */
static gchar *
make_stamp (void)
{
  g_autoptr (GDateTime) date = g_date_time_new_now_utc ();
  g_autofree gchar *second = g_date_time_format (date, "%Y%m%dT%H%M%S");

  return g_strdup_printf ("%s%06d", second, g_date_time_get_microsecond (date));
}

gboolean
gst_arcly_hls_writer_open (GstArclyHlsWriter *self,
    const GstArclyHlsSettings *settings, GError **error)
{
  g_autofree gchar *stamp = make_stamp ();

  g_return_val_if_fail (self->store == NULL, FALSE);

  self->has_storage = settings->storage != NULL;
  self->store =
      settings->storage
          ? gst_arcly_hls_store_open_storage (settings->storage,
                settings->folder, &gst_arcly_hls_writer_storage_events, self)
          : gst_arcly_hls_store_open (settings->location, error);
  if (!self->store)
    return FALSE;
  self->keep_segments = settings->keep_segments;
  self->fmp4 = settings->fmp4;
  self->part_duration = settings->origin ? settings->part_duration : 0;
  self->init_is_new = self->init_is_there = self->in_chunk = FALSE;
  self->in_doubt = FALSE;
  self->number = settings->number;
  self->leads = settings->leads;
  self->is_video = settings->is_video;
  self->warned_misaligned = self->step_discontinuity = FALSE;
  if (settings->master) {
    self->master = gst_arcly_hls_master_ref (settings->master);
    self->cuts = gst_arcly_hls_cuts_ref (settings->cuts);
  }
  self->board = gst_arcly_hls_board_ref (settings->board);
  self->n_ranges = 0;
  /* For those who follow it would be too late. */
  self->send_keyframe_requests =
      settings->send_keyframe_requests && (!settings->cuts || settings->leads);
  self->is_vod = settings->type == GST_ARCLY_HLS_VOD;
  gst_arcly_hls_requests_init (
      &self->requests, settings->target_duration * GST_SECOND);
  self->playlist = gst_arcly_hls_playlist_new (
      settings->type, settings->target_duration, settings->length, stamp);
  if (settings->fmp4)
    gst_arcly_hls_playlist_set_fmp4 (self->playlist);
  gst_arcly_hls_cutter_init (&self->cutter, settings->target_duration);
  self->open = self->lost = self->lost_before = self->failed = FALSE;
  self->stale = self->warned_rules = FALSE;
  self->lints[FALSE] = gst_arcly_hls_lint_new ();
  self->lints[TRUE] = gst_arcly_hls_lint_new ();
  self->has_reported = self->has_tables = FALSE;
  self->warned_gop = self->warned_pause = FALSE;
  self->last_main = self->main_step = 0;
  self->n_keyframe_requests = 0;
  gst_arcly_hls_playlist_set_window (
      self->playlist, (gint64) settings->dvr_window);
  if (settings->origin && !self->is_vod)
    gst_arcly_hls_playlist_set_parts (
        self->playlist, (gint64) settings->part_duration);
  resume (self);
  if (settings->origin && !self->is_vod)
    self->live = gst_arcly_hls_live_new (
        self->playlist, settings->origin, (gint64) settings->part_duration);
  return TRUE;
}

/* Parts are chunks. Without parts they are shorter than segments, so that one
 * can end where no keyframe comes in time. Times of RTMP are in milliseconds:
 * frames may be that much longer than they are. */
GstClockTime
gst_arcly_hls_writer_get_chunk_duration (GstArclyHlsWriter *self)
{
  gint64 target = gst_arcly_hls_playlist_get_part_target (self->playlist);

  if (self->part_duration == 0)
    return GST_SECOND / 2;
  return (target > 0 ? (GstClockTime) target : self->part_duration) +
         2 * GST_MSECOND;
}

void
gst_arcly_hls_writer_close (GstArclyHlsWriter *self)
{
  if (!self->store)
    return;
  /* Nobody can go on with what was never shown. */
  if (self->is_vod && !gst_arcly_hls_playlist_is_ended (self->playlist))
    end_playlist (self);
  else
    finish_segment (self);
  if (self->live)
    gst_arcly_hls_store_remove (self->store, GST_ARCLY_HLS_OPEN_NAME, NULL);
  g_clear_pointer (&self->live, gst_arcly_hls_live_free);
  g_clear_pointer (&self->lints[FALSE], gst_arcly_hls_lint_free);
  g_clear_pointer (&self->lints[TRUE], gst_arcly_hls_lint_free);
  g_clear_pointer (&self->store, gst_arcly_hls_store_close);
  g_clear_pointer (&self->playlist, gst_arcly_hls_playlist_free);
  g_clear_pointer (&self->init, g_bytes_unref);
  if (self->cuts && self->leads)
    gst_arcly_hls_cuts_advance (self->cuts, GST_ARCLY_HLS_CUTS_END);
  g_clear_pointer (&self->board, gst_arcly_hls_board_unref);
  g_clear_pointer (&self->cuts, gst_arcly_hls_cuts_unref);
  g_clear_pointer (&self->master, gst_arcly_hls_master_unref);
}

static guint64
load (_Atomic guint64 *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

GstStructure *
gst_arcly_hls_writer_get_stats (GstArclyHlsWriter *self)
{
  return gst_structure_new ("application/x-arcly-hls-stats", "segments",
      G_TYPE_UINT64, load (&self->n_segments), "bytes", G_TYPE_UINT64,
      load (&self->n_bytes), "lost-segments", G_TYPE_UINT64,
      load (&self->n_lost), "deleted-segments", G_TYPE_UINT64,
      load (&self->n_deleted), "storage-retries", G_TYPE_UINT64,
      load (&self->n_retries), "media-sequence", G_TYPE_UINT64,
      load (&self->media_sequence), "target-duration", G_TYPE_UINT,
      atomic_load_explicit (&self->target_duration, memory_order_relaxed),
      NULL);
}

static void
gst_arcly_hls_writer_finalize (GObject *object)
{
  gst_arcly_hls_writer_close (GST_ARCLY_HLS_WRITER (object));
  g_ptr_array_unref (GST_ARCLY_HLS_WRITER (object)->doubtful);

  G_OBJECT_CLASS (gst_arcly_hls_writer_parent_class)->finalize (object);
}

static void
gst_arcly_hls_writer_init (GstArclyHlsWriter *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  self->doubtful =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  gst_base_sink_set_sync (sink, FALSE);
  gst_base_sink_set_async_enabled (sink, FALSE);
  /* It would keep the last segment's memory for nobody. */
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}

static void
gst_arcly_hls_writer_class_init (GstArclyHlsWriterClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_arcly_hls_writer_finalize;
  sink_class->render = gst_arcly_hls_writer_render;
  sink_class->render_list = gst_arcly_hls_writer_render_list;
  sink_class->event = gst_arcly_hls_writer_event;
  sink_class->query = gst_arcly_hls_writer_query;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Arcly HLS writer",
      "Sink", "Cuts MPEG-TS or fragmented MP4 into HLS segments",
      "The gst-arcly authors");
}
