/* SPDX-License-Identifier: MIT
 *
 * Pads come and go; subscribers are counted; what the kernel calls. */
#include "config.h"

#include <stdio.h>

#include <gst/arcly/kernel/gstarclysubscription.h>
#include <gst/video/video.h>

#include "gstarclybuspad.h"
#include "gstarclybuspriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

/* What a subscription knows of us. It may outlive the element, if a pad was
 * released while it was blocked. */
typedef struct {
  GWeakRef bus;
  guint number;
} Owner;

/* Those of one number. The bus's object lock. */
typedef struct {
  GstArclyGroup *group; /* owned */
  guint n_pads;
} Subscriber;

/* What the kernel calls, in a worker */

static gboolean
has_linked_pad (GstArclyBus *bus, guint number, guint track)
{
  g_autofree gchar *name = g_strdup_printf ("src_%u_%u", number, track);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (GST_ELEMENT (bus), name);

  return pad && gst_pad_is_linked (pad);
}

static void
on_need_key (GstArclySubscription *sub, guint track, gpointer user_data)
{
  Owner *owner = user_data;
  g_autoptr (GstArclyBus) bus = g_weak_ref_get (&owner->bus);
  g_autoptr (GstPad) sink = bus ? gst_arcly_bus_get_sink (bus, track) : NULL;

  /* Nobody would see it. */
  if (sink == NULL || !has_linked_pad (bus, owner->number, track))
    return;
  GST_DEBUG_OBJECT (bus, "subscriber %u waits for a keyframe of track %u",
      owner->number, track);
  gst_arcly_bus_push_key_request (bus, sink,
      gst_video_event_new_upstream_force_key_unit (
          GST_CLOCK_TIME_NONE, TRUE, 0));
}

static void
on_lagged (GstArclySubscription *sub, const GstArclyLag *lag, gboolean evict,
    gpointer user_data)
{
  Owner *owner = user_data;
  g_autoptr (GstArclyBus) bus = g_weak_ref_get (&owner->bus);
  g_autoptr (GstStructure) details = NULL;
  guint64 before = 0;

  if (bus == NULL)
    return;
  before = atomic_fetch_add_explicit (
      evict ? &bus->evictions : &bus->resyncs, 1, memory_order_relaxed);
  details = gst_structure_new (
      evict ? "subscriber-evicted" : "subscriber-lagged", "subscriber",
      G_TYPE_UINT, owner->number, "lag-buffers", G_TYPE_UINT64, lag->buffers,
      "lag-bytes", G_TYPE_UINT64, lag->bytes, "lag-time", G_TYPE_UINT64,
      (guint64) lag->time, "reason", G_TYPE_STRING, "lag", NULL);
  /* The messages tell of each; the log only warns once. */
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT,
      before == 0 ? GST_LEVEL_WARNING : GST_LEVEL_INFO, bus, "%" GST_PTR_FORMAT,
      details);
  gst_arcly_bus_emit_lagged (bus, evict, owner->number, details);
  gst_element_post_message (GST_ELEMENT (bus),
      gst_message_new_element (GST_OBJECT (bus), g_steal_pointer (&details)));
}

static const GstArclySubscriptionFuncs subscription_funcs = {
  .deliver = gst_arcly_bus_pad_deliver,
  .need_key = on_need_key,
  .lagged = on_lagged,
};

static void
owner_free (gpointer data)
{
  Owner *owner = data;

  g_weak_ref_clear (&owner->bus);
  g_free (owner);
}

static GstArclySubscription *
subscription_new (GstArclyBus *bus, guint number, GstArclyGroup *group)
{
  Owner *owner = g_new0 (Owner, 1);

  g_weak_ref_init (&owner->bus, bus);
  owner->number = number;
  return gst_arcly_subscription_new (
      bus->stream, group, &subscription_funcs, owner, owner_free);
}

static Subscriber *
subscriber_new (void)
{
  static const GstArclyLag bounds = { 0, GST_ARCLY_BUS_DEFAULT_MAX_LAG_BYTES,
    GST_ARCLY_BUS_DEFAULT_MAX_LAG_TIME };
  Subscriber *subscriber = g_new0 (Subscriber, 1);

  subscriber->group = gst_arcly_group_new ();
  gst_arcly_group_set_bounds (subscriber->group, &bounds, FALSE);
  return subscriber;
}

static void
subscriber_free (gpointer data)
{
  Subscriber *subscriber = data;

  g_object_unref (subscriber->group);
  g_free (subscriber);
}

/* Serving */

