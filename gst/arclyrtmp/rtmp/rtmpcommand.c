/* SPDX-License-Identifier: MIT */
#include "rtmpsessionprivate.h"

#include <string.h>

#include "rtmppath.h"

/* A command (RTMP 1.0, 7.2): its name, a transaction, an object or null, and
 * arguments, any of which a peer may leave out or give another type. */
typedef struct {
  const gchar *name;
  gdouble transaction; /* 0 asks for no answer */
  guint32 stream_id;
  GPtrArray *values; /* name and transaction included */
} Command;

typedef gboolean (*CommandFunc) (
    GstArclyRtmpSession *session, const Command *command, GError **error);

#define IN(state) (1u << GST_ARCLY_RTMP_STATE_##state)

/* Of an unknown command, in characters. */
#define MAX_SHOWN_NAME 64

/* Of values, counting name and transaction. */
enum {
  ARG_OBJECT = 2,
  ARG_FIRST = 3,
  ARG_SECOND = 4,
};

static const GstArclyAmfValue *
get_arg (const Command *command, guint index)
{
  if (index >= command->values->len)
    return NULL;
  return g_ptr_array_index (command->values, index);
}

static const gchar *
get_string (const Command *command, guint index)
{
  const GstArclyAmfValue *arg = get_arg (command, index);

  return arg ? gst_arcly_amf_value_string (arg) : NULL;
}

/* The number as a stream id; 0 if it is none. */
static guint32
get_stream_id (const Command *command, guint index)
{
  const GstArclyAmfValue *arg = get_arg (command, index);
  gdouble number = arg ? gst_arcly_amf_value_number (arg, 0) : 0;

  return number >= 1 && number <= G_MAXUINT32 ? (guint32) number : 0;
}

/* Names */

/* "name?query" in two; the query is NULL if there is none. */
static gchar *
split_query (const gchar *string, gchar **query)
{
  const gchar *mark = strchr (string, '?');

  *query = mark ? g_strdup (mark + 1) : NULL;
  return mark ? g_strndup (string, mark - string) : g_strdup (string);
}

static void
strip_slashes (gchar *string)
{
  gsize start = strspn (string, "/");
  gsize length = strlen (string);

  while (length > start && string[length - 1] == '/')
    length--;
  memmove (string, string + start, length - start);
  string[length - start] = '\0';
}

static void
describe (const GstArclyRtmpSession *session,
    const GstArclyRtmpMessageStream *stream, const gchar *type,
    GstArclyRtmpStream *description)
{
  GString *path = g_string_new (NULL);

  gst_arcly_rtmp_path_append (path, session->app);
  gst_arcly_rtmp_path_append (path, stream->name);
  description->app = g_strdup (session->app);
  description->name = g_strdup (stream->name);
  description->query = g_strdup (stream->query);
  description->type = g_strdup (type);
  description->path = g_string_free (path, FALSE);
}

/* Connection commands */

static void
reply_result (GstArclyRtmpSession *session, const Command *command,
    const GstArclyAmfValue *value)
{
  if (command->transaction != 0)
    gst_arcly_rtmp_reply_result (
        &session->replies, command->transaction, value);
}

static void
reply_error (GstArclyRtmpSession *session, const Command *command,
    const gchar *code, const gchar *description)
{
  if (command->transaction != 0)
    gst_arcly_rtmp_reply_error (
        &session->replies, command->transaction, code, description);
}

static gchar **
dup_arguments (const Command *command)
{
  GPtrArray *arguments = g_ptr_array_new ();
  guint i;

  for (i = ARG_FIRST; i < command->values->len; i++) {
    const gchar *text = get_string (command, i);

    if (text)
      g_ptr_array_add (arguments, g_strdup (text));
  }
  g_ptr_array_add (arguments, NULL);
  return (gchar **) g_ptr_array_free (arguments, FALSE);
}

