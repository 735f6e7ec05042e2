/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdatomic.h>

#include "gstarclyrecordmessages.h"
#include "gstarclyrecordwriter.h"
#include "gstarclytsmux.h"
#include "mpegts/mpegtspsi.h"

GST_DEBUG_CATEGORY_STATIC (gst_arcly_record_writer_debug);
#define GST_CAT_DEFAULT gst_arcly_record_writer_debug

/* How long the end of a stream waits for a disk. */
#define PATIENCE (10 * G_USEC_PER_SEC)
/* What is open of MPEG-TS is memory; larger fragments go in pieces. */
#define MAX_PIECE (4 * 1024 * 1024)
/* Frames do not lie on the multiples of a duration. */
#define SLACK ((gint64) (5 * GST_MSECOND))
/* The same as the muxers'. */
#define JUMP ((gint64) (10 * GST_SECOND))
#define MAX_STEP ((gint64) GST_SECOND)

struct _GstArclyRecordWriter {
  GstBaseSink parent;

  /* Set by open, constant until close. */
  gboolean is_ts;
  gint64 fragment_duration;

  /* Object lock: "stats" may come at any time. */
  GstArclyRecordDisk *disk;       /* owned */
  GstArclyRecordStats last_stats; /* of what was before */

  /* Set by open, constant until close: any thread. */
  GstArclyRecordQueue *queue; /* the disk's */

  /* The streaming thread; or nobody streams. */
  GstArclyRecordFragment *fragment; /* that is open, owned; of MPEG-TS */
  GBytes *init;                     /* owned; of fMP4 */
  const gchar *next_cut;            /* why the next file begins, static */
  gboolean started;
  gboolean keyed;    /* not only sound in front of the first picture */
  gboolean skipping; /* until decoding can start */
  gint64 end;        /* media time of what came latest in presentation */
  gint64 last_dts;
  gint64 last_step; /* between two DTS */
  gboolean asked_live;
  gboolean is_live;
  gboolean warned_slow;

  /* Preroll lock. */
  gint64 end_time; /* of the stop, monotonic clock; 0: none yet */

  /* Atomic. Anybody sets it, the streaming thread takes it. */
  _Atomic gboolean split;
};

/* The muxers are the only ones that it is ever linked to. */
static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/mpegts, systemstream = (boolean) true, "
                         "packetsize = (int) 188; "
                         "video/quicktime, variant = (string) iso-fragmented"));

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyRecordWriter, gst_arcly_record_writer,
    GST_TYPE_BASE_SINK,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_record_writer_debug, "arclyrecordwriter",
        0, "Arcly recording"));

/* When what ends now began. The clock may be set: names follow it. */
static gint64
wall_before (gint64 duration)
{
  return MAX (0, g_get_real_time () - duration / 1000);
}

