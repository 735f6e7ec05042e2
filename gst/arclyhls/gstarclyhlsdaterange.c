/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>

#include "gstarclyhlsdaterange.h"
#include "mpegts/mpegtsdata.h"

/* Of one pad, without a buffer behind them. */
#define MAX_WAITING 64

typedef enum {
  TEXT,
  DATE,
  TIME,
  DURATION,
  FLAG,
  SPLICE
} Kind;

static const struct {
  const gchar *field;
  const gchar *attribute;
  Kind kind;
} fields[] = {
  { "id", "ID", TEXT },
  { "class", "CLASS", TEXT },
  { "start-date", "START-DATE", DATE },
  { "start-time", "START-DATE", TIME },
  { "cue", "CUE", TEXT },
  { "end-date", "END-DATE", DATE },
  { "end-time", "END-DATE", TIME },
  { "duration", "DURATION", DURATION },
  { "planned-duration", "PLANNED-DURATION", DURATION },
  { "scte35-cmd", "SCTE35-CMD", SPLICE },
  { "scte35-out", "SCTE35-OUT", SPLICE },
  { "scte35-in", "SCTE35-IN", SPLICE },
  { "end-on-next", "END-ON-NEXT", FLAG },
};

static gboolean
fail (GError **error, const gchar *field, const gchar *reason)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, "\"%s\" %s",
      field, reason);
  return FALSE;
}

/* What is read from text without a type may be anything: ad-1 is no string. */
static gboolean
fail_type (GError **error, const gchar *field, const GValue *value,
    const gchar *wanted)
{
  g_autofree gchar *reason =
      g_strdup_printf ("is no %s, but %s", wanted, G_VALUE_TYPE_NAME (value));

  return fail (error, field, reason);
}

/* Whatever whole number it is; GST_CLOCK_TIME_NONE is none. */
static gboolean
read_nanoseconds (
    const gchar *field, const GValue *value, gint64 *ns, GError **error)
{
  g_auto (GValue) number = G_VALUE_INIT;

  g_value_init (&number, G_TYPE_INT64);
  if (G_VALUE_HOLDS_STRING (value) || G_VALUE_HOLDS_BOOLEAN (value) ||
      !g_value_transform (value, &number))
    return fail (error, field, "is no number of nanoseconds");
  *ns = g_value_get_int64 (&number);
  return *ns >= 0 ? TRUE : fail (error, field, "is negative, or too large");
}

static gboolean
read_date (GstArclyHlsRange *range, const gchar *name, const gchar *field,
    const GValue *value, GError **error)
{
  g_autoptr (GDateTime) date = NULL;

  if (!GST_VALUE_HOLDS_DATE_TIME (value) || !g_value_get_boxed (value))
    return fail_type (error, field, value, "GstDateTime");
  date = gst_date_time_to_g_date_time (g_value_get_boxed (value));
  if (!date)
    return fail (error, field, "has no time of the day");
  return gst_arcly_hls_range_set_date (range, name,
      g_date_time_to_unix (date) * G_USEC_PER_SEC +
          g_date_time_get_microsecond (date),
      error);
}

/* (transfer full) (nullable) */
static GBytes *
dup_bytes (const GValue *value)
{
  gpointer data;
  gsize size;

  if (G_VALUE_HOLDS (value, G_TYPE_BYTES) && g_value_get_boxed (value))
    return g_value_dup_boxed (value);
  if (!GST_VALUE_HOLDS_BUFFER (value) || !gst_value_get_buffer (value))
    return NULL;
  size = gst_buffer_get_size (gst_value_get_buffer (value));
  gst_buffer_extract_dup (gst_value_get_buffer (value), 0, size, &data, &size);
  return g_bytes_new_take (data, size);
}

static gboolean
read_splice (GstArclyHlsRange *range, const gchar *name, const gchar *field,
    const GValue *value, GError **error)
{
  g_autoptr (GBytes) bytes = dup_bytes (value);
  g_autoptr (GError) failure = NULL;
  gconstpointer data;
  gsize size;

  if (!bytes)
    return fail_type (error, field, value, "GBytes or GstBuffer");
  data = g_bytes_get_data (bytes, &size);
  if (!gst_arcly_ts_splice_check (data, size, &failure))
    return fail (error, field, failure->message);
  return gst_arcly_hls_range_set_bytes (range, name, data, size, error);
}

