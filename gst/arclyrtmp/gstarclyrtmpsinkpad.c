/* SPDX-License-Identifier: MIT
 *
 * The streaming threads: buffers become messages, and those go into the feed.
 * Nothing here waits for a player. */
#include "config.h"

#include <string.h>

#include "gstarclyrtmpsinkpriv.h"
#include "rtmp/flvenhanced.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_sink_debug

typedef struct {
  GstArclyRtmpSink *self;
  GstArclyRtmpSinkTrack *track;
  guint number;
  GstClockTimeDiff time; /* running time of the buffer, where it is decoded */
  gint64 ms;             /* the same, as RTMP has it */
  guint32 nanoseconds;   /* of the PTS, beyond its milliseconds */
} Frame;

static GstArclyRtmpSinkTrack *
find_track (GstArclyRtmpSink *self, GstPad *pad)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (self->tracks[i].pad == pad)
      return &self->tracks[i];
  }
  return NULL;
}

void
gst_arcly_rtmp_sink_reset_track (GstArclyRtmpSinkTrack *track)
{
  gst_segment_init (&track->segment, GST_FORMAT_UNDEFINED);
  g_clear_pointer (&track->writer, gst_arcly_rtmp_writer_free);
  g_clear_pointer (&track->header, g_bytes_unref);
  g_clear_pointer (&track->color, g_bytes_unref);
  gst_clear_tag_list (&track->tags);
  track->announce = track->new_color = FALSE;
  track->eos = FALSE;
  track->last = 0;
}

/* ---- frames ---- */

/* Floor, so that times before 0 keep their distances. */
static gint64
to_ms (GstClockTimeDiff time)
{
  gint64 ms = time / GST_MSECOND;

  return time % GST_MSECOND < 0 ? ms - 1 : ms;
}

/* The rest. */
static guint32
to_nanoseconds (GstClockTimeDiff time)
{
  return (guint32) (time - to_ms (time) * (gint64) GST_MSECOND);
}

static guint32
wrap (gint64 ms)
{
  return (guint32) ms; /* RTMP's timestamps have 32 bits and go round */
}

static GBytes *
join_body (const GstArclyRtmpBody *body)
{
  GByteArray *joined = g_byte_array_sized_new (body->header_size + body->size);

  g_byte_array_append (joined, body->header, body->header_size);
  g_byte_array_append (joined, body->data, body->size);
  return g_byte_array_free_to_bytes (joined);
}

static void
announce (Frame *frame)
{
  GstArclyRtmpSinkTrack *track = frame->track;

  gst_arcly_rtmp_feed_push_header (frame->self->feed, frame->number,
      gst_arcly_rtmp_writer_get_fourcc (track->writer), wrap (frame->ms),
      track->header, track->color);
  track->announce = track->new_color = FALSE;
  frame->self->describe = TRUE;
}

/* Audio, and further videos, may wait for the next picture of the first. */
static gboolean
is_urgent (const Frame *frame)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    const GstArclyRtmpSinkTrack *track = &frame->self->tracks[i];

    if (GST_ARCLY_RTMP_TRACK_KIND (i) == GST_ARCLY_RTMP_TRACK_VIDEO &&
        track->writer && !track->eos)
      return frame->number == i;
  }
  return TRUE;
}

static void
take_header (GstArclyRtmpSinkTrack *track, const GstArclyRtmpBody *body)
{
  gboolean color = body->kind == GST_ARCLY_RTMP_BODY_COLOR;
  GBytes **header = color ? &track->color : &track->header;

  g_clear_pointer (header, g_bytes_unref);
  *header = join_body (body);
  if (color)
    track->new_color = TRUE;
  else
    track->announce = TRUE;
}