/* What is not live can wait for a disk; what is would be late everywhere. */
static gboolean
is_live (GstArclyRecordWriter *self)
{
  g_autoptr (GstQuery) query = NULL;
  gboolean live = FALSE;

  if (self->asked_live)
    return self->is_live;
  query = gst_query_new_latency ();
  if (gst_pad_peer_query (GST_BASE_SINK_PAD (self), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  self->asked_live = TRUE;
  self->is_live = live;
  return live;
}

static void
hand_over (GstArclyRecordWriter *self, GstArclyRecordFragment *fragment)
{
  GST_LOG_OBJECT (self,
      "%s at %" GST_STIME_FORMAT ", %" GST_STIME_FORMAT ", %" G_GSIZE_FORMAT
      " bytes",
      fragment->begins ? "fragment" : "piece", GST_STIME_ARGS (fragment->media),
      GST_STIME_ARGS (fragment->duration), fragment->bytes);
  if (gst_arcly_record_queue_push (self->queue, fragment, !is_live (self))) {
    self->warned_slow = FALSE;
    return;
  }
  if (!self->warned_slow)
    GST_ELEMENT_WARNING (self, RESOURCE, WRITE,
        ("The disk is too slow for the recording: fragments are left out"),
        (NULL));
  self->warned_slow = TRUE;
}

/* What no decoder can show. */
static void
skip (GstArclyRecordWriter *self, gint64 media, gint64 duration, gsize bytes,
    const gchar *reason)
{
  GstArclyRecordLoss loss = { .bytes = bytes,
    .media = media,
    .end = media + duration,
    .wall = wall_before (0),
    .reason = reason };

  if (!self->skipping)
    GST_INFO_OBJECT (self, "left out until the next key frame: %s", reason);
  self->skipping = TRUE;
  gst_arcly_record_queue_push_loss (self->queue, &loss);
}

/* Rule U11: time that jumps is no duration. A key frame that does is marked. */
static gboolean
is_jump (GstArclyRecordWriter *self, gint64 from, gint64 to)
{
  return self->started && ABS (to - from) > JUMP;
}

static const gchar *
take_cut (GstArclyRecordWriter *self, gboolean discont)
{
  const gchar *cut = self->next_cut;
  gboolean split =
      atomic_exchange_explicit (&self->split, FALSE, memory_order_relaxed);

  self->next_cut = NULL;
  if (!self->started)
    return NULL;
  if (cut)
    return cut;
  if (discont && self->keyed)
    return "discontinuity";
  return split ? "split" : NULL;
}

static GstFlowReturn
take_init (GstArclyRecordWriter *self, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  guint8 *data = g_malloc (size);
  g_autoptr (GBytes) init = NULL;

  gst_buffer_extract (buffer, 0, data, size);
  init = g_bytes_new_take (data, size);
  if (self->init && !g_bytes_equal (init, self->init))
    self->next_cut = "format";
  g_clear_pointer (&self->init, g_bytes_unref);
  self->init = g_steal_pointer (&init);
  return GST_FLOW_OK;
}

/* A chunk of arclyfmp4mux, which is a fragment or continues one. */
static GstFlowReturn
take_chunk (GstArclyRecordWriter *self, GstBufferList *list)
{
  GstBuffer *first = gst_buffer_list_get (list, 0);
  gboolean key = !GST_BUFFER_FLAG_IS_SET (first, GST_BUFFER_FLAG_DELTA_UNIT);
  gint64 media = (gint64) GST_BUFFER_PTS (first);
  gint64 duration = (gint64) GST_BUFFER_DURATION (first);
  GstArclyRecordFragment *fragment;
  guint n = gst_buffer_list_length (list), i;

  if (!key && (self->skipping || is_jump (self, self->end, media))) {
    skip (self, media, duration, gst_buffer_list_calculate_size (list), "jump");
    return GST_FLOW_OK;
  }
  fragment = gst_arcly_record_fragment_new ();
  fragment->init = g_bytes_ref (self->init);
  fragment->media = media;
  fragment->duration = duration;
  fragment->wall = wall_before (duration);
  fragment->begins = key || !self->started;
  fragment->cut = key ? take_cut (self, GST_BUFFER_FLAG_IS_SET (
                                            first, GST_BUFFER_FLAG_DISCONT))
                      : NULL;
  for (i = 0; i < n; i++)
    gst_arcly_record_fragment_add (fragment, gst_buffer_list_get (list, i));
  self->started = TRUE;
  self->keyed |= key;
  self->skipping = FALSE;
  self->end = media + duration;
  hand_over (self, fragment);
  return GST_FLOW_OK;
}

/* Of MPEG-TS: hands over what is open, which ends at @end. */
static void
finish_fragment (GstArclyRecordWriter *self, gint64 end)
{
  if (!self->fragment)
    return;
  self->fragment->duration = MAX (0, end - self->fragment->media);
  hand_over (self, g_steal_pointer (&self->fragment));
}

static void
begin_fragment (
    GstArclyRecordWriter *self, gint64 media, gboolean begins, const gchar *cut)
{
  self->fragment = gst_arcly_record_fragment_new ();
  self->fragment->media = self->end = media;
  self->fragment->wall = wall_before (0);
  self->fragment->begins = begins;
  self->fragment->cut = cut;
}

/* U11: the last frame lasts as long as it says, not until the next. */
static void
note_times (GstArclyRecordWriter *self, GstBuffer *buffer, gint64 pts,
    gint64 dts, gboolean beside)
{
  gint64 step = dts - self->last_dts;

  if (!beside && step > 0 && step <= MAX_STEP)
    self->last_step = step;
  if (!beside || dts > self->last_dts)
    self->last_dts = dts;
  self->end =
      MAX (self->end, pts + (GST_BUFFER_DURATION_IS_VALID (buffer)
                                    ? (gint64) GST_BUFFER_DURATION (buffer)
                                    : self->last_step));
}

/* Clocks that bridge a hole, and tables, may stand in front of the tables of
 * the unit: they are of the time before. Returns the rest of @buffer, or
 * @buffer. */
static GstBuffer *
cut_head (GstArclyRecordWriter *self, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer), at = size;
  GstBuffer *head;
  GstMapInfo map;

  if (self->fragment && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    at = gst_arcly_ts_find_tables (map.data, map.size);
    gst_buffer_unmap (buffer, &map);
  }
  if (at == 0 || at == size)
    return gst_buffer_ref (buffer);
  head = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, 0, at);
  gst_arcly_record_fragment_add (self->fragment, head);
  gst_buffer_unref (head);
  return gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, at, size - at);
}

