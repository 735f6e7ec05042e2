/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpcolor.h"

#include "rtmp/rtmpamf.h"

/* Units of GStreamer: 1/50000 of the CIE 1931 plane, 1/10000 cd/m2. */
#define CHROMATICITY_UNITS 50000
#define LUMINANCE_UNITS 10000
#define MAX_NITS 10000

static const GstArclyAmfLimits limits = { .max_depth = 8, .max_values = 128 };

/* 2 is "unspecified" in each table of ITU-T H.273. */
static guint
get_iso (const GstArclyAmfValue *config, const gchar *name)
{
  gdouble value = gst_arcly_amf_value_get_number (config, name, 2);

  return value >= 0 && value <= 255 ? (guint) value : 2;
}

static void
read_config (GstArclyRtmpColor *color, const GstArclyAmfValue *config)
{
  GstVideoColorimetry *cinfo = &color->colorimetry;
  gdouble depth = gst_arcly_amf_value_get_number (config, "bitDepth", 0);

  if (depth >= 1 && depth <= 16)
    color->bit_depth = (guint) depth;
  cinfo->range = GST_VIDEO_COLOR_RANGE_16_235;
  cinfo->primaries =
      gst_video_color_primaries_from_iso (get_iso (config, "colorPrimaries"));
  cinfo->transfer = gst_video_transfer_function_from_iso (
      get_iso (config, "transferCharacteristics"));
  cinfo->matrix =
      gst_video_color_matrix_from_iso (get_iso (config, "matrixCoefficients"));
  color->has_colorimetry =
      cinfo->primaries != GST_VIDEO_COLOR_PRIMARIES_UNKNOWN &&
      cinfo->transfer != GST_VIDEO_TRANSFER_UNKNOWN &&
      cinfo->matrix != GST_VIDEO_COLOR_MATRIX_UNKNOWN;
}

/* FALSE: missing, or not from 0 to @max. Written so that NaN fails, too. */
static gboolean
get_scaled (const GstArclyAmfValue *object, const gchar *name, gdouble max,
    guint units, guint32 *scaled)
{
  gdouble value = gst_arcly_amf_value_get_number (object, name, -1);

  if (!(value >= 0 && value <= max))
    return FALSE;
  *scaled = (guint32) (value * units + 0.5);
  return TRUE;
}

static void
read_light_level (GstArclyRtmpColor *color, const GstArclyAmfValue *cll)
{
  guint32 max = 0, average = 0;

  if (!get_scaled (cll, "maxCLL", MAX_NITS, 1, &max) ||
      !get_scaled (cll, "maxFall", MAX_NITS, 1, &average))
    return;
  gst_video_content_light_level_init (&color->light_level);
  color->light_level.max_content_light_level = max;
  color->light_level.max_frame_average_light_level = average;
  color->has_light_level = TRUE;
}

static gboolean
get_point (const GstArclyAmfValue *object, const gchar *x_name,
    const gchar *y_name, GstVideoMasteringDisplayInfoCoordinates *point)
{
  guint32 x = 0, y = 0;

  if (!get_scaled (object, x_name, 1, CHROMATICITY_UNITS, &x) ||
      !get_scaled (object, y_name, 1, CHROMATICITY_UNITS, &y))
    return FALSE;
  point->x = x;
  point->y = y;
  return TRUE;
}

static void
read_display (GstArclyRtmpColor *color, const GstArclyAmfValue *mdcv)
{
  GstVideoMasteringDisplayInfo *display = &color->display;

  gst_video_mastering_display_info_init (display);
  color->has_display =
      get_point (mdcv, "redX", "redY", &display->display_primaries[0]) &&
      get_point (mdcv, "greenX", "greenY", &display->display_primaries[1]) &&
      get_point (mdcv, "blueX", "blueY", &display->display_primaries[2]) &&
      get_point (mdcv, "whitePointX", "whitePointY", &display->white_point) &&
      get_scaled (mdcv, "maxLuminance", MAX_NITS, LUMINANCE_UNITS,
          &display->max_display_mastering_luminance) &&
      get_scaled (mdcv, "minLuminance", MAX_NITS, LUMINANCE_UNITS,
          &display->min_display_mastering_luminance);
}

/* An undefined or empty colorInfo takes back what was said before. */
static void
read_color_info (GstArclyRtmpColor *color, const GstArclyAmfValue *info)
{
  const GstArclyAmfValue *config =
      gst_arcly_amf_value_get (info, "colorConfig");
  const GstArclyAmfValue *cll = gst_arcly_amf_value_get (info, "hdrCll");
  const GstArclyAmfValue *mdcv = gst_arcly_amf_value_get (info, "hdrMdcv");

  *color = (GstArclyRtmpColor){ 0 };
  if (config)
    read_config (color, config);
  if (cll)
    read_light_level (color, cll);
  if (mdcv)
    read_display (color, mdcv);
}

