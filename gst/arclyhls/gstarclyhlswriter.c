/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include <gst/video/video.h>

#include "gstarclyhlslive.h"
#include "gstarclyhlsresume.h"
#include "gstarclyhlsstore.h"
#include "gstarclyhlswriter.h"
#include "gstarclytsmux.h"
#include "hls/hlscutter.h"
#include "hls/hlslint.h"
#include "hls/hlsopen.h"
#include "mpegts/mpegtspsi.h"

GST_DEBUG_CATEGORY_STATIC (gst_arcly_hls_writer_debug);
#define GST_CAT_DEFAULT gst_arcly_hls_writer_debug

struct _GstArclyHlsWriter {
  GstBaseSink parent;

  /* Set by open, constant until close: any thread. */
  gboolean keep_segments;
  gboolean send_keyframe_requests;
  gboolean is_vod;
  gboolean has_storage; /* which tells what it removed */
  GstClockTime request_interval;

  /* The streaming thread; or nobody streams. */
  GstArclyHlsStore *store;       /* owned */
  GstArclyHlsPlaylist *playlist; /* owned */
  GstArclyHlsLive *live;         /* owned; NULL without parts */
  GstArclyHlsLint *lints[2];     /* owned: of the folder's, of viewers' */
  GstArclyHlsCutter cutter;
  guint8 tables[2 * GST_ARCLY_TS_PACKET_SIZE]; /* PAT and PMT that went last */
  gboolean has_tables;
  GstArclyHlsSegment segment; /* that is open */
  gsize segment_bytes;
  gboolean open;
  gboolean lost;         /* the open segment; why was said already */
  gboolean lost_before;  /* the one before it */
  gboolean stale;        /* the playlist that readers see */
  gboolean failed;       /* for good; why was said already */
  gint64 next_date_time; /* where the open segment ends, if it goes on */
  GFileError reported;   /* the last failure that was */
  gboolean has_reported;
  gboolean warned_gop;
  gboolean warned_rules;
  guint n_keyframe_requests;

  /* Atomic. The streaming thread adds, or that of a storage, relaxed; "stats"
   * reads. */
  _Atomic guint64 n_segments;
  _Atomic guint64 n_bytes;
  _Atomic guint64 n_lost;
  _Atomic guint64 n_deleted;
  _Atomic guint64 n_retries;
  _Atomic guint64 media_sequence;
  _Atomic guint target_duration;
};

/* arclytsmux is the only one that it is ever linked to. */
static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/mpegts, systemstream = (boolean) true, "
                         "packetsize = (int) 188"));

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHlsWriter, gst_arcly_hls_writer,
    GST_TYPE_BASE_SINK,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_hls_writer_debug, "arclyhlswriter", 0,
        "Arcly HLS segments and playlists"));

static guint64
now (void)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  return gst_clock_get_time (clock);
}

static void
add (_Atomic guint64 *counter, guint64 value)
{
  atomic_fetch_add_explicit (counter, value, memory_order_relaxed);
}

static void
publish_numbers (GstArclyHlsWriter *self)
{
  atomic_store_explicit (&self->media_sequence,
      gst_arcly_hls_playlist_get_first (self->playlist), memory_order_relaxed);
  atomic_store_explicit (&self->target_duration,
      gst_arcly_hls_playlist_get_target_duration (self->playlist),
      memory_order_relaxed);
}

/* Media flows on: what may be repaired while it does is a warning, once a
 * cause. A location that is no folder any more is the end. */
static void
report (GstArclyHlsWriter *self, const GError *failure)
{
  if (failure->code == G_FILE_ERROR_NOTDIR) {
    if (!self->failed)
      GST_ELEMENT_ERROR (
          self, RESOURCE, WRITE, ("%s", failure->message), (NULL));
    self->failed = TRUE;
    return;
  }
  if (self->has_reported && failure->code == (gint) self->reported) {
    GST_DEBUG_OBJECT (self, "again: %s", failure->message);
    return;
  }
  self->has_reported = TRUE;
  self->reported = failure->code;
  if (failure->code == G_FILE_ERROR_NOSPC)
    GST_ELEMENT_WARNING (
        self, RESOURCE, NO_SPACE_LEFT, ("%s", failure->message), (NULL));
  else
    GST_ELEMENT_WARNING (
        self, RESOURCE, WRITE, ("%s", failure->message), (NULL));
}

