/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpfeedpriv.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

/* Players served before other sockets of the loop have their turn. */
#define SLICE 128
/* Audio waits so long for a video frame to go with: a send costs more than
 * the bytes in it. Less than two frames of 50 ms, and any player buffers it. */
#define AUDIO_HOLD_US (40 * 1000)
/* Sends at once that tell what one takes. */
#define MIN_SAMPLE 16
/* After the end of the stream, for players to read it. */
#define END_US (2 * G_TIME_SPAN_SECOND)

static GstArclyRtmpLane *
lane_ref (GstArclyRtmpLane *lane)
{
  g_atomic_ref_count_inc (&lane->refs);
  return lane;
}

void
gst_arcly_rtmp_lane_unref (gpointer data)
{
  GstArclyRtmpLane *lane = data;

  if (!g_atomic_ref_count_dec (&lane->refs))
    return;
  g_assert (lane->players->len == 0);
  g_ptr_array_unref (lane->players);
  g_free (lane);
}

/* ---- batches ---- */

static void
clear_batch (GstArclyRtmpBatch *batch)
{
  gst_arcly_log_cursor_clear (&batch->begin);
  gst_arcly_log_cursor_clear (&batch->end);
  batch->n = 0;
  batch->bytes = 0;
  batch->open = FALSE;
}

/* The memory is ours and malloc()ed: its address outlives the mapping. */
static void
add_message (GstArclyRtmpBatch *batch, const GstArclyEntry *entry)
{
  GstBuffer *buffer = GST_BUFFER_CAST (entry->object);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  batch->iov[batch->n].iov_base = map.data;
  batch->iov[batch->n].iov_len = map.size;
  batch->n++;
  batch->bytes += map.size;
  gst_buffer_unmap (buffer, &map);
}

/* What came meanwhile goes along: a send more would cost more. */
static void
extend_batch (GstArclyRtmpBatch *batch)
{
  const GstArclyEntry *entry = NULL;

  while (batch->n < GST_ARCLY_RTMP_BATCH_MESSAGES &&
         batch->bytes < GST_ARCLY_RTMP_BATCH_BYTES) {
    entry = gst_arcly_log_cursor_peek (&batch->end);
    if (entry == NULL)
      return;
    if (entry->flags & GST_ARCLY_ENTRY_BUFFER)
      add_message (batch, entry);
    else if (gst_arcly_is_all_eos (entry->object))
      break;
    batch->end.index++;
  }
  batch->open = FALSE;
}

/* Most players are at the same place, so what the first one needs is kept for
 * the others. */
const GstArclyRtmpBatch *
gst_arcly_rtmp_lane_get_batch (
    GstArclyRtmpLane *lane, const GstArclyLogCursor *cursor)
{
  GstArclyRtmpBatch *batch = &lane->batch;

  if (batch->begin.block != cursor->block ||
      batch->begin.index != cursor->index) {
    clear_batch (batch);
    gst_arcly_log_cursor_init (&batch->begin, cursor->block, cursor->index);
    gst_arcly_log_cursor_init (&batch->end, cursor->block, cursor->index);
    batch->open = TRUE;
  }
  if (batch->open)
    extend_batch (batch);
  return batch;
}

/* ---- rounds ---- */

static void
post (GstArclyRtmpLane *lane, GstArclyRtmpLoopFunc func)
{
  gst_arcly_rtmp_loop_post (
      lane->loop, func, lane_ref (lane), gst_arcly_rtmp_lane_unref);
}

static void go_on (gpointer data);

static void
end_round (GstArclyRtmpLane *lane)
{
  lane->next = 0;
  /* It would keep alive what nobody needs. */
  clear_batch (&lane->batch);
  if (!lane->again)
    return;
  lane->again = FALSE;
  post (lane, go_on);
}

/* Of the time that passes, not of the CPU: a busy machine wants more lanes. */
static void
note_cost (GstArclyRtmpLane *lane, gint64 took_us, guint64 sends)
{
  _Atomic guint *cost = &lane->feed->send_cost;
  gint64 old = atomic_load_explicit (cost, memory_order_relaxed);
  gint64 now;

  if (sends < MIN_SAMPLE)
    return;
  now = MIN (took_us * 1000 / (gint64) sends, G_MAXINT32);
  atomic_store_explicit (
      cost, (guint) (old + (now - old) / 8), memory_order_relaxed);
}

