/* SPDX-License-Identifier: MIT */
#include "rtmpclient.h"
#include "rtmphandshake.h"

#include <string.h>

#define CHUNK_STREAM_CONTROL 2
#define CHUNK_STREAM_COMMAND 3
#define CHUNK_STREAM_MEDIA 4

RtmpClient *
rtmp_client_new (void)
{
  const GstArclyRtmpChunkLimits limits = { 0xffffff, 0xffffff, 1 << 26, 64 };
  RtmpClient *client = g_new0 (RtmpClient, 1);

  client->out = g_byte_array_new ();
  client->in = g_byte_array_new ();
  client->chunk_size = GST_ARCLY_RTMP_DEFAULT_CHUNK_SIZE;
  client->reader = gst_arcly_rtmp_chunk_reader_new (&limits);
  return client;
}

void
rtmp_client_free (RtmpClient *client)
{
  g_byte_array_unref (client->out);
  g_byte_array_unref (client->in);
  gst_arcly_rtmp_chunk_reader_free (client->reader);
  g_free (client);
}

void
rtmp_reply_free (RtmpReply *reply)
{
  gst_arcly_rtmp_message_clear (&reply->message);
  g_clear_pointer (&reply->values, g_ptr_array_unref);
  g_free (reply);
}

GBytes *
rtmp_client_take (RtmpClient *client)
{
  GByteArray *out = client->out;

  client->out = g_byte_array_new ();
  return g_byte_array_free_to_bytes (out);
}

void
rtmp_client_c0c1 (RtmpClient *client)
{
  guint8 c0c1[1 + GST_ARCLY_RTMP_HANDSHAKE_SIZE] = { GST_ARCLY_RTMP_VERSION };
  guint i;

  for (i = 9; i < sizeof c0c1; i++)
    c0c1[i] = i * 7;
  g_byte_array_append (client->out, c0c1, sizeof c0c1);
}

void
rtmp_client_c2 (RtmpClient *client)
{
  static const guint8 c2[GST_ARCLY_RTMP_HANDSHAKE_SIZE];

  g_byte_array_append (client->out, c2, sizeof c2);
}

void
rtmp_client_hello (RtmpClient *client)
{
  rtmp_client_c0c1 (client);
  rtmp_client_c2 (client);
}

void
rtmp_client_message (RtmpClient *client, guint8 type, guint32 stream_id,
    guint32 timestamp, gconstpointer data, gsize size)
{
  guint32 chunk_stream = CHUNK_STREAM_MEDIA;

  if (type < GST_ARCLY_RTMP_AUDIO_MESSAGE)
    chunk_stream = CHUNK_STREAM_CONTROL;
  else if (type == GST_ARCLY_RTMP_COMMAND_AMF0)
    chunk_stream = CHUNK_STREAM_COMMAND;
  gst_arcly_rtmp_chunk_write (client->out, client->chunk_size, chunk_stream,
      type, stream_id, timestamp, data, size);
}

static void
send_command (RtmpClient *client, guint32 stream_id, GByteArray *body)
{
  rtmp_client_message (
      client, GST_ARCLY_RTMP_COMMAND_AMF0, stream_id, 0, body->data, body->len);
}

void
rtmp_client_command (RtmpClient *client, guint32 stream_id, const gchar *name,
    gdouble transaction, const GstArclyAmfValue *argument)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  gst_arcly_amf_write_string (name, body);
  gst_arcly_amf_write_number (transaction, body);
  gst_arcly_amf_write_null (body);
  if (argument)
    gst_arcly_amf_value_write (argument, body);
  send_command (client, stream_id, body);
}

static void
command_with_string (RtmpClient *client, guint32 stream_id, const gchar *name,
    gdouble transaction, const gchar *string)
{
  g_autoptr (GstArclyAmfValue) value = gst_arcly_amf_value_new_string (string);

  rtmp_client_command (client, stream_id, name, transaction, value);
}

void
rtmp_client_connect (RtmpClient *client, const gchar *app, const gchar *tc_url)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) object =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_string (object, "app", app);
  gst_arcly_amf_value_add_string (object, "type", "nonprivate");
  gst_arcly_amf_value_add_string (object, "flashVer", "FMLE/3.0 (test)");
  if (tc_url)
    gst_arcly_amf_value_add_string (object, "tcUrl", tc_url);
  gst_arcly_amf_write_string ("connect", body);
  gst_arcly_amf_write_number (++client->transaction, body);
  gst_arcly_amf_value_write (object, body);
  send_command (client, 0, body);
}

void
rtmp_client_release_stream (RtmpClient *client, const gchar *name)
{
  command_with_string (client, 0, "releaseStream", ++client->transaction, name);
}

void
rtmp_client_fc_publish (RtmpClient *client, const gchar *name)
{
  command_with_string (client, 0, "FCPublish", ++client->transaction, name);
}

void
rtmp_client_create_stream (RtmpClient *client)
{
  rtmp_client_command (client, 0, "createStream", ++client->transaction, NULL);
}

void
rtmp_client_publish (
    RtmpClient *client, guint32 stream_id, const gchar *name, const gchar *type)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  gst_arcly_amf_write_string ("publish", body);
  gst_arcly_amf_write_number (++client->transaction, body);
  gst_arcly_amf_write_null (body);
  gst_arcly_amf_write_string (name, body);
  gst_arcly_amf_write_string (type, body);
  send_command (client, stream_id, body);
}

