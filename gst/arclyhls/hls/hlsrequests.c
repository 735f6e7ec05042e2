/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "hlsrequests.h"

#define NO_TIME GST_ARCLY_HLS_NO_TIME
/* A segment may be that much longer than the target duration, or hardly less:
 * what is nearer than that need not end one. */
#define NEAR G_GINT64_CONSTANT (400000000)

void
gst_arcly_hls_requests_init (GstArclyHlsRequests *self, gint64 interval)
{
  self->interval = interval;
  gst_arcly_hls_requests_reset (self);
}

void
gst_arcly_hls_requests_reset (GstArclyHlsRequests *self)
{
  self->asked = NO_TIME;
}

/* What was asked for is to come, or is late: the segment begins without it. */
static gboolean
is_awaited (GstArclyHlsRequests *self, gint64 pts, gboolean key)
{
  if (self->asked == NO_TIME || self->asked - pts > self->interval)
    return FALSE;
  return !key || self->asked - pts > GST_ARCLY_HLS_TOLERANCE;
}

gint64
gst_arcly_hls_requests_begin (
    GstArclyHlsRequests *self, gint64 pts, gboolean key)
{
  gint64 next = pts + self->interval;

  if (is_awaited (self, pts, key)) {
    gint64 late = pts + NEAR - self->asked;

    next = self->asked;
    if (late > 0)
      next += (late + self->interval - 1) / self->interval * self->interval;
  }
  if (next == self->asked)
    return NO_TIME;
  self->asked = next;
  return next;
}
