/* SPDX-License-Identifier: MIT
 *
 * Sound: a frame is much smaller than what a PES costs in headers and in the
 * rest of its last packet, so frames that follow each other share one. */
#include "config.h"

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/gstarclyerror.h>
#include <gst/audio/audio.h>

#include "gstarclytsmuxprivate.h"
#include "mpegtsaudio.h"

/* PES_packet_length: 16 bits, of which 8 bytes are ours. */
#define MAX_PES (G_MAXUINT16 - 8)
/* A tick of 90 kHz: no frame gets another time than it would have alone. */
#define TOLERANCE_NS 11112
/* To milliseconds; sums of durations are rounded, too. */
#define MAX_ROUNDING_NS ((gint64) GST_MSECOND + TOLERANCE_NS)
/* "Opus in MPEG-TS": 13 bits, in samples at 48 kHz. */
#define MAX_TRIM 8191

typedef struct {
  guint8 head[GST_ARCLY_TS_OPUS_CONTROL_MAX];
  guint head_size;
  gint64 duration; /* by its own headers, 0 if they don't tell */
} Frame;

static guint
to_trim (guint64 samples)
{
  return (guint) MIN (samples, MAX_TRIM);
}

static gboolean
read_opus (
    GstBuffer *buffer, const GstMapInfo *map, Frame *frame, GError **error)
{
  GstAudioClippingMeta *clip = gst_buffer_get_audio_clipping_meta (buffer);
  guint start = 0, end = 0;

  if (!gst_arcly_ts_opus_measure (
          map->data, map->size, &frame->duration, error))
    return FALSE;
  if (clip && clip->format == GST_FORMAT_DEFAULT) {
    start = to_trim (clip->start);
    end = to_trim (clip->end);
  }
  frame->head_size =
      gst_arcly_ts_opus_control_write (frame->head, map->size, start, end);
  /* A demuxer does not count what is cut off. */
  if (start > 0 || end > 0)
    frame->duration = 0;
  return TRUE;
}

static gboolean
read_frame (const GstArclyTsMuxFormat *format, GstBuffer *buffer,
    const GstMapInfo *map, Frame *frame, GError **error)
{
  frame->head_size = 0;
  switch (format->codec) {
    case GST_ARCLY_TS_MUX_AAC_RAW:
      frame->head_size = GST_ARCLY_ADTS_HEADER_SIZE;
      /* ADTS has no frames of 960 samples. */
      frame->duration = (gint64) gst_util_uint64_scale_round (
          GST_SECOND, 1024, MAX (format->aac.rate, 1));
      return gst_arcly_adts_header_write (
          &format->aac, map->size, frame->head, error);
    case GST_ARCLY_TS_MUX_AAC_ADTS:
      return gst_arcly_ts_adts_measure (
          map->data, map->size, &frame->duration, error);
    case GST_ARCLY_TS_MUX_MPEG_AUDIO:
      return gst_arcly_ts_mpeg_audio_measure (
          map->data, map->size, &frame->duration, error);
    case GST_ARCLY_TS_MUX_AC3:
      return gst_arcly_ts_ac3_measure (
          map->data, map->size, &frame->duration, error);
    case GST_ARCLY_TS_MUX_OPUS:
      return read_opus (buffer, map, frame, error);
    default:
      g_assert_not_reached (); /* not sound */
  }
}

static gboolean
is_open (const GstArclyTsMuxPack *pack)
{
  return pack->bytes && pack->bytes->len > 0;
}

static void
close_pack (GstArclyTsMux *self, GstArclyTsMuxPad *pad)
{
  if (pad->pack.bytes)
    g_byte_array_set_size (pad->pack.bytes, 0);
  g_ptr_array_remove (self->packing, pad);
}

void
gst_arcly_ts_mux_pack_write (GstArclyTsMux *self, GstArclyTsMuxPad *pad)
{
  const GstArclyTsMuxPack *pack = &pad->pack;
  GstArclyTsMuxUnit unit = {
    .pad = pad,
    .payload = &self->pack_gather,
    .pts = pack->pts,
    .dts = pack->pts,
    .duration = pack->duration,
    .may_cut = pack->may_cut,
    .random_access = TRUE,
    .leftover = pack->leftover,
    .turns = pack->turns,
    .discont = pack->discont,
    .jumped = pack->jumped,
  };

  if (!is_open (pack))
    return;
  gst_arcly_ts_gather_reset (&self->pack_gather);
  gst_arcly_ts_gather_add (
      &self->pack_gather, pack->bytes->data, pack->bytes->len);
  gst_arcly_ts_mux_output_write (self, &unit);
  close_pack (self, pad);
}

