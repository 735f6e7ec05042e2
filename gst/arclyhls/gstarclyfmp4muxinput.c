/* SPDX-License-Identifier: MIT
 *
 * How a unit becomes a sample. */
#include "config.h"

#include <gst/arcly/codec/gstarclyaac.h>

#include "gstarclyfmp4muxprivate.h"
#include "gstarclyfmp4muxprobe.h"

static void
want_entry (GstArclyFmp4MuxPad *pad, GBytes *entry)
{
  if (pad->wanted && g_bytes_equal (pad->wanted, entry))
    return;
  g_clear_pointer (&pad->wanted, g_bytes_unref);
  pad->wanted = g_bytes_ref (entry);
}

void
gst_arcly_fmp4_mux_adopt_entry (GstArclyFmp4MuxPad *pad)
{
  g_clear_pointer (&pad->entry, g_bytes_unref);
  pad->entry = g_bytes_ref (pad->wanted);
}

void
gst_arcly_fmp4_mux_use_format (
    GstArclyFmp4MuxPad *pad, GstArclyFmp4MuxFormat *format)
{
  if (pad->active == format)
    return;
  g_clear_pointer (&pad->active, gst_arcly_fmp4_mux_format_unref);
  pad->active = gst_arcly_fmp4_mux_format_ref (format);
  g_clear_pointer (&pad->nal, gst_arcly_fmp4_nal_free);
  if (format->codec == GST_ARCLY_FMP4_MUX_NAL)
    pad->nal = gst_arcly_fmp4_mux_format_make_nal (format);
  if (format->entry)
    want_entry (pad, format->entry);
}

static gboolean
read_nal (GstArclyFmp4MuxPad *pad, const GstMapInfo *map, gboolean keyframe,
    GstArclyFmp4Sized *sample, GError **error)
{
  g_autoptr (GBytes) entry = NULL;

  if (!gst_arcly_fmp4_nal_read (
          pad->nal, map->data, map->size, keyframe, sample, error))
    return FALSE;
  if (!sample->new_config)
    return TRUE;
  entry = gst_arcly_fmp4_mux_format_nal_entry (pad->active, pad->nal, error);
  if (!entry)
    return FALSE;
  want_entry (pad, entry);
  return TRUE;
}

static gboolean
read_adts (GstArclyFmp4MuxPad *pad, const GstMapInfo *map,
    GstArclyFmp4MuxUnit *unit, GError **error)
{
  GstArclyAacConfig aac = { .frame_samples = 1024 };
  g_autoptr (GBytes) config = NULL;
  g_autoptr (GBytes) entry = NULL;
  GstArclyAdtsHeader adts;

  if (!gst_arcly_adts_header_parse (map->data, map->size, &adts, error))
    return FALSE;
  unit->skip = adts.header_size;
  unit->sample.size = map->size - adts.header_size;
  aac.object_type = adts.object_type;
  aac.rate = adts.rate;
  aac.channel_configuration = adts.channel_configuration;
  aac.channels =
      adts.channel_configuration == 7 ? 8 : adts.channel_configuration;
  if (aac.channel_configuration == pad->adts.channel_configuration &&
      aac.rate == pad->adts.rate && aac.object_type == pad->adts.object_type)
    return TRUE;
  config = gst_arcly_aac_config_to_bytes (&aac, error);
  if (!config)
    return FALSE;
  entry = gst_arcly_fmp4_mux_format_aac_entry (&aac, config);
  want_entry (pad, entry);
  pad->adts = adts;
  return TRUE;
}

