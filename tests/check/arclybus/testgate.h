/* SPDX-License-Identifier: MIT
 *
 * A subscriber of arclybus that can be held up. */
#pragma once

#include "testbus.h"

/* A peer that blocks in its first buffer until it is let go. */
typedef struct {
  GMutex lock;
  GCond cond;
  gboolean any; /* came */
  gboolean blocked;
  gboolean open;
  gboolean eos;
  GArray *numbers; /* (element-type guint64) */
  GArray *disconts;
} Gate;

static inline GstFlowReturn
gate_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Gate *gate = pad->chaindata;
  guint64 number = GST_BUFFER_OFFSET (buffer);
  gboolean discont = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);

  g_mutex_lock (&gate->lock);
  g_array_append_val (gate->numbers, number);
  g_array_append_val (gate->disconts, discont);
  gate->any = gate->blocked = TRUE;
  g_cond_broadcast (&gate->cond);
  while (!gate->open)
    g_cond_wait (&gate->cond, &gate->lock);
  gate->blocked = FALSE;
  g_mutex_unlock (&gate->lock);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static inline gboolean
gate_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Gate *gate = pad->eventdata;

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    g_mutex_lock (&gate->lock);
    gate->eos = TRUE;
    g_cond_broadcast (&gate->cond);
    g_mutex_unlock (&gate->lock);
  }
  gst_event_unref (event);
  return TRUE;
}

static inline void
gate_init (Gate *gate)
{
  memset (gate, 0, sizeof (*gate));
  g_mutex_init (&gate->lock);
  g_cond_init (&gate->cond);
  gate->numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  gate->disconts = g_array_new (FALSE, FALSE, sizeof (gboolean));
}

static inline void
gate_clear (Gate *gate)
{
  g_array_unref (gate->numbers);
  g_array_unref (gate->disconts);
  g_cond_clear (&gate->cond);
  g_mutex_clear (&gate->lock);
}

static inline GstPad *
gate_peer (Gate *gate)
{
  GstPad *peer = gst_pad_new ("peer", GST_PAD_SINK);

  gst_pad_set_chain_function_full (peer, gate_chain, gate, NULL);
  gst_pad_set_event_function_full (peer, gate_event, gate, NULL);
  gst_pad_set_active (peer, TRUE);
  return peer;
}

static inline GstPad *
gate_link (Gate *gate, GstElement *bus, const gchar *name, GstPad **src)
{
  GstPad *peer = gate_peer (gate);

  *src = gst_element_request_pad_simple (bus, name);
  fail_unless_equals_int (gst_pad_link (*src, peer), GST_PAD_LINK_OK);
  return peer;
}

static inline void
gate_wait (Gate *gate, gboolean *what)
{
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  g_mutex_lock (&gate->lock);
  while (!*what)
    fail_unless (g_cond_wait_until (&gate->cond, &gate->lock, until));
  g_mutex_unlock (&gate->lock);
}

static inline void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->open = TRUE;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->lock);
}

static inline void
unlink_gate (GstElement *bus, GstPad *src, GstPad *peer)
{
  gst_element_release_request_pad (bus, src);
  gst_object_unref (src);
  gst_object_unref (peer);
}

static inline void
gate_wait_for (Gate *gate, guint64 number)
{
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  g_mutex_lock (&gate->lock);
  while (gate->numbers->len == 0 || g_array_index (gate->numbers, guint64,
                                        gate->numbers->len - 1) != number)
    fail_unless (g_cond_wait_until (&gate->cond, &gate->lock, until),
        "frame %" G_GUINT64_FORMAT " did not come", number);
  g_mutex_unlock (&gate->lock);
}
