/* SPDX-License-Identifier: MIT
 *
 * How far a reader is behind, and what follows from it. */
#include "config.h"

#include <string.h>

#include <gst/arcly/kernel/gstarclysubscriptionpriv.h>

/* Head minus where the reader is; a replay it was given is not counted. */
void
gst_arcly_subscription_get_lag (GstArclySubscription *sub, GstArclyLag *lag)
{
  GstArclyPosition head, at, grant;

  gst_arcly_subscription_get_position (sub->at, &at);
  gst_arcly_subscription_get_position (sub->grant, &grant);
  gst_arcly_stream_get_head (sub->stream, &head);
  if (grant.seq > at.seq)
    at = grant;

  memset (lag, 0, sizeof (*lag));
  if (head.seq <= at.seq)
    return;
  /* The numbers of the head are not read as one, so each is compared. */
  lag->buffers = head.buffers > at.buffers ? head.buffers - at.buffers : 0;
  lag->bytes = head.bytes > at.bytes ? head.bytes - at.bytes : 0;
  lag->time = head.arrival > at.arrival ? head.arrival - at.arrival : 0;
}

/* Has the reader look at what its group decided. */
static void
poke (GstArclySubscription *sub)
{
  atomic_store_explicit (&sub->control, TRUE, memory_order_release);
  gst_arcly_subscription_kick (sub);
}

/* Decides for the group. A sibling may have done so already: then this one
 * only follows. */
void
gst_arcly_subscription_judge (
    GstArclySubscription *sub, GstArclyIncident *incident)
{
  GstArclyGroup *group = sub->group;
  guint64 at = atomic_load_explicit (&sub->at[0], memory_order_relaxed);

  incident->evict =
      atomic_load_explicit (&group->evict, memory_order_relaxed) != 0;
  if (incident->evict) {
    incident->news = !atomic_exchange (&group->evicted, TRUE);
  } else {
    incident->news =
        at >= atomic_load_explicit (&group->resync_seq, memory_order_acquire);
    if (incident->news)
      atomic_fetch_add_explicit (&group->n_resyncs, 1, memory_order_relaxed);
  }
  atomic_fetch_add_explicit (
      &sub->n_skipped, incident->lag.buffers, memory_order_relaxed);
}

/* The siblings skip to where we begin. */
void
gst_arcly_subscription_lead (GstArclySubscription *sub)
{
  GstArclyGroup *group = sub->group;

  atomic_store_explicit (&group->resync_gate,
      sub->gated ? sub->gate_track : GST_ARCLY_NO_GATE, memory_order_relaxed);
  atomic_store_explicit (&group->resync_seq,
      gst_arcly_log_cursor_seq (&sub->cursor), memory_order_release);
}

/* Skips what a sibling has lost: the tracks go on at the same point. Only
 * buffers are skipped. The events between (caps, segments, a flush) hold for
 * what comes after them. */
void
gst_arcly_subscription_follow (GstArclySubscription *sub)
{
  GstArclyGroup *group = sub->group;
  guint64 seq = atomic_load_explicit (&group->resync_seq, memory_order_acquire);
  guint gate = atomic_load_explicit (&group->resync_gate, memory_order_relaxed);

  if (gst_arcly_log_cursor_seq (&sub->cursor) >= seq)
    return;
  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);

    if (slot->next_seq >= seq || slot->skip_seq >= seq)
      continue;
    slot->skip_seq = seq;
    slot->discont = TRUE;
    slot->need_key = TRUE;
    if (gate != GST_ARCLY_NO_GATE) {
      sub->gated = TRUE;
      sub->gate_track = gate;
      sub->gate_seq = seq;
    }
  }
}

GstArclyBlock *
gst_arcly_subscription_cut (
    GstArclySubscription *sub, GstArclyIncident *incident)
{
  guint hold = atomic_load_explicit (&sub->hold, memory_order_acquire);

  if ((hold & GST_ARCLY_HOLD_MASK) != GST_ARCLY_HOLD_PUSH)
    return NULL;
  gst_arcly_subscription_get_lag (sub, &incident->lag);
  if (!gst_arcly_group_past_bounds (sub->group, &incident->lag))
    return NULL;
  /* If the delivery ended meanwhile, what was judged is gone with it. */
  if (!atomic_compare_exchange_strong (&sub->hold, &hold,
          (hold & ~GST_ARCLY_HOLD_MASK) | GST_ARCLY_HOLD_CUT))
    return NULL;
  gst_arcly_subscription_judge (sub, incident);
  return g_steal_pointer (&sub->cursor.block);
}

void
gst_arcly_subscription_tell (
    GstArclySubscription *sub, const GstArclyIncident *incident)
{
  g_autoptr (GPtrArray) siblings = NULL;

  if (!incident->news)
    return;
  sub->funcs->lagged (sub, &incident->lag, incident->evict, sub->user_data);
  if (!incident->evict)
    return;
  siblings = gst_arcly_group_get_members (sub->group);
  for (guint i = 0; i < siblings->len; i++)
    poke (g_ptr_array_index (siblings, i));
}