/* Attributes of clients: text, bytes or a number. */
static gboolean
read_client (GstArclyHlsRange *range, const gchar *name, const GValue *value,
    GError **error)
{
  g_autoptr (GBytes) bytes = dup_bytes (value);
  g_auto (GValue) number = G_VALUE_INIT;

  if (bytes)
    return gst_arcly_hls_range_set_bytes (range, name,
        g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error);
  if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value))
    return gst_arcly_hls_range_set_text (
        range, name, g_value_get_string (value), error);
  g_value_init (&number, G_TYPE_DOUBLE);
  if (G_VALUE_HOLDS_BOOLEAN (value) || !g_value_transform (value, &number))
    return fail (error, name, "is no string, number, GBytes or GstBuffer");
  return gst_arcly_hls_range_set_number (
      range, name, g_value_get_double (&number), error);
}

static gboolean
read_known (
    GstArclyHlsNotice *notice, guint i, const GValue *value, GError **error)
{
  const gchar *name = fields[i].attribute, *field = fields[i].field;
  GstArclyHlsRange *range = notice->range;
  gint64 ns;

  switch (fields[i].kind) {
    case TEXT:
      if (!G_VALUE_HOLDS_STRING (value) || !g_value_get_string (value))
        return fail_type (error, field, value, "string");
      return gst_arcly_hls_range_set_text (
          range, name, g_value_get_string (value), error);
    case DATE:
      return read_date (range, name, field, value, error);
    case TIME:
      return read_nanoseconds (
          field, value, name[0] == 'S' ? &notice->start : &notice->end, error);
    case DURATION:
      return read_nanoseconds (field, value, &ns, error) &&
             gst_arcly_hls_range_set_duration (range, name, ns, error);
    case FLAG:
      if (!G_VALUE_HOLDS_BOOLEAN (value))
        return fail_type (error, field, value, "boolean");
      return !g_value_get_boolean (value) ||
             gst_arcly_hls_range_set_flag (range, name, error);
    case SPLICE:
    default:
      return read_splice (range, name, field, value, error);
  }
}

static gboolean
read_field (GstArclyHlsNotice *notice, const gchar *field, const GValue *value,
    GError **error)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (g_str_equal (fields[i].field, field))
      return read_known (notice, i, value, error);
  }
  if (g_str_has_prefix (field, "X-"))
    return read_client (notice->range, field, value, error);
  return fail (error, field, "is not known");
}

gboolean
gst_arcly_hls_daterange_read (
    const GstStructure *structure, GstArclyHlsNotice *notice, GError **error)
{
  gint n = gst_structure_n_fields (structure), i;
  gboolean ok = TRUE;

  *notice = (GstArclyHlsNotice){ .range = gst_arcly_hls_range_new (),
    .position = GST_ARCLY_HLS_NO_TIME,
    .start = GST_ARCLY_HLS_NO_TIME,
    .end = GST_ARCLY_HLS_NO_TIME };
  for (i = 0; i < n && ok; i++) {
    const gchar *field = gst_structure_nth_field_name (structure, (guint) i);

    ok = read_field (
        notice, field, gst_structure_get_value (structure, field), error);
  }
  if (ok && !gst_arcly_hls_range_get_id (notice->range))
    ok = fail (error, "id", "is missing");
  if (!ok)
    gst_arcly_hls_notice_clear (notice);
  return ok;
}

/* What the probe of a pad keeps. The streaming thread of the pad, but for what
 * is constant. */
typedef struct {
  GstElement *element;     /* borrowed: it has the pad */
  GstArclyHlsBoard *board; /* owned */
  GArray *waiting; /* (element-type GstArclyHlsNotice): for the next buffer */
} Watch;

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  gst_arcly_hls_board_unref (watch->board);
  g_array_unref (watch->waiting);
  g_free (watch);
}