void
gst_arcly_ts_mux_pack_expire (GstArclyTsMux *self, gint64 dts, gboolean all)
{
  guint i = 0;

  while (i < self->packing->len) {
    GstArclyTsMuxPad *pad = g_ptr_array_index (self->packing, i);

    if (all || dts - pad->pack.pts > self->audio_delay)
      gst_arcly_ts_mux_pack_write (self, pad);
    else
      i++;
  }
}

void
gst_arcly_ts_mux_pack_drop (GstArclyTsMux *self, GstArclyTsMuxPad *pad)
{
  if (pad) {
    if (is_open (&pad->pack))
      close_pack (self, pad);
    return;
  }
  while (self->packing && self->packing->len > 0)
    close_pack (self, g_ptr_array_index (self->packing, 0));
}

/* May one more frame of such a length wait for more to come? Not where each
 * PES brings the clock: packets with nothing but a clock cost more than is
 * saved. */
static gboolean
has_time (GstArclyTsMux *self, GstArclyTsMuxPad *pad, gint64 duration)
{
  if (duration <= 0 || pad->pack.duration > self->audio_delay)
    return FALSE;
  return !gst_arcly_ts_writer_bears_clock (self->writer, pad->stream) ||
         pad->pack.duration + duration <= self->clock_interval;
}

/* RTMP, FLV and Matroska round times to milliseconds, up or down: what is where
 * the frames before end but for that begins there. It is never more than the
 * rounding away from what came, so it cannot drift. */
static gint64
unround (const GstArclyTsMuxPack *pack, const GstArclyMuxItem *item)
{
  gint64 end = pack->pts + pack->duration;

  if (pack->duration == 0 || item->discont || item->jumped ||
      GST_BUFFER_PTS (item->buffer) % GST_MSECOND != 0 ||
      ABS (item->pts - end) > MAX_ROUNDING_NS)
    return item->pts;
  return end;
}

/* Is the frame what a demuxer would take it for behind those that wait? */
static gboolean
continues (const GstArclyTsMuxPack *pack, const GstArclyMuxJob *job, gint64 pts,
    gsize size)
{
  const GstArclyMuxItem *item = &job->item;
  gint64 off = pts - (pack->pts + pack->duration);

  return !item->discont && !item->jumped && !job->turns &&
         ABS (off) <= TOLERANCE_NS && job->may_cut == pack->may_cut &&
         job->leftover == pack->leftover && pack->bytes->len + size <= MAX_PES;
}

gboolean
gst_arcly_ts_mux_pack_add (GstArclyTsMux *self, GstArclyMuxJob *job,
    const GstMapInfo *map, GError **error)
{
  GstArclyTsMuxPad *pad = GST_ARCLY_TS_MUX_PAD (job->pad);
  GstArclyTsMuxPack *pack = &pad->pack;
  Frame frame;
  gint64 pts;

  if (map->size > MAX_PES - sizeof frame.head) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "audio of %" G_GSIZE_FORMAT " bytes in one buffer", map->size);
    return FALSE;
  }
  if (!read_frame (job->item.format, job->item.buffer, map, &frame, error))
    return FALSE;

  pts = unround (pack, &job->item);
  if (is_open (pack) &&
      !continues (pack, job, pts, frame.head_size + map->size))
    gst_arcly_ts_mux_pack_write (self, pad);
  if (!pack->bytes)
    pack->bytes = g_byte_array_new ();
  if (!is_open (pack)) {
    pack->pts = pts;
    pack->duration = 0;
    pack->may_cut = job->may_cut;
    pack->leftover = job->leftover;
    pack->turns = job->turns;
    pack->discont = job->item.discont;
    pack->jumped = job->item.jumped;
    g_ptr_array_add (self->packing, gst_object_ref (pad));
  }
  g_byte_array_append (pack->bytes, frame.head, frame.head_size);
  g_byte_array_append (pack->bytes, map->data, map->size);
  pack->duration += frame.duration > 0 ? frame.duration : job->item.duration;
  if (!has_time (self, pad, frame.duration))
    gst_arcly_ts_mux_pack_write (self, pad);
  return TRUE;
}