/* Thread of the storage. */
static void
on_storage_failing (gpointer data, const GError *error)
{
  GST_ELEMENT_WARNING (
      GST_ELEMENT (data), RESOURCE, WRITE, ("%s", error->message), (NULL));
}

/* Thread of the storage, or the streaming thread. A playlist is followed by
 * another one. */
static void
on_storage_lost (gpointer data, const gchar *name, const GError *error)
{
  GstArclyHlsWriter *self = GST_ARCLY_HLS_WRITER (data);
  GstStructure *lost = gst_structure_new ("arcly-storage-lost", "name",
      G_TYPE_STRING, name, "message", G_TYPE_STRING, error->message, NULL);

  if (!g_str_has_suffix (name, GST_ARCLY_HLS_PLAYLIST_NAME))
    add (&self->n_lost, 1);
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), lost));
}

/* Thread of the storage. */
static void
on_storage_removed (gpointer data, const gchar *name)
{
  add (&GST_ARCLY_HLS_WRITER (data)->n_deleted, 1);
}

/* Thread of the storage. */
static void
on_storage_retried (gpointer data)
{
  add (&GST_ARCLY_HLS_WRITER (data)->n_retries, 1);
}

static const GstArclyHlsSpoolEvents storage_events = {
  .failing = on_storage_failing,
  .lost = on_storage_lost,
  .removed = on_storage_removed,
  .retried = on_storage_retried,
};

static void
delete_expired (GstArclyHlsWriter *self)
{
  guint64 time = now ();
  gchar *name;

  while ((name = gst_arcly_hls_playlist_pop_expired (self->playlist, time))) {
    g_autoptr (GError) error = NULL;

    if (!self->keep_segments) {
      if (!gst_arcly_hls_store_remove (self->store, name, &error))
        report (self, error);
      else if (!self->has_storage)
        add (&self->n_deleted, 1);
    }
    g_free (name);
  }
}

/* Rule U9. Whatever it is, viewers are better off with a playlist. */
static void
lint (GstArclyHlsWriter *self, gboolean live, const gchar *text)
{
  g_autofree gchar *broken = gst_arcly_hls_lint_check (self->lints[live], text);

  if (!broken)
    return;
  GST_WARNING_OBJECT (self, "%s", broken);
  if (!self->warned_rules)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("The playlist breaks a rule of HLS; some players may stop"),
        ("%s", broken));
  self->warned_rules = TRUE;
}

/* What viewers of parts see. */
static void
publish (GstArclyHlsWriter *self)
{
  g_autofree gchar *text = NULL;

  if (self->live)
    text = gst_arcly_hls_live_publish (self->live);
  if (text)
    lint (self, TRUE, text);
}

static void
write_playlist (GstArclyHlsWriter *self)
{
  g_autofree gchar *text = gst_arcly_hls_playlist_render (self->playlist);
  g_autoptr (GError) error = NULL;

  publish_numbers (self);
  self->stale =
      text && !gst_arcly_hls_store_replace (self->store,
                  GST_ARCLY_HLS_PLAYLIST_NAME, text, strlen (text), &error);
  if (self->stale)
    report (self, error);
  if (text)
    lint (self, FALSE, text);
  publish (self);
}

/* PROGRAM-DATE-TIME follows the clock at a discontinuity and the durations in
 * between. It never goes back: media may come faster than time. */
static void
open_segment (
    GstArclyHlsWriter *self, gboolean discontinuity, gboolean inside_gop)
{
  g_autoptr (GError) error = NULL;
  gboolean is_new;

  self->segment.discontinuity = discontinuity || self->lost_before;
  /* Where a time line begins, only sound comes in front of the keyframe. */
  self->segment.dependent = inside_gop && !discontinuity;
  self->segment.date_time = self->next_date_time;
  if (discontinuity)
    self->segment.date_time = MAX (g_get_real_time (), self->next_date_time);
  self->segment_bytes = 0;
  self->lost_before = FALSE;
  self->open = TRUE;
  self->lost = !gst_arcly_hls_store_begin (self->store, &is_new, &error);
  if (self->lost)
    report (self, error);
  /* What was listed is not in this folder. */
  if (is_new)
    gst_arcly_hls_playlist_drop_before (
        self->playlist, gst_arcly_hls_playlist_get_next (self->playlist));
  if (self->live)
    gst_arcly_hls_live_open (self->live, &self->segment, now ());
}

