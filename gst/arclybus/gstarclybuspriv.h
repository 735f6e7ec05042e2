/* SPDX-License-Identifier: MIT
 *
 * The element and the functions of its pads. */
#pragma once

#include <stdatomic.h>

#include <gst/arcly/engine/gstarclyengine.h>
#include <gst/arcly/kernel/gstarclydispatcher.h>
#include <gst/arcly/kernel/gstarclystream.h>
#include <gst/arcly/kernel/gstarclysubscription.h>

#include "gstarclybus.h"

G_BEGIN_DECLS

/* The publishers that follow each other on the sink pads. One session is what
 * one publisher gives on all of them: they share an offset. */
typedef struct {
  /* Leaf. */
  GMutex lock;

  /* lock */
  guint session;
  gboolean placed; /* the offset of this session is known */
  gint64 offset;   /* ns, added to its running time */
} GstArclyBusHandOver;

struct _GstArclyBus {
  GstElement parent;

  /* Constant. */
  GstArclyStream *stream;

  /* Set on the way to READY, cleared on the way to NULL; object lock. */
  GstArclyEngine *engine;
  GstArclyDispatcher *dispatcher;

  /* Settings. Object lock. */
  gchar *stream_name;
  GstArclyCacheLimits cache;
  GstClockTime min_key_interval;
  guint max_subscribers;
  GstClockTime idle_timeout;
  GstClockTime reconnect_window;
  GstClockTime stats_interval;

  /* Object lock. */
  gchar *registered;       /* the name the stream has in the engine */
  GHashTable *subscribers; /* number to Subscriber, those with pads */
  gboolean active;         /* from READY to PAUSED and back */
  gboolean activating;     /* the pads are being gone over for that */
  guint n_settling;        /* threads that settle a new pad */
  GQueue unsettled;        /* owned pads: left to who goes over them */
  gboolean playing;        /* from PAUSED to PLAYING and back */
  GstClockID idle_timer;   /* owned, nullable */
  guint64 idle_seq;        /* what was published when the timer last looked */
  guint idle_ticks;        /* how often it found no more than that */
  guint32 last_seek;       /* seqnum */
  GstClockTime last_latency;

  GstClockID qos_timer; /* owned, nullable */
  guint64 gone_skipped; /* of subscribers that left */
  guint64 gone_delays[GST_ARCLY_HISTOGRAM_BUCKETS];
  guint64 told_delays[GST_ARCLY_HISTOGRAM_BUCKETS]; /* by the last message */

  /* Atomic, relaxed. Workers add; "stats" reads. Order nothing else. */
  _Atomic guint64 resyncs;
  _Atomic guint64 evictions;
  _Atomic guint64 key_requests;

  /* Atomic, relaxed. Streaming threads add; "stats" reads. */
  _Atomic guint64 hand_overs;
  _Atomic guint64 refused_buffers;

  /* Atomic. The timer sets, the publisher that comes back clears. */
  _Atomic guint idle;

  /* With the object lock. n_settling went to 0. */
  GCond settled;

  GstArclyBusHandOver hand_over;
};

/* What a sink pad knows, freed with it. */
typedef struct {
  /* Constant. */
  guint track;

  /* Atomic. Monotonic us; any thread. */
  _Atomic gint64 last_key_request;

  /* The pad's stream lock. */
  GstSegment segment;   /* as the publisher said */
  GstEvent *held;       /* owned: the segment of a session not placed yet */
  guint session;        /* to which the pad's data belongs */
  gboolean started;     /* it gave something in this session */
  gboolean fresh;       /* of a later session, no buffer went through yet */
  gboolean ended;       /* EOS went out */
  gint64 offset;        /* the session's */
  GstEvent *eos;        /* owned: waits for the window to end */
  GstClockID eos_timer; /* owned: that end */

  /* Atomic, relaxed. The pad's streaming thread writes, that of another one
   * reads: running time at which its newest buffer begins and ends, -1 before
   * there is one. */
  _Atomic gint64 last_begin;
  _Atomic gint64 last_end;
} GstArclyBusSink;

