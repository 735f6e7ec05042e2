/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_RECORD_SINK (gst_arcly_record_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyRecordSink, gst_arcly_record_sink, GST, ARCLY_RECORD_SINK, GstBin)

GST_ELEMENT_REGISTER_DECLARE (arclyrecordsink);

G_END_DECLS
