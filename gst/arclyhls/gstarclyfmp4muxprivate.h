/* SPDX-License-Identifier: MIT
 *
 * What the files of arclyfmp4mux share: the element's shell
 * (gstarclyfmp4mux.c), how a unit becomes a sample (gstarclyfmp4muxinput.c),
 * and how samples become fragments (gstarclyfmp4muxoutput.c). Collecting is in
 * gstarclymux.h. */
#pragma once

#include "fmp4payload.h"
#include "fmp4timeline.h"
#include "gstarclyfmp4mux.h"
#include "gstarclyfmp4muxformat.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_fmp4_mux_debug);
#define GST_CAT_DEFAULT gst_arcly_fmp4_mux_debug

/* On a buffer with sound when all video has ended, as arclytsmux has it. */
#define GST_ARCLY_FMP4_MUX_FLAG_LEFTOVER (GST_BUFFER_FLAG_LAST << 0)

#define GST_TYPE_ARCLY_FMP4_MUX_PAD (gst_arcly_fmp4_mux_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstArclyFmp4MuxPad, gst_arcly_fmp4_mux_pad, GST,
    ARCLY_FMP4_MUX_PAD, GstArclyMuxPad)

struct _GstArclyFmp4MuxPad {
  GstArclyMuxPad parent;

  /* Set before the pad is added, constant then. */
  guint32 track_id;

  /* The muxer's lock. */
  GstArclyFmp4MuxFormat *announced_format; /* owned */

  /* Who pushes. */
  GstArclyFmp4MuxFormat *active; /* of the last unit, owned */
  GstArclyFmp4Nal *nal;          /* owned, for NAL units */
  GBytes *wanted;                /* sample entry of what comes, owned */
  GBytes *entry;                 /* the one in the init segment, owned */
  GstArclyFmp4Timeline line;
  GstArclyFmp4Payload payload;
  GstArclyAdtsHeader adts; /* of the last one */
  gboolean is_track;       /* among the muxer's tracks */
  gboolean is_set_up;      /* line and payload are */
  gboolean decodable;      /* a key frame was there */
  guint n_anew;            /* how often it had begun again */
  gint64 leading_before;   /* what is shown earlier leans on what was cut off */
  gboolean warned_malformed;
  gboolean warned_waiting;
};

/* Taken when streaming starts. */
typedef struct {
  GstClockTime fragment_duration;
  GstClockTime chunk_duration;
  gchar *brand; /* owned, NULL: by the number of tracks */
  gboolean sidx;
  gboolean styp;
  gboolean prft;
} GstArclyFmp4MuxSettings;

/* What goes in front of the next chunk. */
typedef struct {
  gint64 pts; /* running time, ns */
  gboolean is_splice;
  GBytes *message; /* owned */
} GstArclyFmp4MuxEvent;

struct _GstArclyFmp4Mux {
  GstArclyMux parent;

  /* Object lock. */
  GstArclyFmp4MuxSettings settings;

  /* The muxer's lock. */
  guint32 last_track_id;

  /* Who set "pushing"; or nobody streams. */
  GstArclyFmp4MuxSettings used;
  GPtrArray *tracks; /* (element-type GstArclyFmp4MuxPad), owned */
  GByteArray *scratch;
  GArray *pieces; /* (element-type GstArclyFmp4Piece) */
  gboolean started;
  gboolean need_segment;
  gboolean need_init;
  gboolean need_discont; /* at the next fragment */
  guint n_anew;          /* how often the sender began again */
  gint64 anew_dts;       /* when it last did */
  gboolean has_init;
  guint n_init_tracks;
  guint32 sequence;
  gint64 base; /* ns: media time less running time */
  gboolean has_base;
  GstArclyFmp4MuxPad *master; /* decides where to cut; owned */
  gint64 last_dts;
  gint64 fragment_dts; /* where the fragment began, ns */

  GArray *events;   /* (element-type GstArclyFmp4MuxEvent), owned */
  guint32 n_events; /* that were written: ids */

  /* The open chunk. */
  gboolean opens_fragment;
  gboolean can_start; /* decoding can */
  gboolean has_key;
  gboolean leftover;
  gint64 chunk_dts; /* ns */
  gsize chunk_bytes;
  guint n_samples;
};

/* One unit, ready to be added. */
typedef struct {
  const GstArclyMuxJob *job;
  GstArclyFmp4MuxPad *pad; /* borrowed */
  GstArclyFmp4Sized sample;
  gint64 duration; /* of itself, ns; 0 if it doesn't tell */
  gsize skip;      /* of the buffer, if there are no pieces */
} GstArclyFmp4MuxUnit;

/* gstarclyfmp4muxinput.c */
/* Reads the job into the unit, and what the stream tells into the pad. FALSE if
 * it is malformed and dropped. */
gboolean gst_arcly_fmp4_mux_read (GstArclyFmp4Mux *self,
    const GstArclyMuxJob *job, GstArclyFmp4MuxUnit *unit);

void gst_arcly_fmp4_mux_use_format (
    GstArclyFmp4MuxPad *pad, GstArclyFmp4MuxFormat *format);

/* The sample entry that comes is the init segment's. */
void gst_arcly_fmp4_mux_adopt_entry (GstArclyFmp4MuxPad *pad);

void gst_arcly_fmp4_mux_add_payload (const GstArclyFmp4MuxUnit *unit);

/* gstarclyfmp4muxdata.c */
/* Keeps ID3 or SCTE-35 for the next chunk. */
void gst_arcly_fmp4_mux_take_data (
    GstArclyFmp4Mux *self, const GstArclyMuxJob *job);

/* Writes what is kept, as emsg. */
void gst_arcly_fmp4_mux_put_data (GstArclyFmp4Mux *self);

void gst_arcly_fmp4_mux_event_clear (GstArclyFmp4MuxEvent *event);

/* gstarclyfmp4muxoutput.c: the functions of the class. */
void gst_arcly_fmp4_mux_output_start (GstArclyMux *mux);

void gst_arcly_fmp4_mux_output_announce (GstArclyMux *mux, GstArclyMuxPad *pad);

void gst_arcly_fmp4_mux_output_remove (GstArclyMux *mux, GstArclyMuxPad *pad);

GstFlowReturn gst_arcly_fmp4_mux_output_push (
    GstArclyMux *mux, GstArclyMuxJob *jobs, guint n_jobs);

GstFlowReturn gst_arcly_fmp4_mux_output_finish (GstArclyMux *mux);

void gst_arcly_fmp4_mux_output_flushed (GstArclyMux *mux);

void gst_arcly_fmp4_mux_output_reset (GstArclyMux *mux);

/* gstarclyfmp4muxchunk.c: pushes the open chunk, and the init segment before it
 * if one is due. */
GstFlowReturn gst_arcly_fmp4_mux_push_chunk (GstArclyFmp4Mux *self);

/* Drops what is open. */
void gst_arcly_fmp4_mux_drop_chunk (GstArclyFmp4Mux *self);

G_END_DECLS
