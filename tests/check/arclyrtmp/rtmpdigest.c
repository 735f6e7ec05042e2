/* SPDX-License-Identifier: MIT
 *
 * The handshake with digests, from the client's side: what a player would
 * compute of our answer. */
#include "rtmpdigest.h"
#include "rtmphandshake.h"

#include <string.h>

#define SIZE 1536
#define PLAYER "Genuine Adobe Flash Player 001"
#define SERVER "Genuine Adobe Flash Media Server 001"

static const guint8 tail[32] = { 0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8,
  0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57, 0x6e, 0xec, 0x5d, 0x2d, 0x29,
  0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae };

static void
hmac (const guint8 *key, gsize key_size, const GByteArray *data, guint8 *digest)
{
  g_autoptr (GHmac) state = g_hmac_new (G_CHECKSUM_SHA256, key, key_size);
  gsize size = 32;

  g_hmac_update (state, data->data, data->len);
  g_hmac_get_digest (state, digest, &size);
}

static gsize
offset_of (const guint8 *block, gsize at)
{
  return (block[at] + block[at + 1] + block[at + 2] + block[at + 3]) % 728 +
         at + 4;
}

/* Of a block without its digest. */
static void
block_digest (
    const gchar *key, const guint8 *block, gsize offset, guint8 *digest)
{
  g_autoptr (GByteArray) rest = g_byte_array_new ();

  g_byte_array_append (rest, block, offset);
  g_byte_array_append (rest, block + offset + 32, SIZE - offset - 32);
  hmac ((const guint8 *) key, strlen (key), rest, digest);
}

static void
make_c1 (guint8 *c1, gsize at)
{
  gsize offset;
  guint i;

  for (i = 0; i < SIZE; i++)
    c1[i] = (guint8) (i * 7 + i / 256);
  memcpy (c1, "\0\0\0\0\x09\x00\x7c\x02", 8);
  offset = offset_of (c1, at);
  block_digest (PLAYER, c1, offset, c1 + offset);
}

static GByteArray *
shake (const guint8 *c1)
{
  g_autofree guint8 *random = g_malloc (1528);
  g_autoptr (GByteArray) in = g_byte_array_new ();
  GByteArray *out = g_byte_array_new ();
  GstArclyRtmpHandshake handshake;
  gsize consumed = 0;

  memset (random, 0x5a, 1528);
  gst_arcly_rtmp_handshake_init (&handshake, random);
  g_byte_array_append (in, (const guint8 *) "\3", 1);
  g_byte_array_append (in, c1, SIZE);
  g_assert_true (gst_arcly_rtmp_handshake_feed (
      &handshake, in->data, in->len, &consumed, out, NULL));
  g_assert_cmpuint (consumed, ==, in->len);
  g_assert_cmpint (handshake.step, ==, GST_ARCLY_RTMP_HANDSHAKE_C2);
  g_assert_cmpuint (out->len, ==, 1 + 2 * SIZE);
  g_assert_cmpuint (out->data[0], ==, 3);
  return out;
}

/* S1 has the server's digest in the client's place; S2 answers C1's. */
static void
test_digest (gconstpointer data)
{
  gsize at = GPOINTER_TO_SIZE (data);
  g_autoptr (GByteArray) out = NULL;
  g_autoptr (GByteArray) part = g_byte_array_new ();
  guint8 c1[SIZE], expected[32], key[36 + 32];
  const guint8 *s1, *s2;

  make_c1 (c1, at);
  out = shake (c1);
  s1 = out->data + 1;
  s2 = s1 + SIZE;
  g_assert_cmpuint (s1[4], >=, 3);
  block_digest (SERVER, s1, offset_of (s1, at), expected);
  g_assert_cmpmem (s1 + offset_of (s1, at), 32, expected, 32);

  memcpy (key, SERVER, 36);
  memcpy (key + 36, tail, 32);
  g_byte_array_append (part, c1 + offset_of (c1, at), 32);
  hmac (key, sizeof key, part, expected);
  memcpy (key, expected, 32);
  g_byte_array_set_size (part, 0);
  g_byte_array_append (part, s2, SIZE - 32);
  hmac (key, 32, part, expected);
  g_assert_cmpmem (s2 + SIZE - 32, 32, expected, 32);
}

/* Without a digest, with a wrong one, and with one but no version: RTMP 1.0. */
static void
test_plain (void)
{
  guint8 c1[SIZE];
  guint i;

  for (i = 0; i < 3; i++) {
    g_autoptr (GByteArray) out = NULL;

    make_c1 (c1, 8);
    if (i == 0)
      memset (c1 + 8, 0xff, SIZE - 8);
    else if (i == 1)
      c1[offset_of (c1, 8) + 31] ^= 1;
    else
      c1[4] = 0;
    out = shake (c1);
    g_assert_cmpuint (out->data[1 + 4], ==, 0);
    g_assert_cmpmem (out->data + 1 + SIZE, SIZE, c1, SIZE);
  }
}

/* Places at both ends of both blocks stay within the 1536 bytes. */
static void
test_places (void)
{
  static const guint8 ends[][4] = { { 0, 0, 0, 0 }, { 255, 255, 217, 0 },
    { 255, 255, 255, 255 }, { 255, 255, 218, 0 } };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (ends); i++) {
    for (j = 0; j < 2; j++) {
      g_autofree guint8 *s1 = g_malloc0 (SIZE);
      gsize at = j == 0 ? 8 : 772;
      guint8 digest[32];

      memcpy (s1 + at, ends[i], 4);
      gst_arcly_rtmp_digest_sign_s1 (s1,
          j == 0 ? GST_ARCLY_RTMP_DIGEST_EARLY : GST_ARCLY_RTMP_DIGEST_LATE);
      block_digest (SERVER, s1, offset_of (s1, at), digest);
      g_assert_cmpmem (s1 + offset_of (s1, at), 32, digest, 32);
      g_assert_cmpint (gst_arcly_rtmp_digest_find (s1, digest), ==,
          GST_ARCLY_RTMP_DIGEST_NONE);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/rtmpdigest/early", GSIZE_TO_POINTER (8), test_digest);
  g_test_add_data_func (
      "/rtmpdigest/late", GSIZE_TO_POINTER (772), test_digest);
  g_test_add_func ("/rtmpdigest/plain", test_plain);
  g_test_add_func ("/rtmpdigest/places", test_places);
  return g_test_run ();
}
