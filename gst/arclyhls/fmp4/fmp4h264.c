/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/gstarclyerror.h>

#include "fmp4h264.h"

#define NAL_FILLER 12
#define SLICE_I 2
#define NO_PICTURE G_MININT
#define IS_SET(type)                                                           \
  ((type) == GST_ARCLY_H264_NAL_SPS || (type) == GST_ARCLY_H264_NAL_PPS)
/* Scaling lists make 1 kB; more is an attack on our memory. */
#define MAX_SET_SIZE 8192

struct _GstArclyFmp4H264 {
  guint length_size;          /* 0: byte stream */
  GstArclyH264Config *config; /* owned, NULL if not known yet */
  gboolean from_stream;       /* config is made of what is in the stream */
  gboolean in_band;           /* sets stay in the samples */
};

GstArclyFmp4H264 *
gst_arcly_fmp4_h264_new (GstArclyH264Config *config, gboolean in_band)
{
  GstArclyFmp4H264 *h264 = g_new0 (GstArclyFmp4H264, 1);

  h264->in_band = in_band;
  if (config)
    h264->length_size = gst_arcly_h264_config_get_nal_length_size (config);
  if (config && gst_arcly_h264_config_get_n_sps (config) > 0)
    h264->config = gst_arcly_h264_config_ref (config);
  else
    h264->from_stream = TRUE;
  return h264;
}

void
gst_arcly_fmp4_h264_free (GstArclyFmp4H264 *h264)
{
  g_clear_pointer (&h264->config, gst_arcly_h264_config_unref);
  g_free (h264);
}

GstArclyH264Config *
gst_arcly_fmp4_h264_get_config (GstArclyFmp4H264 *h264)
{
  return h264->config;
}

static gboolean
same_config (const GstArclyH264Config *a, const GstArclyH264Config *b)
{
  g_autoptr (GBytes) left = gst_arcly_h264_config_to_bytes (a, NULL);
  g_autoptr (GBytes) right = gst_arcly_h264_config_to_bytes (b, NULL);

  return left && right && g_bytes_equal (left, right);
}

/* An SPS in a key frame replaces all sets of before. A PPS alone changes
 * nothing. */
static gboolean
use_sets (GstArclyFmp4H264 *h264, GstArclyH264Config *found)
{
  guint i;

  if (gst_arcly_h264_config_get_n_sps (found) == 0)
    return FALSE;
  for (i = 0; gst_arcly_h264_config_get_n_pps (found) == 0 && h264->config &&
              i < gst_arcly_h264_config_get_n_pps (h264->config);
       i++) {
    gsize size;
    const guint8 *nal = g_bytes_get_data (
        gst_arcly_h264_config_get_pps (h264->config, i), &size);

    if (!gst_arcly_h264_config_add (found, nal, size, NULL))
      return FALSE;
  }
  if (gst_arcly_h264_config_get_n_pps (found) == 0)
    return FALSE;
  if (h264->config && same_config (h264->config, found))
    return FALSE;
  g_clear_pointer (&h264->config, gst_arcly_h264_config_unref);
  h264->config = gst_arcly_h264_config_ref (found);
  return TRUE;
}

/* Of a byte stream: is it in the sample entry, or of no use in a file? */
static gboolean
is_left_out (guint type)
{
  return type == GST_ARCLY_H264_NAL_AUD || IS_SET (type) ||
         type == GST_ARCLY_H264_NAL_SPS_EXT || type == NAL_FILLER;
}

/* Is that very set in the sample entry? */
static gboolean
is_known (const GstArclyFmp4H264 *h264, const guint8 *nal, gsize nal_size)
{
  gboolean is_sps = GST_ARCLY_H264_NAL_TYPE (nal) == GST_ARCLY_H264_NAL_SPS;
  guint n = 0, i;

  if (h264->config)
    n = is_sps ? gst_arcly_h264_config_get_n_sps (h264->config)
               : gst_arcly_h264_config_get_n_pps (h264->config);
  for (i = 0; i < n; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (
        is_sps ? gst_arcly_h264_config_get_sps (h264->config, i)
               : gst_arcly_h264_config_get_pps (h264->config, i),
        &size);

    if (size == nal_size && memcmp (data, nal, size) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Adds a set to those that this access unit has. */
static gboolean
take_set (const GstArclyFmp4H264 *h264, GstArclyH264Config **found,
    const guint8 *nal, gsize nal_size)
{
  if (nal_size > MAX_SET_SIZE)
    return FALSE;
  if (!*found)
    *found =
        gst_arcly_h264_config_new (h264->length_size ? h264->length_size : 4);
  return gst_arcly_h264_config_add (*found, nal, nal_size, NULL);
}

gboolean
gst_arcly_fmp4_h264_read (GstArclyFmp4H264 *h264, const guint8 *data,
    gsize size, gboolean keyframe, GstArclyFmp4Sized *sample, GError **error)
{
  g_autoptr (GstArclyH264Config) found = NULL;
  gboolean is_idr = FALSE, is_new = FALSE, is_lost = FALSE;
  gint picture = NO_PICTURE;
  GstArclyH264NalIter iter;
  const guint8 *nal;
  gsize nal_size;

  gst_arcly_fmp4_sized_reset (sample);
  gst_arcly_h264_nal_iter_init (&iter, data, size, h264->length_size);
  while (gst_arcly_h264_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_H264_NAL_TYPE (nal);

    if (picture == NO_PICTURE && GST_ARCLY_H264_NAL_IS_VCL (type))
      picture = gst_arcly_h264_slice_type (nal, nal_size);
    is_idr |= type == GST_ARCLY_H264_NAL_IDR;
    if (type == GST_ARCLY_H264_NAL_SEI && !keyframe)
      keyframe = gst_arcly_h264_sei_has_recovery_point (nal, nal_size);
    if (IS_SET (type) && (h264->from_stream || !h264->in_band)) {
      is_new |= !is_known (h264, nal, nal_size);
      is_lost |= !take_set (h264, &found, nal, nal_size);
    }
    if (h264->length_size > 0 && (h264->in_band || !IS_SET (type)))
      gst_arcly_fmp4_sized_extend (
          sample, nal - data - h264->length_size, h264->length_size + nal_size);
    else if (h264->length_size == 0 && !is_left_out (type))
      gst_arcly_fmp4_sized_add (sample, nal - data, nal_size, TRUE);
  }
  if (iter.malformed || picture == NO_PICTURE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "an H.264 access unit of %" G_GSIZE_FORMAT " bytes %s", size,
        iter.malformed ? "has a NAL unit that is longer" : "has no picture");
    return FALSE;
  }
  sample->sync = is_idr || (keyframe && picture == SLICE_I);
  sample->open = sample->sync && !is_idr;
  if (found && sample->sync && (is_new || h264->from_stream))
    sample->new_config = use_sets (h264, found);
  /* A decoder needs what the sample entry lacks. */
  if (h264->length_size > 0 && (is_lost || (is_new && !sample->new_config)))
    gst_arcly_fmp4_sized_keep (sample, size);
  return TRUE;
}
