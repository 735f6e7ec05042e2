/* SPDX-License-Identifier: MIT
 *
 * What the files of arclyhlssink share: the element (gstarclyhlssink.c) and its
 * properties (gstarclyhlssinkproperties.c). */
#pragma once

#include "gstarclyhlsboard.h"
#include "gstarclyhlshttp.h"
#include "gstarclyhlssink.h"
#include "gstarclyhlsrendition.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_HLS_SEGMENT_FORMAT_TS,
  GST_ARCLY_HLS_SEGMENT_FORMAT_FMP4,
} GstArclyHlsSegmentFormat;

struct _GstArclyHlsSink {
  GstBin parent;

  /* Object lock, or whoever changes it: the layout changes in NULL and READY
   * only. */
  GPtrArray *renditions; /* (element-type GstArclyHlsRendition), owned */

  GstArclyHlsBoard *board; /* owned, constant */

  /* Settings. Object lock. */
  gchar *location;
  GstArclyHlsSegmentFormat segment_format;
  GstArclyStorage *storage; /* owned; or NULL */
  guint target_duration;
  GstClockTime part_duration;
  guint playlist_length;
  GstClockTime dvr_window;
  GstArclyHlsType playlist_type;
  gboolean delete_segments;
  gboolean send_keyframe_requests;
  gchar *http_address;
  gint http_port;
  gchar *http_path;
  gchar *http_certificate;         /* or NULL */
  gchar *http_private_key;         /* or NULL */
  GstArclyHttpServer *http_server; /* owned; or NULL */

  GstArclyHlsHttp http;
};

/* Sets the defaults. */
void gst_arcly_hls_sink_init_settings (GstArclyHlsSink *self);
void gst_arcly_hls_sink_clear_settings (GstArclyHlsSink *self);
void gst_arcly_hls_sink_install_properties (GObjectClass *object_class);
/* Says that "http-bound-port" changed. */
void gst_arcly_hls_sink_notify_port (GstArclyHlsSink *self);

/* gstarclyhlssinklayout.c. NULL or READY, without the object lock. */
/* Renditions for the pads that there are: with @several, one for each of them
 * where there is more than one video or more than one sound. They are kept
 * where they are right, but for @anew. */
void gst_arcly_hls_sink_lay_out (
    GstArclyHlsSink *self, gboolean several, gboolean anew);

/* There is more than one video or more than one sound. */
gboolean gst_arcly_hls_sink_wants_several (GstArclyHlsSink *self);

/* Writers are opened, in step if there are several, and what they write is
 * served. FALSE, with an element message, if that failed; nothing is open then.
 */
gboolean gst_arcly_hls_sink_start (GstArclyHlsSink *self);
void gst_arcly_hls_sink_stop (GstArclyHlsSink *self);

/* (transfer full): of all renditions. Any thread. */
GstStructure *gst_arcly_hls_sink_get_stats (GstArclyHlsSink *self);

GType gst_arcly_hls_playlist_type_get_type (void);
GType gst_arcly_hls_segment_format_get_type (void);

#define GST_TYPE_ARCLY_HLS_PLAYLIST_TYPE                                       \
  (gst_arcly_hls_playlist_type_get_type ())
#define GST_TYPE_ARCLY_HLS_SEGMENT_FORMAT                                      \
  (gst_arcly_hls_segment_format_get_type ())

G_END_DECLS
