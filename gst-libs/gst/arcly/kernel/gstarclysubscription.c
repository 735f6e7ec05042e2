/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/kernel/gstarclysubscriptionpriv.h>

G_DEFINE_FINAL_TYPE (
    GstArclySubscription, gst_arcly_subscription, G_TYPE_OBJECT)

GstArclySlot *
gst_arcly_subscription_find_slot (GstArclySubscription *sub, guint track)
{
  for (guint i = 0; i < sub->slots->len; i++) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);

    if (slot->track == track)
      return slot;
  }
  return NULL;
}

static GstArclyWanted *
find_wanted (GstArclySubscription *sub, guint track)
{
  for (guint i = 0; i < sub->wanted->len; i++) {
    GstArclyWanted *wanted = &g_array_index (sub->wanted, GstArclyWanted, i);

    if (wanted->track == track)
      return wanted;
  }
  return NULL;
}

static void
slot_clear (GstArclySlot *slot)
{
  g_clear_object (&slot->target);
}

static void
wanted_clear (GstArclyWanted *wanted)
{
  g_clear_object (&wanted->target);
}

/* Swaps, so that the old one is dropped without the lock. */
static void
swap_pins (GstArclyPin *a, GstArclyPin *b)
{
  GstArclyPin pin = *a;

  *a = *b;
  *b = pin;
}

static void
pin_clear (GstArclyPin *pin)
{
  gst_arcly_log_cursor_clear (&pin->cursor);
}

static void
pin_init (GstArclyPin *pin, GstArclySubscription *sub)
{
  pin->cursor.block = NULL;
  gst_arcly_stream_get_beginning (
      sub->stream, &pin->cursor, &pin->position, &pin->resets);
}

void
gst_arcly_subscription_pin (GstArclySubscription *sub)
{
  GstArclyPin pin;

  pin_init (&pin, sub);
  g_mutex_lock (&sub->control_lock);
  /* A reader without tracks does not run, and would hold the log for ever. */
  if (sub->pin.cursor.block == NULL && sub->wanted->len > 0) {
    swap_pins (&sub->pin, &pin);
    atomic_store_explicit (&sub->control, TRUE, memory_order_release);
  }
  g_mutex_unlock (&sub->control_lock);
  pin_clear (&pin);
}

void
gst_arcly_subscription_drop_pin (GstArclySubscription *sub)
{
  GstArclyPin pin = { { NULL, 0 } };

  g_mutex_lock (&sub->control_lock);
  swap_pins (&sub->pin, &pin);
  g_mutex_unlock (&sub->control_lock);
  pin_clear (&pin);
}

/* Takes over what the application asked for since the last run. */
void
gst_arcly_subscription_apply_control (GstArclySubscription *sub)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&sub->control_lock);
  atomic_store_explicit (&sub->control, FALSE, memory_order_relaxed);
  swap_pins (&sub->pin, &sub->first_pin);
  for (guint i = 0; i < sub->slots->len;) {
    GstArclySlot *slot = &g_array_index (sub->slots, GstArclySlot, i);
    GstArclyWanted *wanted = find_wanted (sub, slot->track);

    if (wanted && wanted->target == slot->target) {
      i++;
      continue;
    }
    /* A pad's last reference must not go under the lock. */
    g_ptr_array_add (gone, g_steal_pointer (&slot->target));
    g_array_remove_index (sub->slots, i);
  }
  for (guint i = 0; i < sub->wanted->len; i++) {
    GstArclyWanted *wanted = &g_array_index (sub->wanted, GstArclyWanted, i);
    GstArclySlot *slot = gst_arcly_subscription_find_slot (sub, wanted->track);

    if (slot == NULL) {
      GstArclySlot fresh = { 0 };

      fresh.track = wanted->track;
      fresh.token = wanted->token;
      fresh.target = g_object_ref (wanted->target);
      fresh.restart = TRUE;
      g_array_append_val (sub->slots, fresh);
    } else if (wanted->restart) {
      slot->restart = TRUE;
      slot->token = wanted->token;
    }
    wanted->restart = FALSE;
  }
  g_mutex_unlock (&sub->control_lock);

  if (sub->slots->len == 0) {
    /* Whoever comes next begins anew, also after an eviction. */
    pin_clear (&sub->first_pin);
    gst_arcly_log_cursor_clear (&sub->cursor);
    sub->gated = sub->finished = sub->was_cut = FALSE;
  }
}

void
gst_arcly_subscription_kick (GstArclySubscription *sub)
{
  GstArclyDispatcher *dispatcher = NULL;

  g_mutex_lock (&sub->control_lock);
  if (sub->dispatcher)
    dispatcher = g_object_ref (sub->dispatcher);
  g_mutex_unlock (&sub->control_lock);
  if (dispatcher == NULL)
    return;
  gst_arcly_dispatcher_kick (dispatcher, sub);
  g_object_unref (dispatcher);
}

void
gst_arcly_subscription_rest (GstArclySubscription *sub)
{
  gst_arcly_subscription_drop_pin (sub);
  /* Targets hold the subscription: these references are a cycle. */
  g_array_set_size (sub->slots, 0);
  gst_arcly_log_cursor_clear (&sub->cursor);
  sub->gated = sub->finished = sub->was_cut = FALSE;
  g_mutex_lock (&sub->control_lock);
  atomic_store_explicit (&sub->control, TRUE, memory_order_release);
  g_mutex_unlock (&sub->control_lock);
}

