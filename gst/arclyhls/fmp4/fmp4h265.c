/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclynal.h>
#include <gst/arcly/gstarclyerror.h>

#include "fmp4h265.h"

#define NAL_IDR_W_RADL 19
#define NAL_IDR_N_LP 20
#define NAL_FILLER 38
#define NO_PICTURE 64
#define N_SETS 3
#define FIRST_SET GST_ARCLY_H265_NAL_VPS
#define IS_SET(type) ((type) >= FIRST_SET && (type) < FIRST_SET + N_SETS)
/* Scaling lists make some kB; more is an attack on our memory. */
#define MAX_SET_SIZE 16384

struct _GstArclyFmp4H265 {
  guint length_size;          /* 0: byte stream */
  GstArclyH265Config *config; /* owned, NULL if not known yet */
  gboolean from_stream;       /* config is made of what is in the stream */
  gboolean in_band;           /* sets stay in the samples */
};

static gboolean
is_complete (const GstArclyH265Config *config)
{
  guint i;

  for (i = 0; i < N_SETS; i++) {
    if (gst_arcly_h265_config_get_n_nals (config, FIRST_SET + i) == 0)
      return FALSE;
  }
  return TRUE;
}

GstArclyFmp4H265 *
gst_arcly_fmp4_h265_new (GstArclyH265Config *config, gboolean in_band)
{
  GstArclyFmp4H265 *h265 = g_new0 (GstArclyFmp4H265, 1);

  h265->in_band = in_band;
  if (config)
    h265->length_size = gst_arcly_h265_config_get_nal_length_size (config);
  if (config && is_complete (config))
    h265->config = gst_arcly_h265_config_ref (config);
  else
    h265->from_stream = TRUE;
  return h265;
}

void
gst_arcly_fmp4_h265_free (GstArclyFmp4H265 *h265)
{
  g_clear_pointer (&h265->config, gst_arcly_h265_config_unref);
  g_free (h265);
}

GstArclyH265Config *
gst_arcly_fmp4_h265_get_config (GstArclyFmp4H265 *h265)
{
  return h265->config;
}

static gboolean
same_config (const GstArclyH265Config *a, const GstArclyH265Config *b)
{
  g_autoptr (GBytes) left = gst_arcly_h265_config_to_bytes (a, TRUE, NULL);
  g_autoptr (GBytes) right = gst_arcly_h265_config_to_bytes (b, TRUE, NULL);

  return left && right && g_bytes_equal (left, right);
}

/* Kinds of sets that are not in this key frame stay as they were. */
static gboolean
complete_sets (GstArclyFmp4H265 *h265, GstArclyH265Config *found)
{
  guint type, i;

  for (type = FIRST_SET; h265->config && type < FIRST_SET + N_SETS; type++) {
    guint n = gst_arcly_h265_config_get_n_nals (found, type) > 0
                  ? 0
                  : gst_arcly_h265_config_get_n_nals (h265->config, type);

    for (i = 0; i < n; i++) {
      gsize size;
      const guint8 *nal = g_bytes_get_data (
          gst_arcly_h265_config_get_nal (h265->config, type, i), &size);

      if (!gst_arcly_h265_config_add (found, nal, size, NULL))
        return FALSE;
    }
  }
  return is_complete (found);
}

/* Is that very set in the sample entry? */
static gboolean
is_known (const GstArclyFmp4H265 *h265, const guint8 *nal, gsize nal_size)
{
  guint type = GST_ARCLY_NAL_TYPE_H265 (nal);
  guint n =
      h265->config ? gst_arcly_h265_config_get_n_nals (h265->config, type) : 0;
  guint i;

  for (i = 0; i < n; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (
        gst_arcly_h265_config_get_nal (h265->config, type, i), &size);

    if (size == nal_size && memcmp (data, nal, size) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
use_sets (GstArclyFmp4H265 *h265, GstArclyH265Config *found)
{
  if (gst_arcly_h265_config_get_n_nals (found, GST_ARCLY_H265_NAL_SPS) == 0 ||
      !complete_sets (h265, found))
    return FALSE;
  if (h265->config && same_config (h265->config, found))
    return FALSE;
  g_clear_pointer (&h265->config, gst_arcly_h265_config_unref);
  h265->config = gst_arcly_h265_config_ref (found);
  return TRUE;
}

/* Adds a set to those that this access unit has. */
static gboolean
take_set (const GstArclyFmp4H265 *h265, GstArclyH265Config **found,
    const guint8 *nal, gsize nal_size)
{
  if (nal_size > MAX_SET_SIZE)
    return FALSE;
  if (!*found)
    *found =
        gst_arcly_h265_config_new (h265->length_size ? h265->length_size : 4);
  return gst_arcly_h265_config_add (*found, nal, nal_size, NULL);
}

gboolean
gst_arcly_fmp4_h265_read (GstArclyFmp4H265 *h265, const guint8 *data,
    gsize size, GstArclyFmp4Sized *sample, GError **error)
{
  g_autoptr (GstArclyH265Config) found = NULL;
  gboolean is_new = FALSE, is_lost = FALSE;
  guint picture = NO_PICTURE;
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize nal_size;

  gst_arcly_fmp4_sized_reset (sample);
  gst_arcly_nal_iter_init (&iter, data, size, h265->length_size);
  while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_NAL_TYPE_H265 (nal);

    if (picture == NO_PICTURE && GST_ARCLY_H265_NAL_IS_VCL (type))
      picture = type;
    if (IS_SET (type) && (h265->from_stream || !h265->in_band)) {
      is_new |= !is_known (h265, nal, nal_size);
      is_lost |= !take_set (h265, &found, nal, nal_size);
    }
    if (h265->length_size > 0 && (h265->in_band || !IS_SET (type)))
      gst_arcly_fmp4_sized_extend (
          sample, nal - data - h265->length_size, h265->length_size + nal_size);
    else if (h265->length_size == 0 && !IS_SET (type) &&
             type != GST_ARCLY_H265_NAL_AUD && type != NAL_FILLER)
      gst_arcly_fmp4_sized_add (sample, nal - data, nal_size, TRUE);
  }
  if (iter.malformed || picture == NO_PICTURE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "an H.265 access unit of %" G_GSIZE_FORMAT " bytes %s", size,
        iter.malformed ? "has a NAL unit that is longer" : "has no picture");
    return FALSE;
  }
  sample->sync = GST_ARCLY_H265_NAL_IS_IRAP (picture);
  sample->open =
      sample->sync && picture != NAL_IDR_W_RADL && picture != NAL_IDR_N_LP;
  if (found && sample->sync && (is_new || h265->from_stream))
    sample->new_config = use_sets (h265, found);
  /* A decoder needs what the sample entry lacks. */
  if (h265->length_size > 0 && (is_lost || (is_new && !sample->new_config)))
    gst_arcly_fmp4_sized_keep (sample, size);
  return TRUE;
}