static void
on_body (gpointer data, const GstArclyRtmpBody *body)
{
  Frame *frame = data;
  GstArclyRtmpSink *self = frame->self;
  gint64 time = frame->time + (gint64) body->offset;
  gboolean first = body->offset == 0;
  gint64 ms = first ? frame->ms : to_ms (time);

  if (body->kind != GST_ARCLY_RTMP_BODY_FRAME) {
    take_header (frame->track, body);
    return;
  }
  /* Players may begin at what is announced: a colour alone waits for a
   * keyframe. */
  if (frame->track->announce || (frame->track->new_color && body->key))
    announce (frame);
  if (self->describe)
    gst_arcly_rtmp_sink_describe_locked (self);
  gst_arcly_rtmp_feed_push (self->feed, frame->number, wrap (ms), MAX (time, 0),
      first ? frame->nanoseconds : to_nanoseconds (time), body->header,
      body->header_size, body->data, body->size, body->key, is_urgent (frame));
  frame->track->last = MAX (frame->track->last, ms);
}

static gboolean
to_running_time (
    const GstSegment *segment, GstClockTime time, GstClockTimeDiff *running)
{
  guint64 value = 0;
  gint sign = 0;

  if (!GST_CLOCK_TIME_IS_VALID (time) || segment->format != GST_FORMAT_TIME)
    return FALSE;
  sign =
      gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, time, &value);
  *running = sign * (GstClockTimeDiff) value;
  return sign != 0;
}

/* RTMP has the time of decoding, and the distance to that of showing, or that
 * of showing alone where the codec has no such distance. A stream with B-frames
 * begins to be decoded before 0: that is cut off, and the distance makes up for
 * it. */
static gint64
set_times (Frame *frame, GstBuffer *buffer)
{
  const GstSegment *segment = &frame->track->segment;
  GstClockTimeDiff pts = 0, dts = 0;
  gboolean has_pts = to_running_time (segment, GST_BUFFER_PTS (buffer), &pts);
  gboolean has_dts = to_running_time (segment, GST_BUFFER_DTS (buffer), &dts);

  if (has_pts && !gst_arcly_flv_ex_has_composition_time (
                     gst_arcly_rtmp_writer_get_fourcc (frame->track->writer)))
    has_dts = FALSE;
  if (has_dts)
    frame->ms = MAX (to_ms (dts), 0);
  else if (has_pts)
    frame->ms = MAX (to_ms (pts), frame->track->last);
  else
    frame->ms = frame->track->last;
  frame->time = has_dts || has_pts ? (has_dts ? dts : pts)
                                   : frame->ms * (gint64) GST_MSECOND;
  frame->nanoseconds = to_nanoseconds (has_pts ? pts : frame->time);
  return has_pts ? to_ms (pts) - frame->ms : 0;
}

static GstFlowReturn
push_buffer_locked (Frame *frame, GstBuffer *buffer, GError **error)
{
  GstArclyRtmpSink *self = frame->self;
  GstArclyRtmpSinkTrack *track = frame->track;
  gint64 composition_time;

  if (self->feed == NULL)
    return GST_FLOW_FLUSHING;
  if (track->eos)
    return GST_FLOW_EOS;
  if (track->writer == NULL)
    return GST_FLOW_NOT_NEGOTIATED;

  if (self->first_buffer == 0)
    self->first_buffer = g_get_monotonic_time ();
  composition_time = set_times (frame, buffer);
  gst_arcly_rtmp_writer_write (
      track->writer, buffer, composition_time, on_body, frame, error);
  return GST_FLOW_OK;
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (parent);
  Frame frame = { .self = self };
  g_autoptr (GError) error = NULL;
  GstFlowReturn ret = GST_FLOW_FLUSHING;

  g_mutex_lock (&self->lock);
  frame.track = find_track (self, pad);
  if (frame.track) {
    frame.number = frame.track - self->tracks;
    ret = push_buffer_locked (&frame, buffer, &error);
  }
  g_mutex_unlock (&self->lock);

  if (error)
    GST_WARNING_OBJECT (pad, "left out a buffer: %s", error->message);
  gst_buffer_unref (buffer);
  return ret;
}

