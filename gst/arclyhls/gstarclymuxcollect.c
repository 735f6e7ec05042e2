/* SPDX-License-Identifier: MIT
 *
 * Who waits for whom. Units leave in the order of their DTS. A track that has
 * nothing queued, and whose next unit may come earlier than what the others
 * have, is waited for, but only up to a bound of media time; no thread stops
 * for it, unless another thread feeds it and nothing is live.
 *
 * One thread at a time pushes: whoever finds a unit ready and "pushing" unset.
 * What other threads queue meanwhile, it takes along. */
#include "config.h"

#include "gstarclymux.h"

#define GST_CAT_DEFAULT gst_arcly_mux_debug

#define NO_TIME GST_ARCLY_MUX_NO_TIME
/* Units taken under one lock, and pushed as one list. */
#define BATCH 32
/* Nothing is waited for past this. */
#define MAX_QUEUED_BYTES (64 * 1024 * 1024)
/* What a pad queues before its thread stops: for downstream, or (not live)
 * for a track that another thread feeds. */
#define ROOM_NS (1 * GST_SECOND)
#define ROOM_BYTES (16 * 1024 * 1024)
/* A thread that may depend on the one we stopped: go on then. */
#define STALL_US (2 * G_USEC_PER_SEC)
/* Less of a pause says nothing, however short the wait is. */
#define MIN_SILENCE (500 * GST_MSECOND)
/* Links walked upstream to find a thread. */
#define MAX_DEPTH 64

static gint64
track_position (GstArclyMux *self, GstArclyMuxPad *pad)
{
  return pad->position == NO_TIME ? self->start_dts : pad->position;
}

/* Sound that begins anew may be followed by video of the same sender: from then
 * on that is waited for, however long video was silent before. */
static gint64
wait_since (GstArclyMuxPad *pad)
{
  const GstArclyMuxItem *head = gst_queue_array_peek_head_struct (pad->queue);

  if (pad->is_video || pad->is_data)
    return G_MININT64;
  return head->discont || head->jumped || head->changed ? head->dts
                                                        : G_MININT64;
}

/* The pad whose unit goes next, or NULL; then *awaited is whom it waits for,
 * if anybody. */
static GstArclyMuxPad *
pick_locked (GstArclyMux *self, GstArclyMuxPad **awaited)
{
  GstArclyMuxPad *best = NULL;
  gint64 best_dts = G_MAXINT64;
  gint64 newest = G_MININT64, since;
  guint n_media = 0, i;

  *awaited = NULL;
  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);
    GstArclyMuxItem *head = gst_queue_array_peek_head_struct (pad->queue);

    n_media += !pad->is_data;
    if (!head)
      continue;
    if (!pad->is_data)
      newest = MAX (newest, pad->last_dts);
    if (head->dts < best_dts) {
      best_dts = head->dts;
      best = pad;
    }
  }
  if (!best || self->queued_bytes > MAX_QUEUED_BYTES)
    return best;
  /* A demuxer's pads may come later than those that data is linked to. */
  if (n_media == 0)
    return NULL;

  since = wait_since (best);
  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    if (pad->is_data || pad->eos || pad->given_up ||
        !gst_queue_array_is_empty (pad->queue))
      continue;
    /* Data goes behind what begins at the same time: that may be a cut. */
    if (pad->position != NO_TIME && pad->position >= best_dts + best->is_data)
      continue;
    /* Without sound or picture queued, data waits for them. */
    if (newest != G_MININT64 &&
        newest - MAX (track_position (self, pad), since) > self->bound)
      continue;
    *awaited = pad;
    return NULL;
  }
  return best;
}

/* Data ends with what it goes beside. */
static gboolean
all_eos_locked (GstArclyMux *self)
{
  guint n_media = 0, i;

  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    if (!gst_queue_array_is_empty (pad->queue))
      return FALSE;
    n_media += !pad->is_data;
    if (!pad->is_data && !pad->eos)
      return FALSE;
  }
  return n_media > 0;
}

/* Nothing of video is queued, and what came last is too old to be only late. */
static gboolean
video_is_silent_locked (GstArclyMux *self)
{
  gint64 bound = MAX (self->bound, (gint64) MIN_SILENCE);
  gint64 newest = G_MININT64;
  guint i;

  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    if (!pad->is_data)
      newest = MAX (newest, pad->last_dts);
  }
  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    if (!pad->is_video)
      continue;
    if (!gst_queue_array_is_empty (pad->queue))
      return FALSE;
    if (!pad->eos && !pad->given_up &&
        newest - track_position (self, pad) <= bound)
      return FALSE;
  }
  return TRUE;
}

