/* SPDX-License-Identifier: MIT
 *
 * The element and the functions of its pads. */
#pragma once

#include <stdatomic.h>

#include <gst/arcly/engine/gstarclyengine.h>
#include <gst/arcly/kernel/gstarclydispatcher.h>
#include <gst/arcly/kernel/gstarclystream.h>

#include "gstarclybus.h"

G_BEGIN_DECLS

struct _GstArclyBus {
  GstElement parent;

  /* Constant. */
  GstArclyStream *stream;

  /* Set on the way to READY, constant until NULL. Pads that come and go read
   * it under the object lock. */
  GstArclyEngine *engine;
  GstArclyDispatcher *dispatcher;
  gchar *registered; /* the name the stream has there */

  /* Settings. Object lock. */
  gchar *stream_name;
  GstArclyCacheLimits cache;
  GstClockTime min_key_interval;

  /* Object lock. */
  GHashTable *subscribers; /* number to Subscriber, those with pads */
  gboolean active;         /* from READY to PAUSED and back */
  guint32 last_seek;       /* seqnum */
  GstClockTime last_latency;

  /* Atomic, relaxed. Workers add; "stats" reads. Order nothing else. */
  _Atomic guint64 resyncs;
  _Atomic guint64 evictions;
  _Atomic guint64 key_requests;
};

/* (transfer full) (nullable) */
GstPad *gst_arcly_bus_get_sink (GstArclyBus *bus, guint track);

/* Takes the pad's data into the stream, as that track. */
void gst_arcly_bus_setup_sink (GstPad *pad, guint track);

guint gst_arcly_bus_get_sink_track (GstPad *pad);

/* Events and queries of a source pad; not its activation. */
void gst_arcly_bus_setup_src (GstPad *pad);

/* Any thread. Asks the publisher for a keyframe, unless somebody did just now.
 * Takes the event. */
gboolean gst_arcly_bus_push_key_request (
    GstArclyBus *bus, GstPad *sink, GstEvent *event);

/* From the application or another pipeline's reader. Takes the event. */
gboolean gst_arcly_bus_send_event (GstElement *element, GstEvent *event);

/* Pads */

/* Number to Subscriber. */
GHashTable *gst_arcly_bus_subscribers_new (void);

GstPad *gst_arcly_bus_request_new_pad (GstElement *element,
    GstPadTemplate *templ, const gchar *name, const GstCaps *caps);

void gst_arcly_bus_release_pad (GstElement *element, GstPad *pad);

void gst_arcly_bus_child_proxy_init (gpointer iface, gpointer data);

/* A worker. The signal; the message is the caller's. */
void gst_arcly_bus_emit_lagged (GstArclyBus *bus, gboolean evict,
    guint subscriber, const GstStructure *details);

G_END_DECLS
