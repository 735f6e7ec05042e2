/* SPDX-License-Identifier: MIT
 *
 * ID3 tags and splice_info_sections, as far as a muxer looks at them. */
#include <string.h>

#include <glib.h>

#include "mpegtsdata.h"
#include "mpegtspsi.h"

/* SCTE 35, 14.1 and 14.2: time_signal and splice_insert. */
static const gchar *const splices[] = {
  "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==",
  "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=",
};

typedef struct {
  const gchar *name;
  const gchar *bytes;
  gsize size;
  gboolean good;
} Row;

static const Row tags[] = {
  { "nothing in it", "ID3\4\0\0\0\0\0\0", 10, TRUE },
  { "a frame", "ID3\3\0\0\0\0\0\014TIT2\0\0\0\2\0\0\0a", 22, TRUE },
  { "two tags", "ID3\4\0\0\0\0\0\0ID3\4\0\0\0\0\0\1x", 21, TRUE },
  { "a footer",
      "ID3\4\0\020\0\0\0\0"
      "3DI\4\0\020\0\0\0\0",
      20, TRUE },
  { "no bytes", "", 0, FALSE },
  { "a header that is cut off", "ID3\4\0\0\0\0\0", 9, FALSE },
  { "longer than it is", "ID3\4\0\0\0\0\0\2x", 11, FALSE },
  { "shorter than it is", "ID3\4\0\0\0\0\0\0x", 11, FALSE },
  { "a size of eight bits", "ID3\4\0\0\0\0\0\200", 10, FALSE },
  { "version 255", "ID3\377\0\0\0\0\0\0", 10, FALSE },
  { "no footer", "ID3\4\0\020\0\0\0\0", 10, FALSE },
  { "something else", "TAG\4\0\0\0\0\0\0", 10, FALSE },
};

/* An exact copy, so that a sanitizer sees what is read behind it. */
static void
test_id3 (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tags); i++) {
    g_autofree guint8 *copy = g_memdup2 (tags[i].bytes, tags[i].size);
    g_autoptr (GError) error = NULL;
    gboolean ok = gst_arcly_ts_id3_check (copy, tags[i].size, &error);

    g_test_message ("%s", tags[i].name);
    g_assert_cmpint (ok, ==, tags[i].good);
    g_assert_true (ok == (error == NULL));
  }
}

static void
test_id3_limit (void)
{
  gsize size = GST_ARCLY_TS_MAX_ID3 + 1;
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (GError) error = NULL;
  gsize body = size - 10;

  memcpy (data, "ID3\4\0\0\0", 7);
  data[7] = body >> 14;
  data[8] = body >> 7 & 0x7f;
  data[9] = body & 0x7f;
  g_assert_false (gst_arcly_ts_id3_check (data, size, &error));
  g_assert_nonnull (error);
  data[9]--;
  g_assert_true (gst_arcly_ts_id3_check (data, size - 1, NULL));
}

static guint64
adjustment (const guint8 *s)
{
  return (guint64) (s[4] & 1) << 32 | (guint64) s[5] << 24 | s[6] << 16 |
         s[7] << 8 | s[8];
}

/* The examples of the standard are right, and no shorter or other byte is. */
static void
test_splice (void)
{
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (splices); i++) {
    g_autofree guint8 *data = NULL;
    gsize size;

    data = g_base64_decode (splices[i], &size);
    g_assert_true (gst_arcly_ts_splice_check (data, size, NULL));
    for (j = 0; j < size; j++) {
      g_autofree guint8 *cut = g_memdup2 (data, j);

      g_assert_false (gst_arcly_ts_splice_check (cut, j, NULL));
      data[j] ^= 1;
      g_assert_false (gst_arcly_ts_splice_check (data, size, NULL));
      data[j] ^= 1;
    }
  }
}

/* Adding is modulo 2^33, touches nothing else, and leaves a right section. */
static void
test_move (void)
{
  static const guint64 steps[] = { 900000, 0, G_GUINT64_CONSTANT (0x1ffffffff),
    G_GUINT64_CONSTANT (0x100000000) };
  g_autofree guint8 *data = NULL;
  g_autofree guint8 *before = NULL;
  guint64 expected = 0;
  gsize size;
  guint i;

  data = g_base64_decode (splices[0], &size);
  before = g_memdup2 (data, size);
  for (i = 0; i < G_N_ELEMENTS (steps); i++) {
    gst_arcly_ts_splice_move (data, size, steps[i]);
    expected = (expected + steps[i]) & G_GUINT64_CONSTANT (0x1ffffffff);
    g_assert_cmpuint (adjustment (data), ==, expected);
    g_assert_true (gst_arcly_ts_splice_check (data, size, NULL));
  }
  g_assert_cmpmem (data, 4, before, 4);
  g_assert_cmpmem (data + 9, size - 13, before + 9, size - 13);
  gst_arcly_ts_splice_move (
      data, size, G_GUINT64_CONSTANT (0x200000000) - expected);
  g_assert_cmpmem (data, size, before, size);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpegtsdata/id3", test_id3);
  g_test_add_func ("/mpegtsdata/id3-limit", test_id3_limit);
  g_test_add_func ("/mpegtsdata/splice", test_splice);
  g_test_add_func ("/mpegtsdata/move", test_move);
  return g_test_run ();
}
