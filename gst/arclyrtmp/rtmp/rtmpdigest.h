/* SPDX-License-Identifier: MIT
 *
 * The handshake with a digest, by which Flash Player from 9.0.115 on and
 * clients in its place (ffmpeg) and servers knew each other. Not part of RTMP
 * 1.0; who starts it may refuse to go on without. It proves nothing: the keys
 * are known. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_RTMP_DIGEST_SIZE 32

/* Where a digest is in C1 or S1: two habits. */
typedef enum {
  GST_ARCLY_RTMP_DIGEST_NONE,
  GST_ARCLY_RTMP_DIGEST_EARLY,
  GST_ARCLY_RTMP_DIGEST_LATE,
} GstArclyRtmpDigestPlace;

/* Looks for a player's digest in @c1, of 1536 bytes; copies it. */
GstArclyRtmpDigestPlace gst_arcly_rtmp_digest_find (
    const guint8 *c1, guint8 digest[GST_ARCLY_RTMP_DIGEST_SIZE]);

/* Puts the server's into @s1, whose other bytes stay. @place is the client's.
 */
void gst_arcly_rtmp_digest_sign_s1 (guint8 *s1, GstArclyRtmpDigestPlace place);
/* Puts the answer to the client's @digest into @s2, likewise. */
void gst_arcly_rtmp_digest_sign_s2 (
    guint8 *s2, const guint8 digest[GST_ARCLY_RTMP_DIGEST_SIZE]);

G_END_DECLS