static GstArclyDispatcher *
get_dispatcher (GstArclyBus *bus)
{
  GstArclyDispatcher *dispatcher = NULL;

  GST_OBJECT_LOCK (bus);
  if (bus->dispatcher)
    dispatcher = g_object_ref (bus->dispatcher);
  GST_OBJECT_UNLOCK (bus);
  return dispatcher;
}

static void
serve (GstArclyBus *bus, GstArclyBusPad *pad)
{
  GstArclySubscription *sub = gst_arcly_bus_pad_get_subscription (pad);
  g_autoptr (GstArclyDispatcher) dispatcher = get_dispatcher (bus);

  gst_arcly_subscription_add_track (
      sub, gst_arcly_bus_pad_get_track (pad), G_OBJECT (pad));
  gst_arcly_bus_pad_restart (pad);
  if (dispatcher)
    gst_arcly_dispatcher_attach (dispatcher, sub);
}

static void
stop_serving (GstArclyBusPad *pad)
{
  GstArclySubscription *sub = gst_arcly_bus_pad_get_subscription (pad);
  /* Not the bus's: that may be another one by now, if this is a release while
   * the element goes to NULL and back. */
  g_autoptr (GstArclyDispatcher) dispatcher =
      gst_arcly_dispatcher_last_of (sub);

  gst_arcly_subscription_remove_track (sub, gst_arcly_bus_pad_get_track (pad));
  if (dispatcher == NULL)
    return;
  gst_arcly_dispatcher_detach (dispatcher, sub);
  /* Also if another thread has detached it just now: what is being delivered
   * is over for both. Going down, the sinks are down already, so this ends. */
  if (!gst_arcly_dispatcher_wait (dispatcher, sub, FALSE))
    GST_WARNING_OBJECT (pad, "released while blocked downstream");
}

/* GStreamer lets one thread at a time activate or deactivate a pad. */
static gboolean
src_activate_mode (
    GstPad *gstpad, GstObject *parent, GstPadMode mode, gboolean active)
{
  GstArclyBusPad *pad = GST_ARCLY_BUS_PAD (gstpad);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  /* A pad of an element that runs is activated before it is added. */
  if (parent == NULL)
    return TRUE;
  /* The element may go up while the pad leaves. */
  active = active && !gst_arcly_bus_pad_is_released (pad);
  gst_arcly_bus_pad_set_serving (pad, active);
  if (active)
    serve (GST_ARCLY_BUS (parent), pad);
  else
    stop_serving (pad);
  return TRUE;
}

/* Pads */

static GstPad *
request_sink (GstArclyBus *bus, GstPadTemplate *templ, const gchar *name)
{
  guint track = 0;
  g_autofree gchar *own = NULL;
  GstPad *pad = NULL;

  if (name && sscanf (name, "sink_%u", &track) == 1) {
    own = g_strdup_printf ("sink_%u", track);
    pad = gst_arcly_bus_get_sink (bus, track);
    if (pad || track >= GST_ARCLY_TRACK_ALL) {
      GST_WARNING_OBJECT (bus, "pad %s is there or past the limit", own);
      g_clear_object (&pad);
      return NULL;
    }
  } else {
    while ((pad = gst_arcly_bus_get_sink (bus, track))) {
      gst_object_unref (pad);
      track++;
    }
    own = g_strdup_printf ("sink_%u", track);
  }
  if (!gst_arcly_stream_add_track (bus->stream, track)) {
    GST_WARNING_OBJECT (bus, "more than %d tracks", GST_ARCLY_MAX_TRACKS);
    return NULL;
  }

  pad = gst_pad_new_from_template (templ, own);
  gst_arcly_bus_setup_sink (pad, track);
  return pad;
}

/* The subscriber of that number, for one more pad. (nullable): there are as
 * many as there may be. */
static GstArclyGroup *
hold_group (GstArclyBus *bus, guint number)
{
  Subscriber *subscriber = NULL;
  GstArclyGroup *group = NULL;

  GST_OBJECT_LOCK (bus);
  subscriber =
      g_hash_table_lookup (bus->subscribers, GUINT_TO_POINTER (number));
  if (subscriber == NULL &&
      (bus->max_subscribers == 0 ||
          g_hash_table_size (bus->subscribers) < bus->max_subscribers)) {
    subscriber = subscriber_new ();
    g_hash_table_insert (
        bus->subscribers, GUINT_TO_POINTER (number), subscriber);
  }
  if (subscriber) {
    subscriber->n_pads++;
    group = g_object_ref (subscriber->group);
  }
  GST_OBJECT_UNLOCK (bus);
  return group;
}