/* A segment that is lost has no entry, so players need not know EXT-X-GAP; its
 * number goes to the next, which is a discontinuity. But parts of it were
 * listed already: then it stays, without a file. */
static void
lose_segment (GstArclyHlsWriter *self, const GError *failure)
{
  self->lost = TRUE;
  report (self, failure);
}

static void
list_segment (GstArclyHlsWriter *self, const gchar *name)
{
  guint target;

  gst_arcly_hls_playlist_append (self->playlist, &self->segment, now ());
  target = gst_arcly_hls_playlist_get_target_duration (self->playlist);
  if (!self->is_vod)
    gst_arcly_hls_cutter_set_limit (&self->cutter, target);
  if (self->live)
    gst_arcly_hls_live_list (self->live, name, self->segment.duration);
  if (self->lost)
    return;
  add (&self->n_segments, 1);
  add (&self->n_bytes, self->segment_bytes);
  self->has_reported = FALSE;
}

static void
close_segment (GstArclyHlsWriter *self, gint64 duration)
{
  g_autofree gchar *name =
      gst_arcly_hls_playlist_get_next_name (self->playlist);
  g_autoptr (GError) error = NULL;

  self->open = FALSE;
  self->segment.duration = duration;
  self->next_date_time = self->segment.date_time + duration / 1000;
  if (!self->lost && !gst_arcly_hls_store_commit (self->store, name, &error))
    lose_segment (self, error);
  if (self->lost)
    add (&self->n_lost, 1);
  if (self->live)
    gst_arcly_hls_live_close (self->live, duration);
  self->segment.gap = self->lost;
  self->lost_before = self->lost && !self->live;
  if (!self->lost_before) {
    GST_DEBUG_OBJECT (
        self, "%s, %" GST_TIME_FORMAT, name, GST_TIME_ARGS (duration));
    list_segment (self, name);
  }
  if (!self->lost_before || self->stale)
    write_playlist (self);
  /* Also of a lost one: where the disk is full, this is what makes room. */
  delete_expired (self);
}

static void
write_bytes (GstArclyHlsWriter *self, const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;

  self->segment_bytes += size;
  if (self->live)
    gst_arcly_hls_live_write (self->live, data, size);
  if (!self->lost &&
      !gst_arcly_hls_store_write (self->store, data, size, &error))
    lose_segment (self, error);
}

/* Rule U10, should we die before the segment is whole. */
static void
note_open (GstArclyHlsWriter *self)
{
  GstArclyHlsOpen open = { .segment = self->segment,
    .sequence = gst_arcly_hls_playlist_get_next (self->playlist),
    .bytes = self->segment_bytes };
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL;

  open.segment.duration = gst_arcly_hls_live_get_duration (self->live);
  text = gst_arcly_hls_open_write (&open);
  if (self->lost)
    return;
  if (!gst_arcly_hls_store_flush (self->store, &error))
    lose_segment (self, error);
  else if (!gst_arcly_hls_store_replace (self->store, GST_ARCLY_HLS_OPEN_NAME,
               text, strlen (text), &error))
    report (self, error);
}

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
    write_bytes (self, self->tables, sizeof self->tables);
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