static void
begin_at (GstArclyRecordWriter *self, GstBuffer *buffer, gint64 pts)
{
  gboolean discont = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  GstBuffer *rest = cut_head (self, buffer);

  finish_fragment (self, discont ? self->end : pts);
  begin_fragment (self, pts, TRUE, take_cut (self, discont));
  gst_arcly_record_fragment_add (self->fragment, rest);
  gst_buffer_unref (rest);
  self->started = self->keyed = TRUE;
  self->skipping = FALSE;
}

static gboolean
is_due (GstArclyRecordWriter *self, GstBuffer *buffer, gint64 pts)
{
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    return FALSE;
  if (self->fragment && !self->keyed)
    return FALSE;
  return !self->fragment || self->next_cut || !self->fragment->begins ||
         GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) ||
         pts < self->fragment->media ||
         pts - self->fragment->media >= self->fragment_duration - SLACK;
}

/* To what is open: of a stream that just begins, sound in front of the first
 * picture may do that. */
static void
add_packets (GstArclyRecordWriter *self, GstBuffer *buffer, gint64 pts)
{
  if (self->fragment && self->fragment->bytes >= MAX_PIECE) {
    finish_fragment (self, self->end);
    begin_fragment (self, self->end, FALSE, NULL);
  }
  if (!self->fragment)
    begin_fragment (self, pts, !self->started, NULL);
  gst_arcly_record_fragment_add (self->fragment, buffer);
  self->started = TRUE;
  self->keyed |= !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

/* A buffer of arclytsmux. */
static GstFlowReturn
take_packets (GstArclyRecordWriter *self, GstBuffer *buffer)
{
  gboolean beside =
      GST_BUFFER_FLAG_IS_SET (buffer, GST_ARCLY_TS_MUX_FLAG_BESIDE);
  gint64 pts = (gint64) GST_BUFFER_PTS (buffer);
  gint64 dts =
      GST_BUFFER_DTS_IS_VALID (buffer) ? (gint64) GST_BUFFER_DTS (buffer) : pts;
  gsize size = gst_buffer_get_size (buffer);

  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    pts = dts = self->end;
  if (is_due (self, buffer, pts)) {
    begin_at (self, buffer, pts);
  } else if (self->skipping || (!self->started && !beside)) {
    skip (self, pts, 0, size, self->started ? "jump" : "no-key-frame");
    return GST_FLOW_OK;
  } else if (is_jump (self, self->last_dts, dts)) {
    finish_fragment (self, self->end);
    skip (self, pts, 0, size, "jump");
    return GST_FLOW_OK;
  } else {
    add_packets (self, buffer, pts);
  }
  note_times (self, buffer, pts, dts, beside);
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_arcly_record_writer_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstArclyRecordWriter *self = GST_ARCLY_RECORD_WRITER (sink);

  if (self->is_ts)
    return take_packets (self, buffer);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER))
    return take_init (self, buffer);
  GST_ELEMENT_ERROR (
      self, STREAM, FORMAT, (NULL), ("a chunk has to be a buffer list"));
  return GST_FLOW_ERROR;
}

