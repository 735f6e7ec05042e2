/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "gstarclyrecordqueue.h"

GstArclyRecordFragment *
gst_arcly_record_fragment_new (void)
{
  GstArclyRecordFragment *fragment = g_new0 (GstArclyRecordFragment, 1);

  fragment->buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  return fragment;
}

void
gst_arcly_record_fragment_free (GstArclyRecordFragment *fragment)
{
  g_ptr_array_unref (fragment->buffers);
  g_clear_pointer (&fragment->init, g_bytes_unref);
  g_free (fragment);
}

void
gst_arcly_record_fragment_add (
    GstArclyRecordFragment *fragment, GstBuffer *buffer)
{
  fragment->bytes += gst_buffer_get_size (buffer);
  g_ptr_array_add (fragment->buffers, gst_buffer_ref (buffer));
}

void
gst_arcly_record_loss_add (GstArclyRecordLoss *loss,
    const GstArclyRecordFragment *fragment, const gchar *reason)
{
  GstArclyRecordLoss one = {
    .fragments = fragment->begins ? 1 : 0,
    .bytes = fragment->bytes,
    .media = fragment->media,
    .end = fragment->media + fragment->duration,
    .wall = fragment->wall,
    .reason = reason,
  };

  gst_arcly_record_loss_merge (loss, &one);
}

/* The first reason is what began it. */
void
gst_arcly_record_loss_merge (
    GstArclyRecordLoss *loss, const GstArclyRecordLoss *other)
{
  if (!loss->reason) {
    *loss = *other;
    return;
  }
  loss->fragments += other->fragments;
  loss->bytes += other->bytes;
  loss->end = other->end;
}

void
gst_arcly_record_item_clear (GstArclyRecordItem *item)
{
  g_clear_pointer (&item->fragment, gst_arcly_record_fragment_free);
  memset (item, 0, sizeof *item);
}

void
gst_arcly_record_queue_init (GstArclyRecordQueue *self, gsize max_bytes)
{
  memset (self, 0, sizeof *self);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->items =
      gst_queue_array_new_for_struct (sizeof (GstArclyRecordItem), 16);
  gst_queue_array_set_clear_func (
      self->items, (GDestroyNotify) gst_arcly_record_item_clear);
  self->max_bytes = max_bytes;
}

