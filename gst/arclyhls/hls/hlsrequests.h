/* SPDX-License-Identifier: MIT
 *
 * Which keyframes an encoder is asked for. It keeps what it was told, so there
 * is one grid: with two, a segment would end at each line of both. Knows times
 * only. */
#pragma once

#include "hlscutter.h"

G_BEGIN_DECLS

typedef struct {
  /* Nanoseconds. */
  gint64 interval;
  gint64 asked; /* what was asked for last; GST_ARCLY_HLS_NO_TIME: nothing */
} GstArclyHlsRequests;

void gst_arcly_hls_requests_init (GstArclyHlsRequests *self, gint64 interval);

/* Another encoder, maybe, or another time line. */
void gst_arcly_hls_requests_reset (GstArclyHlsRequests *self);

/* A segment begins with a unit at @pts, @key: with the keyframe that it is.
 * Returns where the next keyframe is wanted; GST_ARCLY_HLS_NO_TIME: where it
 * was already. */
gint64 gst_arcly_hls_requests_begin (
    GstArclyHlsRequests *self, gint64 pts, gboolean key);

G_END_DECLS
