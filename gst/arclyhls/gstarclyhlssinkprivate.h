/* SPDX-License-Identifier: MIT
 *
 * What the files of arclyhlssink share: the element (gstarclyhlssink.c) and its
 * properties (gstarclyhlssinkproperties.c). */
#pragma once

#include "gstarclyhlshttp.h"
#include "gstarclyhlssink.h"
#include "gstarclyhlswriter.h"

G_BEGIN_DECLS

struct _GstArclyHlsSink {
  GstBin parent;

  /* Constant from init on. */
  GstElement *mux;           /* owned by the bin */
  GstArclyHlsWriter *writer; /* owned by the bin */

  /* Settings. Object lock. */
  gchar *location;
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
GType gst_arcly_hls_playlist_type_get_type (void);

#define GST_TYPE_ARCLY_HLS_PLAYLIST_TYPE                                       \
  (gst_arcly_hls_playlist_type_get_type ())

G_END_DECLS
