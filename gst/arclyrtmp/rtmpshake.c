/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpshake.h"

#include <errno.h>

/* Counted: by whoever it is posted to. */
struct _GstArclyRtmpShake {
  /* Constant. */
  GstArclyRtmpLoop *home;
  GstArclyRtmpShakeFunc func;
  gpointer data;

  /* Of the loop that has the step: the worker, then the home. */
  GstArclyRtmpChannel channel;
  gssize got;
  gint saved_errno;

  /* Home loop. */
  gboolean cancelled;
};

static void
shake_clear (gpointer data)
{
  GstArclyRtmpShake *shake = data;

  gst_arcly_rtmp_channel_clear (&shake->channel);
}

static void
shake_unref (gpointer shake)
{
  g_atomic_rc_box_release_full (shake, shake_clear);
}

/* Home. */
static void
end (gpointer data)
{
  GstArclyRtmpShake *shake = data;

  if (!shake->cancelled)
    shake->func (shake->data, &shake->channel, shake->got, shake->saved_errno);
}

/* Worker. */
static void
step (gpointer data)
{
  GstArclyRtmpShake *shake = data;

  shake->got = gst_arcly_rtmp_channel_shake (&shake->channel);
  shake->saved_errno = errno;
  gst_arcly_rtmp_loop_post (
      shake->home, end, g_atomic_rc_box_acquire (shake), shake_unref);
}

GstArclyRtmpShake *
gst_arcly_rtmp_shake_begin (GstArclyRtmpLoop *worker, GstArclyRtmpLoop *home,
    GstArclyRtmpChannel *channel, GstArclyRtmpShakeFunc func, gpointer data)
{
  GstArclyRtmpShake *shake = g_atomic_rc_box_new0 (GstArclyRtmpShake);

  shake->home = home;
  shake->func = func;
  shake->data = data;
  shake->channel = gst_arcly_rtmp_channel_steal (channel);
  gst_arcly_rtmp_loop_post (worker, step, shake, shake_unref);
  return shake;
}

void
gst_arcly_rtmp_shake_cancel (GstArclyRtmpShake *shake)
{
  shake->cancelled = TRUE;
}
