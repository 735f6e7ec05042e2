/* SPDX-License-Identifier: MIT */

/**
 * SECTION:arclybuspad
 * @title: GstArclyBusPad
 *
 * A source pad of arclybus: one track of one subscriber. The pads
 * `src_1_0`, `src_1_1` ... belong to subscriber 1: they start together, and
 * what one of them loses to lag the others skip too. The bounds of the lag are
 * the subscriber's: setting one on any pad sets it for all of them.
 *
 * Each pad is served by itself. One that blocks (a sink that waits for its
 * state change, say) does not hold up the other tracks.
 *
 * Since: 0.1
 */

#include "config.h"

#include <gst/arcly/kernel/gstarclydispatcher.h>

#include "gstarclybuspad.h"
#include "gstarclybus.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

struct _GstArclyBusPad {
  GstPad parent;

  /* Constant. */
  guint subscriber;
  guint track;
  GstArclySubscription *sub;
  GstArclyGroup *group;

  /* Atomic. How often the pad was linked and unlinked: odd while it is linked.
   * Workers read. A restart with this number follows each link. */
  gint links;

  /* Atomic. Set by who gives the pad back. */
  gint released;

  /* Atomic. Written by who activates or deactivates the pad. */
  gint serving;

  /* The worker that delivers, only one at a time. */
  guint32 served;     /* the link for which the data is read */
  gboolean pushed;    /* the peer has got something */
  gboolean discont;   /* and what it gets next does not continue that */
  GstFlowReturn flow; /* why nothing is pushed, or OK */
  gboolean lost;      /* the peer was not ready: begins again */
};

G_DEFINE_FINAL_TYPE (GstArclyBusPad, gst_arcly_bus_pad, GST_TYPE_PAD)

GstPad *
gst_arcly_bus_pad_new (GstPadTemplate *templ, const gchar *name,
    guint subscriber, guint track, GstArclySubscription *sub,
    GstArclyGroup *group)
{
  GstArclyBusPad *pad = g_object_new (GST_TYPE_ARCLY_BUS_PAD, "name", name,
      "direction", GST_PAD_SRC, "template", templ, NULL);

  pad->subscriber = subscriber;
  pad->track = track;
  pad->sub = g_object_ref (sub);
  pad->group = g_object_ref (group);
  return GST_PAD (pad);
}

guint
gst_arcly_bus_pad_get_subscriber (GstArclyBusPad *pad)
{
  return pad->subscriber;
}

guint
gst_arcly_bus_pad_get_track (GstArclyBusPad *pad)
{
  return pad->track;
}

GstArclySubscription *
gst_arcly_bus_pad_get_subscription (GstArclyBusPad *pad)
{
  return pad->sub;
}

GstArclyGroup *
gst_arcly_bus_pad_get_group (GstArclyBusPad *pad)
{
  return pad->group;
}

/* A subscriber that fails is left alone, and everybody else goes on. The
 * application learns of it as a warning: it may be the only one who can tell
 * whether that branch mattered. */
static void
warn_flow (GstArclyBusPad *pad, GstFlowReturn flow)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (GST_PAD (pad));

  if (element == NULL)
    return;
  GST_ELEMENT_WARNING (element, STREAM, FAILED,
      ("A subscriber of the stream has failed and gets no more data."),
      ("pad %s:%s, reason %s (%d)", GST_DEBUG_PAD_NAME (pad),
          gst_flow_get_name (flow), flow));
}

static gboolean
is_flushing (GstPad *pad)
{
  gboolean flushing = FALSE;

  GST_OBJECT_LOCK (pad);
  flushing = GST_PAD_IS_FLUSHING (pad);
  GST_OBJECT_UNLOCK (pad);
  return flushing;
}

static void
take_flow (GstArclyBusPad *pad, GstFlowReturn flow)
{
  switch (flow) {
    case GST_FLOW_OK:
      pad->pushed = TRUE;
      break;
    case GST_FLOW_FLUSHING:
      /* Our own flush, or the end: what follows says. Else the peer is linked
       * but not active yet, and a start that nobody took is no start. */
      if (!is_flushing (GST_PAD (pad))) {
        pad->lost = TRUE;
        gst_arcly_subscription_retry_track (pad->sub, pad->track, pad->pushed);
      }
      break;
    case GST_FLOW_NOT_LINKED:
    case GST_FLOW_EOS:
      GST_DEBUG_OBJECT (pad, "pauses: %s", gst_flow_get_name (flow));
      pad->flow = flow;
      break;
    default:
      pad->flow = flow;
      warn_flow (pad, flow);
      break;
  }
}

