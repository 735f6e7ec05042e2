/* SPDX-License-Identifier: MIT
 *
 * How long a buffer of sound is by its own headers, as a demuxer will count
 * it, and what frames it in MPEG-TS. Durations are in nanoseconds. Each returns
 * FALSE with an error if the data is not what it should be. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the frames do not fill the buffer, *duration is 0: it may go through,
 * but nobody can tell when what is behind it begins. */
gboolean gst_arcly_ts_adts_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error);

gboolean gst_arcly_ts_mpeg_audio_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error);

/* ETSI TS 102 366: AC-3 (4.3.1) and E-AC-3 (annex E), which a buffer may hold
 * several syncframes of. */
gboolean gst_arcly_ts_ac3_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error);

/* RFC 6716, 3.1 and 3.2. */
gboolean gst_arcly_ts_opus_measure (
    const guint8 *data, gsize size, gint64 *duration, GError **error);

/* The longest one: 120 ms in 48 frames of 1275 bytes at most. */
#define GST_ARCLY_TS_OPUS_MAX_SIZE 61440
#define GST_ARCLY_TS_OPUS_CONTROL_MAX                                          \
  (2 + 2 * 2 + GST_ARCLY_TS_OPUS_MAX_SIZE / 255 + 1)

/* opus_control_header() of "Opus in MPEG-TS" (opus-codec.org, draft 0.1.3),
 * in front of a packet of "size" bytes; trims are samples at 48 kHz, at most
 * 8191. Returns the bytes written. */
guint gst_arcly_ts_opus_control_write (
    guint8 out[GST_ARCLY_TS_OPUS_CONTROL_MAX], gsize size, guint start_trim,
    guint end_trim);

G_END_DECLS