/* Who sent both may be followed by somebody who sends sound only, and the pads
 * stay: then sound that is not what it was decides, until video returns. While
 * it is the same sound, video merely pauses. */
static void
choose_leader_locked (
    GstArclyMux *self, GstArclyMuxPad *pad, GstArclyMuxJob *job)
{
  const GstArclyMuxItem *item = gst_queue_array_peek_head_struct (pad->queue);
  gboolean led = self->sound_leads;

  if (pad->is_video) {
    self->had_video = TRUE;
    self->sound_changed = self->sound_leads = FALSE;
  } else if (self->had_video) {
    self->sound_changed |= item->discont || item->jumped || item->changed;
    self->sound_leads |= self->sound_changed && video_is_silent_locked (self);
  }
  job->turns = self->sound_leads != led;
}

/* A unit of this pad is a place to cut: the first video track decides, or any
 * audio where there is no video, or no more. */
static void
judge_locked (GstArclyMux *self, GstArclyMuxPad *which, GstArclyMuxJob *job)
{
  guint i;

  job->leftover = job->may_cut = job->turns = FALSE;
  if (which->is_data)
    return;
  choose_leader_locked (self, which, job);
  job->may_cut = TRUE;
  if (self->sound_leads)
    return;
  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    if (!pad->is_video || !pad->announced)
      continue;
    if (pad == which || !pad->eos || !gst_queue_array_is_empty (pad->queue)) {
      job->may_cut = pad == which;
      job->leftover = FALSE;
      return;
    }
    job->leftover = !which->is_video;
  }
}

typedef struct {
  GstArclyMuxJob jobs[BATCH];
  guint n_jobs;
  GstArclyMuxPad *announced[GST_ARCLY_MUX_MAX_PADS]; /* owned */
  guint n_announced;
  GPtrArray *removed; /* owned, may be NULL */
  gboolean eos;
} Batch;

static void
take_locked (GstArclyMux *self, Batch *batch)
{
  GstArclyMuxPad *pad, *awaited;
  guint i;

  batch->n_jobs = batch->n_announced = 0;
  batch->eos = FALSE;
  batch->removed = NULL;
  if (self->removed->len > 0) {
    batch->removed = self->removed;
    self->removed = g_ptr_array_new_with_free_func (gst_object_unref);
  }
  while (batch->n_jobs < BATCH && (pad = pick_locked (self, &awaited))) {
    GstArclyMuxJob *job = &batch->jobs[batch->n_jobs++];

    judge_locked (self, pad, job);
    job->pad = gst_object_ref (pad);
    job->item =
        *(GstArclyMuxItem *) gst_queue_array_pop_head_struct (pad->queue);
    pad->queued_bytes -= job->item.size;
    self->queued_bytes -= job->item.size;
  }
  if (batch->n_jobs == 0) {
    batch->eos = !self->eos_sent && all_eos_locked (self);
    self->eos_sent |= batch->eos;
    return;
  }
  /* Tracks that are known, though silent yet, are in the table already. */
  for (i = 0; i < self->pads->len; i++) {
    pad = g_ptr_array_index (self->pads, i);
    if (pad->announced && !pad->in_table) {
      pad->in_table = TRUE;
      batch->announced[batch->n_announced++] = gst_object_ref (pad);
    }
  }
}

static GstFlowReturn
push_batch (GstArclyMux *self, Batch *batch)
{
  GstArclyMuxClass *klass = GST_ARCLY_MUX_GET_CLASS (self);
  GstFlowReturn flow = GST_FLOW_OK;
  guint i;

  for (i = 0; batch->removed && i < batch->removed->len; i++) {
    if (klass->remove)
      klass->remove (self, g_ptr_array_index (batch->removed, i));
    klass->pad_reset (g_ptr_array_index (batch->removed, i));
  }
  g_clear_pointer (&batch->removed, g_ptr_array_unref);
  for (i = 0; i < batch->n_announced; i++) {
    if (klass->announce)
      klass->announce (self, batch->announced[i]);
    gst_object_unref (batch->announced[i]);
  }
  if (batch->n_jobs == 0 && !batch->eos)
    return GST_FLOW_OK;

  klass->start (self);
  if (!batch->eos) {
    flow = klass->push (self, batch->jobs, batch->n_jobs);
    for (i = 0; i < batch->n_jobs; i++) {
      gst_clear_object (&batch->jobs[i].pad);
      gst_arcly_mux_item_clear (&batch->jobs[i].item);
    }
    return flow;
  }
  GST_DEBUG_OBJECT (self, "all tracks ended");
  if (klass->finish)
    flow = klass->finish (self);
  gst_pad_push_event (self->srcpad, gst_event_new_eos ());
  return flow;
}

