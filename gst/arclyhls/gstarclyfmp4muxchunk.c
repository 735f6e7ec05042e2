/* SPDX-License-Identifier: MIT
 *
 * How the samples of a chunk become buffers: the init segment, if one is due,
 * and a list that begins with the boxes in front of the payload. */
#include "config.h"

#include "fmp4box.h"
#include "fmp4init.h"
#include "gstarclyfmp4muxprivate.h"

/* Seconds between 1900 (RFC 5905) and 1970. */
#define NTP_UNIX G_GUINT64_CONSTANT (2208988800)

static void
collect_tracks (GstArclyFmp4Mux *self, GArray *infos)
{
  guint i;

  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);
    GstArclyFmp4Track info = {
      .id = pad->track_id,
      .is_video = GST_ARCLY_MUX_PAD (pad)->is_video,
    };

    if (self->has_init ? !pad->entry : !pad->wanted)
      continue;
    /* Of the first init segment, a track that has no sample yet: the last
     * moment that it can be known. */
    if (!self->has_init && !pad->entry)
      gst_arcly_fmp4_mux_adopt_entry (pad);
    gst_arcly_fmp4_timeline_settle (&pad->line, self->base);
    info.media_start = pad->line.shift;
    info.timescale = pad->line.timescale;
    info.entry = pad->entry;
    info.width = pad->active->width;
    info.height = pad->active->height;
    g_array_append_val (infos, info);
  }
}

static GstFlowReturn
push_init (GstArclyFmp4Mux *self)
{
  GstPad *srcpad = GST_ARCLY_MUX (self)->srcpad;
  g_autoptr (GArray) infos =
      g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4Track));
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GValue headers = G_VALUE_INIT, header = G_VALUE_INIT;
  GstBuffer *buffer;

  collect_tracks (self, infos);
  self->n_init_tracks = infos->len;
  bytes = gst_arcly_fmp4_write_init (
      self->used.brand, (const GstArclyFmp4Track *) infos->data, infos->len);
  buffer = gst_buffer_new_wrapped_bytes (bytes);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_HEADER);
  if (self->has_init || self->need_discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);

  caps = gst_caps_new_simple (
      "video/quicktime", "variant", G_TYPE_STRING, "iso-fragmented", NULL);
  g_value_init (&headers, GST_TYPE_ARRAY);
  g_value_init (&header, GST_TYPE_BUFFER);
  gst_value_set_buffer (&header, buffer);
  gst_value_array_append_value (&headers, &header);
  gst_caps_set_value (caps, "streamheader", &headers);
  g_value_unset (&header);
  g_value_unset (&headers);

  gst_pad_push_event (srcpad, gst_event_new_caps (caps));
  if (self->need_segment)
    gst_arcly_mux_push_segment (GST_ARCLY_MUX (self));
  self->need_segment = FALSE;
  self->need_init = FALSE;
  self->has_init = TRUE;
  return gst_pad_push (srcpad, buffer);
}

/* Once: what is shown before 0 in the first chunk moves everything forth. */
static void
decide_base (GstArclyFmp4Mux *self)
{
  guint i;

  if (self->has_base)
    return;
  self->has_base = TRUE;
  self->base = 0;
  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);
    const GstArclyFmp4Timeline *line = &pad->line;

    if (line->samples->len > 0)
      self->base = MAX (
          self->base, -gst_arcly_fmp4_to_ns (line->earliest, line->timescale));
  }
}

/* The track whose times are the chunk's. */
static GstArclyFmp4MuxPad *
leading_track (GstArclyFmp4Mux *self)
{
  guint i;

  if (self->master && self->master->line.samples->len > 0)
    return self->master;
  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);

    if (pad->line.samples->len > 0)
      return pad;
  }
  g_assert_not_reached ();
}

