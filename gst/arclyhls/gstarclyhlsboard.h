/* SPDX-License-Identifier: MIT
 *
 * Date ranges on their way from the pads of an arclyhlssink to its playlists:
 * who leads gives them dates and lists them first, the others list the same.
 * Any thread; a lock of its own, held for lookups. */
#pragma once

#include "hls/hlscutter.h"
#include "hls/hlsrange.h"

G_BEGIN_DECLS

/* Those that no playlist had yet. */
#define GST_ARCLY_HLS_BOARD_MAX 256
/* Behind all media. */
#define GST_ARCLY_HLS_BOARD_END G_MAXINT64

/**
 * GstArclyHlsNotice:
 * @range: what is known of it; owned
 * @position: running time of the media behind it
 * @start: running time at which it begins, or GST_ARCLY_HLS_NO_TIME
 * @end: the same of its end
 *
 * Times in nanoseconds. Without @start, and START-DATE in @range, it begins at
 * its position, unless its ID is known already.
 */
typedef struct {
  GstArclyHlsRange *range;
  gint64 position;
  gint64 start;
  gint64 end;
} GstArclyHlsNotice;

void gst_arcly_hls_notice_clear (GstArclyHlsNotice *self);

typedef struct _GstArclyHlsBoard GstArclyHlsBoard;

GstArclyHlsBoard *gst_arcly_hls_board_new (void);
GstArclyHlsBoard *gst_arcly_hls_board_ref (GstArclyHlsBoard *self);
void gst_arcly_hls_board_unref (GstArclyHlsBoard *self);

/* Nothing of a former run counts. */
void gst_arcly_hls_board_clear (GstArclyHlsBoard *self);

/* Takes what is in @notice; FALSE if too many wait. */
gboolean gst_arcly_hls_board_put (
    GstArclyHlsBoard *self, GstArclyHlsNotice *notice);

/* Who leads: the next one whose position is @up_to or earlier; and the line
 * that it became. */
gboolean gst_arcly_hls_board_take (
    GstArclyHlsBoard *self, gint64 up_to, GstArclyHlsNotice *notice);
void gst_arcly_hls_board_tell (GstArclyHlsBoard *self, const gchar *line);

/* (transfer full) (nullable): the others: the next line. @at begins with 0. */
gchar *gst_arcly_hls_board_read (GstArclyHlsBoard *self, guint64 *at);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsBoard, gst_arcly_hls_board_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstArclyHlsNotice, gst_arcly_hls_notice_clear)

G_END_DECLS
