/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpcodec.h"
#include "rtmpcolor.h"
#include "rtmpdata.h"
#include "rtmpdemux.h"
#include "rtmpformat.h"
#include "rtmppacket.h"
#include "rtmptags.h"

typedef struct {
  gboolean announced; /* by metadata, as a codec we can use */
  gboolean unusable;  /* of a codec that we cannot use */
  guint told;         /* bits: codes of the errors that were returned */
  gboolean waiting_for_key;
  guint32 fourcc;     /* codec of "header" and "caps" */
  GBytes *header;     /* last sequence header */
  GstCaps *base_caps; /* what header and frames say */
  GstCaps *caps;      /* and metadata; kept back or given out */
  GstArclyRtmpColor color;
  GstClockTime duration; /* of a frame */
  GstTagList *tags;
} Track;

struct _GstArclyRtmpDemux {
  gboolean ready;
  gboolean described; /* metadata told which tracks there are */
  GstArclyAmfValue *metadata;
  Track tracks[GST_ARCLY_RTMP_N_TRACKS];

  GQueue units; /* (element-type GstArclyRtmpUnit), owned */
  gsize held_bytes;
  gboolean held_any;
  gint64 held_min, held_max; /* ms */

  guint64 dropped;
  guint64 ignored;
};

static const GstArclyFlvExKind ex_kinds[GST_ARCLY_RTMP_N_KINDS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = GST_ARCLY_FLV_EX_VIDEO,
  [GST_ARCLY_RTMP_TRACK_AUDIO] = GST_ARCLY_FLV_EX_AUDIO,
};

static const gchar *const codec_keys[GST_ARCLY_RTMP_N_KINDS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "videocodecid",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audiocodecid",
};

/* Objects whose members are metadata of one track each, named by its id. */
static const gchar *const map_keys[GST_ARCLY_RTMP_N_KINDS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "videoTrackIdInfoMap",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audioTrackIdInfoMap",
};

static const gchar *const bitrate_keys[GST_ARCLY_RTMP_N_KINDS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "videodatarate",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audiodatarate",
};

void
gst_arcly_rtmp_unit_free (GstArclyRtmpUnit *unit)
{
  gst_clear_caps (&unit->caps);
  gst_clear_event (&unit->event);
  gst_clear_buffer (&unit->buffer);
  g_free (unit);
}

GstArclyRtmpDemux *
gst_arcly_rtmp_demux_new (void)
{
  GstArclyRtmpDemux *demux = g_new0 (GstArclyRtmpDemux, 1);

  guint i;

  g_queue_init (&demux->units);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++)
    demux->tracks[i].waiting_for_key =
        GST_ARCLY_RTMP_TRACK_KIND (i) == GST_ARCLY_RTMP_TRACK_VIDEO;
  return demux;
}

void
gst_arcly_rtmp_demux_free (GstArclyRtmpDemux *demux)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    g_clear_pointer (&demux->tracks[i].header, g_bytes_unref);
    gst_clear_caps (&demux->tracks[i].base_caps);
    gst_clear_caps (&demux->tracks[i].caps);
    gst_clear_tag_list (&demux->tracks[i].tags);
  }
  g_clear_pointer (&demux->metadata, gst_arcly_amf_value_free);
  g_queue_clear_full (&demux->units, (GDestroyNotify) gst_arcly_rtmp_unit_free);
  g_free (demux);
}

/* What is known of the tracks */

/* Of further tracks only the announced ones are waited for. */
static gboolean
is_settled (const GstArclyRtmpDemux *demux, guint index)
{
  const Track *track = &demux->tracks[index];

  if (track->caps || track->unusable)
    return TRUE;
  if (GST_ARCLY_RTMP_TRACK_ID (index) > 0)
    return !track->announced;
  return demux->described && !track->announced;
}

static gboolean
are_settled (const GstArclyRtmpDemux *demux)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (!is_settled (demux, i))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_too_much (const GstArclyRtmpDemux *demux)
{
  return demux->held_bytes >= GST_ARCLY_RTMP_HOLD_BYTES ||
         (demux->held_any &&
             demux->held_max - demux->held_min >= GST_ARCLY_RTMP_HOLD_MS);
}

static void
check_ready (GstArclyRtmpDemux *demux)
{
  if (demux->ready)
    return;
  demux->ready = is_too_much (demux) || are_settled (demux);
}

