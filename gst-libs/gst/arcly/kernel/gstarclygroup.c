/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/kernel/gstarclygrouppriv.h>

/* The tracks of a newcomer are linked one after the other. */
#define JOIN_TOGETHER GST_SECOND

G_DEFINE_FINAL_TYPE (GstArclyGroup, gst_arcly_group, G_TYPE_OBJECT)

static void
member_free (GWeakRef *member)
{
  g_weak_ref_clear (member);
  g_free (member);
}

GstArclyGroup *
gst_arcly_group_new (void)
{
  return g_object_new (GST_TYPE_ARCLY_GROUP, NULL);
}

void
gst_arcly_group_set_bounds (
    GstArclyGroup *group, const GstArclyLag *bounds, gboolean evict)
{
  atomic_store_explicit (
      &group->max_buffers, bounds->buffers, memory_order_relaxed);
  atomic_store_explicit (
      &group->max_bytes, bounds->bytes, memory_order_relaxed);
  atomic_store_explicit (&group->max_time, bounds->time, memory_order_relaxed);
  atomic_store_explicit (&group->evict, evict, memory_order_relaxed);
}

void
gst_arcly_group_get_bounds (
    GstArclyGroup *group, GstArclyLag *bounds, gboolean *evict)
{
  bounds->buffers =
      atomic_load_explicit (&group->max_buffers, memory_order_relaxed);
  bounds->bytes =
      atomic_load_explicit (&group->max_bytes, memory_order_relaxed);
  bounds->time = atomic_load_explicit (&group->max_time, memory_order_relaxed);
  *evict = atomic_load_explicit (&group->evict, memory_order_relaxed) != 0;
}

guint64
gst_arcly_group_get_resyncs (GstArclyGroup *group)
{
  return atomic_load_explicit (&group->n_resyncs, memory_order_relaxed);
}

gboolean
gst_arcly_group_is_evicted (GstArclyGroup *group)
{
  return atomic_load_explicit (&group->evicted, memory_order_relaxed) != 0;
}

void
gst_arcly_group_set_replay (GstArclyGroup *group, GstArclyReplay replay)
{
  atomic_store_explicit (&group->replay, replay, memory_order_relaxed);
}

GstArclyReplay
gst_arcly_group_get_replay (GstArclyGroup *group)
{
  return atomic_load_explicit (&group->replay, memory_order_relaxed);
}

void
gst_arcly_group_count_taker (GstArclyGroup *group, gboolean more)
{
  g_mutex_lock (&group->lock);
  /* Who was there before has seen something since, or is gone. */
  if (group->takers == 0 || !more)
    group->joined = FALSE;
  group->takers += more ? 1 : -1;
  g_mutex_unlock (&group->lock);
}

/* One that begins later than its sibling, while that one shows what came since,
 * comes in with it. */
GstClockTime
gst_arcly_group_join (GstArclyGroup *group, guint64 start_seq, guint64 head_seq,
    GstClockTime head_arrival, GstClockTime time)
{
  GstClockTime result = 0;

  g_mutex_lock (&group->lock);
  if (!group->joined || group->join_seq < start_seq ||
      head_arrival > group->join_arrival + JOIN_TOGETHER) {
    group->joined = TRUE;
    group->join_seq = head_seq;
    group->join_arrival = head_arrival;
    group->join_time = time;
  }
  result = group->join_time;
  g_mutex_unlock (&group->lock);
  return result;
}

gboolean
gst_arcly_group_past_bounds (GstArclyGroup *group, const GstArclyLag *lag)
{
  GstArclyLag bounds;
  gboolean evict = FALSE;

  gst_arcly_group_get_bounds (group, &bounds, &evict);
  return (bounds.buffers && lag->buffers > bounds.buffers) ||
         (bounds.bytes && lag->bytes > bounds.bytes) ||
         (bounds.time && lag->time > bounds.time);
}

void
gst_arcly_group_add_track (GstArclyGroup *group, guint track)
{
  g_mutex_lock (&group->lock);
  g_array_append_val (group->tracks, track);
  g_mutex_unlock (&group->lock);
}

void
gst_arcly_group_remove_track (GstArclyGroup *group, guint track)
{
  g_mutex_lock (&group->lock);
  for (guint i = 0; i < group->tracks->len; i++) {
    if (g_array_index (group->tracks, guint, i) != track)
      continue;
    g_array_remove_index (group->tracks, i);
    break;
  }
  /* Whoever comes next begins anew, also after an eviction. */
  if (group->tracks->len == 0)
    atomic_store_explicit (&group->evicted, FALSE, memory_order_relaxed);
  g_mutex_unlock (&group->lock);
}

guint
gst_arcly_group_get_tracks (GstArclyGroup *group, guint *tracks, guint max)
{
  guint n = 0;

  g_mutex_lock (&group->lock);
  n = MIN (group->tracks->len, max);
  for (guint i = 0; i < n; i++)
    tracks[i] = g_array_index (group->tracks, guint, i);
  g_mutex_unlock (&group->lock);
  return n;
}

GWeakRef *
gst_arcly_group_add_member (GstArclyGroup *group, GObject *member)
{
  GWeakRef *ref = g_new0 (GWeakRef, 1);

  g_weak_ref_init (ref, member);
  g_mutex_lock (&group->lock);
  g_ptr_array_add (group->members, ref);
  g_mutex_unlock (&group->lock);
  return ref;
}

void
gst_arcly_group_remove_member (GstArclyGroup *group, GWeakRef *ref)
{
  g_mutex_lock (&group->lock);
  g_ptr_array_remove_fast (group->members, ref);
  g_mutex_unlock (&group->lock);
}

GPtrArray *
gst_arcly_group_get_members (GstArclyGroup *group)
{
  GPtrArray *members = g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&group->lock);
  for (guint i = 0; i < group->members->len; i++) {
    GObject *member = g_weak_ref_get (g_ptr_array_index (group->members, i));

    if (member)
      g_ptr_array_add (members, member);
  }
  g_mutex_unlock (&group->lock);
  return members;
}

static void
gst_arcly_group_finalize (GObject *object)
{
  GstArclyGroup *group = GST_ARCLY_GROUP (object);

  g_ptr_array_unref (group->members);
  g_array_unref (group->tracks);
  g_mutex_clear (&group->lock);
  G_OBJECT_CLASS (gst_arcly_group_parent_class)->finalize (object);
}

static void
gst_arcly_group_class_init (GstArclyGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_group_finalize;
}

static void
gst_arcly_group_init (GstArclyGroup *group)
{
  g_mutex_init (&group->lock);
  group->tracks = g_array_new (FALSE, FALSE, sizeof (guint));
  group->members =
      g_ptr_array_new_with_free_func ((GDestroyNotify) member_free);
  group->resync_gate = GST_ARCLY_NO_GATE;
}
