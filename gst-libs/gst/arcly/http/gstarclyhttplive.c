/* SPDX-License-Identifier: MIT
 *
 * Answers from origins. What is not there yet is waited for
 * (rfc8216bis, 6.2.5): the message is paused, and goes on when the origin wakes
 * this server. All of it is in the server's thread. */
#include "config.h"

#include <string.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

/* Requests that wait; a connection has one at most, or as many as HTTP/2 has
 * streams. */
#define MAX_PENDING 4096
/* While half of those wait, a connection has no more than that. */
#define FAIR_SHARE 8
/* How often waiting requests are looked at for being late. */
#define LATE_MS 250
/* While no playlist says how long a segment is. */
#define DEFAULT_TARGET_DURATION 6

typedef struct _Room Room;

typedef struct {
  Room *room;
  GList link;                   /* in the room's queue */
  GstArclyHttpMessage *message; /* owned */
  gint64 since;                 /* monotonic time */
  GstArclyHttpReload reload;    /* of a playlist */
  gchar *name;                  /* of a file; else NULL */
  gchar *range;
  gsize sent; /* of the file, once its head went out */
  gboolean streaming;
  gboolean gone; /* taken away, before the client had all of it */
} Waiter;

/* Who waits for one origin. */
struct _Room {
  GstArclyHttpLive *live;
  GstArclyHttpOrigin *origin; /* owned */
  GstArclyHttpWatch *watch;
  GQueue waiters; /* (element-type Waiter) */
  GSource *timer;
};

struct _GstArclyHttpLive {
  GHashTable *rooms; /* origin to Room, while anybody waits */
  guint n_pending;
};

GstArclyHttpLive *
gst_arcly_http_live_new (void)
{
  GstArclyHttpLive *live = g_new0 (GstArclyHttpLive, 1);

  live->rooms = g_hash_table_new (NULL, NULL);
  return live;
}

static void
room_free (Room *room)
{
  gst_arcly_http_origin_unwatch (room->origin, room->watch);
  g_hash_table_remove (room->live->rooms, room->origin);
  g_source_destroy (room->timer);
  g_source_unref (room->timer);
  g_object_unref (room->origin);
  g_free (room);
}

/* The room stays: its owner looks whether it is empty. */
static void
waiter_free (Waiter *waiter)
{
  g_queue_unlink (&waiter->room->waiters, &waiter->link);
  waiter->room->live->n_pending--;
  gst_arcly_http_message_release (waiter->message);
  gst_arcly_http_message_unref (waiter->message);
  g_free (waiter->name);
  g_free (waiter->range);
  g_free (waiter);
}

/* The client went, or has all. */
static void
on_finished (gpointer data)
{
  Waiter *waiter = data;
  Room *room = waiter->room;

  waiter_free (waiter);
  if (room->waiters.length == 0)
    room_free (room);
}

static void
answer_late (GstArclyHttpMessage *message)
{
  gst_arcly_http_set_header (message, "Retry-After", "1");
  gst_arcly_http_set_header (
      message, "Cache-Control", GST_ARCLY_HTTP_CACHE_NEVER);
  gst_arcly_http_answer_text (
      message, SOUP_STATUS_SERVICE_UNAVAILABLE, "nothing came in time\n");
}

static void
answer_not_found (GstArclyHttpMessage *message)
{
  gst_arcly_http_set_header (
      message, "Cache-Control", GST_ARCLY_HTTP_CACHE_NEVER);
  gst_arcly_http_answer_text (message, SOUP_STATUS_NOT_FOUND, "not found\n");
}

static gboolean
wants_gzip (GstArclyHttpMessage *message)
{
  const gchar *codings = message->accept_encoding;

  /* RFC 9110, 12.5.3: "gzip;q=0" is none of it. */
  return codings && soup_header_contains (codings, "gzip");
}

/* rfc8216bis, 6.2.5: what was asked for with a number is the same for six
 * target durations; what was not is old when the next part comes. */
