/* SPDX-License-Identifier: MIT
 *
 * When the stream is there, and which of its tracks we read. */
#include "config.h"

#include <stdio.h>

#include <gst/video/video.h>

#include "gstarclystreamsrcpriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_stream_src_debug);
#define GST_CAT_DEFAULT gst_arcly_stream_src_debug

GstElement *
gst_arcly_stream_src_get_publisher (GstArclyStreamSrc *self)
{
  GstElement *publisher = NULL;

  g_mutex_lock (&self->join_lock);
  if (self->publisher)
    publisher = gst_object_ref (self->publisher);
  g_mutex_unlock (&self->join_lock);
  return publisher;
}

gchar *
gst_arcly_stream_src_dup_name (GstArclyStreamSrc *self)
{
  gchar *name = NULL;

  g_mutex_lock (&self->join_lock);
  name = g_strdup (self->name);
  g_mutex_unlock (&self->join_lock);
  return name;
}

/* What the kernel calls, in a worker */

static void
on_need_key (GstArclySubscription *sub, guint track, gpointer user_data)
{
  GstArclyStreamSrc *self = user_data;
  g_autoptr (GstElement) publisher = gst_arcly_stream_src_get_publisher (self);

  GST_DEBUG_OBJECT (self, "track %u waits for a keyframe", track);
  if (publisher)
    gst_element_send_event (
        publisher, gst_video_event_new_upstream_force_key_unit (
                       GST_CLOCK_TIME_NONE, TRUE, 0));
}

static void
on_lagged (GstArclySubscription *sub, const GstArclyLag *lag, gboolean evict,
    gpointer user_data)
{
  GstArclyStreamSrc *self = user_data;
  g_autofree gchar *name = gst_arcly_stream_src_dup_name (self);

  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (evict ? "subscriber-evicted" : "subscriber-lagged",
              "name", G_TYPE_STRING, name, "lag-buffers", G_TYPE_UINT64,
              lag->buffers, "lag-bytes", G_TYPE_UINT64, lag->bytes, "lag-time",
              G_TYPE_UINT64, (guint64) lag->time, "reason", G_TYPE_STRING,
              "lag", NULL)));
}

static const GstArclySubscriptionFuncs subscription_funcs = {
  .deliver = gst_arcly_stream_src_deliver,
  .need_key = on_need_key,
  .lagged = on_lagged,
};

/* Tracks */

static GstArclyStreamSrcTrack *
ensure_track_locked (GstArclyStreamSrc *self, guint number)
{
  GstArclyStreamSrcTrack *track = NULL;

  for (guint i = 0; i < self->tracks->len; i++) {
    track = g_ptr_array_index (self->tracks, i);
    if (track->number == number)
      return track;
  }
  track = gst_arcly_stream_src_track_new (number);
  g_ptr_array_add (self->tracks, track);
  return track;
}

/* Returns the subscription if it is new, to be attached. */
static GstArclySubscription *
subscribe_locked (GstArclyStreamSrc *self, guint number)
{
  GstArclyStreamSrcTrack *track = ensure_track_locked (self, number);

  if (track->sub)
    return NULL;
  track->sub = gst_arcly_subscription_new (self->stream, self->group,
      &subscription_funcs, g_object_ref (self), g_object_unref);
  gst_arcly_subscription_add_track (track->sub, number, G_OBJECT (track));
  return track->sub;
}

static gboolean
parse_track (GstPad *pad, guint *number)
{
  g_autofree gchar *name = gst_pad_get_name (pad);

  return GST_PAD_IS_SINK (pad) && sscanf (name, "sink_%u", number) == 1;
}

static gboolean
collect_track (GstElement *publisher, GstPad *pad, gpointer numbers)
{
  guint number = 0;

  if (parse_track (pad, &number))
    g_array_append_val ((GArray *) numbers, number);
  return TRUE;
}

/* All know each other before the first one begins, so that they begin at the
 * same place. */