static GstBuffer *
new_first_buffer (GstArclyFmp4Mux *self, const GstArclyFmp4Timeline *line)
{
  GstBuffer *buffer = gst_buffer_new ();
  gint64 dts = gst_arcly_fmp4_to_ns (line->start, line->timescale) + self->base;

  GST_BUFFER_PTS (buffer) = MAX (
      0, gst_arcly_fmp4_to_ns (line->earliest, line->timescale) + self->base);
  if (dts >= 0)
    GST_BUFFER_DTS (buffer) = dts;
  GST_BUFFER_DURATION (buffer) =
      gst_arcly_fmp4_to_ns (line->end, line->timescale) -
      gst_arcly_fmp4_to_ns (line->start, line->timescale);
  if (!self->opens_fragment || !self->can_start)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  else if (self->need_discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (self->has_key)
    GST_BUFFER_FLAG_SET (buffer, GST_ARCLY_FMP4_MUX_FLAG_KEY);
  if (self->leftover)
    GST_BUFFER_FLAG_SET (buffer, GST_ARCLY_FMP4_MUX_FLAG_LEFTOVER);
  return buffer;
}

static guint64
ntp_now (void)
{
  guint64 us = g_get_real_time ();

  return (us / G_USEC_PER_SEC + NTP_UNIX) << 32 |
         (us % G_USEC_PER_SEC << 32) / G_USEC_PER_SEC;
}

/* styp, emsg, prft and sidx. Where sidx has the size of what follows; 0: no
 * sidx. */
static guint
put_optional (GstArclyFmp4Mux *self, GstArclyFmp4MuxPad *pad)
{
  const GstArclyFmp4Timeline *line = &pad->line;
  gint64 base = gst_arcly_fmp4_to_ticks (self->base, line->timescale);
  GstArclyFmp4Index index = {
    .track_id = pad->track_id,
    .timescale = line->timescale,
    .start = MAX (0, line->earliest + base),
    .duration = line->end - line->start,
    .sap_type = self->opens_fragment && self->can_start ? 1 : 0,
  };

  if (self->used.styp && self->opens_fragment)
    gst_arcly_fmp4_put_styp (
        self->scratch, self->used.brand, self->n_init_tracks == 1);
  gst_arcly_fmp4_mux_put_data (self);
  if (self->used.prft)
    gst_arcly_fmp4_put_prft (self->scratch, pad->track_id, ntp_now (),
        MAX (0, line->start + base + line->shift));
  if (!self->used.sidx)
    return 0;
  return gst_arcly_fmp4_put_sidx (self->scratch, &index);
}

static GstBufferList *
compose_chunk (GstArclyFmp4Mux *self)
{
  GstArclyFmp4Run runs[GST_ARCLY_MUX_MAX_PADS];
  GstBufferList *list = gst_buffer_list_new ();
  GstArclyFmp4MuxPad *lead = leading_track (self);
  GstBuffer *first = new_first_buffer (self, &lead->line);
  guint n_runs = 0, size_position, start, i;
  gpointer boxes;

  g_byte_array_set_size (self->scratch, 0);
  size_position = put_optional (self, lead);
  start = self->scratch->len;
  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);

    runs[n_runs].track_id = pad->track_id;
    if (gst_arcly_fmp4_timeline_take (&pad->line, self->base, &runs[n_runs]))
      n_runs++;
  }
  gst_arcly_fmp4_put_fragment (self->scratch, ++self->sequence, runs, n_runs);
  if (size_position > 0)
    gst_arcly_fmp4_patch_u32 (self->scratch, size_position,
        self->scratch->len - start + self->chunk_bytes);
  boxes = g_memdup2 (self->scratch->data, self->scratch->len);
  gst_buffer_append_memory (
      first, gst_memory_new_wrapped (0, boxes, self->scratch->len, 0,
                 self->scratch->len, boxes, g_free));
  gst_buffer_list_add (list, first);
  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);

    gst_arcly_fmp4_payload_take (&pad->payload, list);
  }
  return list;
}

/* Those behind the first one continue it. */
static void
mark_rest (GstBufferList *list)
{
  guint n = gst_buffer_list_length (list), i;

  for (i = 1; i < n; i++)
    GST_BUFFER_FLAG_SET (
        gst_buffer_list_get (list, i), GST_BUFFER_FLAG_DELTA_UNIT);
  GST_BUFFER_FLAG_SET (
      gst_buffer_list_get (list, n - 1), GST_BUFFER_FLAG_MARKER);
}

GstFlowReturn
gst_arcly_fmp4_mux_push_chunk (GstArclyFmp4Mux *self)
{
  GstFlowReturn flow = GST_FLOW_OK;
  GstBufferList *list;

  if (self->n_samples == 0)
    return GST_FLOW_OK;
  decide_base (self);
  if (self->need_init)
    flow = push_init (self);
  if (self->need_segment)
    gst_arcly_mux_push_segment (GST_ARCLY_MUX (self));
  self->need_segment = FALSE;

  list = compose_chunk (self);
  mark_rest (list);
  if (self->opens_fragment && self->can_start)
    self->need_discont = FALSE;
  self->opens_fragment = self->can_start = FALSE;
  self->has_key = self->leftover = FALSE;
  self->n_samples = 0;
  self->chunk_bytes = 0;
  if (flow == GST_FLOW_OK)
    return gst_pad_push_list (GST_ARCLY_MUX (self)->srcpad, list);
  gst_buffer_list_unref (list);
  return flow;
}

void
gst_arcly_fmp4_mux_drop_chunk (GstArclyFmp4Mux *self)
{
  GstArclyFmp4Run run;
  guint i;

  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);

    gst_arcly_fmp4_timeline_take (&pad->line, 0, &run);
    g_ptr_array_set_size (pad->payload.memories, 0);
    g_byte_array_set_size (pad->payload.small, 0);
  }
  g_array_set_size (self->events, 0);
  self->opens_fragment = self->can_start = FALSE;
  self->has_key = self->leftover = FALSE;
  self->n_samples = 0;
  self->chunk_bytes = 0;
}