static void
note_held (GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media)
{
  if (demux->ready)
    return;
  demux->held_bytes += g_bytes_get_size (media->payload);
  demux->held_min = demux->held_any ? MIN (demux->held_min, media->timestamp)
                                    : media->timestamp;
  demux->held_max = demux->held_any ? MAX (demux->held_max, media->timestamp)
                                    : media->timestamp;
  demux->held_any = TRUE;
}

/* Codecs have numbers, a FourCC as a number, or names such as "avc1". 0 would
 * be PCM, but is what encoders without sound send. */
static gboolean
is_announced (const GstArclyAmfValue *codec)
{
  const gchar *name = gst_arcly_amf_value_string (codec);

  return name ? *name != '\0' : gst_arcly_amf_value_number (codec, 0) > 0;
}

/* The metadata of one track, or NULL. */
static const GstArclyAmfValue *
track_metadata (const GstArclyRtmpDemux *demux, guint index)
{
  guint id = GST_ARCLY_RTMP_TRACK_ID (index);
  gchar name[4];

  if (id == 0)
    return demux->metadata;
  g_snprintf (name, sizeof name, "%u", id);
  return gst_arcly_amf_value_get (
      gst_arcly_amf_value_get (
          demux->metadata, map_keys[GST_ARCLY_RTMP_TRACK_KIND (index)]),
      name);
}

static void
take_metadata (GstArclyRtmpDemux *demux, GstArclyRtmpMetadata *metadata)
{
  guint i;

  g_clear_pointer (&demux->metadata, gst_arcly_amf_value_free);
  demux->metadata = g_steal_pointer (&metadata->values);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    Track *track = &demux->tracks[i];
    GstArclyRtmpTrackKind kind = GST_ARCLY_RTMP_TRACK_KIND (i);
    const GstArclyAmfValue *own = track_metadata (demux, i);

    track->announced =
        GST_ARCLY_RTMP_TRACK_ID (i) > 0
            ? own != NULL
            : is_announced (gst_arcly_amf_value_get (own, codec_keys[kind]));
    demux->described = demux->described || track->announced;
    gst_clear_tag_list (&track->tags);
    track->tags = gst_arcly_rtmp_tags_read (own, bitrate_keys[kind]);
  }
}

/* What comes out */

static void
queue_caps (GstArclyRtmpDemux *demux, guint index, GstCaps *caps)
{
  GstArclyRtmpUnit *unit = g_new0 (GstArclyRtmpUnit, 1);

  unit->track = index;
  unit->caps = gst_caps_ref (caps);
  g_queue_push_tail (&demux->units, unit);
}

/* From what header, frames and metadata said. */
static void
update_caps (GstArclyRtmpDemux *demux, guint index)
{
  Track *track = &demux->tracks[index];
  g_autoptr (GstCaps) caps = gst_caps_copy (track->base_caps);

  gst_arcly_rtmp_color_add_to_caps (&track->color, caps);
  if (track->caps && gst_caps_is_equal (track->caps, caps))
    return;
  queue_caps (demux, index, caps);
  gst_caps_replace (&track->caps, caps);
}

/* Takes @caps. */
static void
set_caps (
    GstArclyRtmpDemux *demux, const GstArclyRtmpPacket *packet, GstCaps *caps)
{
  Track *track = &demux->tracks[packet->track];

  track->fourcc = packet->fourcc;
  gst_caps_take (&track->base_caps, caps);
  update_caps (demux, packet->track);
}

