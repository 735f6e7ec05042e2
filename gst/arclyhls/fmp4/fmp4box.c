/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "fmp4box.h"

void
gst_arcly_fmp4_put_u8 (GByteArray *out, guint8 value)
{
  g_byte_array_append (out, &value, 1);
}

void
gst_arcly_fmp4_put_u16 (GByteArray *out, guint16 value)
{
  guint16 be = GUINT16_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &be, 2);
}

void
gst_arcly_fmp4_put_u32 (GByteArray *out, guint32 value)
{
  guint32 be = GUINT32_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &be, 4);
}

void
gst_arcly_fmp4_put_u64 (GByteArray *out, guint64 value)
{
  guint64 be = GUINT64_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &be, 8);
}

void
gst_arcly_fmp4_put_zeros (GByteArray *out, guint n)
{
  guint len = out->len;

  g_byte_array_set_size (out, len + n);
  memset (out->data + len, 0, n);
}

void
gst_arcly_fmp4_put_type (GByteArray *out, const gchar *type)
{
  g_byte_array_append (out, (const guint8 *) type, 4);
}

void
gst_arcly_fmp4_put_bytes (GByteArray *out, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_byte_array_append (out, data, size);
}

void
gst_arcly_fmp4_put_string (GByteArray *out, const gchar *string)
{
  g_byte_array_append (out, (const guint8 *) string, strlen (string) + 1);
}

void
gst_arcly_fmp4_patch_u32 (GByteArray *out, guint position, guint32 value)
{
  guint32 be = GUINT32_TO_BE (value);

  memcpy (out->data + position, &be, 4);
}

guint
gst_arcly_fmp4_box_begin (GByteArray *out, const gchar *type)
{
  guint start = out->len;

  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_type (out, type);
  return start;
}

guint
gst_arcly_fmp4_full_box_begin (
    GByteArray *out, const gchar *type, guint8 version, guint32 flags)
{
  guint start = gst_arcly_fmp4_box_begin (out, type);

  gst_arcly_fmp4_put_u32 (out, (guint32) version << 24 | flags);
  return start;
}

void
gst_arcly_fmp4_box_end (GByteArray *out, guint start)
{
  gst_arcly_fmp4_patch_u32 (out, start, out->len - start);
}
