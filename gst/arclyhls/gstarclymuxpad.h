/* SPDX-License-Identifier: MIT
 *
 * A sink pad of GstArclyMux: what a track has queued, and where it stands. */
#pragma once

#include <gst/base/base.h>
#include <gst/gst.h>

#include "gstarclymuxtimes.h"

G_BEGIN_DECLS

typedef struct {
  GstBuffer *buffer;           /* owned */
  gsize size;                  /* of the buffer, which adds memories up */
  gpointer format;             /* owned, of the subclass */
  GDestroyNotify format_unref; /* of the subclass */
  gint64 pts;                  /* running time, ns */
  gint64 dts;                  /* running time, ns */
  gint64 duration;             /* ns, 0 if not known */
  gboolean discont;            /* the input says so */
  gboolean jumped;             /* the time base went back */
  gboolean changed;            /* other caps than the unit before had */
} GstArclyMuxItem;

#define GST_TYPE_ARCLY_MUX_PAD (gst_arcly_mux_pad_get_type ())
#define GST_ARCLY_MUX_PAD(object)                                              \
  (G_TYPE_CHECK_INSTANCE_CAST (                                                \
      (object), GST_TYPE_ARCLY_MUX_PAD, GstArclyMuxPad))
GType gst_arcly_mux_pad_get_type (void);

typedef struct {
  GstPad parent;

  /* Set before the pad is added, constant then. */
  gboolean is_video;
  gboolean is_data; /* it goes beside the others, and nobody waits for it */

  /* Streaming thread of this pad only. */
  GstSegment segment;
  gpointer format;             /* owned, of the subclass */
  GDestroyNotify format_unref; /* of the subclass */
  GstArclyMuxTimes times;
  gboolean discont;
  gboolean changed; /* caps, since the last unit */
  gboolean live_asked;
  gboolean warned_drop;

  /* The muxer's lock. */
  GstQueueArray *queue; /* (element-type GstArclyMuxItem), owned items */
  gsize queued_bytes;
  gint64 position; /* where the track ends so far, running time */
  gint64 last_dts; /* of what came last, running time */
  GThread *thread; /* that fed it last; compared only */
  gboolean eos;
  gboolean flushing;
  gboolean given_up;  /* silent for too long: nobody waits for it */
  gboolean announced; /* caps are known */
  gboolean in_table;  /* whoever pushes tells the subclass */
} GstArclyMuxPad;

typedef struct {
  GstPadClass parent_class;
} GstArclyMuxPadClass;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyMuxPad, gst_object_unref)

void gst_arcly_mux_item_clear (GstArclyMuxItem *item);

void gst_arcly_mux_pad_clear_format (GstArclyMuxPad *pad);

/* Drops what is queued and forgets positions. The muxer's lock. */
void gst_arcly_mux_pad_flush_locked (GstArclyMuxPad *pad);

/* Forgets the timeline. The pad's streaming thread, or none is running. */
void gst_arcly_mux_pad_reset_times (GstArclyMuxPad *pad);

/* How deep the frames of this format are reordered. */
typedef guint (*GstArclyMuxDepthFunc) (gpointer format, GstBuffer *buffer);

/* Gives a buffer its times; "nominal" is how long it is if it doesn't say.
 * Consumes nothing. FALSE with an error if it cannot have any. The pad's
 * streaming thread. */
gboolean gst_arcly_mux_pad_stamp (GstArclyMuxPad *pad, GstBuffer *buffer,
    GstClockTime nominal, GstArclyMuxDepthFunc get_depth, GstArclyMuxItem *item,
    GError **error);

/* For a subclass's get_depth(): of the SPS in an H.264 access unit, or -1. */
gint gst_arcly_mux_h264_depth (GstBuffer *buffer, guint nal_length_size);

G_END_DECLS
