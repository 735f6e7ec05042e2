/* SPDX-License-Identifier: MIT
 *
 * One batch of a reader: where it begins, what it takes, who gets it. */
#include "config.h"

#include <gst/arcly/kernel/gstarclysubscriptionpriv.h>

/* Entries looked at in one run. Bounds how long a worker stays with one
 * reader, and what a blocked one has in hand. */
#define BATCH_ENTRIES 32

/* While a reader waits for a keyframe, so often it asks for one. */
#define ASK_AGAIN_US (500 * 1000)

gboolean
gst_arcly_subscription_has_work (GstArclySubscription *sub)
{
  if (atomic_load_explicit (&sub->control, memory_order_acquire))
    return TRUE;
  if (sub->finished || sub->slots->len == 0)
    return FALSE;
  return sub->cursor.block == NULL ||
         gst_arcly_log_cursor_has_entry (&sub->cursor) ||
         sub->resets != gst_arcly_stream_get_resets (sub->stream);
}

static void
add_item (GArray *items, GstArclySlot *slot, GstMiniObject *object, guint flags,
    GstClockTime arrival)
{
  GstArclyItem item;

  item.object = object;
  item.target = slot->target;
  item.arrival = arrival;
  item.track = slot->track;
  item.flags = flags;
  item.token = slot->token;
  g_array_append_val (items, item);
}

/* What comes before the segment is decoded and not shown, by decoders and sinks
 * alike, and running time stays what it was. */
static GstEvent *
clip_segment (GstEvent *event, GstClockTime show_time)
{
  GstSegment segment;
  guint64 position = 0;
  GstEvent *clipped = NULL;

  gst_event_copy_segment (event, &segment);
  if (segment.format != GST_FORMAT_TIME || segment.rate < 0)
    return event;
  position = gst_segment_position_from_running_time (
      &segment, GST_FORMAT_TIME, show_time);
  if (!GST_CLOCK_TIME_IS_VALID (position) || position <= segment.start)
    return event;
  segment.time =
      gst_segment_to_stream_time (&segment, GST_FORMAT_TIME, position);
  segment.start = segment.position = position;
  segment.base = show_time;
  segment.offset = 0;
  clipped = gst_event_new_segment (&segment);
  gst_event_set_seqnum (clipped, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return clipped;
}

static void
add_event (GArray *items, GstArclySlot *slot, GstEvent *event, guint64 seq,
    guint flags, GstClockTime arrival)
{
  gst_event_ref (event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT && seq < slot->show_seq)
    event = clip_segment (event, slot->show_time);
  add_item (items, slot, GST_MINI_OBJECT_CAST (event), flags, arrival);
}

static void
add_stickies (
    GArray *items, GstArclySlot *slot, GstArclyStickies *stickies, guint64 seq)
{
  for (guint i = 0; stickies && i < stickies->n_events; i++)
    add_event (items, slot, stickies->events[i], seq, GST_ARCLY_ITEM_STICKY, 0);
}

static void
begin_slot (GstArclySubscription *sub, GstArclySlot *slot,
    GstArclyStartTrack *track, const GstArclyStart *start, GArray *items)
{
  slot->restart = FALSE;
  slot->retry = FALSE;
  slot->skip_seq = 0;
  slot->need_key = TRUE;
  slot->next_seq = MAX (start->position.seq, track->min_seq);
  slot->video = track->video;

  add_item (items, slot, NULL, GST_ARCLY_ITEM_START, 0);
  add_stickies (items, slot, track->stickies, start->position.seq);
  g_clear_pointer (&track->stickies, gst_arcly_stickies_unref);
  if (start->all_eos)
    add_item (items, slot, NULL, GST_ARCLY_ITEM_ALL_EOS, 0);
}

/* How a newcomer takes what was there before it. */
static void
apply_replay (GstArclySubscription *sub, const GstArclyStart *start,
    const GstArclyPosition *head)
{
  guint64 show_seq = 0;
  GstClockTime show_time = 0;

  if (start->replay && GST_CLOCK_TIME_IS_VALID (start->head_time) &&
      gst_arcly_group_get_replay (sub->group) == GST_ARCLY_REPLAY_DECODE_ONLY) {
    show_seq = head->seq;
    show_time = gst_arcly_group_join (sub->group, start->position.seq,
        head->seq, head->arrival, start->head_time);
  }
  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);

    if (!slot->restart)
      continue;
    slot->show_seq = show_seq;
    slot->show_time = show_time;
  }
}

