/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/kernel/gstarclystickies.h>

static GstArclyStickies *
stickies_new (guint max_events)
{
  GstArclyStickies *stickies =
      g_malloc0 (sizeof (GstArclyStickies) + max_events * sizeof (GstEvent *));

  atomic_init (&stickies->refs, 1);
  return stickies;
}

GstArclyStickies *
gst_arcly_stickies_ref (GstArclyStickies *stickies)
{
  atomic_fetch_add_explicit (&stickies->refs, 1, memory_order_relaxed);
  return stickies;
}

void
gst_arcly_stickies_unref (GstArclyStickies *stickies)
{
  if (atomic_fetch_sub_explicit (&stickies->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (guint i = 0; i < stickies->n_events; i++)
    gst_event_unref (stickies->events[i]);
  g_free (stickies);
}

/* Tags come in several kinds, told apart by the name of their structure. */
static gboolean
same_kind (GstEvent *a, GstEvent *b)
{
  if (GST_EVENT_TYPE (a) != GST_EVENT_TYPE (b))
    return FALSE;
  if (!(gst_event_type_get_flags (GST_EVENT_TYPE (a)) &
          GST_EVENT_TYPE_STICKY_MULTI))
    return TRUE;
  if (gst_event_get_structure (b) == NULL)
    return gst_event_get_structure (a) == NULL;
  return gst_event_has_name (
      a, gst_structure_get_name (gst_event_get_structure (b)));
}

static gboolean
ends (GstEvent *event, GstEvent *old)
{
  GstEventType type = GST_EVENT_TYPE (old);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      return type == GST_EVENT_EOS || type == GST_EVENT_STREAM_GROUP_DONE;
    case GST_EVENT_FLUSH_STOP:
      return type == GST_EVENT_EOS || type == GST_EVENT_STREAM_GROUP_DONE ||
             type == GST_EVENT_SEGMENT;
    default:
      return FALSE;
  }
}

GstArclyStickies *
gst_arcly_stickies_apply (GstArclyStickies *stickies, GstEvent *event)
{
  gboolean pending = GST_EVENT_IS_STICKY (event);
  GstArclyStickies *result =
      stickies_new ((stickies ? stickies->n_events : 0) + 1);

  for (guint i = 0; stickies && i < stickies->n_events; i++) {
    GstEvent *old = stickies->events[i];

    if (ends (event, old) || (pending && same_kind (event, old)))
      continue;
    /* The numbers of the types are in sending order. */
    if (pending && GST_EVENT_TYPE (old) > GST_EVENT_TYPE (event)) {
      result->events[result->n_events++] = gst_event_ref (event);
      pending = FALSE;
    }
    result->events[result->n_events++] = gst_event_ref (old);
  }
  if (pending)
    result->events[result->n_events++] = gst_event_ref (event);

  if (stickies)
    gst_arcly_stickies_unref (stickies);
  return result;
}