static void
queue_frame (GstArclyRtmpDemux *demux, const GstArclyRtmpPacket *packet)
{
  GstArclyRtmpUnit *unit = g_new0 (GstArclyRtmpUnit, 1);

  unit->track = packet->track;
  unit->buffer = gst_buffer_new_wrapped_bytes (packet->payload);
  GST_BUFFER_DURATION (unit->buffer) = demux->tracks[packet->track].duration;
  if (!packet->key)
    GST_BUFFER_FLAG_SET (unit->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  unit->dts = packet->timestamp;
  unit->composition_time = packet->composition_time;
  unit->nanoseconds = packet->nanoseconds;
  g_queue_push_tail (&demux->units, unit);
}

/* Encoders repeat the sequence header, some before each keyframe. */
static gboolean
is_known_header (const Track *track, const GstArclyRtmpPacket *packet)
{
  return track->header && track->fourcc == packet->fourcc &&
         g_bytes_equal (track->header, packet->payload);
}

static gboolean
take_header (GstArclyRtmpDemux *demux, const GstArclyRtmpCodec *codec,
    const GstArclyRtmpPacket *packet, GError **error)
{
  Track *track = &demux->tracks[packet->track];
  GstClockTime duration;
  GstCaps *caps;

  if (codec->header == NULL || is_known_header (track, packet))
    return TRUE;
  caps = codec->header (
      packet->payload, track_metadata (demux, packet->track), &duration, error);
  if (caps == NULL)
    return FALSE;
  g_clear_pointer (&track->header, g_bytes_unref);
  track->header = g_bytes_ref (packet->payload);
  track->duration = duration;
  set_caps (demux, packet, caps);
  return TRUE;
}

/* A frame of another codec than the last one does not have its header. */
static gboolean
has_header (const Track *track, const GstArclyRtmpPacket *packet)
{
  return track->header && track->fourcc == packet->fourcc;
}

static gboolean
inspect_frame (GstArclyRtmpDemux *demux, const GstArclyRtmpCodec *codec,
    const GstArclyRtmpPacket *packet, GError **error)
{
  Track *track = &demux->tracks[packet->track];
  gboolean known = has_header (track, packet);
  GstClockTime duration = known ? track->duration : GST_CLOCK_TIME_NONE;
  GstCaps *caps = NULL;

  if (codec->frame == NULL)
    return TRUE;
  if (!codec->frame (packet->payload, packet->key, known,
          track_metadata (demux, packet->track), &caps, &duration, error))
    return FALSE;
  if (caps) {
    if (!known)
      g_clear_pointer (&track->header, g_bytes_unref);
    set_caps (demux, packet, caps);
  }
  if (caps || GST_CLOCK_TIME_IS_VALID (duration))
    track->duration = duration;
  return TRUE;
}

static gboolean
take_frame (GstArclyRtmpDemux *demux, const GstArclyRtmpCodec *codec,
    const GstArclyRtmpPacket *packet, GError **error)
{
  Track *track = &demux->tracks[packet->track];

  if (track->waiting_for_key && !packet->key) {
    demux->dropped++;
    return TRUE;
  }
  if (!inspect_frame (demux, codec, packet, error))
    return FALSE;
  if (track->caps == NULL || track->fourcc != packet->fourcc) {
    demux->dropped++;
    return TRUE;
  }
  track->waiting_for_key = FALSE;
  queue_frame (demux, packet);
  return TRUE;
}

static gboolean
take_color (
    GstArclyRtmpDemux *demux, const GstArclyRtmpPacket *packet, GError **error)
{
  Track *track = &demux->tracks[packet->track];
  gsize size;
  const guint8 *data = g_bytes_get_data (packet->payload, &size);

  if (!gst_arcly_rtmp_color_read (&track->color, data, size, error))
    return FALSE;
  if (track->base_caps)
    update_caps (demux, packet->track);
  return TRUE;
}

static gboolean
take_packet (
    GstArclyRtmpDemux *demux, const GstArclyRtmpPacket *packet, GError **error)
{
  const GstArclyRtmpCodec *codec = gst_arcly_rtmp_codec_find (
      ex_kinds[GST_ARCLY_RTMP_TRACK_KIND (packet->track)], packet->fourcc,
      error);

  if (codec == NULL)
    return FALSE;
  switch (packet->packet) {
    case GST_ARCLY_FLV_EX_SEQUENCE_START:
      return take_header (demux, codec, packet, error);
    case GST_ARCLY_FLV_EX_CODED_FRAMES:
    case GST_ARCLY_FLV_EX_CODED_FRAMES_X:
      return g_bytes_get_size (packet->payload) == 0 ||
             take_frame (demux, codec, packet, error);
    case GST_ARCLY_FLV_EX_METADATA:
      return take_color (demux, packet, error);
    case GST_ARCLY_FLV_EX_MPEG2TS_SEQUENCE_START:
      g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
          "video in the form of MPEG-2 TS");
      return FALSE;
    case GST_ARCLY_FLV_EX_SEQUENCE_END:
    case GST_ARCLY_FLV_EX_MULTICHANNEL_CONFIG: /* codecs say it themselves */
    case GST_ARCLY_FLV_EX_COMMAND:
      break;
  }
  return TRUE;
}

/* What keeps the track out comes with each of its messages; the first of each
 * kind is told, so that broken data does not hide a codec we cannot use. Takes
 * @cause. */
