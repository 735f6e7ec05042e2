/* SPDX-License-Identifier: MIT
 *
 * The streaming threads: onMetaData, out of caps and tags, and data messages,
 * out of events. */
#include "config.h"

#include "gstarclyrtmpsinkpriv.h"
#include "rtmpdata.h"
#include "rtmptags.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_sink_debug

/* Players are let in when all tracks are known, or this long after the first
 * buffer: a track may never come. */
#define GRACE_US G_TIME_SPAN_SECOND

/* Where the tracks other than 0 are described, each under its number. */
static const gchar *const map_names[GST_ARCLY_RTMP_N_KINDS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "videoTrackIdInfoMap",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audioTrackIdInfoMap",
};
static const gchar *const bitrate_names[GST_ARCLY_RTMP_N_KINDS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "videodatarate",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audiodatarate",
};

/* ---- onMetaData ---- */

/* FALSE: another track may still have to say what it is. */
static gboolean
all_known (GstArclyRtmpSink *self)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    const GstArclyRtmpSinkTrack *track = &self->tracks[i];

    if (track->pad && !track->eos &&
        !(track->writer && gst_arcly_rtmp_writer_is_ready (track->writer)))
      return FALSE;
  }
  return TRUE;
}

/* Who takes one track of the kind gets this: see rtmpplayertracks.c. */
static guint
find_main_track (GstArclyRtmpSink *self, GstArclyRtmpTrackKind kind)
{
  guint id;

  for (id = 0; id < GST_ARCLY_RTMP_MAX_TRACK_IDS; id++) {
    if (self->tracks[GST_ARCLY_RTMP_TRACK (kind, id)].writer)
      return GST_ARCLY_RTMP_TRACK (kind, id);
  }
  return GST_ARCLY_RTMP_TRACK (kind, 0);
}

static void
describe_track (GstArclyRtmpSink *self, guint number, gboolean main,
    GstArclyAmfValue *values)
{
  const GstArclyRtmpSinkTrack *track = &self->tracks[number];

  if (track->writer == NULL || track->eos)
    return;
  gst_arcly_rtmp_writer_describe (track->writer, main, values);
  gst_arcly_rtmp_tags_describe (
      track->tags, bitrate_names[GST_ARCLY_RTMP_TRACK_KIND (number)], values);
}

/* "Enhanced RTMP v2", "Enhancing onMetaData". */
static void
add_map (GstArclyRtmpSink *self, GstArclyRtmpTrackKind kind,
    GstArclyAmfValue *values)
{
  GstArclyAmfValue *map = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  guint id;

  for (id = 1; id < GST_ARCLY_RTMP_MAX_TRACK_IDS; id++) {
    GstArclyAmfValue *own = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
    gchar name[4];

    describe_track (self, GST_ARCLY_RTMP_TRACK (kind, id), FALSE, own);
    g_snprintf (name, sizeof name, "%u", id);
    if (gst_arcly_amf_value_n_members (own) > 0)
      gst_arcly_amf_value_add (map, name, own);
    else
      gst_arcly_amf_value_free (own);
  }
  if (gst_arcly_amf_value_n_members (map) > 0)
    gst_arcly_amf_value_add (values, map_names[kind], map);
  else
    gst_arcly_amf_value_free (map);
}

static GBytes *
make_metadata (GstArclyRtmpSink *self)
{
  g_autoptr (GstArclyAmfValue) values =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_ECMA_ARRAY);
  GByteArray *body = g_byte_array_new ();
  guint kind;

  for (kind = 0; kind < GST_ARCLY_RTMP_N_KINDS; kind++)
    describe_track (self, find_main_track (self, kind), TRUE, values);
  for (kind = 0; kind < GST_ARCLY_RTMP_N_KINDS; kind++)
    add_map (self, kind, values);
  if (gst_arcly_amf_value_get (values, "encoder") == NULL)
    gst_arcly_amf_value_add_string (
        values, "encoder", PACKAGE_NAME " " PACKAGE_VERSION);
  gst_arcly_amf_write_string ("onMetaData", body);
  gst_arcly_amf_value_write (values, body);
  return g_byte_array_free_to_bytes (body);
}

void
gst_arcly_rtmp_sink_describe_locked (GstArclyRtmpSink *self)
{
  g_autoptr (GBytes) metadata = NULL;

  if (!self->description && !all_known (self) &&
      g_get_monotonic_time () - self->first_buffer < GRACE_US)
    return;
  self->describe = FALSE;
  metadata = make_metadata (self);
  if (self->description && g_bytes_equal (metadata, self->description))
    return;
  gst_arcly_rtmp_feed_push_metadata (self->feed, metadata);
  g_clear_pointer (&self->description, g_bytes_unref);
  self->description = g_steal_pointer (&metadata);
}

void
gst_arcly_rtmp_sink_tags_locked (
    GstArclyRtmpSink *self, GstArclyRtmpSinkTrack *track, GstEvent *event)
{
  g_autoptr (GstTagList) merged = NULL;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  merged = gst_tag_list_merge (track->tags, tags, GST_TAG_MERGE_REPLACE);
  self->describe |= gst_arcly_rtmp_tags_are_news (track->tags, merged);
  gst_clear_tag_list (&track->tags);
  track->tags = g_steal_pointer (&merged);
}

/* ---- data messages ---- */

/* An event that concerns all tracks comes in on each pad. */
static gboolean
was_there (GstArclyRtmpSink *self, guint32 seqnum)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_SINK_RECENT; i++) {
    if (self->recent[i] == seqnum)
      return TRUE;
  }
  self->recent[self->next_recent] = seqnum;
  self->next_recent = (self->next_recent + 1) % GST_ARCLY_RTMP_SINK_RECENT;
  return FALSE;
}

void
gst_arcly_rtmp_sink_data_locked (
    GstArclyRtmpSink *self, GstArclyRtmpSinkTrack *track, GstEvent *event)
{
  g_autoptr (GBytes) body = gst_arcly_rtmp_data_body (event);
  const guint8 *data;
  gsize size;

  if (body == NULL || was_there (self, gst_event_get_seqnum (event)))
    return;
  data = g_bytes_get_data (body, &size);
  /* It has no running time of its own: it is where it is in the stream. */
  gst_arcly_rtmp_feed_push (self->feed, GST_ARCLY_RTMP_FEED_DATA,
      (guint32) track->last, track->last * GST_MSECOND, 0, NULL, 0, data, size,
      FALSE, FALSE);
}