static gboolean
has_sticky (GstPad *pad, GstEventType type)
{
  g_autoptr (GstEvent) event = gst_pad_get_sticky_event (pad, type, 0);

  return event != NULL;
}

/* The end, also for a pad whose track never came. */
static void
push_eos (GstArclyBusPad *pad)
{
  GstPad *gstpad = GST_PAD (pad);

  if (has_sticky (gstpad, GST_EVENT_EOS))
    return;
  if (!has_sticky (gstpad, GST_EVENT_STREAM_START)) {
    g_autoptr (GstElement) element = gst_pad_get_parent_element (gstpad);
    g_autofree gchar *id = NULL;

    if (element == NULL)
      return;
    /* gst_pad_create_stream_id() wants a single sink pad. */
    id = g_strdup_printf (
        "%s/%s", GST_ELEMENT_NAME (element), GST_PAD_NAME (pad));
    gst_pad_push_event (gstpad, gst_event_new_stream_start (id));
  }
  gst_pad_push_event (gstpad, gst_event_new_eos ());
}

static void
push_event (GstArclyBusPad *pad, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_FLUSH_STOP:
      if (pad->flow == GST_FLOW_EOS)
        pad->flow = GST_FLOW_OK;
      break;
    case GST_EVENT_CAPS:
      if (pad->flow == GST_FLOW_NOT_NEGOTIATED)
        pad->flow = GST_FLOW_OK;
      break;
    default:
      break;
  }
  gst_pad_push_event (GST_PAD (pad), event);
}

/* What holds at the start point, unless the pad has this very event. */
static void
push_sticky (GstArclyBusPad *pad, GstEvent *event)
{
  guint n = 0;

  /* After EOS only a stream-start opens the pad again. */
  while (!has_sticky (GST_PAD (pad), GST_EVENT_EOS)) {
    g_autoptr (GstEvent) old =
        gst_pad_get_sticky_event (GST_PAD (pad), GST_EVENT_TYPE (event), n++);

    if (old == NULL)
      break;
    if (old == event) {
      gst_event_unref (event);
      return;
    }
  }
  push_event (pad, event);
}

static void
start_pad (GstArclyBusPad *pad, guint32 link)
{
  if (pad->served != link)
    pad->pushed = FALSE;
  pad->discont = pad->pushed;
  pad->served = link;
  pad->flow = GST_FLOW_OK;
  pad->lost = FALSE;
  /* What ended the flush was skipped along with the data behind it. */
  if (is_flushing (GST_PAD (pad)))
    gst_pad_push_event (GST_PAD (pad), gst_event_new_flush_stop (TRUE));
}

/* A new peer must not get the middle of what the old one got; and as long as
 * there is none, what is pushed (EOS!) would wait for it. */
static gboolean
is_stale (GstArclyBusPad *pad)
{
  guint32 links = g_atomic_int_get (&pad->links);

  return links != pad->served || links % 2 == 0;
}

static void
deliver_other (GstArclyBusPad *pad, GstArclyItem *item)
{
  if (item->flags & GST_ARCLY_ITEM_START)
    start_pad (pad, item->token);

  if (pad->lost || is_stale (pad)) {
    if (item->object)
      gst_mini_object_unref (item->object);
    return;
  }
  if (item->flags & (GST_ARCLY_ITEM_ALL_EOS | GST_ARCLY_ITEM_EVICTED))
    push_eos (pad);
  else if (item->flags & GST_ARCLY_ITEM_STICKY)
    push_sticky (pad, GST_EVENT_CAST (item->object));
  else if (item->object)
    push_event (pad, GST_EVENT_CAST (item->object));
}

static GstBuffer *
item_buffer (GstArclyItem *item)
{
  GstBuffer *shared = GST_BUFFER_CAST (item->object);
  GstBuffer *own = NULL;

  if (!(item->flags & GST_ARCLY_ITEM_DISCONT))
    return shared;
  /* Copies what describes the memory, never the memory. */
  own = gst_buffer_copy (shared);
  gst_buffer_unref (shared);
  GST_BUFFER_FLAG_SET (own, GST_BUFFER_FLAG_DISCONT);
  return own;
}

static void
deliver_buffers (GstArclyBusPad *pad, GstArclyItem *items, guint n)
{
  GstFlowReturn flow = GST_FLOW_OK;

  if (pad->lost || is_stale (pad) || pad->flow != GST_FLOW_OK) {
    for (guint i = 0; i < n; i++)
      gst_mini_object_unref (items[i].object);
    return;
  }
  if (pad->discont)
    items[0].flags |= GST_ARCLY_ITEM_DISCONT;
  pad->discont = FALSE;
  if (n == 1) {
    flow = gst_pad_push (GST_PAD (pad), item_buffer (&items[0]));
  } else {
    GstBufferList *list = gst_buffer_list_new_sized (n);

    for (guint i = 0; i < n; i++)
      gst_buffer_list_add (list, item_buffer (&items[i]));
    flow = gst_pad_push_list (GST_PAD (pad), list);
  }
  take_flow (pad, flow);
}

