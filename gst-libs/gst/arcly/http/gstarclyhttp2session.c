/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>
#include <nghttp2/nghttp2.h>
#include <gst/arcly/http/gstarclyhttp2session.h>

/* RFC 9113, 4.1. */
#define FRAME_HEADER 9
/* Who sends more of a head than fits into 431 is not listened to: a byte may
 * stand for 4 KiB (RFC 7541, 6.1). */
#define MAX_HEADERS_READ (4 * GST_ARCLY_HTTP2_MAX_HEADERS)
/* Content that waits for one client, unless it is one answer. Files are read
 * whole, and 100 answers may be as many files. */
#define MAX_CONTENT (128 * 1024 * 1024)
/* Less room in a record is left empty: a frame has its price, too. */
#define MIN_ROOM 512

/* RFC 9113, 10.5: frames that make work and bring no request. They are paid for
 * with calm, which comes with time: 50 a second, 500 at once. */
#define FRAME_PRICE (G_USEC_PER_SEC / 50)
#define MAX_CALM (500 * FRAME_PRICE)

typedef struct {
  GstArclyHttpMessage message;   /* first */
  GstArclyHttp2Session *session; /* NULL: the stream is closed */
  GList link;
  gint32 id;
  GstArclyHttp2Head head; /* of the request; kept until it is answered */
  gboolean asked;
  gboolean begun; /* the answer's head is nghttp2's */
  guint piece;    /* of the body, that goes next, */
  gsize offset;   /* from here on */
  gint64 moved;   /* when the last bytes went; 0: not looked at yet */
} Stream;

struct _GstArclyHttp2Session {
  const GstArclyHttp2Funcs *funcs;
  gpointer data;
  nghttp2_session *nghttp2;
  GQueue streams; /* (element-type Stream), owned */
  guint n_asked;  /* of them: their requests are there, */
  guint n_held;   /* and are held */
  guint64 n_requests;
  gboolean broken;

  gint64 now;
  gint64 calm; /* microseconds */

  /* While it fills. */
  guint8 *out;
  gsize n_out;
  const guint8 *rest; /* nghttp2's, until it is asked again */
  gsize n_rest;
};

/* Tells the client, once. */
static void
give_up (GstArclyHttp2Session *self, guint32 reason)
{
  if (!self->broken)
    nghttp2_session_terminate_session (self->nghttp2, reason);
  self->broken = TRUE;
}

