/* SPDX-License-Identifier: MIT
 *
 * A client that says anything: how its bytes are cut does not matter, what is
 * asked and given follows the rules, and each answer is sound RTMP. The first
 * byte says how the rest is cut, the second what is decided and whether the
 * handshake is in the input. */
#include <stdint.h>
#include <string.h>

#include "rtmpclient.h"
#include "rtmpsession.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum {
  REFUSE_CONNECT = 1,
  REFUSE_PUBLISH = 2,
  END_EARLY = 4,
  OWN_HANDSHAKE = 8,
  ACCEPT_PLAY = 16,
};

#define N_STREAMS 8

typedef struct {
  GstArclyRtmpSession *session;
  RtmpClient *client;
  guint8 flags;
  gboolean connected;
  gboolean publishing[N_STREAMS];
  gboolean playing[N_STREAMS];
  guint n_media;
  GString *log;
} Run;

static void
check_publish (Run *run, const GstArclyRtmpEvent *event)
{
  guint32 id = event->stream_id;
  gboolean ok;

  g_assert (run->connected && !run->publishing[id]);
  g_assert (event->stream.name && event->stream.path && event->stream.type);
  g_assert (gst_arcly_rtmp_session_is_held (run->session));
  if (run->flags & REFUSE_PUBLISH) {
    ok = gst_arcly_rtmp_session_refuse_stream (
        run->session, id, GST_ARCLY_RTMP_CODE_PUBLISH_DENIED, "no");
  } else {
    ok = gst_arcly_rtmp_session_accept_publish (run->session, id);
    run->publishing[id] = TRUE;
  }
  g_assert (ok && !gst_arcly_rtmp_session_is_held (run->session));
}

static void
check_play (Run *run, guint32 id)
{
  gboolean ok;

  g_assert (run->connected && !run->publishing[id] && !run->playing[id]);
  if (run->flags & ACCEPT_PLAY) {
    ok = gst_arcly_rtmp_session_accept_play (run->session, id);
    run->playing[id] = TRUE;
  } else {
    ok = gst_arcly_rtmp_session_refuse_stream (
        run->session, id, GST_ARCLY_RTMP_CODE_PLAY_FAILED, "no");
  }
  g_assert (ok && !gst_arcly_rtmp_session_is_held (run->session));
}

static void
check_player (Run *run, const GstArclyRtmpEvent *event)
{
  guint32 id = event->stream_id;

  g_assert (run->playing[id]);
  if (event->kind == GST_ARCLY_RTMP_EVENT_STOP)
    run->playing[id] = FALSE;
  /* Some are ended by us instead. */
  if (event->kind != GST_ARCLY_RTMP_EVENT_PAUSE || !event->paused ||
      !(run->flags & END_EARLY))
    return;
  run->playing[id] =
      !gst_arcly_rtmp_session_end_play (run->session, id, NULL, "enough");
}

static void
check_connect (Run *run, const GstArclyRtmpEvent *event)
{
  gboolean ok;

  g_assert (!run->connected);
  g_assert (event->connect.app && event->connect.command);
  if (run->flags & REFUSE_CONNECT) {
    ok = gst_arcly_rtmp_session_refuse_connect (
        run->session, GST_ARCLY_RTMP_CODE_CONNECT_REJECTED, "no");
  } else {
    ok = gst_arcly_rtmp_session_accept_connect (run->session);
    run->connected = TRUE;
  }
  g_assert (ok);
}

static void
end_early (Run *run, guint32 id)
{
  gboolean ok;

  if (!(run->flags & END_EARLY) || ++run->n_media % 3 != 0)
    return;
  ok = gst_arcly_rtmp_session_end_publish (
      run->session, id, "error", GST_ARCLY_RTMP_CODE_PUBLISH_DENIED, "enough");
  g_assert (ok);
  run->publishing[id] = FALSE;
}

