/* SPDX-License-Identifier: MIT
 *
 * The log has each message in one form. Players of another get it from here:
 * made when the first of them needs it, kept with the message for the others.
 * So a form costs nothing until somebody takes it, and then as much memory as
 * the messages that are sent in it. */
#include "config.h"

#include <gst/arcly/codec/gstarclycursor.h>

#include "rtmpfeedpriv.h"

GstArclyFlvExKind
gst_arcly_rtmp_track_flv_kind (guint track)
{
  return GST_ARCLY_RTMP_TRACK_KIND (track) == GST_ARCLY_RTMP_TRACK_VIDEO
             ? GST_ARCLY_FLV_EX_VIDEO
             : GST_ARCLY_FLV_EX_AUDIO;
}

/* RTMP 1.0, 5.3.1.2.1. */
static guint32
get_timestamp (const guint8 *data, gsize size, gboolean *extended)
{
  GstArclyCursor cursor;
  guint32 timestamp;

  gst_arcly_cursor_init (&cursor, data, size);
  gst_arcly_cursor_skip (&cursor, 1);
  timestamp = gst_arcly_cursor_u24be (&cursor);
  *extended = timestamp == 0xffffff;
  if (!*extended)
    return timestamp;
  gst_arcly_cursor_skip (&cursor, GST_ARCLY_RTMP_FEED_HEADER - 4);
  return gst_arcly_cursor_u32be (&cursor);
}

guint32
gst_arcly_rtmp_message_get_timestamp (GstBuffer *message)
{
  guint8 bytes[GST_ARCLY_RTMP_FEED_HEADER + 4] = { 0 };
  gboolean extended;

  gst_buffer_extract (message, 0, bytes, sizeof bytes);
  return get_timestamp (bytes, sizeof bytes, &extended);
}

/* Its body, without the headers of chunks: each but the first has one of one
 * byte, and the extended timestamp again. */
static GByteArray *
join_chunks (const guint8 *data, gsize size, gboolean extended)
{
  gsize pos = GST_ARCLY_RTMP_FEED_HEADER + (extended ? 4 : 0);
  GByteArray *body = g_byte_array_sized_new (size);

  while (pos < size) {
    gsize n = MIN (size - pos, GST_ARCLY_RTMP_CHUNK_SIZE_OUT);

    g_byte_array_append (body, data + pos, n);
    pos += n + 1 + (extended ? 4 : 0);
  }
  return body;
}

static GstBuffer *
make_form (GstBuffer *message, guint track, guint form)
{
  g_autoptr (GByteArray) body = NULL;
  g_autoptr (GByteArray) other = g_byte_array_new ();
  gboolean extended;
  guint32 timestamp;
  GstMapInfo map;

  if (!gst_buffer_map (message, &map, GST_MAP_READ))
    return gst_buffer_new ();
  timestamp = get_timestamp (map.data, map.size, &extended);
  body = join_chunks (map.data, map.size, extended);
  gst_buffer_unmap (message, &map);
  if (!gst_arcly_flv_form_write (other, gst_arcly_rtmp_track_flv_kind (track),
          form,
          GST_BUFFER_OFFSET_IS_VALID (message) ? GST_BUFFER_OFFSET (message)
                                               : 0,
          body->data, body->len))
    return gst_buffer_new ();
  return gst_arcly_rtmp_feed_encode (
      track, timestamp, NULL, 0, other->data, other->len);
}

/* What is kept with a message, by form. */
typedef struct {
  GstBuffer *messages[GST_ARCLY_FLV_N_FORMS];
} Forms;

static void
forms_free (gpointer data)
{
  Forms *forms = data;
  guint i;

  for (i = 0; i < GST_ARCLY_FLV_N_FORMS; i++)
    gst_clear_buffer (&forms->messages[i]);
  g_free (forms);
}

GstBuffer *
gst_arcly_rtmp_feed_get_form (
    GstArclyRtmpFeed *feed, GstBuffer *message, guint track, guint form)
{
  GQuark quark = g_quark_from_static_string ("arcly-rtmp-forms");
  GstBuffer *made;
  Forms *forms;

  g_mutex_lock (&feed->forms_lock);
  forms = gst_mini_object_get_qdata (GST_MINI_OBJECT_CAST (message), quark);
  if (forms == NULL) {
    forms = g_new0 (Forms, 1);
    gst_mini_object_set_qdata (
        GST_MINI_OBJECT_CAST (message), quark, forms, forms_free);
  }
  if (forms->messages[form] == NULL)
    forms->messages[form] = make_form (message, track, form);
  made = forms->messages[form];
  g_mutex_unlock (&feed->forms_lock);
  return made;
}
