/* SPDX-License-Identifier: MIT */
#include "http2client.h"

#include <string.h>

static void
answer_free (gpointer data)
{
  Http2Answer *answer = data;

  g_string_free (answer->head, TRUE);
  g_byte_array_unref (answer->body);
  g_free (answer);
}

static Http2Answer *
find (gpointer client, gint32 id)
{
  return g_hash_table_lookup (
      ((Http2Client *) client)->answers, GINT_TO_POINTER (id));
}

static int
on_header (nghttp2_session *nghttp2, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_size, const uint8_t *value,
    size_t value_size, uint8_t flags, void *data)
{
  g_string_append_printf (find (data, frame->hd.stream_id)->head,
      "%.*s: %.*s\n", (int) name_size, name, (int) value_size, value);
  return 0;
}

static int
on_data (nghttp2_session *nghttp2, uint8_t flags, int32_t id,
    const uint8_t *bytes, size_t size, void *data)
{
  g_byte_array_append (find (data, id)->body, bytes, size);
  return 0;
}

static int
on_frame (nghttp2_session *nghttp2, const nghttp2_frame *frame, void *data)
{
  Http2Client *self = data;

  if (frame->hd.type == NGHTTP2_GOAWAY) {
    self->ended = TRUE;
    self->reason = frame->goaway.error_code;
  }
  return 0;
}

static int
on_closed (nghttp2_session *nghttp2, int32_t id, uint32_t reason, void *data)
{
  Http2Answer *answer = find (data, id);

  answer->closed = TRUE;
  answer->reason = reason;
  return 0;
}

Http2Client *
http2_client_new (guint32 window)
{
  nghttp2_settings_entry settings[] = {
    { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window },
  };
  Http2Client *self = g_new0 (Http2Client, 1);
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;

  self->answers = g_hash_table_new_full (NULL, NULL, NULL, answer_free);
  nghttp2_session_callbacks_new (&callbacks);
  nghttp2_session_callbacks_set_on_header_callback (callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback (
      callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback (callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback (callbacks, on_closed);
  /* It asks for more than a server may take. */
  nghttp2_option_new (&option);
  nghttp2_option_set_peer_max_concurrent_streams (option, 1000);
  nghttp2_session_client_new2 (&self->nghttp2, callbacks, self, option);
  nghttp2_option_del (option);
  nghttp2_session_callbacks_del (callbacks);
  nghttp2_submit_settings (
      self->nghttp2, NGHTTP2_FLAG_NONE, settings, G_N_ELEMENTS (settings));
  /* Of the connection: enough for all. */
  nghttp2_session_set_local_window_size (
      self->nghttp2, NGHTTP2_FLAG_NONE, 0, 1 << 30);
  return self;
}

void
http2_client_free (Http2Client *self)
{
  nghttp2_session_del (self->nghttp2);
  g_hash_table_unref (self->answers);
  g_free (self);
}

/* Content that never comes. */
static ssize_t
on_read (nghttp2_session *nghttp2, int32_t id, uint8_t *buffer, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *data)
{
  return NGHTTP2_ERR_DEFERRED;
}

static void
add (GArray *headers, const gchar *name, const gchar *value)
{
  nghttp2_nv header = {
    .name = (uint8_t *) name,
    .namelen = strlen (name),
    .value = (uint8_t *) value,
    .valuelen = strlen (value),
  };

  g_array_append_val (headers, header);
}

Http2Answer *
http2_client_ask (Http2Client *self, const gchar *method, const gchar *path,
    const gchar *more, gboolean whole)
{
  g_autoptr (GArray) headers = g_array_new (FALSE, FALSE, sizeof (nghttp2_nv));
  g_auto (GStrv) lines = g_strsplit (more ? more : "", "\n", -1);
  nghttp2_data_provider content = { { .ptr = NULL }, on_read };
  Http2Answer *answer = g_new0 (Http2Answer, 1);
  guint i;

  add (headers, ":method", method);
  add (headers, ":scheme", "https");
  add (headers, ":authority", "x");
  add (headers, ":path", path);
  for (i = 0; lines[i] && lines[i][0] != '\0'; i++) {
    gchar *colon = strstr (lines[i], ": ");

    *colon = '\0';
    add (headers, lines[i], colon + 2);
  }
  answer->head = g_string_new (NULL);
  answer->body = g_byte_array_new ();
  answer->id =
      nghttp2_submit_request (self->nghttp2, NULL, (nghttp2_nv *) headers->data,
          headers->len, whole ? NULL : &content, NULL);
  g_assert_cmpint (answer->id, >, 0);
  g_hash_table_insert (self->answers, GINT_TO_POINTER (answer->id), answer);
  return answer;
}

void
http2_client_say (Http2Client *self, GByteArray *out)
{
  const uint8_t *data;
  ssize_t n;

  while ((n = nghttp2_session_mem_send (self->nghttp2, &data)) > 0)
    g_byte_array_append (out, data, (guint) n);
  g_assert_cmpint (n, ==, 0);
}

void
http2_client_hear (Http2Client *self, const guint8 *data, gsize size)
{
  g_assert_cmpint (
      nghttp2_session_mem_recv (self->nghttp2, data, size), ==, (ssize_t) size);
}

void
http2_add_frame (GByteArray *out, guint8 type, guint8 flags, guint32 id,
    gconstpointer data, gsize size)
{
  guint8 head[] = { size >> 16 & 0xff, size >> 8 & 0xff, size & 0xff, type,
    flags, id >> 24 & 0xff, id >> 16 & 0xff, id >> 8 & 0xff, id & 0xff };

  g_byte_array_append (out, head, sizeof head);
  if (size > 0)
    g_byte_array_append (out, data, size);
}

gboolean
http2_answer_has (Http2Answer *answer, const gchar *line)
{
  g_autofree gchar *head = g_strconcat ("\n", answer->head->str, NULL);
  g_autofree gchar *wanted = g_strconcat ("\n", line, "\n", NULL);

  return strstr (head, wanted) != NULL;
}