/* Begins the slots that ask for it, at a start point not older than
 * newer_than; 0 is for newcomers, who decide how they do it. Those that run go
 * on where they are: if the cursor has to go back for the others, they skip
 * what they had. */
static void
begin (GstArclySubscription *sub, guint64 newer_than, GArray *items)
{
  gboolean newcomer = newer_than == 0;
  GstArclyStartTrack tracks[2 * GST_ARCLY_MAX_TRACKS];
  guint siblings[GST_ARCLY_MAX_TRACKS];
  guint n = sub->slots->len;
  guint n_siblings = 0;
  GstArclyStart start = { 0 };
  GstArclyPosition head;
  gboolean running = FALSE;

  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);

    tracks[i].track = slot->track;
    tracks[i].restart = slot->restart;
    running |= !slot->restart;
  }
  /* Video that only a sibling takes decides where we begin, too. */
  n_siblings =
      gst_arcly_group_get_tracks (sub->group, siblings, GST_ARCLY_MAX_TRACKS);
  for (guint i = 0; i < n_siblings; i++) {
    tracks[n].restart = FALSE;
    tracks[n++].track = siblings[i];
  }
  if (newcomer &&
      gst_arcly_group_get_replay (sub->group) == GST_ARCLY_REPLAY_NONE)
    newer_than = G_MAXUINT64;
  gst_arcly_stream_start (sub->stream, tracks, n, newer_than, &start);
  gst_arcly_stream_get_head (sub->stream, &head);
  if (!newcomer)
    start.head_time = GST_CLOCK_TIME_NONE;
  apply_replay (sub, &start, &head);

  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);

    if (slot->restart)
      begin_slot (sub, slot, &tracks[i], &start, items);
    else if (sub->cursor.block)
      slot->next_seq =
          MAX (slot->next_seq, gst_arcly_log_cursor_seq (&sub->cursor));
  }

  if (running && sub->cursor.block &&
      gst_arcly_log_cursor_seq (&sub->cursor) <= start.position.seq) {
    gst_arcly_log_cursor_clear (&start.cursor);
  } else {
    gst_arcly_log_cursor_clear (&sub->cursor);
    sub->cursor = start.cursor;
    gst_arcly_subscription_set_position (sub->at, &start.position);
    gst_arcly_subscription_set_position (
        sub->grant, start.replay ? &head : &start.position);
  }
  if (!running) {
    sub->gated = start.wait_key;
    sub->gate_track = start.key_track;
    sub->gate_seq = 0;
    sub->key_asked = 0;
  }
}

/* A reader that was there before the first buffer misses none, however much
 * went by before a worker came. */
static gboolean
begin_at_pin (GstArclySubscription *sub, GArray *items)
{
  GstArclyStart start = { 0 };

  for (guint i = 0; i < sub->slots->len; i++) {
    if (!g_array_index (sub->slots, GstArclySlot, i).restart)
      return FALSE;
  }
  if (sub->first_pin.cursor.block == NULL ||
      sub->first_pin.resets != sub->resets)
    return FALSE;
  start.cursor = sub->first_pin.cursor;
  start.position = sub->first_pin.position;
  sub->first_pin.cursor.block = NULL;
  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);
    GstArclyStartTrack track = { 0 };

    slot->show_seq = 0;
    track.min_seq = gst_arcly_stream_get_min_seq (sub->stream, slot->track);
    begin_slot (sub, slot, &track, &start, items);
  }
  gst_arcly_log_cursor_clear (&sub->cursor);
  sub->cursor = start.cursor;
  gst_arcly_subscription_set_position (sub->at, &start.position);
  gst_arcly_subscription_set_position (sub->grant, &start.position);
  sub->gated = FALSE;
  sub->key_asked = 0;
  return TRUE;
}