static void
warn (Watch *watch, const GstStructure *structure, const gchar *reason)
{
  const gchar *id =
      structure ? gst_structure_get_string (structure, "id") : NULL;

  GST_ELEMENT_WARNING (watch->element, STREAM, FORMAT,
      ("The date range \"%s\" is not listed: %s", id ? id : "", reason),
      (NULL));
}

static void
take_event (Watch *watch, const GstStructure *structure)
{
  g_autoptr (GError) error = NULL;
  GstArclyHlsNotice notice;

  if (!gst_arcly_hls_daterange_read (structure, &notice, &error)) {
    warn (watch, structure, error->message);
    return;
  }
  if (watch->waiting->len == MAX_WAITING) {
    warn (watch, structure, "too many wait for a buffer");
    gst_arcly_hls_notice_clear (&notice);
    return;
  }
  g_array_append_val (watch->waiting, notice);
}

static void
put_up (Watch *watch, gint64 position)
{
  guint i;

  for (i = 0; i < watch->waiting->len; i++) {
    GstArclyHlsNotice *notice =
        &g_array_index (watch->waiting, GstArclyHlsNotice, i);

    notice->position = position;
    if (!gst_arcly_hls_board_put (watch->board, notice))
      warn (watch, NULL, "too many wait for media");
  }
  g_array_set_size (watch->waiting, 0);
}

/* Running time, as the muxers give it. What has none is placed with what comes
 * next. */
static gint64
running_time (GstPad *pad, GstBuffer *buffer)
{
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  GstClockTime time = GST_BUFFER_PTS_IS_VALID (buffer)
                          ? GST_BUFFER_PTS (buffer)
                          : GST_BUFFER_DTS (buffer);
  const GstSegment *segment;
  guint64 running;
  gint sign;

  if (!event || !GST_CLOCK_TIME_IS_VALID (time))
    return GST_ARCLY_HLS_NO_TIME;
  gst_event_parse_segment (event, &segment);
  if (segment->format != GST_FORMAT_TIME)
    return GST_ARCLY_HLS_NO_TIME;
  sign = gst_segment_to_running_time_full (
      segment, GST_FORMAT_TIME, time, &running);
  return sign == 0 ? GST_ARCLY_HLS_NO_TIME : sign * (gint64) running;
}

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Watch *watch = data;
  GstBuffer *buffer = NULL;
  GstEvent *event;
  gint64 position;

  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    event = GST_PAD_PROBE_INFO_EVENT (info);
    if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
      put_up (watch, GST_ARCLY_HLS_BOARD_END);
    if (GST_EVENT_TYPE (event) != GST_EVENT_CUSTOM_DOWNSTREAM ||
        !gst_event_has_name (event, GST_ARCLY_HLS_DATERANGE))
      return GST_PAD_PROBE_OK;
    take_event (watch, gst_event_get_structure (event));
    return GST_PAD_PROBE_DROP;
  }
  if (watch->waiting->len == 0)
    return GST_PAD_PROBE_OK;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  else if (gst_buffer_list_length (GST_PAD_PROBE_INFO_BUFFER_LIST (info)) > 0)
    buffer = gst_buffer_list_get (GST_PAD_PROBE_INFO_BUFFER_LIST (info), 0);
  position = buffer ? running_time (pad, buffer) : GST_ARCLY_HLS_NO_TIME;
  if (position != GST_ARCLY_HLS_NO_TIME)
    put_up (watch, position);
  return GST_PAD_PROBE_OK;
}

void
gst_arcly_hls_daterange_watch (
    GstPad *pad, GstElement *element, GstArclyHlsBoard *board)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->element = element;
  watch->board = gst_arcly_hls_board_ref (board);
  watch->waiting = g_array_new (FALSE, FALSE, sizeof (GstArclyHlsNotice));
  g_array_set_clear_func (
      watch->waiting, (GDestroyNotify) gst_arcly_hls_notice_clear);
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
          GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      on_data, watch, watch_free);
}
