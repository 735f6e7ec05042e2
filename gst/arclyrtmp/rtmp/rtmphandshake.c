/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpdigest.h"
#include "rtmphandshake.h"

#include <string.h>

#include <gst/arcly/codec/gstarclycursor.h>

/* RFC 8446, 5.1: ContentType.handshake. */
#define TLS_HANDSHAKE 22

void
gst_arcly_rtmp_handshake_init (
    GstArclyRtmpHandshake *handshake, const guint8 *random)
{
  handshake->step = GST_ARCLY_RTMP_HANDSHAKE_C0;
  if (random)
    memcpy (handshake->random, random, sizeof handshake->random);
  else
    memset (handshake->random, 0, sizeof handshake->random);
}

/* RTMP 1.0, 5.2.2. Versions from 32 on are text, of a browser for example; 6
 * is RTMPE, which would go on encrypted. */
static gboolean
read_c0 (GstArclyRtmpHandshake *handshake, GstArclyCursor *cursor,
    GByteArray *out, GError **error)
{
  guint8 version = gst_arcly_cursor_u8 (cursor);

  if (version == TLS_HANDSHAKE) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "not RTMP: it begins as TLS does, and is RTMPS perhaps");
    return FALSE;
  }
  if (version != GST_ARCLY_RTMP_VERSION) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "not RTMP: the handshake starts with 0x%02x, not 0x%02x", version,
        GST_ARCLY_RTMP_VERSION);
    return FALSE;
  }
  handshake->step = GST_ARCLY_RTMP_HANDSHAKE_C1;
  return TRUE;
}

/* S1 and S2 with digests. Of the version a client wants to see that it is not
 * 0, and ffmpeg that it is at least 3. */
static void
answer_digest (const GstArclyRtmpHandshake *handshake,
    GstArclyRtmpDigestPlace place, const guint8 *digest, GByteArray *out)
{
  static const guint8 s0_time_version[1 + 8] = { GST_ARCLY_RTMP_VERSION, 0, 0,
    0, 0, 3, 5, 1, 1 };
  guint s1 = out->len + 1;
  guint s2 = s1 + GST_ARCLY_RTMP_HANDSHAKE_SIZE;

  g_byte_array_append (out, s0_time_version, sizeof s0_time_version);
  g_byte_array_append (out, handshake->random, sizeof handshake->random);
  g_byte_array_set_size (out, s2 + GST_ARCLY_RTMP_HANDSHAKE_SIZE);
  memcpy (out->data + s2, handshake->random, sizeof handshake->random);
  memset (out->data + s2 + sizeof handshake->random, 0,
      GST_ARCLY_RTMP_HANDSHAKE_SIZE - sizeof handshake->random);
  gst_arcly_rtmp_digest_sign_s1 (out->data + s1, place);
  gst_arcly_rtmp_digest_sign_s2 (out->data + s2, digest);
}

/* RTMP 1.0, 5.2.3 and 5.2.4. S2 is C1 to the bit: librtmp compares all of it,
 * and its second time, which it leaves 0, is ours, which we do not know. */
static gboolean
read_c1 (GstArclyRtmpHandshake *handshake, GstArclyCursor *cursor,
    GByteArray *out, GError **error)
{
  static const guint8 s0_and_times[1 + 8] = { GST_ARCLY_RTMP_VERSION };
  const guint8 *c1 =
      gst_arcly_cursor_bytes (cursor, GST_ARCLY_RTMP_HANDSHAKE_SIZE);
  GstArclyRtmpDigestPlace place = GST_ARCLY_RTMP_DIGEST_NONE;
  guint8 digest[GST_ARCLY_RTMP_DIGEST_SIZE];

  if (!c1)
    return FALSE;

  handshake->step = GST_ARCLY_RTMP_HANDSHAKE_C2;
  /* Zero in RTMP 1.0; in the other kind it is the client's version. */
  if (c1[4] != 0)
    place = gst_arcly_rtmp_digest_find (c1, digest);
  if (place != GST_ARCLY_RTMP_DIGEST_NONE) {
    answer_digest (handshake, place, digest, out);
    return TRUE;
  }
  g_byte_array_append (out, s0_and_times, sizeof s0_and_times);
  g_byte_array_append (out, handshake->random, sizeof handshake->random);
  g_byte_array_append (out, c1, GST_ARCLY_RTMP_HANDSHAKE_SIZE);
  return TRUE;
}

/* RTMP 1.0, 5.2.4. Not compared with S1: clients with a digest send another. */
static gboolean
read_c2 (GstArclyRtmpHandshake *handshake, GstArclyCursor *cursor,
    GByteArray *out, GError **error)
{
  if (!gst_arcly_cursor_skip (cursor, GST_ARCLY_RTMP_HANDSHAKE_SIZE))
    return FALSE;
  handshake->step = GST_ARCLY_RTMP_HANDSHAKE_DONE;
  return TRUE;
}

gboolean
gst_arcly_rtmp_handshake_feed (GstArclyRtmpHandshake *handshake,
    const guint8 *data, gsize size, gsize *consumed, GByteArray *out,
    GError **error)
{
  static const struct {
    gsize size;
    gboolean (*read) (GstArclyRtmpHandshake *handshake, GstArclyCursor *cursor,
        GByteArray *out, GError **error);
  } steps[] = {
    [GST_ARCLY_RTMP_HANDSHAKE_C0] = { 1, read_c0 },
    [GST_ARCLY_RTMP_HANDSHAKE_C1] = { GST_ARCLY_RTMP_HANDSHAKE_SIZE, read_c1 },
    [GST_ARCLY_RTMP_HANDSHAKE_C2] = { GST_ARCLY_RTMP_HANDSHAKE_SIZE, read_c2 },
  };
  GstArclyCursor cursor;
  gboolean ok = TRUE;

  gst_arcly_cursor_init (&cursor, data, size);
  while (ok && handshake->step != GST_ARCLY_RTMP_HANDSHAKE_DONE &&
         gst_arcly_cursor_left (&cursor) >= steps[handshake->step].size)
    ok = steps[handshake->step].read (handshake, &cursor, out, error);

  *consumed = cursor.pos;
  return ok;
}
