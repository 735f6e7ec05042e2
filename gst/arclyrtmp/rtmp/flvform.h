/* SPDX-License-Identifier: MIT
 *
 * One message in the forms that different players take: what a message of
 * flvtag.h or flvenhanced.h says, said in another way. Any thread; keeps no
 * reference to the data. */
#pragma once

#include "flvenhanced.h"

G_BEGIN_DECLS

typedef enum {
  /* Without its track's number, for who takes one track of a kind: with the
   * codec's number of FLV if it has one. */
  GST_ARCLY_FLV_FORM_ALONE = 1 << 0,
  /* With a FourCC in any case, and nanoseconds ("Enhanced RTMP v2",
   * TimestampOffsetNano). */
  GST_ARCLY_FLV_FORM_FINE = 1 << 1,
} GstArclyFlvForm;
#define GST_ARCLY_FLV_N_FORMS 4

/* A FourCC, a ModEx, and a composition time. */
#define GST_ARCLY_FLV_MAX_FORM_GROWTH 16

/* The FourCC's number in FLV, GstArclyFlvVideoCodec or GstArclyFlvAudioCodec;
 * 0: it has none. */
guint8 gst_arcly_flv_fourcc_get_number (GstArclyFlvExKind kind, guint32 fourcc);

/**
 * gst_arcly_flv_form_write:
 * @out: the message is appended here
 * @kind: whether it is an audio or a video message
 * @form: bits of #GstArclyFlvForm
 * @nanoseconds: of a frame, up to %GST_ARCLY_FLV_EX_MAX_NANOSECONDS; only a
 * FINE form has them
 * @data: (array length=size): a message of one track
 * @size: its length in bytes
 *
 * Returns: %FALSE if there is nothing to be said in that form: colour in that
 *     of FLV, or a message that nobody could read
 */
gboolean gst_arcly_flv_form_write (GByteArray *out, GstArclyFlvExKind kind,
    guint form, guint32 nanoseconds, const guint8 *data, gsize size);

G_END_DECLS