void
gst_arcly_bus_pad_deliver (GstArclySubscription *sub, GstArclyItem *items,
    guint n_items, gpointer user_data)
{
  for (guint i = 0; i < n_items;) {
    GstArclyBusPad *pad = items[i].target;
    guint n = 1;

    if (!(items[i].flags & GST_ARCLY_ITEM_BUFFER)) {
      deliver_other (pad, &items[i]);
      i++;
      continue;
    }
    while (i + n < n_items && items[i + n].target == pad &&
           (items[i + n].flags & GST_ARCLY_ITEM_BUFFER))
      n++;
    deliver_buffers (pad, &items[i], n);
    i += n;
  }
}

void
gst_arcly_bus_pad_set_released (GstArclyBusPad *pad)
{
  g_atomic_int_set (&pad->released, TRUE);
}

gboolean
gst_arcly_bus_pad_is_released (GstArclyBusPad *pad)
{
  return g_atomic_int_get (&pad->released);
}

void
gst_arcly_bus_pad_set_serving (GstArclyBusPad *pad, gboolean serving)
{
  g_atomic_int_set (&pad->serving, serving);
}

gboolean
gst_arcly_bus_pad_is_serving (GstArclyBusPad *pad)
{
  return g_atomic_int_get (&pad->serving);
}

void
gst_arcly_bus_pad_restart (GstArclyBusPad *pad)
{
  gint links = 0;

  /* Who links and who activates may do so at once: the newer number stays. */
  do {
    links = g_atomic_int_get (&pad->links);
    gst_arcly_subscription_restart_track (pad->sub, pad->track, links);
  } while (g_atomic_int_get (&pad->links) != links);
}

/* In a worker that was held up in its push, by a probe of the application's: by
 * now there may be another peer. */
static GstPadProbeReturn
drop_stale (GstPad *gstpad, GstPadProbeInfo *info, gpointer data)
{
  if (is_stale (GST_ARCLY_BUS_PAD (gstpad)))
    return GST_PAD_PROBE_DROP;
  return GST_PAD_PROBE_REMOVE;
}

static void
gst_arcly_bus_pad_unlinked (GstPad *gstpad, GstPad *peer)
{
  GstArclyBusPad *pad = GST_ARCLY_BUS_PAD (gstpad);
  g_autoptr (GstArclyDispatcher) dispatcher = NULL;

  g_atomic_int_inc (&pad->links);
  gst_arcly_group_count_taker (pad->group, FALSE);
  if (gst_arcly_bus_pad_is_released (pad))
    return;
  /* A worker may have looked at the link before this, and not have pushed yet:
   * the next peer must not get that. One that is stuck may be so in the old
   * peer, or on the way to it. */
  dispatcher = gst_arcly_dispatcher_last_of (pad->sub);
  if (dispatcher && !gst_arcly_dispatcher_wait (dispatcher, pad->sub, TRUE))
    gst_pad_add_probe (
        gstpad, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, drop_stale, NULL, NULL);
}

/* A pad that is linked late is a newcomer. */
static void
gst_arcly_bus_pad_linked (GstPad *gstpad, GstPad *peer)
{
  GstArclyBusPad *pad = GST_ARCLY_BUS_PAD (gstpad);

  g_atomic_int_inc (&pad->links);
  gst_arcly_group_count_taker (pad->group, TRUE);
  gst_arcly_bus_pad_restart (pad);
}

static void
gst_arcly_bus_pad_finalize (GObject *object)
{
  GstArclyBusPad *pad = GST_ARCLY_BUS_PAD (object);

  g_object_unref (pad->sub);
  g_object_unref (pad->group);
  G_OBJECT_CLASS (gst_arcly_bus_pad_parent_class)->finalize (object);
}

static void
gst_arcly_bus_pad_class_init (GstArclyBusPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  gst_arcly_bus_pad_install_properties (object_class);
  object_class->finalize = gst_arcly_bus_pad_finalize;
  GST_PAD_CLASS (klass)->linked = gst_arcly_bus_pad_linked;
  GST_PAD_CLASS (klass)->unlinked = gst_arcly_bus_pad_unlinked;
}

static void
gst_arcly_bus_pad_init (GstArclyBusPad *pad)
{
}