/* What makes work, and brings no request. */
static void
bear (GstArclyHttp2Session *self)
{
  self->calm -= FRAME_PRICE;
  if (self->calm < 0)
    give_up (self, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void
tick (GstArclyHttp2Session *self, gint64 now)
{
  self->calm = MIN (self->calm + now - self->now, MAX_CALM);
  self->now = now;
}

static void
add_header (GArray *headers, const gchar *name, const gchar *value)
{
  nghttp2_nv header = {
    .name = (uint8_t *) name,
    .namelen = strlen (name),
    .value = (uint8_t *) value,
    .valuelen = strlen (value),
  };

  g_array_append_val (headers, header);
}

/* Takes up to @size bytes of the body; without a @buffer only counts them.
 * @all: there are no more. */
static gsize
take_body (Stream *stream, guint8 *buffer, gsize size, gboolean *all)
{
  GPtrArray *body = stream->message.body;
  guint piece = stream->piece;
  gsize offset = stream->offset, taken = 0;

  while (piece < body->len) {
    gsize n;
    const guint8 *bytes =
        g_bytes_get_data (g_ptr_array_index (body, piece), &n);

    n = MIN (n - offset, size - taken);
    if (buffer && n > 0)
      memcpy (buffer + taken, bytes + offset, n);
    taken += n;
    offset += n;
    if (offset < g_bytes_get_size (g_ptr_array_index (body, piece)))
      break;
    piece++;
    offset = 0;
  }
  *all = piece == body->len;
  if (buffer) {
    stream->piece = piece;
    stream->offset = offset;
  }
  return taken;
}

static ssize_t
on_read (nghttp2_session *nghttp2, int32_t id, uint8_t *buffer, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *data)
{
  Stream *stream = source->ptr;
  gboolean all;
  gsize n = take_body (stream, NULL, size, &all);

  if (n == 0 && stream->message.open)
    return NGHTTP2_ERR_DEFERRED;
  *flags = NGHTTP2_DATA_FLAG_NO_COPY;
  if (all && !stream->message.open)
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t) n;
}

static gsize
get_room (GstArclyHttp2Session *self)
{
  return GST_ARCLY_HTTP2_RECORD - self->n_out;
}

/* From where it is to the record that TLS is given, in one step. */
static int
on_send_data (nghttp2_session *nghttp2, nghttp2_frame *frame,
    const uint8_t *head, size_t size, nghttp2_data_source *source, void *data)
{
  GstArclyHttp2Session *self = data;
  Stream *stream = source->ptr;
  gboolean all;

  if (FRAME_HEADER + size > get_room (self))
    return NGHTTP2_ERR_WOULDBLOCK;
  memcpy (self->out + self->n_out, head, FRAME_HEADER);
  self->n_out += FRAME_HEADER;
  self->n_out += take_body (stream, self->out + self->n_out, size, &all);
  stream->moved = self->now;
  if (all) {
    g_ptr_array_set_size (stream->message.body, 0);
    stream->piece = 0;
  }
  return 0;
}

/* A frame ends with the record, or begins the next one. */
static ssize_t
on_read_length (nghttp2_session *nghttp2, uint8_t type, int32_t id,
    int32_t window, int32_t stream_window, uint32_t max_frame, void *data)
{
  gsize room = get_room (data);

  return (ssize_t) (room < MIN_ROOM ? GST_ARCLY_HTTP2_RECORD : room) -
         FRAME_HEADER;
}

/* RFC 9110, 6.4.1: no content, whatever its length. */
static gboolean
has_content (Stream *stream, gsize size)
{
  return (size > 0 || stream->message.open) &&
         g_strcmp0 (stream->head.method, "HEAD") != 0;
}

/* Who takes nothing of many answers shall not have much memory for that: what
 * was asked for, and the answer's head, are needed no more. */
static void
forget (Stream *stream)
{
  GstArclyHttpMessage *message = &stream->message;

  if (!stream->asked || !stream->begun)
    return;
  gst_arcly_http2_head_clear (&stream->head);
  gst_arcly_http2_head_show (&stream->head, message);
  g_array_set_size (message->headers, 0);
}

static void
refuse (GstArclyHttpMessage *message, guint status, const gchar *reason)
{
  g_autoptr (GBytes) text = g_bytes_new (reason, strlen (reason));

  g_array_set_size (message->headers, 0);
  g_ptr_array_set_size (message->body, 0);
  message->status = status;
  gst_arcly_http_set_header (message, "Cache-Control", "no-cache");
  gst_arcly_http_set_header (message, "Content-Type", "text/plain");
  gst_arcly_http_message_append (message, text);
}

static gboolean
is_too_much (GstArclyHttp2Session *self, gsize size)
{
  gsize before = 0;
  GList *item;

  for (item = self->streams.head; item; item = item->next) {
    Stream *stream = item->data;

    if (stream->begun)
      before += gst_arcly_http_message_get_size (&stream->message);
  }
  return before > 0 && before + size > MAX_CONTENT;
}

static void
begin (Stream *stream)
{
  GstArclyHttp2Session *self = stream->session;
  GstArclyHttpMessage *message = &stream->message;
  gsize size = gst_arcly_http_message_get_size (message);
  nghttp2_data_provider body = { { .ptr = stream }, on_read };
  g_autoptr (GArray) headers = g_array_new (FALSE, FALSE, sizeof (nghttp2_nv));
  gchar status[16], length[32];
  guint i;

  /* Of one that is open, more comes from who does not know. */
  if (!message->open && is_too_much (self, size)) {
    refuse (message, 503, "too much at once\n");
    size = gst_arcly_http_message_get_size (message);
  }
  g_snprintf (status, sizeof status, "%u", message->status);
  g_snprintf (length, sizeof length, "%" G_GSIZE_FORMAT, size);
  add_header (headers, ":status", status);
  add_header (headers, "server", "arcly");
  add_header (headers, "date", self->funcs->date (self->data));
  for (i = 0; i < message->headers->len; i++) {
    GstArclyHttpHeader *header =
        &g_array_index (message->headers, GstArclyHttpHeader, i);

    add_header (headers, header->name, header->value);
  }
  /* RFC 9110, 8.6. */
  if (!message->open && message->status != 204 && message->status != 304)
    add_header (headers, "content-length", length);
  stream->begun = TRUE;
  if (nghttp2_submit_response (self->nghttp2, stream->id,
          (nghttp2_nv *) headers->data, headers->len,
          has_content (stream, size) ? &body : NULL) != 0)
    give_up (self, NGHTTP2_INTERNAL_ERROR);
  forget (stream);
}

static void
stream_hold (GstArclyHttpMessage *message)
{
}

static void
stream_resume (GstArclyHttpMessage *message)
{
  Stream *stream = (Stream *) message;

  if (!stream->session)
    return;
  stream->moved = 0;
  if (!stream->begun)
    begin (stream);
  else
    nghttp2_session_resume_data (stream->session->nghttp2, stream->id);
  stream->session->funcs->ready (stream->session->data);
}

static void
stream_abort (GstArclyHttpMessage *message)
{
  Stream *stream = (Stream *) message;

  if (!stream->session)
    return;
  nghttp2_submit_rst_stream (stream->session->nghttp2, NGHTTP2_FLAG_NONE,
      stream->id, NGHTTP2_INTERNAL_ERROR);
  stream->session->funcs->ready (stream->session->data);
}

static void
stream_free (GstArclyHttpMessage *message)
{
  Stream *stream = (Stream *) message;

  gst_arcly_http2_head_clear (&stream->head);
  g_free (stream);
}

static const GstArclyHttpCarrier stream_carrier = {
  .hold = stream_hold,
  .resume = stream_resume,
  .abort = stream_abort,
  .free = stream_free,
};

static void
stream_close (Stream *stream)
{
  g_queue_unlink (&stream->session->streams, &stream->link);
  stream->session->n_asked -= stream->asked;
  stream->session = NULL;
  g_ptr_array_set_size (stream->message.body, 0);
  gst_arcly_http_message_finish (&stream->message);
  gst_arcly_http_message_unref (&stream->message);
}

static gboolean
is_request (const nghttp2_frame *frame)
{
  return frame->hd.type == NGHTTP2_HEADERS &&
         frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int
on_begin_headers (
    nghttp2_session *nghttp2, const nghttp2_frame *frame, void *data)
{
  GstArclyHttp2Session *self = data;
  Stream *stream;

  if (!is_request (frame))
    return 0;
  stream = g_new0 (Stream, 1);
  gst_arcly_http_message_init (&stream->message, &stream_carrier);
  stream->session = self;
  stream->id = frame->hd.stream_id;
  stream->link.data = stream;
  g_queue_push_tail_link (&self->streams, &stream->link);
  nghttp2_session_set_stream_user_data (nghttp2, stream->id, stream);
  return 0;
}

/* Trailers (RFC 9110, 6.5) count, too, and are for nothing. */
static int
on_header (nghttp2_session *nghttp2, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_size, const uint8_t *value,
    size_t value_size, uint8_t flags, void *data)
{
  Stream *stream =
      nghttp2_session_get_stream_user_data (nghttp2, frame->hd.stream_id);

  if (!stream)
    return 0;
  gst_arcly_http2_head_add (
      &stream->head, !is_request (frame), name, name_size, value, value_size);
  if (stream->head.size <= MAX_HEADERS_READ)
    return 0;
  give_up (stream->session, NGHTTP2_ENHANCE_YOUR_CALM);
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* what follows is skipped */
}

/* Content is for nothing: the answer does not wait for it. */
static void
take_request (GstArclyHttp2Session *self, Stream *stream)
{
  GstArclyHttpMessage *message = &stream->message;

  gst_arcly_http2_head_show (&stream->head, message);
  message->can_stream = TRUE;
  message->n_held = &self->n_held;
  if (gst_arcly_http2_head_is_too_large (&stream->head))
    refuse (message, 431, "too many headers\n"); /* RFC 6585, 5 */
  else
    self->funcs->request (message, self->data);
  self->n_requests++;
  self->n_asked++;
  stream->asked = TRUE;
  if (message->status != 0 && !stream->begun)
    stream_resume (message);
  forget (stream);
}

static int
on_frame (nghttp2_session *nghttp2, const nghttp2_frame *frame, void *data)
{
  Stream *stream = NULL;

  if (is_request (frame))
    stream =
        nghttp2_session_get_stream_user_data (nghttp2, frame->hd.stream_id);
  if (stream)
    take_request (data, stream);
  return 0;
}

/* What comes with content, or asks for some, pays for itself; the rest does
 * when it is found invalid. */
static int
on_begin_frame (
    nghttp2_session *nghttp2, const nghttp2_frame_hd *head, void *data)
{
  gboolean pays = head->type == NGHTTP2_HEADERS ||
                  head->type == NGHTTP2_WINDOW_UPDATE ||
                  (head->type == NGHTTP2_DATA && head->length > 0);

  if (!pays)
    bear (data);
  return 0;
}

static int
on_invalid_frame (
    nghttp2_session *nghttp2, const nghttp2_frame *frame, int error, void *data)
{
  bear (data);
  return 0;
}

/* RFC 9113, 8.1: who has the answer need not send the rest of its content. */
static int
on_frame_sent (nghttp2_session *nghttp2, const nghttp2_frame *frame, void *data)
{
  gint32 id = frame->hd.stream_id;
  gboolean ends =
      (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);

  if (ends && nghttp2_session_get_stream_remote_close (nghttp2, id) == 0)
    nghttp2_submit_rst_stream (
        nghttp2, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  return 0;
}

static int
on_stream_closed (
    nghttp2_session *nghttp2, int32_t id, uint32_t reason, void *data)
{
  Stream *stream = nghttp2_session_get_stream_user_data (nghttp2, id);

  if (stream)
    stream_close (stream);
  return 0;
}

static void
set_callbacks (nghttp2_session_callbacks *callbacks)
{
  nghttp2_session_callbacks_set_on_begin_frame_callback (
      callbacks, on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback (
      callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback (callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback (callbacks, on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback (
      callbacks, on_invalid_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback (
      callbacks, on_frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback (
      callbacks, on_stream_closed);
  nghttp2_session_callbacks_set_send_data_callback (callbacks, on_send_data);
  nghttp2_session_callbacks_set_data_source_read_length_callback (
      callbacks, on_read_length);
}

GstArclyHttp2Session *
gst_arcly_http2_session_new (
    const GstArclyHttp2Funcs *funcs, gpointer data, gint64 now)
{
  /* Urgency (RFC 9218) instead of trees of streams that clients build. */
  static const nghttp2_settings_entry settings[] = {
    { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, GST_ARCLY_HTTP2_MAX_STREAMS },
    { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GST_ARCLY_HTTP2_MAX_HEADERS },
    { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
  };
  GstArclyHttp2Session *self = g_new0 (GstArclyHttp2Session, 1);
  nghttp2_session_callbacks *callbacks;

  self->funcs = funcs;
  self->data = data;
  self->now = now;
  self->calm = MAX_CALM;
  g_queue_init (&self->streams);
  /* Fails for want of memory only. */
  g_assert (nghttp2_session_callbacks_new (&callbacks) == 0);
  set_callbacks (callbacks);
  g_assert (nghttp2_session_server_new (&self->nghttp2, callbacks, self) == 0);
  nghttp2_session_callbacks_del (callbacks);
  g_assert (nghttp2_submit_settings (self->nghttp2, NGHTTP2_FLAG_NONE, settings,
                G_N_ELEMENTS (settings)) == 0);
  return self;
}

void
gst_arcly_http2_session_free (GstArclyHttp2Session *self)
{
  while (self->streams.length > 0)
    stream_close (self->streams.head->data);
  nghttp2_session_del (self->nghttp2);
  g_free (self);
}

gboolean
gst_arcly_http2_session_receive (
    GstArclyHttp2Session *self, gconstpointer data, gsize size, gint64 now)
{
  tick (self, now);
  if (!self->broken && nghttp2_session_mem_recv (self->nghttp2, data, size) < 0)
    give_up (self, NGHTTP2_PROTOCOL_ERROR);
  return !self->broken;
}

gsize
gst_arcly_http2_session_fill (
    GstArclyHttp2Session *self, guint8 *buffer, gint64 now)
{
  tick (self, now);
  self->out = buffer;
  self->n_out = 0;
  while (get_room (self) > 0) {
    gsize n;

    if (self->n_rest == 0) {
      ssize_t more = nghttp2_session_mem_send (self->nghttp2, &self->rest);

      if (more <= 0)
        break;
      self->n_rest = (gsize) more;
    }
    /* on_send_data() may have taken room meanwhile. */
    n = MIN (self->n_rest, get_room (self));
    memcpy (buffer + self->n_out, self->rest, n);
    self->n_out += n;
    self->rest += n;
    self->n_rest -= n;
  }
  self->out = NULL;
  return self->n_out;
}

void
gst_arcly_http2_session_end (GstArclyHttp2Session *self)
{
  give_up (self, NGHTTP2_NO_ERROR);
}

void
gst_arcly_http2_session_end_stalled (
    GstArclyHttp2Session *self, gint64 now, gint64 patience)
{
  GList *item;

  for (item = self->streams.head; item; item = item->next) {
    Stream *stream = item->data;

    if (!stream->begun || stream->message.body->len == 0)
      continue;
    if (stream->moved != 0 && now - stream->moved > patience) {
      stream_abort (&stream->message);
      stream->moved = 0; /* not once more while the socket is full */
    }
    if (stream->moved == 0)
      stream->moved = now;
  }
}

gboolean
gst_arcly_http2_session_is_over (GstArclyHttp2Session *self)
{
  return self->n_rest == 0 && !nghttp2_session_want_read (self->nghttp2) &&
         !nghttp2_session_want_write (self->nghttp2);
}

guint
gst_arcly_http2_session_get_n_streams (GstArclyHttp2Session *self)
{
  return self->n_asked;
}

guint64
gst_arcly_http2_session_get_n_requests (GstArclyHttp2Session *self)
{
  return self->n_requests;
}
