/* SPDX-License-Identifier: MIT
 *
 * Runs the readers of streams on a few workers. Private to the project: not
 * installed. */
#pragma once

#include <gst/gst.h>
#include <gst/arcly/gstarclyprelude.h>
#include <gst/arcly/engine/gstarclyengine.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_DISPATCHER (gst_arcly_dispatcher_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (
    GstArclyDispatcher, gst_arcly_dispatcher, GST, ARCLY_DISPATCHER, GObject)

typedef struct _GstArclyStream GstArclyStream;
typedef struct _GstArclySubscription GstArclySubscription;

typedef struct {
  guint n_places;  /* threads that run readers at a time, but for the stuck */
  guint n_workers; /* threads that run readers or wait for one */
  guint n_stuck;   /* threads held by a reader */
  guint64 wakeups;
  guint64 jobs;
} GstArclyDispatcherStats;

/* n_workers 0: one a core. */
GST_ARCLY_API
GstArclyDispatcher *gst_arcly_dispatcher_new (guint n_workers);

/* The workers of an engine, shared by its streams. Given back with
 * gst_arcly_engine_release(). */
GST_ARCLY_API
GstArclyDispatcher *gst_arcly_dispatcher_acquire (
    GstArclyEngine *engine, GError **error);

/* Ends the workers. There must be no reader. */
GST_ARCLY_API
void gst_arcly_dispatcher_stop (GstArclyDispatcher *dispatcher);

/* The reader runs, at once if there is something for it. Waits for a delivery
 * that still runs in another dispatcher, which it was attached to before. */
GST_ARCLY_API
void gst_arcly_dispatcher_attach (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub);

/* The one that the reader was attached to and not detached from since.
 * (transfer full) (nullable) */
GST_ARCLY_API
GstArclyDispatcher *gst_arcly_dispatcher_of (GstArclySubscription *sub);

/* The one that it was attached to last, detached or not. (transfer full)
 * (nullable) */
GST_ARCLY_API
GstArclyDispatcher *gst_arcly_dispatcher_last_of (GstArclySubscription *sub);

/* The reader runs no more; nothing if it is not attached to this one. A
 * delivery that runs may still be running. */
GST_ARCLY_API
void gst_arcly_dispatcher_detach (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub);

/* Waits until no delivery runs that began before. Returns at once in a
 * thread that is inside that delivery. FALSE: it is stuck, and the caller or
 * somebody else is in a hurry. */
GST_ARCLY_API
gboolean gst_arcly_dispatcher_wait (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub, gboolean hurry);

/* The reader leaves for good: those who wait for its delivery, now or later,
 * do not wait for long. */
GST_ARCLY_API
void gst_arcly_dispatcher_hurry (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub);

/* The reader has something to do although nothing was published. */
GST_ARCLY_API
void gst_arcly_dispatcher_kick (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub);

/* The stream's publisher: something was published, and nobody looks. */
GST_ARCLY_API
void gst_arcly_dispatcher_submit (
    GstArclyDispatcher *dispatcher, GstArclyStream *stream);

GST_ARCLY_API
void gst_arcly_dispatcher_get_stats (
    GstArclyDispatcher *dispatcher, GstArclyDispatcherStats *stats);

G_END_DECLS
