/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpcapabilities.h"

#include <string.h>

/* FourCcInfoMask. */
#define CAN_DECODE 0x01
#define CAN_FORWARD 0x04

static const gchar *const map_names[] = {
  [GST_ARCLY_FLV_EX_AUDIO] = "audioFourCcInfoMap",
  [GST_ARCLY_FLV_EX_VIDEO] = "videoFourCcInfoMap",
};

static const gchar *const own_video[] = { "avc1", "hvc1", "av01", "vp09",
  "vp08", NULL };
static const gchar *const own_audio[] = { "mp4a", "Opus", "fLaC", "ac-3",
  "ec-3", ".mp3", NULL };

static void
set_any (GstArclyRtmpCapabilities *capabilities, GstArclyFlvExKind kind)
{
  if (kind == GST_ARCLY_FLV_EX_VIDEO)
    capabilities->any_video = TRUE;
  else
    capabilities->any_audio = TRUE;
}

/* The specification's own example has "Hvc1", "Avc1" and "Aac". */
static guint32
read_fourcc (const gchar *text)
{
  static const struct {
    const gchar *text;
    guint32 fourcc;
  } odd[] = {
    { "Hvc1", GST_ARCLY_FOURCC_HEVC },
    { "Avc1", GST_ARCLY_FOURCC_AVC },
    { "Aac", GST_ARCLY_FOURCC_AAC },
  };
  guint i;

  for (i = 0; text && i < G_N_ELEMENTS (odd); i++) {
    if (strcmp (text, odd[i].text) == 0)
      return odd[i].fourcc;
  }
  return gst_arcly_flv_fourcc_from_text (text);
}

static void
add_fourcc (GstArclyRtmpCapabilities *capabilities, const gchar *text)
{
  guint32 fourcc = read_fourcc (text);

  if (fourcc != 0 && capabilities->n_fourccs < GST_ARCLY_RTMP_MAX_FOURCCS)
    capabilities->fourccs[capabilities->n_fourccs++] = fourcc;
}

static void
read_list (GstArclyRtmpCapabilities *capabilities, const GstArclyAmfValue *list)
{
  guint i;

  for (i = 0; i < gst_arcly_amf_value_n_members (list); i++) {
    const gchar *text =
        gst_arcly_amf_value_string (gst_arcly_amf_value_member (list, i, NULL));

    if (g_strcmp0 (text, "*") == 0)
      capabilities->any_audio = capabilities->any_video = TRUE;
    else
      add_fourcc (capabilities, text);
  }
}

/* A client that can only encode a codec cannot be sent it. */
static void
read_map (GstArclyRtmpCapabilities *capabilities, GstArclyFlvExKind kind,
    const GstArclyAmfValue *map)
{
  guint i;

  for (i = 0; i < gst_arcly_amf_value_n_members (map); i++) {
    const gchar *name = NULL;
    gdouble mask = gst_arcly_amf_value_number (
        gst_arcly_amf_value_member (map, i, &name), 0);

    if (!(mask >= 0 && mask <= 255) ||
        !((guint) mask & (CAN_DECODE | CAN_FORWARD)))
      continue;
    if (g_strcmp0 (name, "*") == 0)
      set_any (capabilities, kind);
    else
      add_fourcc (capabilities, name);
  }
}

void
gst_arcly_rtmp_capabilities_read (
    GstArclyRtmpCapabilities *capabilities, const GstArclyAmfValue *command)
{
  const GstArclyAmfValue *list =
      gst_arcly_amf_value_get (command, "fourCcList");
  gdouble caps_ex = gst_arcly_amf_value_get_number (command, "capsEx", 0);
  guint kind;

  *capabilities = (GstArclyRtmpCapabilities){ 0 };
  capabilities->enhanced =
      list != NULL || gst_arcly_amf_value_get (command, "capsEx") != NULL;
  if (caps_ex >= 0 && caps_ex <= G_MAXINT32)
    capabilities->caps_ex = (guint) caps_ex;
  read_list (capabilities, list);
  for (kind = 0; kind < G_N_ELEMENTS (map_names); kind++) {
    const GstArclyAmfValue *map =
        gst_arcly_amf_value_get (command, map_names[kind]);

    capabilities->enhanced = capabilities->enhanced || map != NULL;
    read_map (capabilities, kind, map);
  }
}

gboolean
gst_arcly_rtmp_capabilities_accept (
    const GstArclyRtmpCapabilities *capabilities, GstArclyFlvExKind kind,
    guint32 fourcc)
{
  guint i;

  if (kind == GST_ARCLY_FLV_EX_VIDEO ? capabilities->any_video
                                     : capabilities->any_audio)
    return TRUE;
  for (i = 0; i < capabilities->n_fourccs; i++) {
    if (capabilities->fourccs[i] == fourcc)
      return TRUE;
  }
  return FALSE;
}

static void
add_own (GstArclyAmfValue *properties, GstArclyAmfValue *list,
    const gchar *name, const gchar *const *codecs)
{
  GstArclyAmfValue *map = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  for (; *codecs; codecs++) {
    gst_arcly_amf_value_add (
        list, NULL, gst_arcly_amf_value_new_string (*codecs));
    gst_arcly_amf_value_add_number (map, *codecs, CAN_FORWARD);
  }
  gst_arcly_amf_value_add (properties, name, map);
}

void
gst_arcly_rtmp_capabilities_add_own (GstArclyAmfValue *properties)
{
  GstArclyAmfValue *list = gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);

  add_own (properties, list, map_names[GST_ARCLY_FLV_EX_VIDEO], own_video);
  add_own (properties, list, map_names[GST_ARCLY_FLV_EX_AUDIO], own_audio);
  gst_arcly_amf_value_add (properties, "fourCcList", list);
  gst_arcly_amf_value_add_number (properties, "capsEx",
      GST_ARCLY_RTMP_CAPS_MULTITRACK | GST_ARCLY_RTMP_CAPS_MOD_EX |
          GST_ARCLY_RTMP_CAPS_NANOSECONDS);
}