static void
refuse (GstArclyRtmpDemux *demux, guint index, GError *cause, GError **error)
{
  Track *track = &demux->tracks[index];
  guint bit = 1u << cause->code;

  if (g_error_matches (cause, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED) &&
      track->caps == NULL)
    track->unusable = TRUE;
  demux->ignored++;
  /* One at a time; this one will come again. */
  if ((track->told & bit) || (error && *error)) {
    g_error_free (cause);
    return;
  }
  track->told |= bit;
  g_propagate_error (error, cause);
}

/* Broken ones did not get past the session. */
static void
take_data (GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media)
{
  GstEvent *event =
      gst_arcly_rtmp_data_event (media->timestamp, media->payload, NULL);
  GstArclyRtmpUnit *unit = NULL;

  if (event == NULL) {
    demux->ignored++;
    return;
  }
  if (!demux->ready)
    demux->held_bytes += g_bytes_get_size (media->payload);
  unit = g_new0 (GstArclyRtmpUnit, 1);
  unit->event = event;
  g_queue_push_tail (&demux->units, unit);
}

static gboolean
take_media (
    GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media, GError **error)
{
  GstArclyRtmpTrackKind kind = media->kind == GST_ARCLY_RTMP_VIDEO
                                   ? GST_ARCLY_RTMP_TRACK_VIDEO
                                   : GST_ARCLY_RTMP_TRACK_AUDIO;
  GstArclyRtmpPackets packets;
  GstArclyRtmpPacket packet;
  GError *cause = NULL, *problem = NULL;

  if (media->kind == GST_ARCLY_RTMP_DATA) {
    take_data (demux, media);
    return TRUE;
  }
  /* Empty messages are keep-alives. */
  if (g_bytes_get_size (media->payload) == 0)
    return TRUE;
  note_held (demux, media);
  if (gst_arcly_rtmp_packets_begin (&packets, media, &cause)) {
    while (gst_arcly_rtmp_packets_next (&packets, &packet, &cause)) {
      GError *refused = NULL;

      if (!take_packet (demux, &packet, &refused))
        refuse (demux, packet.track, refused, &problem);
      gst_arcly_rtmp_packet_clear (&packet);
    }
  }
  if (cause)
    refuse (demux, kind, cause, &problem);
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, problem);
  return FALSE;
}

gboolean
gst_arcly_rtmp_demux_feed (
    GstArclyRtmpDemux *demux, GstArclyRtmpEvent *event, GError **error)
{
  gboolean ok = TRUE;

  if (event->kind == GST_ARCLY_RTMP_EVENT_METADATA)
    take_metadata (demux, &event->metadata);
  else if (event->kind == GST_ARCLY_RTMP_EVENT_MEDIA)
    ok = take_media (demux, &event->media, error);
  /* Metadata alone settles nothing: headers follow it. */
  if (event->kind == GST_ARCLY_RTMP_EVENT_MEDIA)
    check_ready (demux);
  return ok;
}

void
gst_arcly_rtmp_demux_finish (GstArclyRtmpDemux *demux)
{
  demux->ready = TRUE;
}

gboolean
gst_arcly_rtmp_demux_is_ready (const GstArclyRtmpDemux *demux)
{
  return demux->ready;
}

gboolean
gst_arcly_rtmp_demux_has_track (const GstArclyRtmpDemux *demux, guint index)
{
  const Track *track = &demux->tracks[index];

  return track->caps || (track->announced && !track->unusable);
}

GstCaps *
gst_arcly_rtmp_demux_peek_caps (const GstArclyRtmpDemux *demux, guint index)
{
  const GList *link;

  for (link = demux->units.head; link; link = link->next) {
    const GstArclyRtmpUnit *unit = link->data;

    if (unit->track == index && unit->caps)
      return unit->caps;
  }
  return NULL;
}

GstArclyRtmpUnit *
gst_arcly_rtmp_demux_next (GstArclyRtmpDemux *demux)
{
  return demux->ready ? g_queue_pop_head (&demux->units) : NULL;
}

GstTagList *
gst_arcly_rtmp_demux_take_tags (GstArclyRtmpDemux *demux, guint index)
{
  return g_steal_pointer (&demux->tracks[index].tags);
}

guint64
gst_arcly_rtmp_demux_get_dropped (const GstArclyRtmpDemux *demux)
{
  return demux->dropped;
}

guint64
gst_arcly_rtmp_demux_get_ignored (const GstArclyRtmpDemux *demux)
{
  return demux->ignored;
}
