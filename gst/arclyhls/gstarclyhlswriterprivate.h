/* SPDX-License-Identifier: MIT
 *
 * What the files of the writer share: what comes and goes
 * (gstarclyhlswriter.c), what is made of it (gstarclyhlswritersegment.c), and
 * what a storage tells (gstarclyhlswriterstorage.c). */
#pragma once

#include <stdatomic.h>

#include "gstarclyhlslive.h"
#include "gstarclyhlsstore.h"
#include "gstarclyhlswriter.h"
#include "hls/hlscutter.h"
#include "hls/hlslint.h"
#include "hls/hlsrequests.h"
#include "mpegts/mpegtspsi.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_hls_writer_debug);
#define GST_CAT_DEFAULT gst_arcly_hls_writer_debug

struct _GstArclyHlsWriter {
  GstBaseSink parent;

  /* Set by open, constant until close: any thread. */
  gboolean keep_segments;
  gboolean fmp4;
  gboolean send_keyframe_requests;
  gboolean is_vod;
  gboolean has_storage; /* which tells what it removed */
  GstClockTime part_duration;
  GstArclyHlsMaster *master; /* owned; NULL for a single rendition */
  GstArclyHlsCuts *cuts;     /* owned; the same */
  GstArclyHlsBoard *board;   /* owned */
  guint number;
  gboolean leads;
  gboolean is_video;

  /* The streaming thread; or nobody streams. */
  GstArclyHlsStore *store;       /* owned */
  GstArclyHlsPlaylist *playlist; /* owned */
  GstArclyHlsLive *live;         /* owned; NULL without parts */
  GstArclyHlsLint *lints[2];     /* owned: of the folder's, of viewers' */
  GstArclyHlsCutter cutter;
  guint8 tables[2 * GST_ARCLY_TS_PACKET_SIZE]; /* PAT and PMT that went last */
  gboolean has_tables;
  GBytes *init;           /* of fMP4, that came last; owned, or NULL */
  gboolean init_is_new;   /* no segment has it yet */
  gboolean init_is_there; /* in the folder */
  guint64 map;            /* its number */
  GstArclyHlsUnit unit;   /* the chunk of which buffers come */
  gboolean in_chunk;
  GPtrArray *doubtful;    /* (element-type GstBuffer), owned: a chunk that waits
                             for the next to tell what it is */
  gboolean in_doubt;      /* of which buffers come */
  gboolean is_last_chunk; /* of its segment, for certain */
  GstArclyHlsSegment segment; /* that is open */
  gsize segment_bytes;
  gboolean open;
  gboolean lost;         /* the open segment; why was said already */
  gboolean lost_before;  /* the one before it */
  gboolean stale;        /* the playlist that readers see */
  gboolean failed;       /* for good; why was said already */
  gint64 next_date_time; /* where the open segment ends, if it goes on */
  GFileError reported;   /* the last failure that was */
  gboolean has_reported;
  gint64 last_main; /* DTS of the track that decides where to cut */
  gint64 main_step; /* between two of them */
  gboolean warned_gop;
  gboolean warned_pause;
  gboolean warned_misaligned;
  gboolean step_discontinuity; /* of the leader's segment */
  gboolean warned_rules;
  GstArclyHlsRequests requests;
  guint n_keyframe_requests;
  guint64 n_ranges; /* that were read from the board */

  /* Atomic. The streaming thread adds, or that of a storage, relaxed; "stats"
   * reads. */
  _Atomic guint64 n_segments;
  _Atomic guint64 n_bytes;
  _Atomic guint64 n_lost;
  _Atomic guint64 n_deleted;
  _Atomic guint64 n_retries;
  _Atomic guint64 media_sequence;
  _Atomic guint target_duration;
};

static inline void
gst_arcly_hls_writer_count (_Atomic guint64 *counter, guint64 more)
{
  atomic_fetch_add_explicit (counter, more, memory_order_relaxed);
}

/* gstarclyhlswriterstep.c. The streaming thread; nothing happens with a single
 * rendition. */
/* Before the cutter is asked. */
void gst_arcly_hls_writer_guide (GstArclyHlsWriter *self);

/* A segment begins; before it is opened, and then. */
void gst_arcly_hls_writer_step (GstArclyHlsWriter *self, gboolean was_open);
void gst_arcly_hls_writer_tell_step (GstArclyHlsWriter *self);

/* All is known up to there. */
void gst_arcly_hls_writer_tell_horizon (
    GstArclyHlsWriter *self, const GstArclyHlsUnit *unit);

/* gstarclyhlswriterranges.c. The streaming thread. */
/* Date ranges up to there are listed; TRUE if there are some. */
gboolean gst_arcly_hls_writer_take_ranges (
    GstArclyHlsWriter *self, gint64 up_to);
/* Those in front of it, and shown. */
void gst_arcly_hls_writer_list_ranges (
    GstArclyHlsWriter *self, const GstArclyHlsUnit *unit);

/* gstarclyhlswritersegment.c. The streaming thread. */
/* Nanoseconds, of a clock that never goes back. */
guint64 gst_arcly_hls_writer_now (void);

/* For "stats": what the playlist says. */
void gst_arcly_hls_writer_publish_numbers (GstArclyHlsWriter *self);

void gst_arcly_hls_writer_open_segment (
    GstArclyHlsWriter *self, gboolean discontinuity, gboolean inside_gop);

/* How long a segment has to be that would last @duration. */
gint64 gst_arcly_hls_writer_fit_parts (
    GstArclyHlsWriter *self, gint64 duration);

void gst_arcly_hls_writer_close_segment (
    GstArclyHlsWriter *self, gint64 duration);

void gst_arcly_hls_writer_write_bytes (
    GstArclyHlsWriter *self, const guint8 *data, gsize size);

/* A part ended. */
void gst_arcly_hls_writer_note_part (GstArclyHlsWriter *self);

void gst_arcly_hls_writer_write_playlist (GstArclyHlsWriter *self);

/* For gst_arcly_hls_store_open_storage(), with the writer. */
extern const GstArclyHlsSpoolEvents gst_arcly_hls_writer_storage_events;

/* What viewers of parts see; after a segment was closed, and the next opened
 * if there is one. */
void gst_arcly_hls_writer_publish (GstArclyHlsWriter *self);

G_END_DECLS