static void
answer_playlist (GstArclyHttpMessage *message, GstArclyHttpSnapshot *snapshot,
    const GstArclyHttpReload *reload)
{
  gchar cache_control[64] = "public, max-age=1";
  gboolean gzip = wants_gzip (message);
  GBytes *text =
      gst_arcly_http_snapshot_get_text (snapshot, reload->skip, gzip);

  if (reload->blocks)
    g_snprintf (cache_control, sizeof cache_control, "public, max-age=%u",
        6 * gst_arcly_http_snapshot_get_target_duration (snapshot));
  gst_arcly_http_set_header (message, "Vary", "Accept-Encoding");
  if (text && gzip)
    gst_arcly_http_set_header (message, "Content-Encoding", "gzip");
  else if (!text)
    text = gst_arcly_http_snapshot_get_text (snapshot, reload->skip, FALSE);
  /* Another coding is another version, and a delta is, too. */
  if (!gzip && !reload->skip &&
      gst_arcly_http_answer_not_modified (
          message, gst_arcly_http_snapshot_get_etag (snapshot), cache_control))
    return;
  gst_arcly_http_answer_bytes (
      message, text, "application/vnd.apple.mpegurl", cache_control);
}

/* TRUE if it is answered. */
static gboolean
try_playlist (GstArclyHttpMessage *message, GstArclyHttpSnapshot *snapshot,
    const GstArclyHttpReload *reload)
{
  if (!snapshot)
    return FALSE;
  switch (gst_arcly_http_snapshot_judge (snapshot, reload)) {
    case GST_ARCLY_HTTP_RELOAD_NOW:
      answer_playlist (message, snapshot, reload);
      return TRUE;
    case GST_ARCLY_HTTP_RELOAD_TOO_FAR:
      gst_arcly_http_set_header (
          message, "Cache-Control", GST_ARCLY_HTTP_CACHE_NEVER);
      gst_arcly_http_answer_text (
          message, SOUP_STATUS_BAD_REQUEST, "too far ahead\n");
      return TRUE;
    case GST_ARCLY_HTTP_RELOAD_WAIT:
      break;
  }
  return FALSE;
}

/* All of a file, or the range of it that is asked for. */
static void
answer_whole (GstArclyHttpMessage *message, const gchar *name,
    GPtrArray *chunks, gsize size, const gchar *range)
{
  const GstArclyHttpType *type = gst_arcly_http_find_type (name);
  g_autofree gchar *etag = g_strdup_printf ("\"%s\"", name);
  GstArclyHttpContent content = {
    .type = type ? type->type : "application/octet-stream",
    .cache_control = type ? type->cache_control : GST_ARCLY_HTTP_CACHE_NEVER,
    .etag = etag,
    .chunks = chunks,
    .size = size,
  };

  gst_arcly_http_answer_content (message, &content, range);
}

/* rfc8216bis, 6.2.6: a part that was hinted goes out as its bytes come. */
static void
start_streaming (Waiter *waiter)
{
  GstArclyHttpMessage *message = waiter->message;
  const GstArclyHttpType *type = gst_arcly_http_find_type (waiter->name);

  gst_arcly_http_set_header (message, "Cache-Control",
      type ? type->cache_control : GST_ARCLY_HTTP_CACHE_NEVER);
  gst_arcly_http_set_header (
      message, "Content-Type", type ? type->type : "application/octet-stream");
  message->status = SOUP_STATUS_OK;
  message->open = TRUE;
  waiter->streaming = TRUE;
}

static gboolean
can_stream (Waiter *waiter)
{
  return !waiter->range && waiter->message->can_stream &&
         gst_arcly_http_message_is_get (waiter->message);
}

/* TRUE if it is answered, and nothing more will follow. */
static gboolean
try_file (Waiter *waiter)
{
  gboolean complete = FALSE;
  gsize size = 0;
  g_autoptr (GPtrArray) chunks = gst_arcly_http_origin_get (
      waiter->room->origin, waiter->name, waiter->sent, &size, &complete);
  guint i;

  if (!chunks && !waiter->streaming) {
    answer_not_found (waiter->message);
    return TRUE;
  }
  if (complete && !waiter->streaming) {
    answer_whole (waiter->message, waiter->name, chunks, size, waiter->range);
    return TRUE;
  }
  if (chunks && size > waiter->sent) {
    if (!waiter->streaming && !can_stream (waiter))
      return FALSE;
    if (!waiter->streaming)
      start_streaming (waiter);
    for (i = 0; i < chunks->len; i++)
      gst_arcly_http_message_append (
          waiter->message, g_ptr_array_index (chunks, i));
    waiter->sent = size;
    waiter->message->open = !complete;
    gst_arcly_http_message_resume (waiter->message);
  }
  waiter->gone = !chunks;
  if (!complete)
    return FALSE;
  waiter->message->open = FALSE;
  return TRUE;
}

