/* SPDX-License-Identifier: MIT
 *
 * In whatever form a message is written, our own reader finds the same payload
 * in it, and the same time. The first byte is the form. */
#include <stdint.h>
#include <string.h>

#include "flvform.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define NANOSECONDS 999999

static void
check_fine (GstArclyFlvExKind kind, const GByteArray *fine)
{
  GstArclyFlvEx message;
  GstArclyFlvExPart part;
  gboolean frame;

  g_assert (gst_arcly_flv_ex_is (kind, fine->data, fine->len));
  g_assert (
      gst_arcly_flv_ex_parse (&message, kind, fine->data, fine->len, NULL));
  g_assert (gst_arcly_flv_ex_next (&message, &part, NULL));
  frame = message.packet == GST_ARCLY_FLV_EX_CODED_FRAMES ||
          message.packet == GST_ARCLY_FLV_EX_CODED_FRAMES_X;
  g_assert (message.nanoseconds == (frame ? NANOSECONDS : 0));
}

static void
check (GstArclyFlvExKind kind, guint form, const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) other = g_byte_array_new ();
  g_autoptr (GByteArray) fine = g_byte_array_new ();
  g_autoptr (GByteArray) same = g_byte_array_new ();

  if (!gst_arcly_flv_form_write (other, kind, form, NANOSECONDS, data, size)) {
    g_assert (other->len == 0);
    return;
  }
  g_assert (other->len <= size + GST_ARCLY_FLV_MAX_FORM_GROWTH);
  /* All forms have what is needed to make the finest. */
  g_assert (gst_arcly_flv_form_write (
      fine, kind, form | GST_ARCLY_FLV_FORM_FINE, NANOSECONDS, data, size));
  check_fine (kind, fine);
  g_assert (gst_arcly_flv_form_write (same, kind,
      form | GST_ARCLY_FLV_FORM_FINE, NANOSECONDS, other->data, other->len));
  check_fine (kind, same);
  g_assert (same->len == fine->len || (form & GST_ARCLY_FLV_FORM_FINE) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  check (GST_ARCLY_FLV_EX_VIDEO, data[0] % GST_ARCLY_FLV_N_FORMS, data + 1,
      size - 1);
  check (GST_ARCLY_FLV_EX_AUDIO, data[0] % GST_ARCLY_FLV_N_FORMS, data + 1,
      size - 1);
  return 0;
}
