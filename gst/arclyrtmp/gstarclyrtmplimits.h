/* SPDX-License-Identifier: MIT
 *
 * The limits of a server as properties, which its elements share. */
#pragma once

#include "rtmpguard.h"

G_BEGIN_DECLS

#define GST_ARCLY_RTMP_N_LIMITS 8

/* Installs the properties on a class, with the ids from @first_id on. */
void gst_arcly_rtmp_limits_install (GObjectClass *klass, guint first_id);

/* Of @index from 0; the owner guards @limits. */
void gst_arcly_rtmp_limits_set (
    GstArclyRtmpServerLimits *limits, guint index, const GValue *value);
void gst_arcly_rtmp_limits_get (
    const GstArclyRtmpServerLimits *limits, guint index, GValue *value);

G_END_DECLS
