/* SPDX-License-Identifier: MIT
 *
 * One message in other forms, byte by byte. */
#include <string.h>

#include "flvform.h"

#define ALONE GST_ARCLY_FLV_FORM_ALONE
#define FINE GST_ARCLY_FLV_FORM_FINE

/* In hex; "" for nothing. 0x0123ab nanoseconds are 74667. */
static const struct {
  gboolean video;
  guint form;
  const gchar *message;
  const gchar *other;
} rows[] = {
  /* H.264 of FLV: header, key frame, other frame with a composition time. */
  { TRUE, FINE, "1700000000aabb", "9061766331aabb" },
  { TRUE, FINE, "1701000000aabb", "97020123ab0361766331aabb" },
  { TRUE, FINE, "27010000280c", "a7020123ab01617663310000280c" },
  { TRUE, FINE, "2701ffffd80c", "a7020123ab0161766331ffffd80c" },
  { TRUE, FINE, "1702000000", "9261766331" },
  /* A track with a number: kept, or not. */
  { TRUE, FINE, "9603617663310178",
      "97020123ab060361766331"
      "0178" },
  { TRUE, ALONE, "9600617663310178", "170000000078" },
  { TRUE, ALONE,
      "960361766331"
      "0178",
      "170100000078" },
  { TRUE, ALONE,
      "a60161766331"
      "01"
      "fffffe78",
      "2701fffffe78" },
  { TRUE, ALONE, "96026176633101", "1702000000" },
  { TRUE, ALONE | FINE,
      "960361766331"
      "0178",
      "97020123ab036176633178" },
  { TRUE, ALONE,
      "9601"
      "76703039"
      "02"
      "82",
      "917670303982" },
  { TRUE, ALONE | FINE,
      "9601"
      "76703039"
      "02"
      "82",
      "97020123ab017670303982" },
  /* Colour is there for who knows a FourCC. */
  { TRUE, ALONE,
      "9604"
      "76703039"
      "01"
      "05",
      "947670303905" },
  { TRUE, ALONE,
      "9604"
      "61766331"
      "01"
      "05",
      "" },
  { TRUE, ALONE | FINE,
      "9604"
      "61766331"
      "01"
      "05",
      "946176633105" },
  /* Sound. */
  { FALSE, FINE, "af001210", "906d7034611210" },
  { FALSE, FINE, "af0178", "97020123ab016d70346178" },
  { FALSE, ALONE,
      "9500"
      "6d703461"
      "01"
      "1210",
      "af001210" },
  { FALSE, ALONE,
      "9501"
      "6d703461"
      "01"
      "78",
      "af0178" },
  { FALSE, FINE, "2ffffb9064", "97020123ab012e6d7033fffb9064" },
  { FALSE, ALONE,
      "9501"
      "2e6d7033"
      "03"
      "fffb9064",
      "2ffffb9064" },
  { FALSE, ALONE,
      "9501"
      "2e6d7033"
      "03"
      "fff380c4",
      "2afff380c4" },
  { FALSE, ALONE,
      "9501"
      "2e6d7033"
      "03"
      "00000000",
      "" },
  { FALSE, FINE,
      "9501"
      "4f707573"
      "01"
      "78",
      "97020123ab05014f7075730178" },
  { FALSE, ALONE,
      "9501"
      "4f707573"
      "01"
      "78",
      "914f70757378" },
  /* Which FLV cannot say. */
  { TRUE, ALONE, "86026176633101", "" },
  /* What is none of ours. */
  { TRUE, FINE, "", "" },
  { TRUE, FINE, "5700", "" },
  { TRUE, FINE, "2201", "" },
  { TRUE, ALONE,
      "9611"
      "61766331"
      "00"
      "00000178"
      "01"
      "00000178",
      "" },
  { FALSE, FINE, "b278", "" },
};

static GByteArray *
from_hex (const gchar *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex; hex += 2) {
    guint8 byte =
        g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]);

    g_byte_array_append (bytes, &byte, 1);
  }
  return bytes;
}

static void
test_rows (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) message = from_hex (rows[i].message);
    g_autoptr (GByteArray) want = from_hex (rows[i].other);
    g_autoptr (GByteArray) other = g_byte_array_new ();
    gboolean ok = gst_arcly_flv_form_write (other,
        rows[i].video ? GST_ARCLY_FLV_EX_VIDEO : GST_ARCLY_FLV_EX_AUDIO,
        rows[i].form, 0x0123ab, message->data, message->len);

    g_test_message ("%s", rows[i].message);
    g_assert_cmpint (ok, ==, want->len > 0);
    g_assert_cmpmem (other->data, other->len, want->data, want->len);
  }
}

static void
test_numbers (void)
{
  g_assert_cmpuint (gst_arcly_flv_fourcc_get_number (
                        GST_ARCLY_FLV_EX_VIDEO, GST_ARCLY_FOURCC_AVC),
      ==, GST_ARCLY_FLV_VIDEO_H264);
  g_assert_cmpuint (gst_arcly_flv_fourcc_get_number (
                        GST_ARCLY_FLV_EX_AUDIO, GST_ARCLY_FOURCC_AVC),
      ==, 0);
  g_assert_cmpuint (gst_arcly_flv_fourcc_get_number (
                        GST_ARCLY_FLV_EX_AUDIO, GST_ARCLY_FOURCC_OPUS),
      ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flvform/rows", test_rows);
  g_test_add_func ("/flvform/numbers", test_numbers);
  return g_test_run ();
}
