/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the dispatcher only. _locked is its lock. */
#pragma once

#include <gst/arcly/kernel/gstarclydispatcher.h>
#include <gst/arcly/kernel/gstarclystreampriv.h>
#include <gst/arcly/kernel/gstarclysubscriptionpriv.h>

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_WORKER_SLEEPING, /* on the stack of sleepers */
  GST_ARCLY_WORKER_WORKING,  /* counts as one of n_workers */
  GST_ARCLY_WORKER_WATCHING, /* looks for working ones that are stuck */
  GST_ARCLY_WORKER_STUCK,    /* its reader blocks; does not count */
} GstArclyWorkerState;

/* All under the dispatcher's lock but scratch and thread. */
typedef struct {
  GstArclyDispatcher *dispatcher; /* owned */
  GstArclyWorkerState state;
  GCond cond; /* its own: a wake-up is never taken by another */
  gboolean woken;
  GstArclySubscription *current; /* borrowed: claimed readers stay */
  guint64 jobs;
  guint64 jobs_seen; /* by the watcher */
  GThread *thread;
  GArray *scratch; /* (element-type GstArclyItem) */
  GList link;      /* in workers */
  GList sleep_link;
} GstArclyWorker;

struct _GstArclyDispatcher {
  GObject parent;

  /* Constant. */
  guint n_workers;

  /* lock. Order: an element's locks, this, a stream's lock, control_lock. */
  GMutex lock;
  GCond changed; /* a waited-for delivery ended, or a thread did */
  GQueue workers;
  GQueue sleepers; /* the last to sleep is the first to wake */
  GQueue ready;    /* streams with a round, each in it once */
  GQueue runnable; /* readers with something to do by themselves */
  gboolean prefer_ready;
  guint n_working;
  guint n_waiters;
  guint n_woken;           /* on their way to the lock */
  GstArclyWorker *watcher; /* borrowed, nullable */
  gboolean stopping;
  guint64 wakeups;
  guint64 jobs_ended; /* of workers that ended */
};

/* A cut found under the lock, told of without it. */
typedef struct {
  GstArclySubscription *sub; /* owned */
  GstArclyBlock *block;      /* owned */
  GstArclyIncident incident;
} GstArclyCut;

/* Which reader is next */

gboolean gst_arcly_dispatcher_has_work_locked (GstArclyDispatcher *dispatcher);

void gst_arcly_dispatcher_queue_reader_locked (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub, gboolean first);

/* Readers that have more wait in one queue, those that were at the head in
 * the other; taking turns starves neither. cuts are to be told of. */
GstArclySubscription *gst_arcly_dispatcher_pick_locked (
    GstArclyDispatcher *dispatcher, GArray *cuts);

/* Looks whether those that are blocked are past their bounds. */
void gst_arcly_dispatcher_cut_stuck_locked (
    GstArclyDispatcher *dispatcher, GArray *cuts);

/* Threads */

/* Gets one more thread to look, unless one is on its way. It works if there is
 * a place, else it watches those that do. */
void gst_arcly_dispatcher_wake_one_locked (GstArclyDispatcher *dispatcher);

/* A reader that was detached while it was claimed is put to rest by who has
 * the claim, and what the list of readers held is dropped: without the lock,
 * which is released meanwhile. */
void gst_arcly_dispatcher_release_claim_locked (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub);

G_END_DECLS