static GstFlowReturn
gst_arcly_record_writer_render_list (GstBaseSink *sink, GstBufferList *list)
{
  GstArclyRecordWriter *self = GST_ARCLY_RECORD_WRITER (sink);
  guint n = gst_buffer_list_length (list), i;
  GstFlowReturn flow = GST_FLOW_OK;

  if (!self->is_ts)
    return n > 0 && self->init ? take_chunk (self, list) : GST_FLOW_OK;
  for (i = 0; i < n && flow == GST_FLOW_OK; i++)
    flow = take_packets (self, gst_buffer_list_get (list, i));
  return flow;
}

static void
end_stream (GstArclyRecordWriter *self)
{
  finish_fragment (self, self->end);
  gst_arcly_record_queue_push_close (self->queue, "eos");
  /* Who waits for EOS finds whole files. */
  if (!gst_arcly_record_queue_drain (
          self->queue, g_get_monotonic_time () + PATIENCE))
    GST_WARNING_OBJECT (self, "the end is not written yet");
}

static gboolean
gst_arcly_record_writer_event (GstBaseSink *sink, GstEvent *event)
{
  GstArclyRecordWriter *self = GST_ARCLY_RECORD_WRITER (sink);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_EOS:
      /* The preroll lock is held, as for all that is serialized. The disk's
       * thread closes the file as it does for any stop. */
      if (self->end_time > 0) {
        finish_fragment (self, self->end);
        gst_event_unref (event);
        return TRUE;
      }
      end_stream (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      finish_fragment (self, self->end);
      self->next_cut = "discontinuity";
      break;
    default:
      break;
  }
  return GST_BASE_SINK_CLASS (gst_arcly_record_writer_parent_class)
      ->event (sink, event);
}

static gboolean
gst_arcly_record_writer_unlock (GstBaseSink *sink)
{
  GstArclyRecordWriter *self = GST_ARCLY_RECORD_WRITER (sink);

  if (self->queue)
    gst_arcly_record_queue_interrupt (self->queue, TRUE);
  return TRUE;
}

static gboolean
gst_arcly_record_writer_unlock_stop (GstBaseSink *sink)
{
  GstArclyRecordWriter *self = GST_ARCLY_RECORD_WRITER (sink);

  if (self->queue)
    gst_arcly_record_queue_interrupt (self->queue, FALSE);
  return TRUE;
}

static void
tell (GstArclyRecordWriter *self, const GError *error, gboolean hopeless)
{
  if (hopeless)
    GST_ELEMENT_ERROR (
        self, RESOURCE, OPEN_WRITE, ("%s", error->message), (NULL));
  else if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC))
    GST_ELEMENT_WARNING (
        self, RESOURCE, NO_SPACE_LEFT, ("%s", error->message), (NULL));
  else
    GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", error->message), (NULL));
}

/* The disk's thread. The message is the bin's: that is what users have. */
static void
on_news (const GstArclyRecordNews *news, gpointer user_data)
{
  GstArclyRecordWriter *self = user_data;
  g_autoptr (GstObject) bin = gst_object_get_parent (GST_OBJECT (self));

  if (news->error)
    tell (self, news->error, news->hopeless);
  if (bin)
    gst_element_post_message (GST_ELEMENT (bin),
        gst_message_new_element (bin, gst_arcly_record_news_structure (news)));
}

gboolean
gst_arcly_record_writer_open (GstArclyRecordWriter *self,
    const GstArclyRecordSettings *settings, gboolean is_ts,
    GstClockTime fragment_duration, GError **error)
{
  GstArclyRecordDisk *disk;

  g_return_val_if_fail (self->disk == NULL, FALSE);

  self->is_ts = is_ts;
  self->fragment_duration = (gint64) fragment_duration;
  self->next_cut = NULL;
  self->started = self->keyed = self->skipping = FALSE;
  self->asked_live = self->warned_slow = FALSE;
  self->end = self->last_dts = self->last_step = 0;
  atomic_store_explicit (&self->split, FALSE, memory_order_relaxed);
  disk = gst_arcly_record_disk_new (
      settings, gst_arcly_record_fs_default (), on_news, self, error);
  if (!disk)
    return FALSE;
  self->queue = gst_arcly_record_disk_get_queue (disk);
  GST_OBJECT_LOCK (self);
  self->disk = disk;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
add_stats (GstArclyRecordStats *sum, const GstArclyRecordStats *stats)
{
  sum->files += stats->files;
  sum->fragments += stats->fragments;
  sum->bytes += stats->bytes;
  sum->lost_fragments += stats->lost_fragments;
  sum->lost_bytes += stats->lost_bytes;
  sum->gaps += stats->gaps;
  sum->deleted_files += stats->deleted_files;
  sum->queued_bytes += stats->queued_bytes;
}

void
gst_arcly_record_writer_stop (GstArclyRecordWriter *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);
  gint64 end_time = g_get_monotonic_time () + PATIENCE;

  gst_arcly_record_queue_limit (self->queue, end_time);
  GST_BASE_SINK_PREROLL_LOCK (sink);
  self->end_time = end_time;
  sink->need_preroll = FALSE;
  GST_BASE_SINK_PREROLL_SIGNAL (sink);
  GST_BASE_SINK_PREROLL_UNLOCK (sink);
}

