/* SPDX-License-Identifier: MIT
 *
 * Data messages (onTextData, onCuePoint, and whatever else publishers send
 * between the frames) as events of GStreamer. Any thread. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpamf.h"

G_BEGIN_DECLS

/* (transfer floating) Numbers and dates as doubles, objects as "a{sv}", arrays
 * as "av", and what has no value as an empty "mv". */
GVariant *gst_arcly_rtmp_data_to_variant (const GstArclyAmfValue *value);
/* (transfer full) And back; integers of 32 and 64 bits may stand for doubles,
 * what else the other does not make becomes null. */
GstArclyAmfValue *gst_arcly_rtmp_data_from_variant (GVariant *variant);

/* A serialized custom event "arcly-rtmp-data" with "name" (string), "timestamp"
 * (int64: ms on the publisher's clock) and "arguments" (GVariant "av", each as
 * above). Not a GstStructure: names that strangers invent would stay in
 * memory for ever. @payload: the message, in AMF0, as the session gives it.
 * NULL with @error: it is none. */
GstEvent *gst_arcly_rtmp_data_event (
    gint64 timestamp, GBytes *payload, GError **error);

/* (transfer full) (nullable) The message of such an event; NULL if it is none,
 * or has no name. The timestamp is not in it. */
GBytes *gst_arcly_rtmp_data_body (GstEvent *event);

G_END_DECLS