/* Takes the waiter, if it is done with. */
static gboolean
try_waiter (Waiter *waiter, GstArclyHttpSnapshot *snapshot)
{
  gboolean done =
      waiter->name ? try_file (waiter)
                   : try_playlist (waiter->message, snapshot, &waiter->reload);

  if (!done)
    return FALSE;
  gst_arcly_http_message_resume (waiter->message);
  if (!waiter->name)
    gst_arcly_http_origin_note_answer (waiter->room->origin,
        g_get_monotonic_time () - gst_arcly_http_snapshot_get_time (snapshot));
  waiter_free (waiter);
  return TRUE;
}

/* Half a file that ends well would be cached for ever. */
static void
give_up (Waiter *waiter)
{
  if (waiter->streaming) {
    gst_arcly_http_message_abort (waiter->message);
  } else {
    answer_late (waiter->message);
    gst_arcly_http_message_resume (waiter->message);
  }
  waiter_free (waiter);
}

static void
on_wake (gpointer data)
{
  Room *room = data;
  g_autoptr (GstArclyHttpSnapshot) snapshot =
      gst_arcly_http_origin_get_snapshot (room->origin);
  gboolean closed = gst_arcly_http_origin_is_closed (room->origin);
  GList *item = room->waiters.head;

  while (item) {
    Waiter *waiter = item->data;

    item = item->next;
    if (!try_waiter (waiter, snapshot) && (closed || waiter->gone))
      give_up (waiter);
  }
  if (room->waiters.length == 0)
    room_free (room);
}

/* rfc8216bis, 6.2.5.2: not longer than three target durations. The first in
 * the queue waits longest. */
static gboolean
on_timer (gpointer data)
{
  Room *room = data;
  g_autoptr (GstArclyHttpSnapshot) snapshot =
      gst_arcly_http_origin_get_snapshot (room->origin);
  guint target = snapshot
                     ? gst_arcly_http_snapshot_get_target_duration (snapshot)
                     : DEFAULT_TARGET_DURATION;
  gint64 late = g_get_monotonic_time () - 3 * target * G_USEC_PER_SEC;

  while (room->waiters.length > 0) {
    Waiter *waiter = room->waiters.head->data;

    if (waiter->since > late)
      return G_SOURCE_CONTINUE;
    give_up (waiter);
  }
  room_free (room);
  return G_SOURCE_REMOVE;
}

static Room *
find_room (GstArclyHttpLive *live, GstArclyHttpOrigin *origin)
{
  Room *room = g_hash_table_lookup (live->rooms, origin);
  GMainContext *context;

  if (room)
    return room;
  context = g_main_context_ref_thread_default ();
  room = g_new0 (Room, 1);
  room->live = live;
  room->origin = g_object_ref (origin);
  g_queue_init (&room->waiters);
  room->watch = gst_arcly_http_origin_watch (origin, context, on_wake, room);
  room->timer = g_timeout_source_new (LATE_MS);
  g_source_set_callback (room->timer, on_timer, room, NULL);
  g_source_attach (room->timer, context);
  g_hash_table_insert (live->rooms, origin, room);
  g_main_context_unref (context);
  return room;
}

/* What came since the caller looked has woken nobody. */
static void
look_again (Waiter *waiter)
{
  Room *room = waiter->room;
  g_autoptr (GstArclyHttpSnapshot) snapshot =
      gst_arcly_http_origin_get_snapshot (room->origin);

  if (!try_waiter (waiter, snapshot) &&
      gst_arcly_http_origin_is_closed (room->origin))
    give_up (waiter);
  if (room->waiters.length == 0)
    room_free (room);
}

