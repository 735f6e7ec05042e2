/* SPDX-License-Identifier: MIT */
#include "rtmpreply.h"
#include "rtmpcapabilities.h"
#include "rtmpchunk.h"

/* Chunk streams that servers use by habit. Control messages must use 2 (RTMP
 * 1.0, 5.4). */
#define CHUNK_STREAM_CONTROL 2
#define CHUNK_STREAM_COMMAND 3
#define CHUNK_STREAM_STATUS 5

/* RTMP 1.0, 5.4.5: the peer may lower its window at will. */
#define BANDWIDTH_DYNAMIC 2

static void
put_be (guint8 *p, guint32 value)
{
  p[0] = value >> 24;
  p[1] = value >> 16;
  p[2] = value >> 8;
  p[3] = value;
}

static void
write_control (GstArclyRtmpReplies *replies, GstArclyRtmpMessageType type,
    const guint8 *data, gsize size)
{
  gst_arcly_rtmp_chunk_write (replies->out, replies->chunk_size,
      CHUNK_STREAM_CONTROL, type, 0, 0, data, size);
}

static void
write_control_u32 (
    GstArclyRtmpReplies *replies, GstArclyRtmpMessageType type, guint32 value)
{
  guint8 data[4];

  put_be (data, value);
  write_control (replies, type, data, sizeof data);
}

static void
write_command (
    GstArclyRtmpReplies *replies, guint32 stream_id, const GByteArray *body)
{
  gst_arcly_rtmp_chunk_write (replies->out, replies->chunk_size,
      stream_id == 0 ? CHUNK_STREAM_COMMAND : CHUNK_STREAM_STATUS,
      GST_ARCLY_RTMP_COMMAND_AMF0, stream_id, 0, body->data, body->len);
}

static GByteArray *
begin_command (const gchar *name, gdouble transaction)
{
  GByteArray *body = g_byte_array_new ();

  gst_arcly_amf_write_string (name, body);
  gst_arcly_amf_write_number (transaction, body);
  return body;
}

static GstArclyAmfValue *
info_new (const gchar *level, const gchar *code, const gchar *description)
{
  GstArclyAmfValue *info = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_string (info, "level", level);
  gst_arcly_amf_value_add_string (info, "code", code);
  gst_arcly_amf_value_add_string (
      info, "description", description ? description : "");
  return info;
}

void
gst_arcly_rtmp_reply_set_chunk_size (GstArclyRtmpReplies *replies, guint32 size)
{
  write_control_u32 (replies, GST_ARCLY_RTMP_SET_CHUNK_SIZE, size);
  replies->chunk_size = size;
}

void
gst_arcly_rtmp_reply_acknowledgement (
    GstArclyRtmpReplies *replies, guint32 bytes)
{
  write_control_u32 (replies, GST_ARCLY_RTMP_ACKNOWLEDGEMENT, bytes);
}

void
gst_arcly_rtmp_reply_window_ack_size (
    GstArclyRtmpReplies *replies, guint32 size)
{
  write_control_u32 (replies, GST_ARCLY_RTMP_WINDOW_ACK_SIZE, size);
}

void
gst_arcly_rtmp_reply_set_peer_bandwidth (
    GstArclyRtmpReplies *replies, guint32 size)
{
  guint8 data[5] = { 0, 0, 0, 0, BANDWIDTH_DYNAMIC };

  put_be (data, size);
  write_control (replies, GST_ARCLY_RTMP_SET_PEER_BANDWIDTH, data, sizeof data);
}

void
gst_arcly_rtmp_reply_user_control (
    GstArclyRtmpReplies *replies, GstArclyRtmpUserControl type, guint32 value)
{
  guint8 data[6] = { type >> 8, type };

  put_be (data + 2, value);
  write_control (replies, GST_ARCLY_RTMP_USER_CONTROL, data, sizeof data);
}

/* Old clients look for a Flash server in the properties; 31 promises nothing
 * that is used. */
void
gst_arcly_rtmp_reply_connected (
    GstArclyRtmpReplies *replies, gdouble transaction, gboolean enhanced)
{
  g_autoptr (GByteArray) body = begin_command ("_result", transaction);
  g_autoptr (GstArclyAmfValue) properties =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstArclyAmfValue) info = info_new (
      "status", "NetConnection.Connect.Success", "Connection succeeded.");

  gst_arcly_amf_value_add_string (properties, "fmsVer", "FMS/3,0,1,123");
  gst_arcly_amf_value_add_number (properties, "capabilities", 31);
  if (enhanced)
    gst_arcly_rtmp_capabilities_add_own (properties);
  gst_arcly_amf_value_add_number (info, "objectEncoding", 0);
  gst_arcly_amf_value_write (properties, body);
  gst_arcly_amf_value_write (info, body);
  write_command (replies, 0, body);
}

void
gst_arcly_rtmp_reply_result (GstArclyRtmpReplies *replies, gdouble transaction,
    const GstArclyAmfValue *value)
{
  g_autoptr (GByteArray) body = begin_command ("_result", transaction);
  g_autoptr (GstArclyAmfValue) undefined =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_UNDEFINED);

  gst_arcly_amf_write_null (body);
  gst_arcly_amf_value_write (value ? value : undefined, body);
  write_command (replies, 0, body);
}

void
gst_arcly_rtmp_reply_error (GstArclyRtmpReplies *replies, gdouble transaction,
    const gchar *code, const gchar *description)
{
  g_autoptr (GByteArray) body = begin_command ("_error", transaction);
  g_autoptr (GstArclyAmfValue) info = info_new ("error", code, description);

  gst_arcly_amf_write_null (body);
  gst_arcly_amf_value_write (info, body);
  write_command (replies, 0, body);
}

void
gst_arcly_rtmp_reply_status (GstArclyRtmpReplies *replies, const gchar *name,
    guint32 stream_id, const gchar *level, const gchar *code,
    const gchar *description)
{
  g_autoptr (GByteArray) body = begin_command (name, 0);
  g_autoptr (GstArclyAmfValue) info = info_new (level, code, description);

  gst_arcly_amf_write_null (body);
  gst_arcly_amf_value_write (info, body);
  write_command (replies, stream_id, body);
}
