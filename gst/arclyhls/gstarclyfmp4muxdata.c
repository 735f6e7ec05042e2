/* SPDX-License-Identifier: MIT
 *
 * What goes beside the tracks: ID3 and SCTE-35, as event messages. */
#include "config.h"

#include "fmp4fragment.h"
#include "gstarclyfmp4muxprivate.h"
#include "mpegts/mpegtsdata.h"

/* "Carriage of ID3 Timed Metadata in CMAF", and SCTE 214-3, 7.3. */
#define ID3_SCHEME "https://aomedia.org/emsg/ID3"
#define SPLICE_SCHEME "urn:scte:scte35:2013:bin"
#define TIMESCALE 90000
/* Past it, no chunk came for long. */
#define MAX_EVENTS 256

void
gst_arcly_fmp4_mux_event_clear (GstArclyFmp4MuxEvent *event)
{
  g_clear_pointer (&event->message, g_bytes_unref);
}

void
gst_arcly_fmp4_mux_take_data (GstArclyFmp4Mux *self, const GstArclyMuxJob *job)
{
  const GstArclyFmp4MuxFormat *format = job->item.format;
  GstArclyFmp4MuxPad *pad = GST_ARCLY_FMP4_MUX_PAD (job->pad);
  GstArclyFmp4MuxEvent event = { .pts = job->item.pts };
  g_autoptr (GError) error = NULL;
  gpointer data;
  gsize size;
  gboolean ok;

  gst_buffer_extract_dup (job->item.buffer, 0,
      gst_buffer_get_size (job->item.buffer), &data, &size);
  event.is_splice = format->codec == GST_ARCLY_FMP4_MUX_SCTE35;
  event.message = g_bytes_new_take (data, size);
  ok = event.is_splice ? gst_arcly_ts_splice_check (data, size, &error)
                       : gst_arcly_ts_id3_check (data, size, &error);
  if (!ok && !pad->warned_malformed) {
    pad->warned_malformed = TRUE;
    GST_WARNING_OBJECT (pad, "dropped: %s", error->message);
  }
  if (!ok) {
    gst_arcly_fmp4_mux_event_clear (&event);
    return;
  }
  if (self->events->len == MAX_EVENTS)
    g_array_remove_index (self->events, 0);
  g_array_append_val (self->events, event);
}

static guint64
to_media_time (GstArclyFmp4Mux *self, gint64 ns)
{
  return gst_util_uint64_scale_round (
      MAX (0, ns + self->base), TIMESCALE, GST_SECOND);
}

/* Times inside a section are media times, as all others here. */
static GBytes *
move_splice (GstArclyFmp4Mux *self, GBytes *message)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (message, &size);
  guint8 *moved = g_memdup2 (data, size);

  gst_arcly_ts_splice_move (moved, size, to_media_time (self, 0));
  return g_bytes_new_take (moved, size);
}

void
gst_arcly_fmp4_mux_put_data (GstArclyFmp4Mux *self)
{
  guint i;

  for (i = 0; i < self->events->len; i++) {
    const GstArclyFmp4MuxEvent *event =
        &g_array_index (self->events, GstArclyFmp4MuxEvent, i);
    g_autoptr (GBytes) message = event->is_splice
                                     ? move_splice (self, event->message)
                                     : g_bytes_ref (event->message);
    GstArclyFmp4Event box = {
      .scheme = event->is_splice ? SPLICE_SCHEME : ID3_SCHEME,
      .timescale = TIMESCALE,
      .start = to_media_time (self, event->pts),
      .duration = G_MAXUINT32,
      .id = self->n_events++,
      .message = message,
    };

    gst_arcly_fmp4_put_emsg (self->scratch, &box);
  }
  g_array_set_size (self->events, 0);
}
