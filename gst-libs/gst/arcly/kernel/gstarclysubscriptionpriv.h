/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the subscription and the dispatcher only. */
#pragma once

#include <gst/arcly/kernel/gstarclysubscription.h>
#include <gst/arcly/kernel/gstarclydispatcher.h>
#include <gst/arcly/kernel/gstarclygrouppriv.h>
#include <gst/arcly/kernel/gstarclymeter.h>

G_BEGIN_DECLS

/* Who owns the cursor. In the low bits of "hold"; above them a count of the
 * batches, so that a CUT never hits a later batch than the one it judged. */
typedef enum {
  GST_ARCLY_HOLD_READ, /* the worker that has the claim, or nobody */
  GST_ARCLY_HOLD_PUSH, /* nobody: the worker is in deliver() */
  GST_ARCLY_HOLD_CUT,  /* nobody, ever: the reader begins again */
} GstArclyHold;

#define GST_ARCLY_HOLD_MASK 3u
#define GST_ARCLY_HOLD_STEP 4u

typedef struct {
  GObject *target;  /* owned */
  guint64 next_seq; /* what it had, or what was flushed, is before */
  guint64 skip_seq; /* buffers before are lost to lag; events are not */
  guint16 track;
  guint32 token;
  gboolean restart;
  gboolean discont;
  gboolean need_key;
  gboolean video;
  gboolean retry; /* skipped until retry_seq, then begins again */
  guint64 retry_seq;
  /* Segments of entries before show_seq show nothing before show_time. */
  guint64 show_seq;
  GstClockTime show_time;
} GstArclySlot;

typedef struct {
  GObject *target; /* owned */
  guint16 track;
  guint32 token;
  gboolean restart;
} GstArclyWanted;

/* The log's beginning, for a reader that is there before the first buffer: it
 * has all of them, however late a worker comes. No block: none. */
typedef struct {
  GstArclyLogCursor cursor;
  GstArclyPosition position;
  guint resets;
} GstArclyPin;

struct _GstArclySubscription {
  GObject parent;

  /* The worker that has the claim; the cursor also whoever cuts it (see
   * "hold"). These come first: they are what a round looks at. */
  GstArclyLogCursor cursor; /* no block: begins again */

  /* Atomic, see GstArclyHold. Release: publishes cursor and at. */
  _Atomic guint hold;

  /* Atomic. Set, release, under control_lock: publishes "wanted". */
  _Atomic guint control;

  /* The lock of "last". */
  gpointer worker; /* who has the claim; the reader itself while it is reset */
  gboolean queued;
  gboolean attached;
  gboolean leaving; /* for good: nobody waits long for its delivery */
  guint n_removed;  /* detached while claimed: references to drop */
  guint reader_index;
  guint64 runs;
  GList run_link;

  /* Claim. */
  GArray *slots;         /* (element-type GstArclySlot) */
  GstArclyPin first_pin; /* from apply_control() on, for this run only */
  guint flushes;
  guint resets;
  gboolean gated; /* other tracks wait for a video keyframe */
  guint16 gate_track;
  guint64 gate_seq; /* no keyframe before opens it */
  gint64 key_asked; /* monotonic us; 0 is not yet */
  gboolean was_cut;
  gboolean finished;

  /* Atomic, relaxed: seq, buffers, bytes, arrival of a GstArclyPosition. The
   * claim writes (before "hold" is released), anyone reads: where the delivery
   * that runs began, and where a replay ends. */
  _Atomic guint64 at[4];
  _Atomic guint64 grant[4];

  /* Atomic, relaxed. Counters of the claim; stats reads. */
  _Atomic guint64 n_buffers;
  _Atomic guint64 n_bytes;
  _Atomic guint64 n_skipped;
  GstArclyHistogram delays;

  /* Constant. */
  GstArclyStream *stream;
  GstArclyGroup *group;
  GWeakRef *membership;
  const GstArclySubscriptionFuncs *funcs;
  gpointer user_data;
  GDestroyNotify destroy;