/* ---- events ---- */

static void
on_caps_body (gpointer data, const GstArclyRtmpBody *body)
{
  take_header (data, body);
}

/* What another codec said holds no more. */
static gboolean
set_caps_locked (
    GstArclyRtmpSinkTrack *track, guint number, GstCaps *caps, GError **error)
{
  if (track->writer == NULL)
    track->writer =
        gst_arcly_rtmp_writer_new (GST_ARCLY_RTMP_TRACK_ID (number));
  if (!gst_arcly_rtmp_writer_set_caps (
          track->writer, caps, on_caps_body, track, error))
    return FALSE;
  if (!gst_arcly_rtmp_writer_has_color (track->writer))
    g_clear_pointer (&track->color, g_bytes_unref);
  if (!gst_arcly_rtmp_writer_has_headers (track->writer)) {
    g_clear_pointer (&track->header, g_bytes_unref);
    track->announce = TRUE;
  }
  return TRUE;
}

static gboolean
set_caps (GstArclyRtmpSink *self, GstPad *pad, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  GstArclyRtmpSinkTrack *track;
  gboolean ok = FALSE;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  g_mutex_lock (&self->lock);
  track = find_track (self, pad);
  if (track) {
    ok = set_caps_locked (track, track - self->tracks, caps, &error);
    self->describe = TRUE;
  }
  g_mutex_unlock (&self->lock);

  if (!ok && error)
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Cannot send this stream over RTMP: %s", error->message),
        ("%" GST_PTR_FORMAT, caps));
  return ok;
}

/* Whether the last track that ran has ended. */
static void
check_end_locked (GstArclyRtmpSink *self)
{
  guint i, n = 0;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (self->tracks[i].pad && !self->tracks[i].eos)
      return;
    n += self->tracks[i].pad != NULL;
  }
  if (n == 0 || self->ended || self->feed == NULL)
    return;
  self->ended = TRUE;
  gst_arcly_rtmp_feed_end (self->feed);
}

static void
end_track (GstArclyRtmpSink *self, GstPad *pad, guint32 seqnum)
{
  GstArclyRtmpSinkTrack *track;

  g_mutex_lock (&self->lock);
  track = find_track (self, pad);
  if (track && !track->eos) {
    track->eos = TRUE;
    self->eos_seqnum = seqnum;
    if (self->feed)
      gst_arcly_rtmp_feed_end_track (self->feed, track - self->tracks);
    check_end_locked (self);
  }
  g_mutex_unlock (&self->lock);
}

/* After EOS a stream may come again. */
static void
begin_track (GstArclyRtmpSink *self, GstPad *pad, gboolean flushed)
{
  GstArclyRtmpSinkTrack *track;

  g_mutex_lock (&self->lock);
  track = find_track (self, pad);
  if (track) {
    track->eos = FALSE;
    if (!flushed)
      gst_clear_tag_list (&track->tags);
    if (flushed)
      gst_segment_init (&track->segment, GST_FORMAT_UNDEFINED);
    if (flushed && self->feed)
      gst_arcly_rtmp_feed_flush (self->feed, track - self->tracks);
    if (self->ended && self->feed)
      gst_arcly_rtmp_feed_restart (self->feed);
    self->ended = FALSE;
  }
  g_mutex_unlock (&self->lock);
}

static void
set_segment (GstArclyRtmpSink *self, GstPad *pad, GstEvent *event)
{
  GstArclyRtmpSinkTrack *track;

  g_mutex_lock (&self->lock);
  track = find_track (self, pad);
  if (track)
    gst_event_copy_segment (event, &track->segment);
  g_mutex_unlock (&self->lock);
}

typedef void (*TellFunc) (
    GstArclyRtmpSink *self, GstArclyRtmpSinkTrack *track, GstEvent *event);