static void
subscribe_all_locked (GstArclyStreamSrc *self)
{
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();

  gst_element_foreach_sink_pad (self->publisher, collect_track, numbers);
  for (guint i = 0; i < numbers->len; i++) {
    GstArclySubscription *sub =
        subscribe_locked (self, g_array_index (numbers, guint, i));

    if (sub)
      g_ptr_array_add (fresh, sub);
  }
  for (guint i = 0; i < self->tracks->len; i++) {
    GstArclyStreamSrcTrack *track = g_ptr_array_index (self->tracks, i);
    g_autoptr (GstCaps) caps =
        gst_arcly_stream_get_caps (self->stream, track->number);

    track->awaited = track->sub && caps && !track->settled;
  }
  for (guint i = 0; i < fresh->len; i++)
    gst_arcly_dispatcher_attach (
        self->dispatcher, g_ptr_array_index (fresh, i));
}

/* In the thread that requests the pad. */
static void
on_publisher_pad_added (
    GstElement *publisher, GstPad *pad, GstArclyStreamSrc *self)
{
  GstArclySubscription *sub = NULL;
  guint number = 0;

  if (!parse_track (pad, &number))
    return;
  g_mutex_lock (&self->join_lock);
  if (self->publisher == publisher)
    sub = subscribe_locked (self, number);
  if (sub)
    gst_arcly_dispatcher_attach (self->dispatcher, sub);
  g_mutex_unlock (&self->join_lock);
}

guint
gst_arcly_stream_src_pad_index (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track, gboolean video)
{
  const gchar *prefix = video ? "video" : "audio";
  guint index = 0;

  /* Those before it in the stream get the lower numbers, also where their
   * pads come later. */
  g_mutex_lock (&self->join_lock);
  for (guint i = 0; self->stream && i < self->tracks->len; i++) {
    GstArclyStreamSrcTrack *other = g_ptr_array_index (self->tracks, i);
    g_autoptr (GstCaps) caps = NULL;

    if (other->number >= track->number)
      continue;
    caps = gst_arcly_stream_get_caps (self->stream, other->number);
    if (caps &&
        g_str_has_prefix (
            gst_structure_get_name (gst_caps_get_structure (caps, 0)), prefix))
      index++;
  }
  g_mutex_unlock (&self->join_lock);

  for (;; index++) {
    g_autofree gchar *name = g_strdup_printf ("%s_%u", prefix, index);
    g_autoptr (GstPad) taken =
        gst_element_get_static_pad (GST_ELEMENT (self), name);

    if (taken == NULL)
      return index;
  }
}

void
gst_arcly_stream_src_settle (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track)
{
  gboolean all = TRUE;

  g_mutex_lock (&self->join_lock);
  track->settled = TRUE;
  track->awaited = FALSE;
  g_cond_broadcast (&self->settled);
  for (guint i = 0; i < self->tracks->len; i++)
    all &= ((GstArclyStreamSrcTrack *) g_ptr_array_index (self->tracks, i))
               ->settled;
  all &= !self->no_more_pads;
  self->no_more_pads |= all;
  g_mutex_unlock (&self->join_lock);
  if (all)
    gst_element_no_more_pads (GST_ELEMENT (self));
}

static gboolean
is_anyone_awaited_locked (GstArclyStreamSrc *self)
{
  for (guint i = 0; i < self->tracks->len; i++)
    if (((GstArclyStreamSrcTrack *) g_ptr_array_index (self->tracks, i))
            ->awaited)
      return TRUE;
  return FALSE;
}

/* It ends: an awaited track needs nothing but a worker, and one that waits here
 * is replaced. */
void
gst_arcly_stream_src_await_others (GstArclyStreamSrc *self)
{
  g_mutex_lock (&self->join_lock);
  while (is_anyone_awaited_locked (self))
    g_cond_wait (&self->settled, &self->join_lock);
  g_mutex_unlock (&self->join_lock);
}

/* Joining and leaving */

static void
closure_unref (gpointer self, GClosure *closure)
{
  g_object_unref (self);
}

static void
join_locked (GstArclyStreamSrc *self, GstArclyStream *stream)
{
  self->stream = g_object_ref (stream);
  self->publisher = gst_arcly_stream_get_element (stream);
  self->group = gst_arcly_group_new ();
  self->connections++;
  GST_OBJECT_LOCK (self);
  gst_arcly_group_set_bounds (self->group, &self->bounds, self->evict);
  GST_OBJECT_UNLOCK (self);
  gst_arcly_stream_src_unmap (self);
  if (self->publisher == NULL)
    return;
  self->pad_handler = g_signal_connect_data (self->publisher, "pad-added",
      G_CALLBACK (on_publisher_pad_added), g_object_ref (self), closure_unref,
      0);
  subscribe_all_locked (self);
}