/* RTMP 1.0, 7.2.1.1. Nothing in the object may be relied upon. */
static void
fill_connect (GstArclyRtmpConnect *connect, const Command *command)
{
  const GstArclyAmfValue *object = get_arg (command, ARG_OBJECT);
  const gchar *app =
      object ? gst_arcly_amf_value_get_string (object, "app") : NULL;

  connect->arguments = dup_arguments (command);
  connect->app = split_query (app ? app : "", &connect->app_query);
  strip_slashes (connect->app);
  if (!object || gst_arcly_amf_value_type (object) != GST_ARCLY_AMF_OBJECT) {
    connect->command = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
    return;
  }
  connect->tc_url = g_strdup (gst_arcly_amf_value_get_string (object, "tcUrl"));
  connect->flash_ver =
      g_strdup (gst_arcly_amf_value_get_string (object, "flashVer"));
  connect->page_url =
      g_strdup (gst_arcly_amf_value_get_string (object, "pageUrl"));
  connect->swf_url =
      g_strdup (gst_arcly_amf_value_get_string (object, "swfUrl"));
  if (gst_arcly_amf_value_get_number (object, "objectEncoding", 0) == 3)
    connect->object_encoding = 3;
  connect->command = g_ptr_array_steal_index (command->values, ARG_OBJECT);
}

static gboolean
handle_connect (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  GstArclyRtmpEvent *event =
      gst_arcly_rtmp_session_queue (session, GST_ARCLY_RTMP_EVENT_CONNECT, 0);

  fill_connect (&event->connect, command);
  session->app = g_strdup (event->connect.app);
  session->connect_transaction = command->transaction;
  gst_arcly_rtmp_capabilities_read (
      &session->capabilities, event->connect.command);
  gst_arcly_rtmp_session_enter (session, GST_ARCLY_RTMP_STATE_CONNECTING);
  return TRUE;
}

/* releaseStream, FCPublish, _checkbw: clients want an answer, if at all, and
 * nothing done. */
static gboolean
handle_courtesy (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  reply_result (session, command, NULL);
  return TRUE;
}

/* A player asks for it before play; live streams have none. */
static gboolean
handle_get_stream_length (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  g_autoptr (GstArclyAmfValue) length = gst_arcly_amf_value_new_number (0);

  reply_result (session, command, length);
  return TRUE;
}

/* Message streams */

/* RTMP 1.0, 7.2.1.3. Stream 0 is the connection. */
static gboolean
handle_create_stream (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  g_autoptr (GstArclyAmfValue) number = NULL;
  GstArclyRtmpMessageStream *stream = NULL;
  guint32 id = 1;

  if (g_hash_table_size (session->streams) >= session->limits.max_streams) {
    reply_error (session, command, "NetConnection.Call.Failed",
        "Too many streams in one connection.");
    gst_arcly_rtmp_session_warn (session, 0, GST_ARCLY_ERROR_LIMIT,
        "more than %u streams", session->limits.max_streams);
    return TRUE;
  }

  while (gst_arcly_rtmp_session_find (session, id))
    id++;
  stream = g_new0 (GstArclyRtmpMessageStream, 1);
  stream->id = id;
  stream->state = GST_ARCLY_RTMP_STREAM_NONE;
  gst_arcly_rtmp_session_enter_stream (
      session, stream, GST_ARCLY_RTMP_STREAM_IDLE);
  g_hash_table_insert (session->streams, GUINT_TO_POINTER (id), stream);

  number = gst_arcly_amf_value_new_number (id);
  reply_result (session, command, number);
  return TRUE;
}

static void
unpublish (GstArclyRtmpSession *session, GstArclyRtmpMessageStream *stream)
{
  GstArclyRtmpEvent *event = NULL;

  gst_arcly_rtmp_session_leave_play (session, stream);
  if (stream->state != GST_ARCLY_RTMP_STREAM_PUBLISHING)
    return;
  event = gst_arcly_rtmp_session_queue (
      session, GST_ARCLY_RTMP_EVENT_UNPUBLISH, stream->id);
  describe (session, stream, "live", &event->stream);
  gst_arcly_rtmp_reply_status (&session->replies, "onStatus", stream->id,
      "status", "NetStream.Unpublish.Success", "Unpublished.");
  gst_arcly_rtmp_session_enter_stream (
      session, stream, GST_ARCLY_RTMP_STREAM_IDLE);
}

static void
unpublish_name (GstArclyRtmpSession *session, const gchar *string)
{
  g_autofree gchar *query = NULL;
  g_autofree gchar *name = split_query (string, &query);
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, session->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    GstArclyRtmpMessageStream *stream = value;

    if (g_strcmp0 (stream->name, name) == 0)
      unpublish (session, stream);
  }
}

