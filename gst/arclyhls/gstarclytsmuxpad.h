/* SPDX-License-Identifier: MIT
 *
 * A sink pad of arclytsmux: what a track has queued, and where it stands. */
#pragma once

#include <gst/base/base.h>
#include <gst/gst.h>

#include "gstarclytsmuxformat.h"
#include "gstarclytsmuxtimes.h"
#include "mpegtsh264.h"
#include "mpegtswriter.h"

G_BEGIN_DECLS

typedef struct {
  GstBuffer *buffer;           /* owned */
  GstArclyTsMuxFormat *format; /* owned */
  gint64 pts;                  /* running time, ns */
  gint64 dts;                  /* running time, ns */
  gint64 duration;             /* ns, 0 if not known */
  gboolean discont;            /* the input says so */
  gboolean jumped;             /* the time base went back */
} GstArclyTsMuxItem;

#define GST_TYPE_ARCLY_TS_MUX_PAD (gst_arcly_ts_mux_pad_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyTsMuxPad, gst_arcly_ts_mux_pad, GST, ARCLY_TS_MUX_PAD, GstPad)

struct _GstArclyTsMuxPad {
  GstPad parent;

  /* Set before the pad is added, constant then. */
  gboolean is_video;
  guint16 pid;

  /* Streaming thread of this pad only. */
  GstSegment segment;
  GstArclyTsMuxFormat *format;
  GstArclyTsMuxTimes times;
  gboolean discont;
  gboolean live_asked;
  gboolean warned_drop;

  /* The muxer's lock. */
  GstQueueArray *queue; /* (element-type GstArclyTsMuxItem), owned items */
  gsize queued_bytes;
  gint64 position; /* where the track ends so far, running time */
  gint64 last_dts; /* of what came last, running time */
  GThread *thread; /* that fed it last; compared only */
  gboolean eos;
  gboolean flushing;
  gboolean given_up;  /* silent for too long: nobody waits for it */
  gboolean announced; /* caps are known: it belongs into the PMT */
  gboolean in_table;  /* whoever pushes puts it there */
  guint8 announced_type;

  /* Who pushes. */
  GstArclyTsStream *stream;    /* of the writer */
  GstArclyTsH264 *h264;        /* owned, video only */
  GstArclyTsMuxFormat *active; /* of the last unit written, owned */
  gboolean warned_malformed;
};

void gst_arcly_ts_mux_item_clear (GstArclyTsMuxItem *item);

/* Drops what is queued and forgets positions. The muxer's lock. */
void gst_arcly_ts_mux_pad_flush_locked (GstArclyTsMuxPad *pad);

/* Forgets the timeline. The pad's streaming thread, or none is running. */
void gst_arcly_ts_mux_pad_reset_times (GstArclyTsMuxPad *pad);

/* Gives a buffer its times. Consumes nothing. FALSE with an error if it
 * cannot have any. The pad's streaming thread. */
gboolean gst_arcly_ts_mux_pad_stamp (GstArclyTsMuxPad *pad, GstBuffer *buffer,
    GstArclyTsMuxItem *item, GError **error);

G_END_DECLS