static void
count_locked (GstArclyStreamSrc *self, GstArclySubscription *sub)
{
  GstArclySubscriptionStats stats;

  gst_arcly_subscription_get_stats (sub, &stats);
  self->before.buffers += stats.buffers;
  self->before.bytes += stats.bytes;
  self->before.skipped += stats.skipped;
}

/* Does not wait for deliveries that run: the publisher may be the one who
 * calls, and what blocks them is ours. What is let go is put into gone, to be
 * freed without the lock. */
static void
leave_locked (GstArclyStreamSrc *self, GPtrArray *gone)
{
  for (guint i = 0; i < self->tracks->len; i++) {
    GstArclyStreamSrcTrack *track = g_ptr_array_index (self->tracks, i);

    track->awaited = FALSE;
    if (track->sub == NULL)
      continue;
    count_locked (self, track->sub);
    gst_arcly_subscription_remove_track (track->sub, track->number);
    gst_arcly_dispatcher_detach (self->dispatcher, track->sub);
    g_ptr_array_add (gone, g_steal_pointer (&track->sub));
  }
  g_cond_broadcast (&self->settled);
  self->resyncs_before += gst_arcly_group_get_resyncs (self->group);
  if (self->publisher) {
    g_signal_handler_disconnect (self->publisher, self->pad_handler);
    g_ptr_array_add (gone, g_steal_pointer (&self->publisher));
  }
  g_ptr_array_add (gone, g_steal_pointer (&self->group));
  g_ptr_array_add (gone, g_steal_pointer (&self->stream));
}

static gboolean
on_timeout (
    GstClock *clock, GstClockTime time, GstClockID id, gpointer user_data)
{
  GstArclyStreamSrc *self = user_data;
  g_autofree gchar *name = gst_arcly_stream_src_dup_name (self);
  gboolean late = FALSE;

  g_mutex_lock (&self->join_lock);
  late = self->waiting == id;
  g_mutex_unlock (&self->join_lock);
  if (late)
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("There is no stream '%s' in this engine.", name),
        ("no arclybus with stream=%s is in a pipeline that shares the engine; "
         "waited as long as \"timeout\" says",
            name));
  return TRUE;
}

static void
stop_waiting_locked (GstArclyStreamSrc *self)
{
  if (self->waiting == NULL)
    return;
  gst_clock_id_unschedule (self->waiting);
  g_clear_pointer (&self->waiting, gst_clock_id_unref);
}

static void
wait_locked (GstArclyStreamSrc *self)
{
  g_autoptr (GstClock) clock = NULL;
  GstClockTime timeout = 0;

  GST_OBJECT_LOCK (self);
  timeout = self->timeout;
  GST_OBJECT_UNLOCK (self);
  if (self->waiting || timeout == 0)
    return;
  clock = gst_system_clock_obtain ();
  self->waiting = gst_clock_new_single_shot_id (
      clock, gst_clock_get_time (clock) + timeout);
  gst_clock_id_wait_async (
      self->waiting, on_timeout, g_object_ref (self), g_object_unref);
}

static void
tell (GstArclyStreamSrc *self, gboolean connected)
{
  g_autofree gchar *name = gst_arcly_stream_src_dup_name (self);

  GST_INFO_OBJECT (
      self, "%s '%s'", connected ? "connected to" : "disconnected from", name);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (
              connected ? "arcly-connected" : "arcly-disconnected", "name",
              G_TYPE_STRING, name, NULL)));
  if (connected)
    gst_element_post_message (
        GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
}

