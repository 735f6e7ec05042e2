/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fmp4box.h"
#include "fmp4entry.h"

/* ISO/IEC 14496-1, 7.2.2.1. */
#define ES_DESCR_TAG 3
#define DECODER_CONFIG_DESCR_TAG 4
#define DEC_SPECIFIC_INFO_TAG 5
#define SL_CONFIG_DESCR_TAG 6
/* 7.2.6.6: AudioStream, with the bit that is always one. */
#define STREAM_TYPE_AUDIO (5 << 2 | 1)

static void
put_config (GByteArray *out, const gchar *type, GBytes *config)
{
  guint box = gst_arcly_fmp4_box_begin (out, type);

  gst_arcly_fmp4_put_bytes (out, config);
  gst_arcly_fmp4_box_end (out, box);
}

/* ISO/IEC 14496-12, 8.5.2.2: SampleEntry. */
static guint
entry_begin (GByteArray *out, const gchar *type)
{
  guint box = gst_arcly_fmp4_box_begin (out, type);

  gst_arcly_fmp4_put_zeros (out, 6);
  gst_arcly_fmp4_put_u16 (out, 1); /* data_reference_index */
  return box;
}

/* 12.1.3: VisualSampleEntry. */
GBytes *
gst_arcly_fmp4_video_entry (const GstArclyFmp4VideoEntry *entry)
{
  GByteArray *out = g_byte_array_new ();
  guint box = entry_begin (out, entry->type);
  guint inner;

  gst_arcly_fmp4_put_zeros (out, 16);
  gst_arcly_fmp4_put_u16 (out, entry->width);
  gst_arcly_fmp4_put_u16 (out, entry->height);
  gst_arcly_fmp4_put_u32 (out, 0x00480000); /* 72 dpi */
  gst_arcly_fmp4_put_u32 (out, 0x00480000);
  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_u16 (out, 1); /* frame_count */
  gst_arcly_fmp4_put_zeros (out, 32);
  gst_arcly_fmp4_put_u16 (out, 0x0018);
  gst_arcly_fmp4_put_u16 (out, 0xffff);
  put_config (out, entry->config_type, entry->config);
  if (entry->colr) {
    inner = gst_arcly_fmp4_box_begin (out, "colr");
    g_byte_array_append (out, entry->colr, 11);
    gst_arcly_fmp4_box_end (out, inner);
  }
  if (entry->par_n > 0 && entry->par_d > 0) {
    inner = gst_arcly_fmp4_box_begin (out, "pasp");
    gst_arcly_fmp4_put_u32 (out, entry->par_n);
    gst_arcly_fmp4_put_u32 (out, entry->par_d);
    gst_arcly_fmp4_box_end (out, inner);
  }
  gst_arcly_fmp4_box_end (out, box);
  return g_byte_array_free_to_bytes (out);
}

/* 12.2.3: AudioSampleEntry. */
GBytes *
gst_arcly_fmp4_audio_entry (const GstArclyFmp4AudioEntry *entry)
{
  GByteArray *out = g_byte_array_new ();
  guint box = entry_begin (out, entry->type);

  gst_arcly_fmp4_put_zeros (out, 8);
  gst_arcly_fmp4_put_u16 (out, entry->channels);
  gst_arcly_fmp4_put_u16 (out, 16);
  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_u32 (
      out, entry->rate <= G_MAXUINT16 ? entry->rate << 16 : 0);
  put_config (out, entry->config_type, entry->config);
  gst_arcly_fmp4_box_end (out, box);
  return g_byte_array_free_to_bytes (out);
}

/* Sizes of descriptors have 7 bits a byte; none of ours is longer than 16383
 * bytes. */
static void
put_descriptor (GByteArray *out, guint8 tag, guint size)
{
  gst_arcly_fmp4_put_u8 (out, tag);
  gst_arcly_fmp4_put_u8 (out, 0x80 | (size >> 7 & 0x7f));
  gst_arcly_fmp4_put_u8 (out, size & 0x7f);
}

GBytes *
gst_arcly_fmp4_esds (guint8 object_type_indication, GBytes *config)
{
  GByteArray *out = g_byte_array_new ();
  guint size = g_bytes_get_size (config);

  g_assert (size < 4096);
  gst_arcly_fmp4_put_u32 (out, 0); /* version and flags */
  put_descriptor (out, ES_DESCR_TAG, 3 + 3 + 13 + 3 + size + 3 + 1);
  gst_arcly_fmp4_put_u16 (out, 0); /* ES_ID: 0 in a file (5.6) */
  gst_arcly_fmp4_put_u8 (out, 0);
  put_descriptor (out, DECODER_CONFIG_DESCR_TAG, 13 + 3 + size);
  gst_arcly_fmp4_put_u8 (out, object_type_indication);
  gst_arcly_fmp4_put_u8 (out, STREAM_TYPE_AUDIO);
  gst_arcly_fmp4_put_zeros (out, 11); /* buffer size and bit rates: not told */
  put_descriptor (out, DEC_SPECIFIC_INFO_TAG, size);
  gst_arcly_fmp4_put_bytes (out, config);
  put_descriptor (out, SL_CONFIG_DESCR_TAG, 1);
  gst_arcly_fmp4_put_u8 (out, 2); /* ISO/IEC 14496-14, 5.6 */
  return g_byte_array_free_to_bytes (out);
}