static gint64
remaining_patience (GstArclyRecordWriter *self)
{
  gint64 end_time;

  GST_BASE_SINK_PREROLL_LOCK (self);
  end_time = self->end_time;
  self->end_time = 0;
  GST_BASE_SINK_PREROLL_UNLOCK (self);
  return end_time > 0 ? MAX (0, end_time - g_get_monotonic_time ()) : PATIENCE;
}

void
gst_arcly_record_writer_close (GstArclyRecordWriter *self)
{
  GstArclyRecordStats stats;
  GstArclyRecordDisk *disk = self->disk;

  if (!disk)
    return;
  finish_fragment (self, self->end);
  GST_OBJECT_LOCK (self);
  self->disk = NULL;
  GST_OBJECT_UNLOCK (self);
  self->queue = NULL;
  gst_arcly_record_disk_stop (disk, remaining_patience (self), &stats);
  GST_OBJECT_LOCK (self);
  add_stats (&self->last_stats, &stats);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->init, g_bytes_unref);
}

void
gst_arcly_record_writer_split (GstArclyRecordWriter *self)
{
  atomic_store_explicit (&self->split, TRUE, memory_order_relaxed);
}

GstStructure *
gst_arcly_record_writer_get_stats (GstArclyRecordWriter *self)
{
  GstArclyRecordStats sum, now = { 0 };

  GST_OBJECT_LOCK (self);
  sum = self->last_stats;
  if (self->disk)
    gst_arcly_record_disk_get_stats (self->disk, &now);
  GST_OBJECT_UNLOCK (self);
  add_stats (&sum, &now);
  return gst_structure_new ("application/x-arcly-record-stats", "files",
      G_TYPE_UINT64, sum.files, "fragments", G_TYPE_UINT64, sum.fragments,
      "bytes", G_TYPE_UINT64, sum.bytes, "lost-fragments", G_TYPE_UINT64,
      sum.lost_fragments, "lost-bytes", G_TYPE_UINT64, sum.lost_bytes, "gaps",
      G_TYPE_UINT64, sum.gaps, "deleted-files", G_TYPE_UINT64,
      sum.deleted_files, "queued-bytes", G_TYPE_UINT64, sum.queued_bytes, NULL);
}

static void
gst_arcly_record_writer_finalize (GObject *object)
{
  gst_arcly_record_writer_close (GST_ARCLY_RECORD_WRITER (object));

  G_OBJECT_CLASS (gst_arcly_record_writer_parent_class)->finalize (object);
}

static void
gst_arcly_record_writer_init (GstArclyRecordWriter *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  gst_base_sink_set_sync (sink, FALSE);
  gst_base_sink_set_async_enabled (sink, FALSE);
  /* It would keep the last fragment's memory for nobody. */
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}

static void
gst_arcly_record_writer_class_init (GstArclyRecordWriterClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_arcly_record_writer_finalize;
  sink_class->render = gst_arcly_record_writer_render;
  sink_class->render_list = gst_arcly_record_writer_render_list;
  sink_class->event = gst_arcly_record_writer_event;
  sink_class->unlock = gst_arcly_record_writer_unlock;
  sink_class->unlock_stop = gst_arcly_record_writer_unlock_stop;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Arcly record writer",
      "Sink", "Writes fragments to files", "The gst-arcly authors");
}