GstArclySubscription *
gst_arcly_subscription_new (GstArclyStream *stream, GstArclyGroup *group,
    const GstArclySubscriptionFuncs *funcs, gpointer user_data,
    GDestroyNotify destroy)
{
  GstArclySubscription *sub = g_object_new (GST_TYPE_ARCLY_SUBSCRIPTION, NULL);

  sub->stream = g_object_ref (stream);
  sub->group = g_object_ref (group);
  sub->membership = gst_arcly_group_add_member (group, G_OBJECT (sub));
  sub->funcs = funcs;
  sub->user_data = user_data;
  sub->destroy = destroy;
  return sub;
}

void
gst_arcly_subscription_add_track (
    GstArclySubscription *sub, guint track, GObject *target)
{
  g_mutex_lock (&sub->control_lock);
  if (find_wanted (sub, track) == NULL) {
    GstArclyWanted wanted = { 0 };

    wanted.track = track;
    wanted.target = g_object_ref (target);
    g_array_append_val (sub->wanted, wanted);
    gst_arcly_group_add_track (sub->group, track);
  }
  atomic_store_explicit (&sub->control, TRUE, memory_order_release);
  g_mutex_unlock (&sub->control_lock);
  gst_arcly_subscription_kick (sub);
}

void
gst_arcly_subscription_remove_track (GstArclySubscription *sub, guint track)
{
  g_autoptr (GObject) target = NULL;

  g_mutex_lock (&sub->control_lock);
  for (guint i = 0; i < sub->wanted->len; i++) {
    GstArclyWanted *wanted = &g_array_index (sub->wanted, GstArclyWanted, i);

    if (wanted->track != track)
      continue;
    target = g_steal_pointer (&wanted->target);
    g_array_remove_index (sub->wanted, i);
    gst_arcly_group_remove_track (sub->group, track);
    break;
  }
  atomic_store_explicit (&sub->control, TRUE, memory_order_release);
  g_mutex_unlock (&sub->control_lock);
  gst_arcly_subscription_kick (sub);
}

void
gst_arcly_subscription_restart_track (
    GstArclySubscription *sub, guint track, guint32 token)
{
  GstArclyWanted *wanted = NULL;
  GstArclyPin pin;

  pin_init (&pin, sub);
  g_mutex_lock (&sub->control_lock);
  wanted = find_wanted (sub, track);
  /* Two threads may ask for the same: one links, one activates. */
  if (wanted && wanted->token == token)
    wanted = NULL;
  if (wanted) {
    wanted->restart = TRUE;
    wanted->token = token;
    swap_pins (&sub->pin, &pin);
    atomic_store_explicit (&sub->control, TRUE, memory_order_release);
  }
  g_mutex_unlock (&sub->control_lock);
  pin_clear (&pin);
  if (wanted)
    gst_arcly_subscription_kick (sub);
}

void
gst_arcly_subscription_retry_track (
    GstArclySubscription *sub, guint track, gboolean discont)
{
  GstArclySlot *slot = gst_arcly_subscription_find_slot (sub, track);
  GstArclyPosition head;

  if (slot == NULL)
    return;
  /* Not before the others had all there is: going back for this one again and
   * again would keep them from getting on. */
  gst_arcly_stream_get_head (sub->stream, &head);
  slot->retry = TRUE;
  slot->discont |= discont;
  slot->retry_seq = head.seq;
}

void
gst_arcly_subscription_get_stats (
    GstArclySubscription *sub, GstArclySubscriptionStats *stats)
{
  stats->buffers = atomic_load_explicit (&sub->n_buffers, memory_order_relaxed);
  stats->bytes = atomic_load_explicit (&sub->n_bytes, memory_order_relaxed);
  stats->skipped = atomic_load_explicit (&sub->n_skipped, memory_order_relaxed);
  gst_arcly_subscription_get_lag (sub, &stats->lag);
}

void
gst_arcly_subscription_sum_delays (GstArclySubscription *sub, guint64 *counts)
{
  gst_arcly_histogram_sum (&sub->delays, counts);
}

static void
gst_arcly_subscription_finalize (GObject *object)
{
  GstArclySubscription *sub = GST_ARCLY_SUBSCRIPTION (object);

  /* The reference count orders this after the last worker's writes, but
   * ThreadSanitizer does not see GObject's; it sees the lock. */
  g_mutex_lock (&sub->control_lock);
  g_clear_pointer (&sub->wanted, g_array_unref);
  g_clear_object (&sub->last);
  g_mutex_unlock (&sub->control_lock);
  gst_arcly_log_cursor_clear (&sub->cursor);
  pin_clear (&sub->pin);
  pin_clear (&sub->first_pin);
  g_array_unref (sub->slots);
  g_mutex_clear (&sub->control_lock);
  g_object_unref (sub->stream);
  gst_arcly_group_remove_member (sub->group, sub->membership);
  g_object_unref (sub->group);
  if (sub->destroy)
    sub->destroy (sub->user_data);
  G_OBJECT_CLASS (gst_arcly_subscription_parent_class)->finalize (object);
}

static void
gst_arcly_subscription_class_init (GstArclySubscriptionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_subscription_finalize;
}

static void
gst_arcly_subscription_init (GstArclySubscription *sub)
{
  g_mutex_init (&sub->control_lock);
  sub->slots = g_array_new (FALSE, FALSE, sizeof (GstArclySlot));
  g_array_set_clear_func (sub->slots, (GDestroyNotify) slot_clear);
  sub->wanted = g_array_new (FALSE, FALSE, sizeof (GstArclyWanted));
  g_array_set_clear_func (sub->wanted, (GDestroyNotify) wanted_clear);
  sub->run_link.data = sub;
}