/* A slice of the players. Players may leave meanwhile: see remove(). */
static void
go_on (gpointer data)
{
  GstArclyRtmpLane *lane = data;
  guint left = SLICE;
  gint64 began = g_get_monotonic_time ();
  guint64 sends = lane->sends;

  if (lane->closed)
    return;
  while (lane->next < lane->players->len && left-- > 0) {
    GstArclyRtmpPlayer *player =
        g_ptr_array_index (lane->players, lane->next++);

    if (lane->next < lane->players->len)
      gst_arcly_rtmp_player_prefetch (
          g_ptr_array_index (lane->players, lane->next));
    gst_arcly_rtmp_player_poll (player);
  }
  note_cost (lane, g_get_monotonic_time () - began, lane->sends - sends);
  if (lane->next < lane->players->len)
    post (lane, go_on);
  else
    end_round (lane);
}

/* A round comes within @delay_us, without a publisher that asks for one. */
static void
arm (GstArclyRtmpLane *lane, gint64 delay_us)
{
  gst_arcly_rtmp_timer_start (&lane->timer, delay_us);
  atomic_store (&lane->armed, lane->settings.send_interval > 0
                                  ? GST_ARCLY_RTMP_WAKE_FRAME
                                  : GST_ARCLY_RTMP_WAKE_SOON);
}

static void
start_round (GstArclyRtmpLane *lane)
{
  atomic_exchange (&lane->wanted, GST_ARCLY_RTMP_WAKE_NOT);
  lane->last_round = g_get_monotonic_time ();
  gst_arcly_rtmp_feed_get_settings (lane->feed, &lane->settings);
  arm (lane, lane->settings.send_interval > 0
                 ? (gint64) GST_TIME_AS_USECONDS (lane->settings.send_interval)
                 : AUDIO_HOLD_US);
  if (!atomic_load (&lane->feed->is_ended))
    gst_arcly_rtmp_timer_stop (&lane->end_timer);
  else if (!gst_arcly_rtmp_timer_is_armed (&lane->end_timer))
    gst_arcly_rtmp_timer_start (&lane->end_timer, END_US);
  if (lane->next > 0)
    lane->again = TRUE;
  else
    go_on (lane);
}

/* With nothing to send the loop sleeps until it is woken. */
static void
on_timer (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpLane *lane = timer->data;

  atomic_store (&lane->armed, GST_ARCLY_RTMP_WAKE_NOT);
  if (atomic_load (&lane->wanted) != GST_ARCLY_RTMP_WAKE_NOT)
    start_round (lane);
}

/* Microseconds. */
static gint64
get_delay (GstArclyRtmpLane *lane, GstArclyRtmpWake level)
{
  GstClockTime interval = lane->settings.send_interval;

  if (level == GST_ARCLY_RTMP_WAKE_AT_ONCE)
    return 0;
  if (interval > 0)
    return lane->last_round + (gint64) GST_TIME_AS_USECONDS (interval) -
           g_get_monotonic_time ();
  return level == GST_ARCLY_RTMP_WAKE_SOON ? AUDIO_HOLD_US : 0;
}

static void
on_wake (gpointer data)
{
  GstArclyRtmpLane *lane = data;
  GstArclyRtmpWake wanted = atomic_load (&lane->wanted);
  gint64 delay;

  if (lane->closed || wanted == GST_ARCLY_RTMP_WAKE_NOT)
    return;
  gst_arcly_rtmp_feed_get_settings (lane->feed, &lane->settings);
  delay = get_delay (lane, wanted);
  if (delay <= 0)
    start_round (lane);
  else if (!gst_arcly_rtmp_timer_is_armed (&lane->timer))
    arm (lane, delay);
}

void
gst_arcly_rtmp_lane_wake (GstArclyRtmpLane *lane, GstArclyRtmpWake level)
{
  gint old;

  /* A newcomer is counted before it looks at the log. */
  atomic_thread_fence (memory_order_seq_cst);
  if (atomic_load (&lane->n_players) == 0 &&
      level < GST_ARCLY_RTMP_WAKE_AT_ONCE)
    return;
  old = atomic_load (&lane->wanted);
  do {
    if (old >= (gint) level)
      return;
  } while (!atomic_compare_exchange_weak (&lane->wanted, &old, (gint) level));
  if (atomic_load (&lane->armed) < (gint) level)
    post (lane, on_wake);
}