void
rtmp_client_play (RtmpClient *client, guint32 stream_id, const gchar *name)
{
  command_with_string (client, stream_id, "play", 0, name);
}

void
rtmp_client_fc_unpublish (RtmpClient *client, const gchar *name)
{
  command_with_string (client, 0, "FCUnpublish", ++client->transaction, name);
}

void
rtmp_client_close_stream (RtmpClient *client, guint32 stream_id)
{
  rtmp_client_command (client, stream_id, "closeStream", 0, NULL);
}

void
rtmp_client_delete_stream (RtmpClient *client, guint32 stream_id)
{
  g_autoptr (GstArclyAmfValue) id = gst_arcly_amf_value_new_number (stream_id);

  rtmp_client_command (client, 0, "deleteStream", ++client->transaction, id);
}

void
rtmp_client_start (RtmpClient *client, const gchar *app, const gchar *name)
{
  g_autofree gchar *tc_url = g_strdup_printf ("rtmp://localhost/%s", app);

  rtmp_client_hello (client);
  rtmp_client_connect (client, app, tc_url);
  rtmp_client_release_stream (client, name);
  rtmp_client_fc_publish (client, name);
  rtmp_client_create_stream (client);
  rtmp_client_publish (client, 1, name, "live");
}

void
rtmp_client_metadata (RtmpClient *client, guint32 stream_id, guint32 timestamp,
    const GstArclyAmfValue *values)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  gst_arcly_amf_write_string ("@setDataFrame", body);
  gst_arcly_amf_write_string ("onMetaData", body);
  gst_arcly_amf_value_write (values, body);
  rtmp_client_message (client, GST_ARCLY_RTMP_DATA_AMF0, stream_id, timestamp,
      body->data, body->len);
}

void
rtmp_client_set_chunk_size (RtmpClient *client, guint32 size)
{
  const guint32 value = GUINT32_TO_BE (size);

  rtmp_client_message (
      client, GST_ARCLY_RTMP_SET_CHUNK_SIZE, 0, 0, &value, sizeof value);
  client->chunk_size = size;
}

void
rtmp_client_user_control (RtmpClient *client, guint16 type, guint32 value)
{
  const guint8 data[6] = { type >> 8, type, value >> 24, value >> 16,
    value >> 8, value };

  rtmp_client_message (
      client, GST_ARCLY_RTMP_USER_CONTROL, 0, 0, data, sizeof data);
}

void
rtmp_client_feed (RtmpClient *client, gconstpointer data, gsize size)
{
  g_byte_array_append (client->in, data, size);
}

static gboolean
skip_greeting (RtmpClient *client)
{
  if (!client->greeted &&
      client->in->len >= 1 + 2 * GST_ARCLY_RTMP_HANDSHAKE_SIZE) {
    g_assert_cmpuint (client->in->data[0], ==, GST_ARCLY_RTMP_VERSION);
    g_byte_array_remove_range (
        client->in, 0, 1 + 2 * GST_ARCLY_RTMP_HANDSHAKE_SIZE);
    client->greeted = TRUE;
  }
  return client->greeted;
}

static void
read_command (RtmpReply *reply)
{
  const GstArclyAmfLimits limits = { 16, 1024 };
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (reply->message.payload, &size);

  reply->values = gst_arcly_amf_read (data, size, &limits, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (reply->values->len, >=, 2);
  reply->name =
      gst_arcly_amf_value_string (g_ptr_array_index (reply->values, 0));
  g_assert_nonnull (reply->name);
  reply->transaction =
      gst_arcly_amf_value_number (g_ptr_array_index (reply->values, 1), -1);
}

RtmpReply *
rtmp_client_next_reply (RtmpClient *client)
{
  g_autoptr (RtmpReply) reply = g_new0 (RtmpReply, 1);
  g_autoptr (GError) error = NULL;
  gsize consumed = 0;

  if (!skip_greeting (client))
    return NULL;
  gst_arcly_rtmp_chunk_reader_read (client->reader, client->in->data,
      client->in->len, &consumed, &reply->message, &error);
  g_assert_no_error (error);
  if (consumed > 0)
    g_byte_array_remove_range (client->in, 0, consumed);
  if (!reply->message.payload)
    return NULL;
  if (reply->message.type == GST_ARCLY_RTMP_COMMAND_AMF0)
    read_command (reply);
  return g_steal_pointer (&reply);
}

RtmpReply *
rtmp_client_next_command (RtmpClient *client, const gchar *name)
{
  RtmpReply *reply = NULL;

  while ((reply = rtmp_client_next_reply (client))) {
    if (g_strcmp0 (reply->name, name) == 0)
      return reply;
    rtmp_reply_free (reply);
  }
  return NULL;
}

static const gchar *
get_info (const RtmpReply *reply, const gchar *name)
{
  if (!reply->values || reply->values->len < 4)
    return NULL;
  return gst_arcly_amf_value_get_string (
      g_ptr_array_index (reply->values, 3), name);
}

const gchar *
rtmp_reply_code (const RtmpReply *reply)
{
  return get_info (reply, "code");
}

const gchar *
rtmp_reply_level (const RtmpReply *reply)
{
  return get_info (reply, "level");
}