/* A pad less. After the last one the number is free. */
static void
drop_group (GstArclyBus *bus, guint number)
{
  Subscriber *subscriber = NULL;

  GST_OBJECT_LOCK (bus);
  subscriber =
      g_hash_table_lookup (bus->subscribers, GUINT_TO_POINTER (number));
  if (--subscriber->n_pads == 0)
    g_hash_table_remove (bus->subscribers, GUINT_TO_POINTER (number));
  GST_OBJECT_UNLOCK (bus);
}

static guint
free_subscriber_number (GstArclyBus *bus)
{
  guint number = 0;

  GST_OBJECT_LOCK (bus);
  while (g_hash_table_contains (bus->subscribers, GUINT_TO_POINTER (number)))
    number++;
  GST_OBJECT_UNLOCK (bus);
  return number;
}

static GstPad *
request_src (GstArclyBus *bus, GstPadTemplate *templ, const gchar *name)
{
  guint number = 0, track = 0;
  g_autofree gchar *own = NULL;
  g_autoptr (GstArclyGroup) group = NULL;
  g_autoptr (GstArclySubscription) sub = NULL;
  g_autoptr (GstPad) other = NULL;
  GstPad *pad = NULL;

  if (name == NULL || sscanf (name, "src_%u_%u", &number, &track) != 2)
    number = free_subscriber_number (bus);
  if (track >= GST_ARCLY_TRACK_ALL)
    return NULL;
  own = g_strdup_printf ("src_%u_%u", number, track);
  other = gst_element_get_static_pad (GST_ELEMENT (bus), own);
  if (other) {
    GST_WARNING_OBJECT (bus, "pad %s is there already", own);
    return NULL;
  }

  group = hold_group (bus, number);
  if (group == NULL) {
    GST_WARNING_OBJECT (bus, "no pad %s: max-subscribers is reached", own);
    return NULL;
  }
  sub = subscription_new (bus, number, group);
  pad = gst_arcly_bus_pad_new (templ, own, number, track, sub, group);
  gst_arcly_bus_setup_src (pad);
  gst_pad_set_activatemode_function (pad, src_activate_mode);
  return pad;
}

GstPad *
gst_arcly_bus_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  GstArclyBus *bus = GST_ARCLY_BUS (element);
  GstPad *pad = GST_PAD_TEMPLATE_DIRECTION (templ) == GST_PAD_SINK
                    ? request_sink (bus, templ, name)
                    : request_src (bus, templ, name);

  if (pad == NULL)
    return NULL;
  gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad)) {
    if (GST_PAD_IS_SRC (pad))
      drop_group (
          bus, gst_arcly_bus_pad_get_subscriber (GST_ARCLY_BUS_PAD (pad)));
    return NULL;
  }
  gst_child_proxy_child_added (
      GST_CHILD_PROXY (bus), G_OBJECT (pad), GST_PAD_NAME (pad));
  gst_arcly_bus_settle_pad (bus, pad);
  return pad;
}

static void
release_src (GstArclyBus *bus, GstArclyBusPad *pad)
{
  guint number = gst_arcly_bus_pad_get_subscriber (pad);
  GstArclySubscription *sub = gst_arcly_bus_pad_get_subscription (pad);
  g_autoptr (GstArclyDispatcher) dispatcher = NULL;

  gst_arcly_bus_pad_set_released (pad);
  /* A release may come from one whom the delivery waits for, and then so does
   * who takes the element down. */
  dispatcher = gst_arcly_dispatcher_last_of (sub);
  if (dispatcher)
    gst_arcly_dispatcher_hurry (dispatcher, sub);
  gst_pad_set_active (GST_PAD (pad), FALSE);
  gst_arcly_bus_keep_stats (bus, sub);
  gst_element_remove_pad (GST_ELEMENT (bus), GST_PAD (pad));
  drop_group (bus, number);
}

void
gst_arcly_bus_release_pad (GstElement *element, GstPad *pad)
{
  GstArclyBus *bus = GST_ARCLY_BUS (element);

  gst_child_proxy_child_removed (
      GST_CHILD_PROXY (bus), G_OBJECT (pad), GST_PAD_NAME (pad));
  if (GST_PAD_IS_SRC (pad)) {
    release_src (bus, GST_ARCLY_BUS_PAD (pad));
    return;
  }
  gst_pad_set_active (pad, FALSE);
  GST_PAD_STREAM_LOCK (pad);
  gst_arcly_bus_reset_sink (pad);
  GST_PAD_STREAM_UNLOCK (pad);
  /* Its readers get EOS: the track has left. */
  gst_arcly_stream_remove_track (
      bus->stream, gst_arcly_bus_pad_sink (pad)->track);
  gst_element_remove_pad (element, pad);
}

GHashTable *
gst_arcly_bus_subscribers_new (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, subscriber_free);
}
