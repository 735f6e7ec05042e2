/* SPDX-License-Identifier: MIT
 *
 * One thread that waits on many sockets (epoll) and timers, and runs what
 * other threads post to it. What a watch, a timer or a posted function touches
 * belongs to this thread alone, so none of it needs a lock. Nothing that runs
 * here may block. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _GstArclyRtmpLoop GstArclyRtmpLoop;
typedef struct _GstArclyRtmpWatch GstArclyRtmpWatch;
typedef struct _GstArclyRtmpTimer GstArclyRtmpTimer;

typedef void (*GstArclyRtmpLoopFunc) (gpointer data);

/* events: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP. */
typedef void (*GstArclyRtmpWatchFunc) (
    GstArclyRtmpWatch *watch, guint32 events);
typedef void (*GstArclyRtmpTimerFunc) (GstArclyRtmpTimer *timer);

/* Lives in the object that it serves. Loop thread only. */
struct _GstArclyRtmpWatch {
  /*< private >*/
  GstArclyRtmpLoop *loop;
  GstArclyRtmpWatchFunc func;
  gpointer data;
  gint fd;
  guint32 events; /* 0: not in the epoll set */
};

/* Likewise. Fires once. */
struct _GstArclyRtmpTimer {
  /*< private >*/
  GstArclyRtmpLoop *loop;
  GstArclyRtmpTimerFunc func;
  gpointer data;
  gint64 due;
  guint slot; /* place in the heap, from 1; 0: not armed */
};

/* Any thread. */
GstArclyRtmpLoop *gst_arcly_rtmp_loop_new (const gchar *name, GError **error);
void gst_arcly_rtmp_loop_free (GstArclyRtmpLoop *loop);
void gst_arcly_rtmp_loop_call (
    GstArclyRtmpLoop *loop, GstArclyRtmpLoopFunc func, gpointer data);
void gst_arcly_rtmp_loop_post (GstArclyRtmpLoop *loop,
    GstArclyRtmpLoopFunc func, gpointer data, GDestroyNotify destroy);
/* Of those who chose it among others, for whoever chooses next. */
void gst_arcly_rtmp_loop_add_user (GstArclyRtmpLoop *loop);
void gst_arcly_rtmp_loop_remove_user (GstArclyRtmpLoop *loop);
guint gst_arcly_rtmp_loop_get_users (GstArclyRtmpLoop *loop);

/* Loop thread only. */
void gst_arcly_rtmp_watch_init (GstArclyRtmpWatch *watch,
    GstArclyRtmpLoop *loop, gint fd, GstArclyRtmpWatchFunc func, gpointer data);
gboolean gst_arcly_rtmp_watch_set (
    GstArclyRtmpWatch *watch, guint32 events, GError **error);
void gst_arcly_rtmp_watch_remove (GstArclyRtmpWatch *watch);

void gst_arcly_rtmp_timer_init (GstArclyRtmpTimer *timer,
    GstArclyRtmpLoop *loop, GstArclyRtmpTimerFunc func, gpointer data);
void gst_arcly_rtmp_timer_start (GstArclyRtmpTimer *timer, gint64 delay_us);
void gst_arcly_rtmp_timer_stop (GstArclyRtmpTimer *timer);
gboolean gst_arcly_rtmp_timer_is_armed (const GstArclyRtmpTimer *timer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpLoop, gst_arcly_rtmp_loop_free)

G_END_DECLS
