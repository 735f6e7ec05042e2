/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "rtmpamf.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const GstArclyAmfLimits limits = { 32, 2000 };
static const GstArclyAmfLimits tight = { 2, 8 };

/* Returns how many values there are; all is good to print, within limits. */
static guint
check_value (const GstArclyAmfValue *value, guint depth)
{
  const gchar *string = gst_arcly_amf_value_string (value);
  guint i, n = 1, n_members = gst_arcly_amf_value_n_members (value);

  g_assert ((string != NULL) ==
            (gst_arcly_amf_value_type (value) == GST_ARCLY_AMF_STRING));
  g_assert (!string || g_utf8_validate (string, -1, NULL));
  g_assert (n_members == 0 || depth < limits.max_depth);
  for (i = 0; i < n_members; i++) {
    const gchar *name;
    const GstArclyAmfValue *member =
        gst_arcly_amf_value_member (value, i, &name);

    g_assert (member && g_utf8_validate (name, -1, NULL));
    if (gst_arcly_amf_value_type (value) != GST_ARCLY_AMF_STRICT_ARRAY)
      g_assert (gst_arcly_amf_value_get (value, name));
    n += check_value (member, depth + 1);
  }
  return n;
}

static void
write_all (GPtrArray *values, GByteArray *out)
{
  guint i;

  for (i = 0; i < values->len; i++)
    gst_arcly_amf_value_write (values->pdata[i], out);
}

static void
assert_equal (GPtrArray *a, GPtrArray *b)
{
  guint i;

  g_assert (a && b && a->len == b->len);
  for (i = 0; i < a->len; i++)
    g_assert (gst_arcly_amf_value_equal (a->pdata[i], b->pdata[i]));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) values =
      gst_arcly_amf_read (data, size, &limits, &error);
  g_autoptr (GPtrArray) few = gst_arcly_amf_read (data, size, &tight, NULL);
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) rewritten = g_byte_array_new ();
  guint i, n = 0;

  g_assert ((values != NULL) == (error == NULL));
  g_assert (!few || values);
  if (!values) {
    g_assert (error->code == GST_ARCLY_ERROR_TRUNCATED ||
              error->code == GST_ARCLY_ERROR_INVALID ||
              error->code == GST_ARCLY_ERROR_UNSUPPORTED ||
              error->code == GST_ARCLY_ERROR_LIMIT);
    return 0;
  }
  for (i = 0; i < values->len; i++)
    n += check_value (values->pdata[i], 0);
  g_assert (n <= limits.max_values);
  if (few) {
    g_assert (n <= tight.max_values);
    assert_equal (values, few);
  }

  /* What is written reads as the same, and writes as the same. */
  write_all (values, out);
  again = gst_arcly_amf_read (out->data, out->len, &limits, NULL);
  assert_equal (values, again);
  write_all (again, rewritten);
  g_assert (
      out->len == rewritten->len &&
      (out->len == 0 || memcmp (out->data, rewritten->data, out->len) == 0));
  return 0;
}