void
gst_arcly_stream_src_update (GstArclyStreamSrc *self)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GObject) wanted = NULL;
  gboolean left = FALSE, joined = FALSE;

  g_mutex_lock (&self->join_lock);
  if (self->playing && !self->ended)
    wanted = gst_arcly_engine_lookup (
        self->engine, GST_ARCLY_ROLE_STREAM, self->name);
  if (wanted && !GST_IS_ARCLY_STREAM (wanted))
    g_clear_object (&wanted);
  if (self->stream && wanted != (GObject *) self->stream) {
    leave_locked (self, gone);
    left = TRUE;
  }
  if (wanted && self->stream == NULL) {
    join_locked (self, GST_ARCLY_STREAM (wanted));
    joined = TRUE;
  }
  if (self->playing && !self->ended && self->stream == NULL)
    wait_locked (self);
  else
    stop_waiting_locked (self);
  g_mutex_unlock (&self->join_lock);

  if (left)
    tell (self, FALSE);
  if (joined)
    tell (self, TRUE);
}

void
gst_arcly_stream_src_set_playing (GstArclyStreamSrc *self, gboolean playing)
{
  g_mutex_lock (&self->join_lock);
  self->playing = playing;
  g_mutex_unlock (&self->join_lock);
  gst_arcly_stream_src_update (self);
}

/* The end */

static void
close_track (GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track)
{
  g_mutex_lock (&track->lock);
  track->closed = TRUE;
  while (track->busy)
    g_cond_wait (&track->changed, &track->lock);
  g_mutex_unlock (&track->lock);
  if (track->pad == NULL)
    return;
  gst_pad_set_active (track->pad, FALSE);
  gst_element_remove_pad (GST_ELEMENT (self), track->pad);
}

void
gst_arcly_stream_src_close_tracks (GstArclyStreamSrc *self)
{
  g_autoptr (GPtrArray) tracks = NULL;

  g_mutex_lock (&self->join_lock);
  tracks = g_steal_pointer (&self->tracks);
  self->tracks = g_ptr_array_new_with_free_func (g_object_unref);
  self->ended = self->no_more_pads = FALSE;
  g_mutex_unlock (&self->join_lock);
  for (guint i = 0; i < tracks->len; i++)
    close_track (self, g_ptr_array_index (tracks, i));
  gst_arcly_stream_src_reset_map (self);
}

typedef struct {
  GstArclyStreamSrcTrack *track;
  GstEvent *eos;
  gboolean add_pad;
} Ending;

static void
ending_free (gpointer data)
{
  Ending *ending = data;

  g_object_unref (ending->track);
  gst_event_unref (ending->eos);
  g_free (ending);
}

static void
push_eos (GstElement *element, gpointer user_data)
{
  GstArclyStreamSrc *self = GST_ARCLY_STREAM_SRC (element);
  Ending *ending = user_data;
  GstArclyStreamSrcTrack *track = NULL;
  gboolean add = FALSE;

  /* ThreadSanitizer does not see how the thread got it; it sees the lock. */
  g_mutex_lock (&self->join_lock);
  track = ending->track;
  add = ending->add_pad;
  g_mutex_unlock (&self->join_lock);

  if (!gst_arcly_stream_src_track_claim (track))
    return;
  if (track->pad == NULL && add)
    gst_arcly_stream_src_add_pad_for_end (self, track);
  if (track->pad)
    gst_pad_push_event (track->pad, gst_event_ref (ending->eos));
  gst_arcly_stream_src_track_release (track);
}

void
gst_arcly_stream_src_end (GstArclyStreamSrc *self, GstEvent *eos)
{
  gboolean any = FALSE;

  g_mutex_lock (&self->join_lock);
  self->ended = TRUE;
  g_mutex_unlock (&self->join_lock);
  gst_arcly_stream_src_update (self);

  /* A thread each: a muxer may block one pad until the other one has ended.
   * And who ends us must not wait. */
  g_mutex_lock (&self->join_lock);
  if (self->tracks->len == 0)
    ensure_track_locked (self, 0);
  for (guint i = 0; i < self->tracks->len; i++) {
    GstArclyStreamSrcTrack *track = g_ptr_array_index (self->tracks, i);

    any |= track->settled;
  }
  for (guint i = 0; i < self->tracks->len; i++) {
    Ending *ending = g_new0 (Ending, 1);

    ending->add_pad = !any && i == 0;
    ending->track = g_object_ref (g_ptr_array_index (self->tracks, i));
    ending->eos = gst_event_ref (eos);
    gst_element_call_async (GST_ELEMENT (self), push_eos, ending, ending_free);
  }
  g_mutex_unlock (&self->join_lock);
}
