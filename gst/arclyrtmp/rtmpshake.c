/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpshake.h"

#include <errno.h>

struct _GstArclyRtmpShake {
  /* Constant. */
  GstArclyRtmpLoop *home;
  GstArclyRtmpShakeFunc func;
  gpointer data;

  /* Of the loop that has the step: the worker, then the home. */
  GstArclyRtmpChannel channel;
  gssize got;
  gint saved_errno;

  /* Atomic. The home loop sets it; the worker need not begin then. */
  gint cancelled;
};

static void
shake_free (gpointer data)
{
  GstArclyRtmpShake *shake = data;

  gst_arcly_rtmp_channel_clear (&shake->channel);
  g_free (shake);
}

/* Home. */
static void
end (gpointer data)
{
  GstArclyRtmpShake *shake = data;

  if (!g_atomic_int_get (&shake->cancelled))
    shake->func (shake->data, &shake->channel, shake->got, shake->saved_errno);
}

/* Worker. */
static void
step (gpointer data)
{
  GstArclyRtmpShake *shake = data;

  if (!g_atomic_int_get (&shake->cancelled)) {
    shake->got = gst_arcly_rtmp_channel_shake (&shake->channel);
    shake->saved_errno = errno;
  }
  gst_arcly_rtmp_loop_post (shake->home, end, shake, shake_free);
}

GstArclyRtmpShake *
gst_arcly_rtmp_shake_begin (GstArclyRtmpLoop *worker, GstArclyRtmpLoop *home,
    GstArclyRtmpChannel *channel, GstArclyRtmpShakeFunc func, gpointer data)
{
  GstArclyRtmpShake *shake = g_new0 (GstArclyRtmpShake, 1);

  shake->home = home;
  shake->func = func;
  shake->data = data;
  shake->channel = gst_arcly_rtmp_channel_steal (channel);
  /* A loop runs what was posted before its end, so home gets it in any case. */
  gst_arcly_rtmp_loop_post (worker, step, shake, NULL);
  return shake;
}

void
gst_arcly_rtmp_shake_cancel (GstArclyRtmpShake *shake)
{
  g_atomic_int_set (&shake->cancelled, TRUE);
}