  /* Set when attached, constant until detached; control_lock. */
  GstArclyDispatcher *dispatcher;
  /* The one that it was attached to last; stays behind. */
  GstArclyDispatcher *last;

  /* control_lock. Taken after the dispatcher's lock, never before. */
  GMutex control_lock;
  GArray *wanted;  /* (element-type GstArclyWanted) */
  GstArclyPin pin; /* for who begins next; taken over with "wanted" */
};

/* Whether a run would do something. Needs the claim, or the dispatcher's lock
 * while nobody has it. */
gboolean gst_arcly_subscription_has_work (GstArclySubscription *sub);

/* One batch. Needs the claim. items is scratch of the worker. */
void gst_arcly_subscription_run (GstArclySubscription *sub, GArray *items);

/* Forgets where it is. Needs the claim, of a reader that is detached. */
void gst_arcly_subscription_rest (GstArclySubscription *sub);

/* What a reader past its bounds means for its group. */
typedef struct {
  GstArclyLag lag;
  gboolean evict;
  gboolean news; /* not known yet from another reader of the group */
} GstArclyIncident;

/* For a reader that is blocked in deliver() past its bounds: takes away what
 * it holds. Needs the dispatcher's lock. Returns the block to be unreferenced
 * without the lock; or NULL if there is nothing to cut. */
GstArclyBlock *gst_arcly_subscription_cut (
    GstArclySubscription *sub, GstArclyIncident *incident);

/* Tells of it. No lock. */
void gst_arcly_subscription_tell (
    GstArclySubscription *sub, const GstArclyIncident *incident);

/* Among the files of the subscription */

static inline void
gst_arcly_subscription_set_position (
    _Atomic guint64 *fields, const GstArclyPosition *position)
{
  atomic_store_explicit (&fields[0], position->seq, memory_order_relaxed);
  atomic_store_explicit (&fields[1], position->buffers, memory_order_relaxed);
  atomic_store_explicit (&fields[2], position->bytes, memory_order_relaxed);
  atomic_store_explicit (&fields[3], position->arrival, memory_order_relaxed);
}

static inline void
gst_arcly_subscription_get_position (
    _Atomic guint64 *fields, GstArclyPosition *position)
{
  position->seq = atomic_load_explicit (&fields[0], memory_order_relaxed);
  position->buffers = atomic_load_explicit (&fields[1], memory_order_relaxed);
  position->bytes = atomic_load_explicit (&fields[2], memory_order_relaxed);
  position->arrival = atomic_load_explicit (&fields[3], memory_order_relaxed);
}

/* Keeps what is published from now on for a reader that has not run yet. */
void gst_arcly_subscription_pin (GstArclySubscription *sub);

/* Without the dispatcher's lock: buffers may go with it. */
void gst_arcly_subscription_drop_pin (GstArclySubscription *sub);

/* Needs the claim. (nullable) */
GstArclySlot *gst_arcly_subscription_find_slot (
    GstArclySubscription *sub, guint track);

/* Takes over what the application asked for since the last run. Claim. */
void gst_arcly_subscription_apply_control (GstArclySubscription *sub);

/* Has a worker look at the reader. Any thread, no lock. */
void gst_arcly_subscription_kick (GstArclySubscription *sub);

/* Head minus where the reader is; a replay it was given is not counted. */
void gst_arcly_subscription_get_lag (
    GstArclySubscription *sub, GstArclyLag *lag);

/* Decides for the group. A sibling may have done so already: then this one
 * only follows. */
void gst_arcly_subscription_judge (
    GstArclySubscription *sub, GstArclyIncident *incident);

/* The siblings skip to where we begin. Claim. */
void gst_arcly_subscription_lead (GstArclySubscription *sub);

/* Skips what a sibling has lost: the tracks go on at the same point. Claim. */
void gst_arcly_subscription_follow (GstArclySubscription *sub);

G_END_DECLS