/* A few connections shall not have all that may wait. */
static gboolean
has_room (GstArclyHttpLive *live, GstArclyHttpMessage *message)
{
  guint own = message->n_held ? *message->n_held : 0;

  return live->n_pending < (own < FAIR_SHARE ? MAX_PENDING : MAX_PENDING / 2);
}

static void
hold (GstArclyHttpLive *live, GstArclyHttpMessage *message,
    GstArclyHttpOrigin *origin, const Waiter *what)
{
  Waiter *waiter = NULL;

  if (!has_room (live, message)) {
    answer_late (message);
    return;
  }
  waiter = g_memdup2 (what, sizeof *what);
  waiter->room = find_room (live, origin);
  waiter->message = gst_arcly_http_message_ref (message);
  waiter->name = g_strdup (what->name);
  waiter->range = g_strdup (what->range);
  waiter->since = g_get_monotonic_time ();
  waiter->link.data = waiter;
  g_queue_push_tail_link (&waiter->room->waiters, &waiter->link);
  live->n_pending++;
  gst_arcly_http_message_hold (message, on_finished, waiter);
  look_again (waiter);
}

static gboolean
answer_reload (GstArclyHttpLive *live, GstArclyHttpMessage *message,
    GstArclyHttpOrigin *origin)
{
  Waiter waiter = { 0 };
  g_autoptr (GstArclyHttpSnapshot) snapshot =
      gst_arcly_http_origin_get_snapshot (origin);

  if (!gst_arcly_http_reload_parse (&waiter.reload, message->query)) {
    gst_arcly_http_set_header (
        message, "Cache-Control", GST_ARCLY_HTTP_CACHE_NEVER);
    gst_arcly_http_answer_text (
        message, SOUP_STATUS_BAD_REQUEST, "bad _HLS_ directive\n");
    return TRUE;
  }
  if (try_playlist (message, snapshot, &waiter.reload))
    return TRUE;
  /* What a former process left is in the folder. */
  if (!waiter.reload.blocks)
    return FALSE;
  hold (live, message, origin, &waiter);
  return TRUE;
}

gboolean
gst_arcly_http_live_answer (GstArclyHttpLive *live,
    GstArclyHttpMessage *message, GstArclyHttpOrigin *origin,
    const gchar *relative, const gchar *range)
{
  g_autoptr (GPtrArray) chunks = NULL;
  gboolean complete = FALSE;
  gsize size = 0;

  if (!origin)
    return FALSE;
  if (g_str_equal (relative, GST_ARCLY_HTTP_PLAYLIST))
    return answer_reload (live, message, origin);
  chunks = gst_arcly_http_origin_get (origin, relative, 0, &size, &complete);
  if (!chunks)
    return FALSE;
  if (complete) {
    answer_whole (message, relative, chunks, size, range);
  } else {
    Waiter waiter = { .name = (gchar *) relative, .range = (gchar *) range };

    hold (live, message, origin, &waiter);
  }
  return TRUE;
}

const gchar *
gst_arcly_http_live_state (GstArclyHttpOrigin *origin)
{
  g_autoptr (GstArclyHttpSnapshot) snapshot =
      origin ? gst_arcly_http_origin_get_snapshot (origin) : NULL;
  gint64 age;

  if (!snapshot)
    return NULL;
  if (gst_arcly_http_snapshot_is_ended (snapshot))
    return "ended";
  age = g_get_monotonic_time () - gst_arcly_http_snapshot_get_time (snapshot);
  return age > 3 * gst_arcly_http_snapshot_get_target_duration (snapshot) *
                     G_USEC_PER_SEC
             ? "stalled"
             : "live";
}

void
gst_arcly_http_live_close (GstArclyHttpLive *live)
{
  g_autoptr (GList) rooms = g_hash_table_get_values (live->rooms);
  GList *item;

  for (item = rooms; item; item = item->next) {
    Room *room = item->data;

    while (room->waiters.length > 0)
      give_up (room->waiters.head->data);
    room_free (room);
  }
}

void
gst_arcly_http_live_free (GstArclyHttpLive *live)
{
  g_hash_table_unref (live->rooms);
  g_free (live);
}
