/* SPDX-License-Identifier: MIT
 *
 * What arclytsmux and arclyfmp4mux have in common: pads that come and go, one
 * order of all tracks' units, and who waits for whom. The subclass reads caps
 * and makes bytes of units.
 *
 * The element's shell is in gstarclymux.c, what comes in in gstarclymuxinput.c,
 * the order and the waiting in gstarclymuxcollect.c. */
#pragma once

#include "gstarclymuxpad.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_mux_debug);

#define GST_ARCLY_MUX_MAX_PADS 32

/* One unit to write. */
typedef struct {
  GstArclyMuxPad *pad; /* owned */
  GstArclyMuxItem item;
  gboolean may_cut;  /* if it can be decoded from here */
  gboolean leftover; /* sound behind the end of all video */
  gboolean turns;    /* from here on others decide where to cut */
} GstArclyMuxJob;

typedef struct _GstArclyMux GstArclyMux;
typedef struct _GstArclyMuxClass GstArclyMuxClass;

struct _GstArclyMux {
  GstElement parent;

  /* Constant from init on. For subclasses, too. */
  GstPad *srcpad;

  /* Settings. Object lock. For subclasses, too. */
  GstClockTime max_wait;
  GstClockTime max_hold; /* by which a subclass delays sound; latency */

  /* Order: lock, then object lock. Never held over a push or a query. */
  GMutex lock;
  GCond cond;          /* something below changed */
  GPtrArray *pads;     /* (element-type GstArclyMuxPad), owned */
  GPtrArray *removed;  /* (element-type GstArclyMuxPad), owned: the subclass
                          still has to hear of it */
  guint next_index[3]; /* names of pads, by kind */
  gsize queued_bytes;
  gint64 start_dts;
  gint64 bound; /* how long a silent track is waited for, ns */
  gboolean live;
  gboolean had_video;     /* since the last flush */
  gboolean sound_changed; /* since the last unit of video */
  gboolean sound_leads;   /* and video is silent: sound decides where to cut */
  gboolean pushing;       /* one thread owns what the subclass has */
  gboolean running;       /* PAUSED or PLAYING */
  gboolean stopping;
  gboolean eos_sent;
  guint n_flushing;
  guint64 progress; /* counts what arrived */
  GstFlowReturn flow;
};

/* Unless it says otherwise, a function is called without the lock by the one
 * thread that pushes, or while nobody streams. */
struct _GstArclyMuxClass {
  GstElementClass parent_class;

  /* Formats are the subclass's own, with one reference each. NULL with an
   * error that a user understands. The pad's streaming thread. */
  gpointer (*format_new) (GstCaps *caps, GError **error);
  gpointer (*format_ref) (gpointer format);
  GDestroyNotify format_unref; /* any thread, and with the lock */

  /* How long a unit is nominally (0 if not known), and how deep frames are
   * reordered (0 if not). The pad's streaming thread. */
  GstClockTime (*get_duration) (gpointer format);
  guint (*get_depth) (gpointer format, GstBuffer *buffer);

  /* A pad comes, or its caps are known. The lock. May be NULL. */
  void (*pad_new_locked) (GstArclyMux *self, GstArclyMuxPad *pad);
  void (*pad_caps_locked) (
      GstArclyMux *self, GstArclyMuxPad *pad, gpointer format);

  /* A pad belongs to the output as soon as its caps are known, and no more
   * when it is released. May be NULL. */
  void (*announce) (GstArclyMux *self, GstArclyMuxPad *pad);
  void (*remove) (GstArclyMux *self, GstArclyMuxPad *pad);

  /* Before the first unit, and before the first one after a flush: the events
   * that go first. */
  void (*start) (GstArclyMux *self);

  /* Units in the order of their DTS. The jobs stay the caller's. */
  GstFlowReturn (*push) (GstArclyMux *self, GstArclyMuxJob *jobs, guint n_jobs);

  /* Pushes what is left; EOS follows. May be NULL. */
  GstFlowReturn (*finish) (GstArclyMux *self);

  /* Downstream was flushed. */
  void (*flushed) (GstArclyMux *self);

  /* Forgets what it keeps for a pad; or all else. */
  void (*pad_reset) (GstArclyMuxPad *pad);
  void (*reset) (GstArclyMux *self);
};

#define GST_TYPE_ARCLY_MUX (gst_arcly_mux_get_type ())
#define GST_ARCLY_MUX(object)                                                  \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), GST_TYPE_ARCLY_MUX, GstArclyMux))
#define GST_ARCLY_MUX_CLASS(klass)                                             \
  (G_TYPE_CHECK_CLASS_CAST ((klass), GST_TYPE_ARCLY_MUX, GstArclyMuxClass))
#define GST_ARCLY_MUX_GET_CLASS(object)                                        \
  (G_TYPE_INSTANCE_GET_CLASS ((object), GST_TYPE_ARCLY_MUX, GstArclyMuxClass))
GType gst_arcly_mux_get_type (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyMux, gst_object_unref)

/* For a subclass's class_init: pads named video_%u, audio_%u and data_%u of
 * such a type, and src. */
void gst_arcly_mux_class_add_templates (GstArclyMuxClass *klass,
    GstStaticPadTemplate *video, GstStaticPadTemplate *audio,
    GstStaticPadTemplate *data, GType pad_type, GstStaticPadTemplate *src);

/* A custom query, from the thread that pushes: at a key frame, or a frame of
 * sound, with "pts" (gint64, of media) a fragment may begin, or the stream be
 * cut. Whoever answers sets "begin" (gboolean); of arclyfmp4mux it may set
 * "chunk-duration" (guint64), which counts from now on instead of the property.
 */
#define GST_ARCLY_MUX_QUERY "arcly-fragment"

/* Asks that. Returns the answer, or @begin if there is none; and sets
 * @chunk_duration, if that is not %NULL and the answer has one. */
gboolean gst_arcly_mux_ask (GstArclyMux *self, gint64 pts, gboolean begin,
    GstClockTime *chunk_duration);

/* Events that go first. The pushing thread. */
void gst_arcly_mux_push_stream_start (GstArclyMux *self);
void gst_arcly_mux_push_segment (GstArclyMux *self);

/* gstarclymuxinput.c. Without the lock. */
void gst_arcly_mux_update_bound (GstArclyMux *self, gboolean found_live);

GstFlowReturn gst_arcly_mux_chain (
    GstPad *gst_pad, GstObject *parent, GstBuffer *buffer);

gboolean gst_arcly_mux_sink_event (
    GstPad *gst_pad, GstObject *parent, GstEvent *event);

/* gstarclymuxcollect.c. The lock is held on entry and on return; it is
 * released while pushing and waiting. */
void gst_arcly_mux_advance_locked (GstArclyMux *self);

GstFlowReturn gst_arcly_mux_wait_for_room_locked (
    GstArclyMux *self, GstArclyMuxPad *pad);

/* All tracks end here, as with EOS: what is queued and open is pushed when this
 * returns, and nothing is taken any more. Any thread but one that pushes;
 * without the lock. */
void gst_arcly_mux_end (GstArclyMux *self);

G_END_DECLS