static void
check_event (Run *run, const GstArclyRtmpEvent *event)
{
  guint32 id = event->stream_id;
  g_string_append_printf (run->log, "%d %u\n", event->kind, id);
  switch (event->kind) {
    case GST_ARCLY_RTMP_EVENT_CONNECT:
      check_connect (run, event);
      break;
    case GST_ARCLY_RTMP_EVENT_PUBLISH:
      check_publish (run, event);
      break;
    case GST_ARCLY_RTMP_EVENT_PLAY:
      check_play (run, id);
      break;
    case GST_ARCLY_RTMP_EVENT_STOP:
    case GST_ARCLY_RTMP_EVENT_PAUSE:
    case GST_ARCLY_RTMP_EVENT_RECEIVE:
      check_player (run, event);
      break;
    case GST_ARCLY_RTMP_EVENT_UNPUBLISH:
      g_assert (run->publishing[id]);
      run->publishing[id] = FALSE;
      break;
    case GST_ARCLY_RTMP_EVENT_MEDIA:
      g_assert (run->publishing[id] && event->media.payload);
      g_string_append_printf (run->log, "%" G_GINT64_FORMAT " %u\n",
          event->media.timestamp, g_bytes_hash (event->media.payload));
      end_early (run, id);
      break;
    case GST_ARCLY_RTMP_EVENT_METADATA:
      g_assert (run->publishing[id] && event->metadata.payload);
      g_assert (event->metadata.values);
      end_early (run, id);
      break;
    case GST_ARCLY_RTMP_EVENT_PONG:
      break;
    case GST_ARCLY_RTMP_EVENT_WARNING:
      g_assert (g_utf8_validate (event->warning->message, -1, NULL));
      g_string_append (run->log, event->warning->message);
      break;
  }
}

static gboolean
feed (Run *run, const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) output = NULL;
  gboolean ok = gst_arcly_rtmp_session_feed (run->session, data, size, &error);

  while (ok) {
    g_autoptr (GstArclyRtmpEvent) event = NULL;

    ok = gst_arcly_rtmp_session_next_event (run->session, &event, &error);
    g_assert (ok == (error == NULL));
    if (!event)
      break;
    check_event (run, event);
  }
  gst_arcly_rtmp_session_acknowledge (run->session);
  output = gst_arcly_rtmp_session_take_output (run->session);
  if (output)
    rtmp_client_feed (run->client, g_bytes_get_data (output, NULL),
        g_bytes_get_size (output));
  if (error)
    g_string_append (run->log, error->message);
  return ok;
}

/* The client's functions fail if an answer is no RTMP. */
static void
read_answers (RtmpClient *client)
{
  RtmpReply *reply = NULL;

  while ((reply = rtmp_client_next_reply (client)))
    rtmp_reply_free (reply);
  g_assert (!client->greeted || client->in->len == 0);
}

static gchar *
run_session (const uint8_t *data, size_t size, size_t step, guint8 flags)
{
  GstArclyRtmpLimits limits = gst_arcly_rtmp_default_limits;
  g_autoptr (GstArclyRtmpSession) session = NULL;
  g_autoptr (RtmpClient) client = rtmp_client_new ();
  Run run = { .client = client, .flags = flags };
  gboolean ok = TRUE;
  size_t pos;

  limits.max_streams = N_STREAMS - 1;
  limits.max_message_size = 10000;
  limits.max_partial_bytes = 20000;
  session = gst_arcly_rtmp_session_new (&limits, NULL);
  run.session = session;
  run.log = g_string_new (NULL);
  if (!(flags & OWN_HANDSHAKE)) {
    g_autoptr (GBytes) hello = NULL;

    rtmp_client_hello (client);
    hello = rtmp_client_take (client);
    ok = feed (&run, g_bytes_get_data (hello, NULL), g_bytes_get_size (hello));
    g_assert (ok);
  }
  for (pos = 0; ok && pos < size; pos += step)
    ok = feed (&run, data + pos, MIN (step, size - pos));
  read_answers (client);
  return g_string_free (run.log, FALSE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree gchar *whole = NULL;
  g_autofree gchar *cut = NULL;

  if (size < 3)
    return 0;
  whole = run_session (data + 2, size - 2, size, data[1]);
  cut = run_session (data + 2, size - 2, 1 + data[0], data[1]);
  g_assert (strcmp (whole, cut) == 0);
  return 0;
}
