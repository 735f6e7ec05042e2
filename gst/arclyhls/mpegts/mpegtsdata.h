/* SPDX-License-Identifier: MIT
 *
 * What goes beside picture and sound: ID3 tags and SCTE-35 sections. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of what is muxed as one unit: a PES_packet_length has 16 bits. */
#define GST_ARCLY_TS_MAX_ID3 (G_MAXUINT16 - 8)

/* Is it one ID3v2 tag (id3.org, 2.3 and 2.4: 3.1) or several, whole? */
gboolean gst_arcly_ts_id3_check (
    const guint8 *data, gsize size, GError **error);

/* Is it one splice_info_section (SCTE 35, 9.6), whole, with its right CRC? */
gboolean gst_arcly_ts_splice_check (
    const guint8 *data, gsize size, GError **error);

/* Adds to its pts_adjustment, as who changes the clock has to (SCTE 35, 9.6.1),
 * and mends its CRC. The section is one that was checked. */
void gst_arcly_ts_splice_move (guint8 *data, gsize size, guint64 ticks);

G_END_DECLS