/* ---- players ---- */

/* Some were too slow to read the end. */
static void
on_end_timer (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpLane *lane = timer->data;

  if (!atomic_load (&lane->feed->is_ended))
    return;
  while (lane->players->len > 0)
    gst_arcly_rtmp_player_close (
        g_ptr_array_index (lane->players, lane->players->len - 1),
        "did not read the end of the stream in time");
}

typedef struct {
  GstArclyRtmpLane *lane;
  GstArclyRtmpHandoff *handoff;
} Join;

static void
join_free (gpointer data)
{
  Join *join = data;

  g_clear_pointer (&join->handoff, gst_arcly_rtmp_handoff_free);
  gst_arcly_rtmp_lane_unref (join->lane);
  g_free (join);
}

static void
on_join (gpointer data)
{
  Join *join = data;
  GstArclyRtmpLane *lane = join->lane;
  GstArclyRtmpPlayer *player = NULL;

  gst_arcly_rtmp_feed_get_settings (lane->feed, &lane->settings);
  player = gst_arcly_rtmp_player_new (lane, g_steal_pointer (&join->handoff));
  *gst_arcly_rtmp_player_index (player) = lane->players->len;
  g_ptr_array_add (lane->players, player);
  gst_arcly_rtmp_player_poll (player);
  if (lane->next == 0)
    clear_batch (&lane->batch);
}

void
gst_arcly_rtmp_lane_join (GstArclyRtmpLane *lane, GstArclyRtmpHandoff *handoff)
{
  Join *join = g_new0 (Join, 1);

  gst_arcly_rtmp_loop_add_user (lane->loop);
  atomic_fetch_add (&lane->n_players, 1);
  join->lane = lane_ref (lane);
  join->handoff = handoff;
  gst_arcly_rtmp_loop_post (lane->loop, on_join, join, join_free);
}

void
gst_arcly_rtmp_lane_remove (GstArclyRtmpLane *lane, GstArclyRtmpPlayer *player)
{
  guint index = *gst_arcly_rtmp_player_index (player);

  /* The last one takes its place, and may miss its turn so. */
  g_ptr_array_remove_index_fast (lane->players, index);
  if (index < lane->players->len)
    *gst_arcly_rtmp_player_index (g_ptr_array_index (lane->players, index)) =
        index;
  if (index < lane->next)
    lane->again = TRUE;
  /* Without players no round comes that would end with it, and the log would
   * never be freed from there on. */
  if (lane->players->len == 0)
    clear_batch (&lane->batch);
  atomic_fetch_sub (&lane->n_players, 1);
  gst_arcly_rtmp_loop_remove_user (lane->loop);
}

static void
on_drained (gpointer data)
{
  GstArclyRtmpLane *lane = data;

  if (!lane->closed)
    lane->feed->funcs.drained (lane->feed->data);
}

void
gst_arcly_rtmp_lane_tell_drained (GstArclyRtmpLane *lane)
{
  post (lane, on_drained);
}

/* ---- life ---- */

GstArclyRtmpLane *
gst_arcly_rtmp_lane_new (GstArclyRtmpFeed *feed, GstArclyRtmpLoop *loop)
{
  GstArclyRtmpLane *lane = g_new0 (GstArclyRtmpLane, 1);

  g_atomic_ref_count_init (&lane->refs);
  lane->feed = feed;
  lane->loop = loop;
  lane->players = g_ptr_array_new ();
  gst_arcly_rtmp_timer_init (&lane->timer, loop, on_timer, lane);
  gst_arcly_rtmp_timer_init (&lane->end_timer, loop, on_end_timer, lane);
  return lane;
}

static void
do_close (gpointer data)
{
  GstArclyRtmpLane *lane = data;

  while (lane->players->len > 0)
    gst_arcly_rtmp_player_close (
        g_ptr_array_index (lane->players, lane->players->len - 1),
        "the server stopped this stream");
  gst_arcly_rtmp_timer_stop (&lane->timer);
  gst_arcly_rtmp_timer_stop (&lane->end_timer);
  clear_batch (&lane->batch);
  lane->closed = TRUE;
}

void
gst_arcly_rtmp_lane_close (GstArclyRtmpLane *lane)
{
  gst_arcly_rtmp_loop_call (lane->loop, do_close, lane);
}