gboolean
gst_arcly_rtmp_color_read (
    GstArclyRtmpColor *color, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GPtrArray) values =
      gst_arcly_amf_read (data, size, &limits, error);
  guint i;

  if (values == NULL) {
    g_prefix_error (error, "video metadata: ");
    return FALSE;
  }
  for (i = 0; i + 1 < values->len; i += 2) {
    const gchar *name =
        gst_arcly_amf_value_string (g_ptr_array_index (values, i));

    if (g_strcmp0 (name, "colorInfo") == 0)
      read_color_info (color, g_ptr_array_index (values, i + 1));
  }
  return TRUE;
}

void
gst_arcly_rtmp_color_add_to_caps (const GstArclyRtmpColor *color, GstCaps *caps)
{
  if (color->has_colorimetry) {
    g_autofree gchar *text =
        gst_video_colorimetry_to_string (&color->colorimetry);

    gst_caps_set_simple (caps, "colorimetry", G_TYPE_STRING, text, NULL);
  }
  if (color->bit_depth > 0)
    gst_caps_set_simple (caps, "bit-depth-luma", G_TYPE_UINT, color->bit_depth,
        "bit-depth-chroma", G_TYPE_UINT, color->bit_depth, NULL);
  if (color->has_light_level)
    gst_video_content_light_level_add_to_caps (&color->light_level, caps);
  if (color->has_display)
    gst_video_mastering_display_info_add_to_caps (&color->display, caps);
}

/* Writing */

static gboolean
color_from_caps (GstArclyRtmpColor *color, const GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  const gchar *text = gst_structure_get_string (structure, "colorimetry");

  *color = (GstArclyRtmpColor){ 0 };
  gst_structure_get_uint (structure, "bit-depth-luma", &color->bit_depth);
  color->has_colorimetry =
      text && gst_video_colorimetry_from_string (&color->colorimetry, text);
  color->has_light_level =
      gst_video_content_light_level_from_caps (&color->light_level, caps);
  color->has_display =
      gst_video_mastering_display_info_from_caps (&color->display, caps);
  return color->has_colorimetry || color->has_light_level || color->has_display;
}

static GstArclyAmfValue *
write_config (const GstArclyRtmpColor *color)
{
  const GstVideoColorimetry *cinfo = &color->colorimetry;
  GstArclyAmfValue *config = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  if (color->bit_depth > 0)
    gst_arcly_amf_value_add_number (config, "bitDepth", color->bit_depth);
  gst_arcly_amf_value_add_number (config, "colorPrimaries",
      gst_video_color_primaries_to_iso (cinfo->primaries));
  gst_arcly_amf_value_add_number (config, "transferCharacteristics",
      gst_video_transfer_function_to_iso (cinfo->transfer));
  gst_arcly_amf_value_add_number (config, "matrixCoefficients",
      gst_video_color_matrix_to_iso (cinfo->matrix));
  return config;
}

static GstArclyAmfValue *
write_light_level (const GstVideoContentLightLevel *level)
{
  GstArclyAmfValue *cll = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_number (
      cll, "maxFall", level->max_frame_average_light_level);
  gst_arcly_amf_value_add_number (
      cll, "maxCLL", level->max_content_light_level);
  return cll;
}

static void
add_point (GstArclyAmfValue *object, const gchar *x_name, const gchar *y_name,
    const GstVideoMasteringDisplayInfoCoordinates *point)
{
  gst_arcly_amf_value_add_number (
      object, x_name, (gdouble) point->x / CHROMATICITY_UNITS);
  gst_arcly_amf_value_add_number (
      object, y_name, (gdouble) point->y / CHROMATICITY_UNITS);
}

static GstArclyAmfValue *
write_display (const GstVideoMasteringDisplayInfo *display)
{
  GstArclyAmfValue *mdcv = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  add_point (mdcv, "redX", "redY", &display->display_primaries[0]);
  add_point (mdcv, "greenX", "greenY", &display->display_primaries[1]);
  add_point (mdcv, "blueX", "blueY", &display->display_primaries[2]);
  add_point (mdcv, "whitePointX", "whitePointY", &display->white_point);
  gst_arcly_amf_value_add_number (mdcv, "maxLuminance",
      (gdouble) display->max_display_mastering_luminance / LUMINANCE_UNITS);
  gst_arcly_amf_value_add_number (mdcv, "minLuminance",
      (gdouble) display->min_display_mastering_luminance / LUMINANCE_UNITS);
  return mdcv;
}

GBytes *
gst_arcly_rtmp_color_write (const GstCaps *caps, gboolean take_back)
{
  g_autoptr (GstArclyAmfValue) info =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GByteArray *body;
  GstArclyRtmpColor color;

  if (!color_from_caps (&color, caps) && !take_back)
    return NULL;
  if (color.has_colorimetry)
    gst_arcly_amf_value_add (info, "colorConfig", write_config (&color));
  if (color.has_light_level)
    gst_arcly_amf_value_add (
        info, "hdrCll", write_light_level (&color.light_level));
  if (color.has_display)
    gst_arcly_amf_value_add (info, "hdrMdcv", write_display (&color.display));
  body = g_byte_array_new ();
  gst_arcly_amf_write_string ("colorInfo", body);
  gst_arcly_amf_value_write (info, body);
  return g_byte_array_free_to_bytes (body);
}
