/* SPDX-License-Identifier: MIT
 *
 * What the files of arclyrecordsink share: the element (gstarclyrecordsink.c)
 * and its properties (gstarclyrecordsinkproperties.c). */
#pragma once

#include "gstarclyrecordsink.h"
#include "gstarclyrecordwriter.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_RECORD_FMP4,
  GST_ARCLY_RECORD_TS,
} GstArclyRecordContainer;

struct _GstArclyRecordSink {
  GstBin parent;

  /* Constant from init on. */
  GstArclyRecordWriter *writer; /* owned by the bin */

  /* Who sets "container", while there is no pad; else constant. */
  GstElement *mux; /* owned by the bin */
  GstArclyRecordContainer mux_container;

  /* Settings. Object lock. */
  gchar *location;
  gchar *index_location;
  gchar *stream;
  GstArclyRecordContainer container;
  GstClockTime fragment_duration;
  GstClockTime max_size_time;
  guint64 max_size_bytes;
  GstClockTime retention_time;
  guint64 retention_bytes;
  gboolean delete_when_full;
  gboolean finalize;
  GstArclyRecordFsync fsync;
  guint64 max_queue_bytes;
};

/* Sets the defaults. */
void gst_arcly_record_sink_init_settings (GstArclyRecordSink *self);
void gst_arcly_record_sink_clear_settings (GstArclyRecordSink *self);
void gst_arcly_record_sink_install_properties (GObjectClass *object_class);
/* The muxer for the container that is set, if it can still be changed. */
void gst_arcly_record_sink_use_container (GstArclyRecordSink *self);

GType gst_arcly_record_container_get_type (void);
GType gst_arcly_record_fsync_get_type (void);

#define GST_TYPE_ARCLY_RECORD_CONTAINER (gst_arcly_record_container_get_type ())
#define GST_TYPE_ARCLY_RECORD_FSYNC (gst_arcly_record_fsync_get_type ())

G_END_DECLS