static void
tell (GstArclyRtmpSink *self, GstPad *pad, GstEvent *event, TellFunc func)
{
  GstArclyRtmpSinkTrack *track;

  g_mutex_lock (&self->lock);
  track = find_track (self, pad);
  if (track && self->feed)
    func (self, track, event);
  g_mutex_unlock (&self->lock);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (parent);
  gboolean ok = TRUE;

  GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      ok = set_caps (self, pad, event);
      break;
    case GST_EVENT_SEGMENT:
      set_segment (self, pad, event);
      break;
    case GST_EVENT_TAG:
      tell (self, pad, event, gst_arcly_rtmp_sink_tags_locked);
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      tell (self, pad, event, gst_arcly_rtmp_sink_data_locked);
      break;
    case GST_EVENT_STREAM_START:
      begin_track (self, pad, FALSE);
      break;
    case GST_EVENT_FLUSH_STOP:
      begin_track (self, pad, TRUE);
      break;
    case GST_EVENT_EOS:
      end_track (self, pad, gst_event_get_seqnum (event));
      break;
    default:
      break;
  }
  gst_event_unref (event);
  return ok;
}

/* ---- pads ---- */

/* The track whose pad has that name, or the first that is free. FALSE: there
 * is none. */
static gboolean
choose_track (GstArclyRtmpSink *self, GstArclyRtmpTrackKind kind,
    const gchar *name, guint *number)
{
  const gchar *digits = name ? strrchr (name, '_') : NULL;
  guint64 id = 0;

  if (digits) {
    if (!g_ascii_string_to_unsigned (
            digits + 1, 10, 0, GST_ARCLY_RTMP_MAX_TRACK_IDS - 1, &id, NULL))
      return FALSE;
    *number = GST_ARCLY_RTMP_TRACK (kind, (guint) id);
    return self->tracks[*number].pad == NULL;
  }
  for (; id < GST_ARCLY_RTMP_MAX_TRACK_IDS; id++) {
    *number = GST_ARCLY_RTMP_TRACK (kind, (guint) id);
    if (self->tracks[*number].pad == NULL)
      return TRUE;
  }
  return FALSE;
}

GstPad *
gst_arcly_rtmp_sink_request_pad (GstElement *element, GstPadTemplate *template,
    const gchar *name, const GstCaps *caps)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (element);
  gboolean video =
      g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "video");
  g_autofree gchar *pad_name = NULL;
  GstPad *pad = NULL;
  guint number = 0;

  g_mutex_lock (&self->lock);
  if (choose_track (self,
          video ? GST_ARCLY_RTMP_TRACK_VIDEO : GST_ARCLY_RTMP_TRACK_AUDIO, name,
          &number)) {
    pad_name = g_strdup_printf (
        "%s_%u", video ? "video" : "audio", GST_ARCLY_RTMP_TRACK_ID (number));
    pad = gst_pad_new_from_template (template, pad_name);
    gst_pad_set_chain_function (pad, chain);
    gst_pad_set_event_function (pad, sink_event);
    self->tracks[number].pad = pad;
  }
  g_mutex_unlock (&self->lock);

  if (pad == NULL) {
    GST_WARNING_OBJECT (self,
        "no track %s: it is taken, or its number above %u",
        name ? name : "is left", GST_ARCLY_RTMP_MAX_TRACK_IDS - 1);
    return NULL;
  }
  gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (element, pad);
  return pad;
}

void
gst_arcly_rtmp_sink_release_pad (GstElement *element, GstPad *pad)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (element);
  GstArclyRtmpSinkTrack *track;

  gst_pad_set_active (pad, FALSE);
  g_mutex_lock (&self->lock);
  track = find_track (self, pad);
  if (track) {
    if (self->feed && !track->eos)
      gst_arcly_rtmp_feed_end_track (self->feed, track - self->tracks);
    track->pad = NULL;
    gst_arcly_rtmp_sink_reset_track (track);
    self->describe = TRUE;
    check_end_locked (self);
  }
  g_mutex_unlock (&self->lock);
  gst_element_remove_pad (element, pad);
}
