/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpdigest.h"

#include <string.h>

#define SIZE 1536

/* Sums of four bytes say where in a block of 764 bytes the digest begins. */
#define EARLY_SUM 8
#define LATE_SUM (8 + 764)
#define PLACES (764 - 4 - GST_ARCLY_RTMP_DIGEST_SIZE)

/* Names, of which 30 and 36 bytes sign C1 and S1, and all of them S2. */
#define PLAYER "Genuine Adobe Flash Player 001"
#define SERVER "Genuine Adobe Flash Media Server 001"
#define TAIL                                                                   \
  "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57"           \
  "\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae"

static void
sign (const gchar *key, gsize key_size, const guint8 *a, gsize a_size,
    const guint8 *b, gsize b_size, guint8 *digest)
{
  g_autoptr (GHmac) hmac =
      g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) key, key_size);
  gsize size = GST_ARCLY_RTMP_DIGEST_SIZE;

  g_hmac_update (hmac, a, (gssize) a_size);
  if (b_size > 0)
    g_hmac_update (hmac, b, (gssize) b_size);
  g_hmac_get_digest (hmac, digest, &size);
}

static gsize
find_offset (const guint8 *block, GstArclyRtmpDigestPlace place)
{
  gsize at = place == GST_ARCLY_RTMP_DIGEST_EARLY ? EARLY_SUM : LATE_SUM;
  guint sum = block[at] + block[at + 1] + block[at + 2] + block[at + 3];

  return at + 4 + sum % PLACES;
}

/* Of all of @block but the digest at @offset. */
static void
sign_block (const gchar *key, gsize key_size, const guint8 *block, gsize offset,
    guint8 *digest)
{
  gsize after = offset + GST_ARCLY_RTMP_DIGEST_SIZE;

  sign (key, key_size, block, offset, block + after, SIZE - after, digest);
}

GstArclyRtmpDigestPlace
gst_arcly_rtmp_digest_find (
    const guint8 *c1, guint8 digest[GST_ARCLY_RTMP_DIGEST_SIZE])
{
  static const GstArclyRtmpDigestPlace places[] = {
    GST_ARCLY_RTMP_DIGEST_EARLY,
    GST_ARCLY_RTMP_DIGEST_LATE,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (places); i++) {
    gsize offset = find_offset (c1, places[i]);

    sign_block (PLAYER, strlen (PLAYER), c1, offset, digest);
    if (memcmp (digest, c1 + offset, GST_ARCLY_RTMP_DIGEST_SIZE) == 0)
      return places[i];
  }
  return GST_ARCLY_RTMP_DIGEST_NONE;
}

void
gst_arcly_rtmp_digest_sign_s1 (guint8 *s1, GstArclyRtmpDigestPlace place)
{
  gsize offset = find_offset (s1, place);

  sign_block (SERVER, strlen (SERVER), s1, offset, s1 + offset);
}

void
gst_arcly_rtmp_digest_sign_s2 (
    guint8 *s2, const guint8 digest[GST_ARCLY_RTMP_DIGEST_SIZE])
{
  static const gchar key[] = SERVER TAIL;
  const gsize signed_size = SIZE - GST_ARCLY_RTMP_DIGEST_SIZE;
  guint8 own[GST_ARCLY_RTMP_DIGEST_SIZE];

  sign (key, sizeof key - 1, digest, GST_ARCLY_RTMP_DIGEST_SIZE, NULL, 0, own);
  sign ((const gchar *) own, sizeof own, s2, signed_size, NULL, 0,
      s2 + signed_size);
}