/* (transfer full) (nullable) */
GstPad *gst_arcly_bus_get_sink (GstArclyBus *bus, guint track);

/* Takes the pad's data into the stream, as that track. */
void gst_arcly_bus_setup_sink (GstPad *pad, guint track);

GstArclyBusSink *gst_arcly_bus_pad_sink (GstPad *pad);

/* Forgets the publisher: the element goes down, or the pad leaves. */
void gst_arcly_bus_reset_sink (GstPad *pad);

/* Hand-over. All need the pad's stream lock. */

/* A stream-start: maybe of another publisher. */
void gst_arcly_bus_begin_session (GstArclyBus *bus, GstArclyBusSink *sink);

/* The segment to publish for what the publisher said. Takes the event.
 * (nullable): not yet. */
GstEvent *gst_arcly_bus_place_segment (GstArclyBusSink *sink, GstEvent *event);

/* While the sink is fresh. FALSE: the buffer must not be published. */
gboolean gst_arcly_bus_take_over (
    GstArclyBus *bus, GstPad *pad, GstBuffer *buffer);

/* FALSE: the gap must not be published. */
gboolean gst_arcly_bus_take_gap (
    GstArclyBus *bus, GstPad *pad, GstEvent *event);

/* Where the track has got to. */
void gst_arcly_bus_note_buffer (GstArclyBusSink *sink, GstBuffer *buffer);

/* The publisher has gone: EOS follows when the window is over. Takes the
 * event. FALSE: there is no window, the event stays. */
gboolean gst_arcly_bus_hold_eos (
    GstArclyBus *bus, GstPad *pad, GstEvent *event);

/* It has come back, or all is over. */
void gst_arcly_bus_drop_eos (GstArclyBusSink *sink);

/* Timers, on the system's monotonic clock */

/* After the delay, or at each: func in a thread that may block a while, with
 * the timer as its data. It may still come after gst_arcly_bus_timer_stop(), so
 * func has to look whether the timer is still the one. */
GstClockID gst_arcly_bus_timer_start (GstArclyBus *bus, GstClockTime delay,
    gboolean periodic, GstElementCallAsyncFunc func);

/* Consumes the timer; NULL is fine. */
void gst_arcly_bus_timer_stop (GstClockID timer);

/* The name in the engine */

gboolean gst_arcly_bus_register (GstArclyBus *bus, GError **error);

void gst_arcly_bus_unregister (GstArclyBus *bus);

/* Looks for a publisher that gives nothing, while playing. */
void gst_arcly_bus_update_idle (GstArclyBus *bus);

/* Statistics */

/* (transfer full) */
GstStructure *gst_arcly_bus_get_stats (GstArclyBus *bus);

/* What a source pad did counts on after it is gone. */
void gst_arcly_bus_keep_stats (GstArclyBus *bus, GstArclySubscription *sub);

/* Posts arcly-qos, while playing. */
void gst_arcly_bus_update_qos (GstArclyBus *bus);

/* Something came while the stream was idle. */
void gst_arcly_bus_end_idle (GstArclyBus *bus);

/* Events and queries of a source pad; not its activation. */
void gst_arcly_bus_setup_src (GstPad *pad);

/* Any thread. Asks the publisher for a keyframe, unless somebody did just now.
 * Takes the event. */
gboolean gst_arcly_bus_push_key_request (
    GstArclyBus *bus, GstPad *sink, GstEvent *event);

/* From the application or another pipeline's reader. Takes the event. */
gboolean gst_arcly_bus_send_event (GstElement *element, GstEvent *event);

/* Pads */

/* The state changes to active or inactive: begin, all the pads, end. Between
 * the two nobody else activates or deactivates a pad but to release it. */
void gst_arcly_bus_begin_activation (GstArclyBus *bus, gboolean active);

void gst_arcly_bus_end_activation (GstArclyBus *bus);

/* A pad that was just added gets active or inactive, as the element is: now, or
 * by who changes that. */
void gst_arcly_bus_settle_pad (GstArclyBus *bus, GstPad *pad);

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