/* RTMP 1.0, 7.2.2.3. rtmp2sink gives the name instead of the number. */
static gboolean
handle_delete_stream (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  const gchar *name = get_string (command, ARG_FIRST);
  guint32 id = get_stream_id (command, ARG_FIRST);
  GstArclyRtmpMessageStream *stream = gst_arcly_rtmp_session_find (session, id);

  if (name) {
    unpublish_name (session, name);
    return TRUE;
  }
  if (!stream) {
    gst_arcly_rtmp_session_warn (session, id, GST_ARCLY_ERROR_NOT_FOUND,
        "deleteStream of a stream that does not exist");
    return TRUE;
  }
  unpublish (session, stream);
  g_hash_table_remove (session->streams, GUINT_TO_POINTER (id));
  return TRUE;
}

/* rtmp2sink sends it on stream 0, with the name. */
static gboolean
handle_close_stream (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, command->stream_id);
  const gchar *name = get_string (command, ARG_FIRST);

  if (stream)
    unpublish (session, stream);
  else if (name)
    unpublish_name (session, name);
  return TRUE;
}

/* Names the publication, not its stream. Encoders send deleteStream next. */
static gboolean
handle_fc_unpublish (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  const gchar *name = get_string (command, ARG_FIRST);

  reply_result (session, command, NULL);
  gst_arcly_rtmp_reply_status (&session->replies, "onFCUnpublish", 0, "status",
      "NetStream.Unpublish.Success", name);
  if (name)
    unpublish_name (session, name);
  return TRUE;
}

static void
refuse (GstArclyRtmpSession *session, const Command *command, const gchar *code,
    const gchar *reason)
{
  gst_arcly_rtmp_reply_status (
      &session->replies, "onStatus", command->stream_id, "error", code, reason);
  gst_arcly_rtmp_session_warn (session, command->stream_id,
      GST_ARCLY_ERROR_INVALID, "%s: %s", command->name, reason);
}

/* What publish and play have in common: who asks for what, and a wait. */
static void
ask (GstArclyRtmpSession *session, const Command *command,
    GstArclyRtmpEventKind kind, GstArclyRtmpStreamState asked,
    const gchar *code)
{
  GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, command->stream_id);
  const gchar *name = get_string (command, ARG_FIRST);
  const gchar *type = get_string (command, ARG_SECOND);
  GstArclyRtmpEvent *event = NULL;

  if (!stream) {
    refuse (session, command, code, "No such stream: send createStream first.");
    return;
  }
  if (stream->state != GST_ARCLY_RTMP_STREAM_IDLE) {
    refuse (session, command, code, "This stream is in use already.");
    return;
  }
  if (!name) {
    refuse (session, command, code, "A stream name is missing.");
    return;
  }

  gst_arcly_rtmp_session_enter_stream (session, stream, asked);
  stream->name = split_query (name, &stream->query);
  session->asked = stream->id;
  if (g_strcmp0 (type, "record") != 0 && g_strcmp0 (type, "append") != 0)
    type = "live";
  event = gst_arcly_rtmp_session_queue (session, kind, stream->id);
  describe (session, stream, type, &event->stream);
}

/* RTMP 1.0, 7.2.2.6. publish (false) ends a publication. */
static gboolean
handle_publish (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  const GstArclyAmfValue *name = get_arg (command, ARG_FIRST);

  if (name && gst_arcly_amf_value_type (name) == GST_ARCLY_AMF_BOOLEAN &&
      !gst_arcly_amf_value_boolean (name, FALSE))
    return handle_close_stream (session, command, error);
  ask (session, command, GST_ARCLY_RTMP_EVENT_PUBLISH,
      GST_ARCLY_RTMP_STREAM_PUBLISH_ASKED,
      GST_ARCLY_RTMP_CODE_PUBLISH_BAD_NAME);
  return TRUE;
}

/* RTMP 1.0, 7.2.2.1. */
static gboolean
handle_play (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  ask (session, command, GST_ARCLY_RTMP_EVENT_PLAY,
      GST_ARCLY_RTMP_STREAM_PLAY_ASKED, GST_ARCLY_RTMP_CODE_PLAY_FAILED);
  return TRUE;
}