static void
set_at_cursor (GstArclySubscription *sub)
{
  const GstArclyEntry *entry = gst_arcly_log_cursor_peek (&sub->cursor);
  GstArclyPosition at;

  if (entry == NULL)
    return;
  at.seq = gst_arcly_log_cursor_seq (&sub->cursor);
  at.buffers = entry->buffers;
  at.bytes = entry->bytes;
  at.arrival = entry->arrival;
  gst_arcly_subscription_set_position (sub->at, &at);
}

static gboolean
any_restart (GstArclySubscription *sub)
{
  guint64 seq = gst_arcly_log_cursor_seq (&sub->cursor);
  gboolean any = FALSE;

  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);

    if (slot->retry && seq >= slot->retry_seq)
      slot->restart = TRUE;
    any |= slot->restart;
  }
  return any;
}

static void
restart_all (GstArclySubscription *sub)
{
  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);

    slot->restart = TRUE;
    slot->discont = TRUE;
  }
}

static void
apply_flushes (GstArclySubscription *sub)
{
  guint flushes = gst_arcly_stream_get_flushes (sub->stream);

  if (flushes == sub->flushes)
    return;
  sub->flushes = flushes;
  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);
    guint64 min_seq = gst_arcly_stream_get_min_seq (sub->stream, slot->track);

    slot->next_seq = MAX (slot->next_seq, min_seq);
  }
}

/* Whether the slot takes this buffer: it starts at a keyframe, and with video
 * in the subscription the other tracks start there too. */
static gboolean
wants_buffer (
    GstArclySubscription *sub, GstArclySlot *slot, const GstArclyEntry *entry)
{
  if (entry->flags & GST_ARCLY_ENTRY_VIDEO) {
    if (slot->need_key && !(entry->flags & GST_ARCLY_ENTRY_KEY)) {
      /* A stream that does not begin with a keyframe: the others wait, too. */
      sub->gated = TRUE;
      sub->gate_track = entry->track;
      sub->gate_seq = 0;
      return FALSE;
    }
  } else if (sub->gated) {
    return FALSE;
  }
  slot->need_key = FALSE;
  return TRUE;
}

/* The gate opens with the keyframe, whoever takes it; or with the end. */
static void
pass_gate (GstArclySubscription *sub, const GstArclyEntry *entry, guint64 seq)
{
  if (entry->track != sub->gate_track || seq < sub->gate_seq)
    return;
  if (entry->flags & GST_ARCLY_ENTRY_BUFFER)
    sub->gated = !(entry->flags & GST_ARCLY_ENTRY_KEY);
  else if (GST_EVENT_TYPE (entry->object) == GST_EVENT_EOS)
    sub->gated = FALSE;
}

/* A flush hides what was not read yet, but ends no stream and no caps. */
static void
add_flush_stickies (
    GstArclySubscription *sub, GArray *items, GstArclySlot *slot, guint64 seq)
{
  g_autoptr (GstArclyStickies) stickies =
      gst_arcly_stream_get_flush_stickies (sub->stream, slot->track);

  add_stickies (items, slot, stickies, seq);
}

static void
read_entry (GstArclySubscription *sub, GstArclySlot *slot,
    const GstArclyEntry *entry, guint64 seq, GArray *items)
{
  guint flags = 0;

  if (!(entry->flags & GST_ARCLY_ENTRY_BUFFER)) {
    if (sub->gated && entry->track == sub->gate_track &&
        GST_EVENT_TYPE (entry->object) == GST_EVENT_EOS)
      sub->gated = FALSE;
    add_event (
        items, slot, GST_EVENT_CAST (entry->object), seq, 0, entry->arrival);
    if (GST_EVENT_TYPE (entry->object) == GST_EVENT_FLUSH_STOP)
      add_flush_stickies (sub, items, slot, seq);
    return;
  }
  if (seq < slot->skip_seq || !wants_buffer (sub, slot, entry))
    return;

  flags = GST_ARCLY_ITEM_BUFFER;
  if (slot->discont)
    flags |= GST_ARCLY_ITEM_DISCONT;
  slot->discont = FALSE;
  add_item (
      items, slot, gst_mini_object_ref (entry->object), flags, entry->arrival);
}