void
gst_arcly_record_queue_clear (GstArclyRecordQueue *self)
{
  gst_queue_array_free (self->items);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

static void
add_item_locked (GstArclyRecordQueue *self, GstArclyRecordItem *item)
{
  gst_queue_array_push_tail_struct (self->items, item);
  g_cond_broadcast (&self->changed);
}

/* One loss grows rather than to be many. */
static void
add_loss_locked (GstArclyRecordQueue *self, const GstArclyRecordLoss *loss)
{
  GstArclyRecordItem *last = gst_queue_array_peek_tail_struct (self->items);
  GstArclyRecordItem item = { .loss = *loss };

  if (last && last->loss.reason)
    gst_arcly_record_loss_merge (&last->loss, loss);
  else
    add_item_locked (self, &item);
}

static gboolean
has_room_locked (GstArclyRecordQueue *self, gsize bytes)
{
  return self->bytes == 0 || self->bytes + bytes <= self->max_bytes;
}

/* FALSE: it was long enough. */
static gboolean
wait_locked (GstArclyRecordQueue *self)
{
  if (self->end_time > 0)
    return g_cond_wait_until (&self->changed, &self->lock, self->end_time);
  g_cond_wait (&self->changed, &self->lock);
  return TRUE;
}

gboolean
gst_arcly_record_queue_push (GstArclyRecordQueue *self,
    GstArclyRecordFragment *fragment, gboolean may_wait)
{
  GstArclyRecordItem item = { .fragment = fragment };
  gboolean fits;

  g_mutex_lock (&self->lock);
  if (fragment->begins)
    self->skipping = FALSE;
  while (may_wait && !self->interrupted && !self->skipping &&
         !has_room_locked (self, fragment->bytes) && wait_locked (self))
    continue;
  fits = !self->skipping && has_room_locked (self, fragment->bytes);
  if (fits) {
    self->bytes += fragment->bytes;
    add_item_locked (self, &item);
  } else {
    GstArclyRecordLoss loss = { 0 };

    gst_arcly_record_loss_add (&loss, fragment, "slow-disk");
    add_loss_locked (self, &loss);
    self->skipping = TRUE;
  }
  g_mutex_unlock (&self->lock);
  if (!fits)
    gst_arcly_record_fragment_free (fragment);
  return fits;
}

void
gst_arcly_record_queue_push_close (
    GstArclyRecordQueue *self, const gchar *reason)
{
  GstArclyRecordItem item = { .close = reason };

  g_mutex_lock (&self->lock);
  add_item_locked (self, &item);
  g_mutex_unlock (&self->lock);
}

void
gst_arcly_record_queue_push_loss (
    GstArclyRecordQueue *self, const GstArclyRecordLoss *loss)
{
  g_mutex_lock (&self->lock);
  add_loss_locked (self, loss);
  g_mutex_unlock (&self->lock);
}

static gboolean
is_idle_locked (GstArclyRecordQueue *self)
{
  return !self->busy && gst_queue_array_is_empty (self->items);
}

gboolean
gst_arcly_record_queue_drain (GstArclyRecordQueue *self, gint64 end_time)
{
  gboolean idle;

  g_mutex_lock (&self->lock);
  while (!is_idle_locked (self) && !self->interrupted) {
    if (!g_cond_wait_until (&self->changed, &self->lock, end_time))
      break;
  }
  idle = is_idle_locked (self);
  g_mutex_unlock (&self->lock);
  return idle;
}

void
gst_arcly_record_queue_interrupt (
    GstArclyRecordQueue *self, gboolean interrupted)
{
  g_mutex_lock (&self->lock);
  self->interrupted = interrupted;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
gst_arcly_record_queue_limit (GstArclyRecordQueue *self, gint64 end_time)
{
  g_mutex_lock (&self->lock);
  self->end_time = end_time;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
gst_arcly_record_queue_stop (GstArclyRecordQueue *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
gst_arcly_record_queue_give_up (GstArclyRecordQueue *self)
{
  GstArclyRecordLoss loss = { 0 };
  GstArclyRecordItem *next;

  g_mutex_lock (&self->lock);
  while ((next = gst_queue_array_pop_head_struct (self->items))) {
    GstArclyRecordItem item = *next;

    if (item.fragment) {
      gst_arcly_record_loss_add (&loss, item.fragment, "slow-disk");
      self->bytes -= item.fragment->bytes;
    } else if (item.loss.reason) {
      gst_arcly_record_loss_merge (&loss, &item.loss);
    }
    gst_arcly_record_item_clear (&item);
  }
  if (loss.reason)
    add_loss_locked (self, &loss);
  g_mutex_unlock (&self->lock);
}

gsize
gst_arcly_record_queue_get_bytes (GstArclyRecordQueue *self)
{
  gsize bytes;

  g_mutex_lock (&self->lock);
  bytes = self->bytes;
  g_mutex_unlock (&self->lock);
  return bytes;
}

GstArclyRecordPop
gst_arcly_record_queue_pop (
    GstArclyRecordQueue *self, gint64 end_time, GstArclyRecordItem *item)
{
  GstArclyRecordPop result = GST_ARCLY_RECORD_POP_ITEM;
  GstArclyRecordItem *next;

  g_mutex_lock (&self->lock);
  while (gst_queue_array_is_empty (self->items) && !self->stopping) {
    if (end_time < 0) {
      g_cond_wait (&self->changed, &self->lock);
    } else if (!g_cond_wait_until (&self->changed, &self->lock, end_time)) {
      result = GST_ARCLY_RECORD_POP_TIMEOUT;
      break;
    }
  }
  next = gst_queue_array_pop_head_struct (self->items);
  if (next) {
    *item = *next;
    self->busy = TRUE;
    result = GST_ARCLY_RECORD_POP_ITEM;
  } else if (result == GST_ARCLY_RECORD_POP_ITEM) {
    result = GST_ARCLY_RECORD_POP_STOP;
  }
  g_mutex_unlock (&self->lock);
  return result;
}

void
gst_arcly_record_queue_done (
    GstArclyRecordQueue *self, GstArclyRecordItem *item)
{
  gsize bytes = item->fragment ? item->fragment->bytes : 0;

  gst_arcly_record_item_clear (item);
  g_mutex_lock (&self->lock);
  self->busy = FALSE;
  self->bytes -= bytes;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}
