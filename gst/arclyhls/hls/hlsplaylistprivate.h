/* SPDX-License-Identifier: MIT
 *
 * What the files of the playlist share: the model (hlsplaylist.c) and its text
 * (hlsrender.c). */
#pragma once

#include "hlsplaylist.h"
#include "hlsranges.h"
#include "hlsread.h"

#define NS_PER_SECOND G_GINT64_CONSTANT (1000000000)
#define NS_PER_MS G_GINT64_CONSTANT (1000000)

/* A segment with its parts. */
typedef struct {
  GstArclyHlsSegment segment;
  GArray *parts; /* (element-type GstArclyHlsPart), owned; or NULL */
} GstArclyHlsEntry;

/* A file whose segment is no longer listed. */
typedef struct {
  gchar *name;
  guint64 expires;
} Grave;

struct _GstArclyHlsPlaylist {
  GstArclyHlsType type;
  GstArclyHlsKind kind; /* of segments */
  guint wanted_target_duration;
  guint max_length;
  gint64 window;            /* that is listed at least, ns */
  gint64 part_duration;     /* that was asked for, ns; 0: no parts */
  gint64 part_target;       /* 0: not decided */
  guint target_duration;    /* 0: not decided */
  gchar *stamp;             /* of this presentation */
  gchar *part_stamp;        /* of this process */
  GstArclyHlsPartName hint; /* of the part that comes next */
  gboolean hinted;          /* somebody was told of it */
  gchar *reports;           /* lines at the end, or NULL */
  gchar *left; /* stamp of a live playlist that another process left, or NULL */
  gboolean dependent; /* some segment of this presentation was */
  gboolean ended;
  gboolean resumed;        /* the next segment is a discontinuity */
  guint64 first;           /* number of the head of "segments" */
  guint64 discontinuities; /* that left the front */
  gint64 end;      /* of what was listed last, microseconds since 1970 UTC */
  gint64 duration; /* of what is listed */
  gint64 longest;  /* that "duration" ever was */
  GQueue segments; /* (element-type GstArclyHlsEntry), owned */
  GstArclyHlsEntry *open;    /* owned, or NULL */
  GQueue graves;             /* (element-type Grave), owned */
  GstArclyHlsRanges *ranges; /* owned */
};

/* hlsdates.c: those of a former process; and those that are over go. */
void gst_arcly_hls_playlist_continue_ranges (
    GstArclyHlsPlaylist *self, const GstArclyHlsContent *content);
void gst_arcly_hls_playlist_prune_ranges (GstArclyHlsPlaylist *self);

/* Something is shown of the open segment already, be it only how it begins. */
gboolean gst_arcly_hls_playlist_is_open_shown (GstArclyHlsPlaylist *self);

/* Decides how the part that comes next is called, unless that was told. */
void gst_arcly_hls_playlist_decide_hint (GstArclyHlsPlaylist *self);