/* An encoder upstream may then put its keyframes where segments end. */
static void
request_keyframe (GstArclyHlsWriter *self, const GstArclyHlsUnit *unit)
{
  GstEvent *event;

  if (!self->send_keyframe_requests || unit->pts < 0)
    return;
  event = gst_video_event_new_upstream_force_key_unit (
      unit->pts + self->request_interval, TRUE, self->n_keyframe_requests++);
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
  gsize head;

  if (!gst_arcly_hls_cutter_push (&self->cutter, unit, &cut) && self->open)
    return 0;
  head =
      unit->may_cut && self->open ? gst_arcly_ts_find_tables (data, size) : 0;
  if (head == size)
    head = 0;
  if (self->open) {
    write_bytes (self, data, head);
    close_segment (self, cut.duration);
  }
  open_segment (self, cut.discontinuity, cut.inside_gop);
  if (!unit->may_cut)
    write_tables (self);
  if (self->segment.dependent)
    warn_gop (self);
  request_keyframe (self, unit);
  return head;
}

static GstFlowReturn
gst_arcly_hls_writer_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstArclyHlsWriter *self = GST_ARCLY_HLS_WRITER (sink);
  GstArclyHlsUnit unit = {
    .pts = to_time (GST_BUFFER_PTS (buffer)),
    .dts = to_time (GST_BUFFER_DTS (buffer)),
    .duration = to_time (GST_BUFFER_DURATION (buffer)),
    .may_cut = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT),
    .discont = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT),
    .leftover = GST_BUFFER_FLAG_IS_SET (buffer, GST_ARCLY_TS_MUX_FLAG_LEFTOVER),
  };
  GstMapInfo map;
  gsize done;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ, (NULL), ("buffer not readable"));
    return GST_FLOW_ERROR;
  }
  done = cut_before (self, &unit, map.data, map.size);
  if (self->live &&
      gst_arcly_hls_live_push (self->live, &unit,
          GST_BUFFER_FLAG_IS_SET (buffer, GST_ARCLY_TS_MUX_FLAG_BESIDE))) {
    publish (self);
    note_open (self);
  }
  note_tables (self, map.data, map.size);
  if (!self->failed)
    write_bytes (self, map.data + done, map.size - done);
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
  gint64 duration = gst_arcly_hls_cutter_finish (&self->cutter);

  if (self->open && duration != GST_ARCLY_HLS_NO_TIME)
    close_segment (self, duration);
}

static void
end_playlist (GstArclyHlsWriter *self)
{
  finish_segment (self);
  if (gst_arcly_hls_playlist_get_length (self->playlist) == 0)
    return;
  gst_arcly_hls_playlist_end (self->playlist);
  write_playlist (self);
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

/* Rule U10: what another process wrote here is continued, not contradicted. */
static void
resume (GstArclyHlsWriter *self)
{
  g_autoptr (GError) error = NULL;

  if (!gst_arcly_hls_resume (self->playlist, self->store, now (), &error))
    GST_WARNING_OBJECT (self, "not continued: %s", error->message);
  gst_arcly_hls_cutter_set_limit (&self->cutter,
      gst_arcly_hls_playlist_get_target_duration (self->playlist));
  self->next_date_time = gst_arcly_hls_playlist_get_end (self->playlist);
  publish_numbers (self);
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
  self->store = settings->storage
                    ? gst_arcly_hls_store_open_storage (
                          settings->storage, &storage_events, self)
                    : gst_arcly_hls_store_open (settings->location, error);
  if (!self->store)
    return FALSE;
  self->keep_segments = settings->keep_segments;
  self->send_keyframe_requests = settings->send_keyframe_requests;
  self->is_vod = settings->type == GST_ARCLY_HLS_VOD;
  self->request_interval = settings->target_duration * GST_SECOND;
  self->playlist = gst_arcly_hls_playlist_new (
      settings->type, settings->target_duration, settings->length, stamp);
  gst_arcly_hls_cutter_init (&self->cutter, settings->target_duration);
  self->open = self->lost = self->lost_before = self->failed = FALSE;
  self->stale = self->warned_rules = FALSE;
  self->lints[FALSE] = gst_arcly_hls_lint_new ();
  self->lints[TRUE] = gst_arcly_hls_lint_new ();
  self->has_reported = self->warned_gop = self->has_tables = FALSE;
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

  G_OBJECT_CLASS (gst_arcly_hls_writer_parent_class)->finalize (object);
}

static void
gst_arcly_hls_writer_init (GstArclyHlsWriter *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

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

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Arcly HLS writer",
      "Sink", "Cuts MPEG-TS into HLS segments", "The gst-arcly authors");
}