/* RTMP 1.0, 7.2.2: what a player says later. */
static gboolean
handle_player (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  if (!gst_arcly_rtmp_session_player_command (session, command->name,
          command->stream_id, command->transaction,
          get_arg (command, ARG_FIRST)))
    reply_error (session, command, GST_ARCLY_RTMP_CODE_PLAY_FAILED,
        "This stream does not play.");
  return TRUE;
}

/* Dispatch */

static const struct {
  const gchar *name;
  guint allowed; /* states of the connection */
  CommandFunc func;
} commands[] = {
  { "connect", IN (OPEN), handle_connect },
  { "releaseStream", IN (CONNECTED), handle_courtesy },
  { "FCPublish", IN (CONNECTED), handle_courtesy },
  { "FCSubscribe", IN (CONNECTED), handle_courtesy },
  { "_checkbw", IN (CONNECTED), handle_courtesy },
  { "getStreamLength", IN (CONNECTED), handle_get_stream_length },
  { "createStream", IN (CONNECTED), handle_create_stream },
  { "publish", IN (CONNECTED), handle_publish },
  { "play", IN (CONNECTED), handle_play },
  { "pause", IN (CONNECTED), handle_player },
  { "pauseRaw", IN (CONNECTED), handle_player },
  { "seek", IN (CONNECTED), handle_player },
  { "receiveAudio", IN (CONNECTED), handle_player },
  { "receiveVideo", IN (CONNECTED), handle_player },
  { "FCUnpublish", IN (CONNECTED), handle_fc_unpublish },
  { "closeStream", IN (CONNECTED), handle_close_stream },
  { "deleteStream", IN (CONNECTED), handle_delete_stream },
};

/* Answers to what we asked (nothing) and events of players get no answer. */
static gboolean
wants_answer (const Command *command)
{
  return strcmp (command->name, "_result") != 0 &&
         strcmp (command->name, "_error") != 0 &&
         !g_str_has_prefix (command->name, "on");
}

static void
ignore_unknown (GstArclyRtmpSession *session, const Command *command)
{
  glong shown = g_utf8_strlen (command->name, -1);
  g_autofree gchar *name =
      g_utf8_substring (command->name, 0, MIN (shown, MAX_SHOWN_NAME));

  if (wants_answer (command))
    reply_error (session, command, "NetConnection.Call.Failed",
        "This command is not known here.");
  gst_arcly_rtmp_session_warn (session, command->stream_id,
      GST_ARCLY_ERROR_UNSUPPORTED, "unknown command \"%s\"", name);
}

/* Before connect nothing else makes sense, and who sends it will not wait for
 * an answer either. A second connect is refused, and the first remains. */
static gboolean
refuse_order (
    GstArclyRtmpSession *session, const Command *command, GError **error)
{
  if (session->state == GST_ARCLY_RTMP_STATE_OPEN) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "\"%s\" before connect", command->name);
    return FALSE;
  }
  reply_error (session, command, GST_ARCLY_RTMP_CODE_CONNECT_REJECTED,
      "This connection is connected already.");
  gst_arcly_rtmp_session_warn (session, command->stream_id,
      GST_ARCLY_ERROR_INVALID, "\"%s\" while %s", command->name,
      gst_arcly_rtmp_state_name (session->state));
  return TRUE;
}

static gboolean
dispatch (GstArclyRtmpSession *session, const Command *command, GError **error)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (strcmp (commands[i].name, command->name) != 0)
      continue;
    if (!(commands[i].allowed & (1u << session->state)))
      return refuse_order (session, command, error);
    return commands[i].func (session, command, error);
  }
  ignore_unknown (session, command);
  return TRUE;
}

gboolean
gst_arcly_rtmp_session_command (GstArclyRtmpSession *session, guint32 stream_id,
    const guint8 *data, gsize size, GError **error)
{
  Command command = { .stream_id = stream_id };
  g_autoptr (GPtrArray) values =
      gst_arcly_amf_read (data, size, &session->limits.amf, error);
  g_autofree gchar *name = NULL;

  if (!values) {
    g_prefix_error (error, "command: ");
    return FALSE;
  }
  command.values = values;
  name = g_strdup (get_string (&command, 0));
  if (!name) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "command without a name");
    return FALSE;
  }
  command.name = name;
  if (values->len > 1)
    command.transaction =
        gst_arcly_amf_value_number (g_ptr_array_index (values, 1), 0);
  return dispatch (session, &command, error);
}
