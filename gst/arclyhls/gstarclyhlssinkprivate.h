/* SPDX-License-Identifier: MIT
 *
 * What the files of arclyhlssink share: the element (gstarclyhlssink.c) and its
 * properties (gstarclyhlssinkproperties.c). */
#pragma once

#include "gstarclyhlshttp.h"
#include "gstarclyhlssink.h"
#include "gstarclyhlswriter.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_HLS_SEGMENT_FORMAT_TS,
  GST_ARCLY_HLS_SEGMENT_FORMAT_FMP4,
} GstArclyHlsSegmentFormat;

struct _GstArclyHlsSink {
  GstBin parent;

  /* Changed in NULL and READY only, by gst_arcly_hls_sink_use_format(). */
  GstElement *mux; /* owned by the bin */

  /* Constant from init on. */
  GstArclyHlsWriter *writer; /* owned by the bin */

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
/* Muxes to that from now on. NULL or READY, and no object lock. */
void gst_arcly_hls_sink_use_format (
    GstArclyHlsSink *self, GstArclyHlsSegmentFormat format);
GType gst_arcly_hls_playlist_type_get_type (void);
GType gst_arcly_hls_segment_format_get_type (void);

#define GST_TYPE_ARCLY_HLS_PLAYLIST_TYPE                                       \
  (gst_arcly_hls_playlist_type_get_type ())
#define GST_TYPE_ARCLY_HLS_SEGMENT_FORMAT                                      \
  (gst_arcly_hls_segment_format_get_type ())

G_END_DECLS