static void
read_all_eos (GstArclySubscription *sub, GArray *items)
{
  sub->gated = FALSE;
  for (guint i = 0; i < sub->slots->len; i++)
    add_item (items, &g_array_index (sub->slots, GstArclySlot, i), NULL,
        GST_ARCLY_ITEM_ALL_EOS, 0);
}

static void
read_batch (GstArclySubscription *sub, GArray *items, GstArclyPosition *end)
{
  for (guint n = 0; n < BATCH_ENTRIES; n++) {
    const GstArclyEntry *entry = gst_arcly_log_cursor_peek (&sub->cursor);
    GstArclySlot *slot = NULL;
    guint64 seq = 0;

    if (entry == NULL)
      return;
    seq = gst_arcly_log_cursor_seq (&sub->cursor);
    end->seq = seq + 1;
    end->buffers =
        entry->buffers + ((entry->flags & GST_ARCLY_ENTRY_BUFFER) ? 1 : 0);
    end->bytes = entry->bytes + entry->size;
    end->arrival = entry->arrival;

    if (sub->gated)
      pass_gate (sub, entry, seq);
    slot = gst_arcly_subscription_find_slot (sub, entry->track);
    if (entry->track == GST_ARCLY_TRACK_ALL)
      read_all_eos (sub, items);
    else if (slot && !slot->retry && seq >= slot->next_seq)
      read_entry (sub, slot, entry, seq, items);
    sub->cursor.index++;
  }
}

/* One reading of the clock a batch: the oldest speaks for all. */
static void
count_delay (GstArclySubscription *sub, guint n, GstClockTime oldest)
{
  GstClockTime now = g_get_monotonic_time () * GST_USECOND;

  if (atomic_load_explicit (&sub->at[0], memory_order_relaxed) <
      atomic_load_explicit (&sub->grant[0], memory_order_relaxed))
    return;
  gst_arcly_histogram_add (&sub->delays, now > oldest ? now - oldest : 0, n);
}

static void
count (GstArclySubscription *sub, GArray *items)
{
  guint64 buffers = 0, bytes = 0;
  GstClockTime oldest = 0;

  for (guint i = 0; i < items->len; i++) {
    GstArclyItem *item = &g_array_index (items, GstArclyItem, i);

    if (!(item->flags & GST_ARCLY_ITEM_BUFFER))
      continue;
    if (buffers++ == 0)
      oldest = item->arrival;
    bytes += gst_buffer_get_size (GST_BUFFER_CAST (item->object));
  }
  if (buffers == 0)
    return;
  count_delay (sub, buffers, oldest);
  /* One writer at a time: no read-modify-write is needed. */
  atomic_store_explicit (&sub->n_buffers,
      atomic_load_explicit (&sub->n_buffers, memory_order_relaxed) + buffers,
      memory_order_relaxed);
  atomic_store_explicit (&sub->n_bytes,
      atomic_load_explicit (&sub->n_bytes, memory_order_relaxed) + bytes,
      memory_order_relaxed);
}

static void
deliver (GstArclySubscription *sub, GArray *items)
{
  if (items->len == 0)
    return;
  count (sub, items);
  sub->funcs->deliver (
      sub, (GstArclyItem *) items->data, items->len, sub->user_data);
  g_array_set_size (items, 0);
}

static void
finish (GstArclySubscription *sub, GArray *items)
{
  sub->finished = TRUE;
  gst_arcly_log_cursor_clear (&sub->cursor);
  for (guint i = 0; i < sub->slots->len; i++)
    add_item (items, &g_array_index (sub->slots, GstArclySlot, i), NULL,
        GST_ARCLY_ITEM_EVICTED, 0);
  deliver (sub, items);
}

/* A reader past its bounds goes on at a newer keyframe, or not at all. */
static void
check_lag (GstArclySubscription *sub, GArray *items)
{
  GstArclyIncident incident = { 0 };
  guint64 at = 0;

  set_at_cursor (sub);
  gst_arcly_subscription_get_lag (sub, &incident.lag);
  if (!gst_arcly_group_past_bounds (sub->group, &incident.lag)) {
    gst_arcly_subscription_follow (sub);
    return;
  }
  gst_arcly_subscription_judge (sub, &incident);
  gst_arcly_subscription_tell (sub, &incident);
  if (incident.evict)
    return;

  at = atomic_load_explicit (&sub->at[0], memory_order_relaxed);
  gst_arcly_log_cursor_clear (&sub->cursor);
  restart_all (sub);
  begin (sub, at + 1, items);
  gst_arcly_subscription_lead (sub);
}