static void
drop_all_locked (GstArclyMux *self)
{
  guint i;

  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    gst_queue_array_clear (pad->queue);
    pad->queued_bytes = 0;
  }
  self->queued_bytes = 0;
}

void
gst_arcly_mux_advance_locked (GstArclyMux *self)
{
  Batch batch;
  GstFlowReturn flow;

  if (self->pushing)
    return;
  self->pushing = TRUE;
  while (!self->stopping) {
    take_locked (self, &batch);
    if (batch.n_jobs == 0 && !batch.removed && !batch.eos)
      break;
    g_mutex_unlock (&self->lock);
    flow = push_batch (self, &batch);
    g_mutex_lock (&self->lock);
    if (self->n_flushing == 0 && flow != GST_FLOW_OK) {
      self->flow = flow;
      drop_all_locked (self);
    }
    g_cond_broadcast (&self->cond);
  }
  self->pushing = FALSE;
  g_cond_broadcast (&self->cond);
}

/* The pad whose task streams to this one, as far as links tell; borrowed
 * for comparison only. */
static gpointer
find_task_pad (GstArclyMuxPad *pad)
{
  GstPad *sink = GST_PAD (gst_object_ref (pad));
  gpointer found = NULL;
  guint depth;

  for (depth = 0; sink && !found && depth < MAX_DEPTH; depth++) {
    g_autoptr (GstPad) src = gst_pad_get_peer (sink);
    g_autoptr (GstIterator) links = NULL;
    g_auto (GValue) value = G_VALUE_INIT;

    g_clear_pointer (&sink, gst_object_unref);
    if (!src)
      break;
    GST_OBJECT_LOCK (src);
    if (GST_PAD_TASK (src))
      found = src;
    GST_OBJECT_UNLOCK (src);
    links = gst_pad_iterate_internal_links (src);
    if (!found && links && gst_iterator_next (links, &value) == GST_ITERATOR_OK)
      sink = g_value_dup_object (&value);
    /* A demuxer that pulls has its task on its sink pad. */
    if (sink) {
      GST_OBJECT_LOCK (sink);
      if (GST_PAD_TASK (sink))
        found = sink;
      GST_OBJECT_UNLOCK (sink);
    }
  }
  g_clear_pointer (&sink, gst_object_unref);
  return found;
}

/* Does another thread than ours feed the awaited track? If nothing tells, no:
 * a thread that waits for itself waits for ever. */
static gboolean
fed_by_other_locked (
    GstArclyMux *self, GstArclyMuxPad *awaited, GstArclyMuxPad *pad)
{
  gpointer theirs, ours;

  if (awaited->thread)
    return awaited->thread != g_thread_self ();

  gst_object_ref (awaited);
  g_mutex_unlock (&self->lock);
  theirs = find_task_pad (awaited);
  ours = find_task_pad (pad);
  g_mutex_lock (&self->lock);
  gst_object_unref (awaited);
  return theirs && ours && theirs != ours;
}

static gboolean
is_full_locked (GstArclyMuxPad *pad)
{
  GstArclyMuxItem *head = gst_queue_array_peek_head_struct (pad->queue);

  return head && (pad->last_dts - head->dts > (gint64) ROOM_NS ||
                     pad->queued_bytes > ROOM_BYTES);
}

GstFlowReturn
gst_arcly_mux_wait_for_room_locked (GstArclyMux *self, GstArclyMuxPad *pad)
{
  GstArclyMuxPad *awaited;
  guint64 progress;

  while (!self->stopping && !pad->flushing && self->flow == GST_FLOW_OK &&
         is_full_locked (pad)) {
    if (self->pushing) {
      g_cond_wait (&self->cond, &self->lock);
      continue;
    }
    if (self->live || pick_locked (self, &awaited) || !awaited ||
        !fed_by_other_locked (self, awaited, pad))
      break;
    progress = self->progress;
    if (!g_cond_wait_until (
            &self->cond, &self->lock, g_get_monotonic_time () + STALL_US) &&
        progress == self->progress && !self->pushing &&
        !pick_locked (self, &awaited) && awaited) {
      GST_WARNING_OBJECT (awaited, "silent, going on without it");
      awaited->given_up = TRUE;
      gst_arcly_mux_advance_locked (self);
    }
  }
  if (self->stopping || pad->flushing)
    return GST_FLOW_FLUSHING;
  return self->flow;
}

void
gst_arcly_mux_end (GstArclyMux *self)
{
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->pads->len; i++)
    ((GstArclyMuxPad *) g_ptr_array_index (self->pads, i))->eos = TRUE;
  self->progress++;
  /* Who pushes already takes the rest along. */
  gst_arcly_mux_advance_locked (self);
  g_cond_broadcast (&self->cond);
  while (self->pushing)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}