static gboolean
read_plain (GstArclyFmp4MuxPad *pad, const GstMapInfo *map, gboolean keyframe,
    GstArclyFmp4MuxUnit *unit, GError **error)
{
  GstArclyFmp4MuxProbe probe;

  if (!gst_arcly_fmp4_mux_probe_unit (
          pad->active, map, keyframe, &probe, error))
    return FALSE;
  /* Each frame of sound can be decoded alone. */
  unit->sample.sync = probe.sync || !GST_ARCLY_MUX_PAD (pad)->is_video;
  unit->skip = probe.skip;
  unit->duration = probe.duration;
  unit->sample.size = map->size - probe.skip;
  if (probe.entry)
    want_entry (pad, probe.entry);
  g_clear_pointer (&probe.entry, g_bytes_unref);
  return TRUE;
}

/* Each frame can be decoded alone, and the caps tell all else. */
static gboolean
is_opaque (GstArclyFmp4MuxCodec codec)
{
  return codec == GST_ARCLY_FMP4_MUX_AAC_RAW ||
         codec == GST_ARCLY_FMP4_MUX_FLAC;
}

gboolean
gst_arcly_fmp4_mux_read (
    GstArclyFmp4Mux *self, const GstArclyMuxJob *job, GstArclyFmp4MuxUnit *unit)
{
  GstArclyFmp4MuxPad *pad = GST_ARCLY_FMP4_MUX_PAD (job->pad);
  GstBuffer *buffer = job->item.buffer;
  gboolean keyframe =
      !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  g_autoptr (GError) error = NULL;
  gboolean ok = TRUE;
  GstMapInfo map;

  *unit = (GstArclyFmp4MuxUnit){
    .job = job,
    .pad = pad,
    .sample = { .pieces = self->pieces, .sync = TRUE },
  };
  g_array_set_size (self->pieces, 0);
  gst_arcly_fmp4_mux_use_format (pad, job->item.format);
  unit->sample.size = job->item.size;
  if (is_opaque (pad->active->codec))
    return TRUE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    GST_WARNING_OBJECT (pad, "buffer cannot be read, dropped");
    return FALSE;
  }
  if (pad->active->codec == GST_ARCLY_FMP4_MUX_NAL)
    ok = read_nal (pad, &map, keyframe, &unit->sample, &error);
  else if (pad->active->codec == GST_ARCLY_FMP4_MUX_AAC_ADTS)
    ok = read_adts (pad, &map, unit, &error);
  else
    ok = read_plain (pad, &map, keyframe, unit, &error);
  gst_buffer_unmap (buffer, &map);
  if (!ok && !pad->warned_malformed) {
    pad->warned_malformed = TRUE;
    GST_WARNING_OBJECT (pad, "dropped: %s", error->message);
  }
  return ok;
}

/* Shorter than this (parameters, SEI), a copy costs less than to share. */
#define SMALL_NAL 128

static void
add_piece (GstArclyFmp4Payload *payload, GstBuffer *buffer,
    const GstArclyFmp4Piece *piece)
{
  guint8 head[4 + SMALL_NAL];

  if (!piece->prefix) {
    gst_arcly_fmp4_payload_add (payload, buffer, piece->offset, piece->size);
    return;
  }
  GST_WRITE_UINT32_BE (head, piece->size);
  if (piece->size <= SMALL_NAL) {
    gst_buffer_extract (buffer, piece->offset, head + 4, piece->size);
    gst_arcly_fmp4_payload_add_bytes (payload, head, 4 + piece->size);
    return;
  }
  gst_arcly_fmp4_payload_add_bytes (payload, head, 4);
  gst_arcly_fmp4_payload_add (payload, buffer, piece->offset, piece->size);
}

void
gst_arcly_fmp4_mux_add_payload (const GstArclyFmp4MuxUnit *unit)
{
  GstArclyFmp4Payload *payload = &unit->pad->payload;
  GstBuffer *buffer = unit->job->item.buffer;
  guint i;

  if (unit->sample.pieces->len == 0)
    gst_arcly_fmp4_payload_add (payload, buffer, unit->skip, unit->sample.size);
  for (i = 0; i < unit->sample.pieces->len; i++)
    add_piece (payload, buffer,
        &g_array_index (unit->sample.pieces, GstArclyFmp4Piece, i));
}