/* The log that we read is not the stream's any more. */
static void
apply_reset (GstArclySubscription *sub)
{
  guint resets = gst_arcly_stream_get_resets (sub->stream);

  if (resets == sub->resets)
    return;
  sub->resets = resets;
  sub->was_cut = FALSE;
  if (sub->cursor.block)
    restart_all (sub);
  gst_arcly_log_cursor_clear (&sub->cursor);
}

/* Where the next entries come from. */
static void
prepare (GstArclySubscription *sub, GArray *items)
{
  guint64 at = 0;

  apply_reset (sub);

  if (sub->cursor.block == NULL) {
    /* New, or cut while it was blocked. */
    at = atomic_load_explicit (&sub->at[0], memory_order_relaxed);
    for (guint i = 0; i < sub->slots->len; i++)
      g_array_index (sub->slots, GstArclySlot, i).restart = TRUE;
    if (sub->was_cut || !begin_at_pin (sub, items))
      begin (sub, sub->was_cut ? at : 0, items);
    if (sub->was_cut)
      gst_arcly_subscription_lead (sub);
    sub->was_cut = FALSE;
  } else if (any_restart (sub)) {
    if (!begin_at_pin (sub, items))
      begin (sub, 0, items);
  } else {
    check_lag (sub, items);
  }
  apply_flushes (sub);
}

/* Runs deliver() in such a way that the cursor may be taken away meanwhile. */
static void
deliver_guarded (
    GstArclySubscription *sub, GArray *items, const GstArclyPosition *end)
{
  guint hold = atomic_load_explicit (&sub->hold, memory_order_relaxed);

  hold = (hold & ~GST_ARCLY_HOLD_MASK) + GST_ARCLY_HOLD_STEP;
  atomic_store_explicit (
      &sub->hold, hold | GST_ARCLY_HOLD_PUSH, memory_order_release);
  deliver (sub, items);
  hold = atomic_exchange_explicit (
      &sub->hold, hold | GST_ARCLY_HOLD_READ, memory_order_acq_rel);

  if ((hold & GST_ARCLY_HOLD_MASK) == GST_ARCLY_HOLD_CUT) {
    /* The cursor is the cutter's until the dispatcher's lock is passed. */
    restart_all (sub);
    sub->was_cut = TRUE;
  }
  /* Also after a cut: what was in hand has been delivered. */
  gst_arcly_subscription_set_position (sub->at, end);
}

/* Again and again: the answer to one request may be gone by without us, or
 * upstream was not ready for it. */
static void
ask_for_key (GstArclySubscription *sub)
{
  gint64 now = g_get_monotonic_time ();

  if (gst_arcly_subscription_find_slot (sub, sub->gate_track) == NULL ||
      (sub->key_asked && now - sub->key_asked < ASK_AGAIN_US))
    return;
  sub->key_asked = now;
  sub->funcs->need_key (sub, sub->gate_track, sub->user_data);
}

void
gst_arcly_subscription_run (GstArclySubscription *sub, GArray *items)
{
  GstArclyPosition end;

  if (atomic_load_explicit (&sub->control, memory_order_acquire))
    gst_arcly_subscription_apply_control (sub);
  if (!sub->finished && sub->slots->len > 0 &&
      !gst_arcly_group_is_evicted (sub->group))
    prepare (sub, items);
  /* It must not serve a later beginning, nor keep the log. */
  gst_arcly_log_cursor_clear (&sub->first_pin.cursor);
  if (sub->finished || sub->slots->len == 0)
    return;
  if (gst_arcly_group_is_evicted (sub->group)) {
    finish (sub, items);
    return;
  }

  set_at_cursor (sub);
  gst_arcly_subscription_get_position (sub->at, &end);
  read_batch (sub, items, &end);
  deliver_guarded (sub, items, &end);

  if (sub->gated)
    ask_for_key (sub);
}
