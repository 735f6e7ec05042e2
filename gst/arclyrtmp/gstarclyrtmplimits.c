/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyrtmplimits.h"

#define MAX_CONNECTIONS 1000000

enum {
  LIMIT_CONNECTIONS,
  LIMIT_PER_ADDRESS,
  LIMIT_SETUP_TIMEOUT,
  LIMIT_MESSAGE_SIZE,
  LIMIT_PARTIAL_BYTES,
  LIMIT_CHUNK_STREAMS,
  LIMIT_AMF_DEPTH,
  LIMIT_AMF_VALUES,
};

static void
install_uint (GObjectClass *klass, guint id, const gchar *name,
    const gchar *nick, const gchar *blurb, guint min, guint max, guint value)
{
  g_object_class_install_property (klass, id,
      g_param_spec_uint (name, nick, blurb, min, max, value,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
}

static void
install_connections (GObjectClass *klass, guint first_id,
    const GstArclyRtmpServerLimits *defaults)
{
  /**
   * GstArclyRtmpSrc:max-connections:
   *
   * How many connections the port takes; players that play are counted by
   * their element. One more is closed at once. Of several elements on one
   * port the strictest counts, of those that changed the default; so it is
   * with all limits that follow. Up to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:max-connections:
   *
   * As #GstArclyRtmpSrc:max-connections.
   *
   * Since: 0.1
   */
  install_uint (klass, first_id + LIMIT_CONNECTIONS, "max-connections",
      "Maximum connections", "Connections that the port takes", 1,
      MAX_CONNECTIONS, defaults->max_connections);
  /**
   * GstArclyRtmpSrc:max-connections-per-address:
   *
   * How many of them may have one address of IPv4, or a /64 of IPv6; 0: all.
   * Loopback addresses are not bound: behind a proxy every client has one. Up
   * to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:max-connections-per-address:
   *
   * As #GstArclyRtmpSrc:max-connections-per-address.
   *
   * Since: 0.1
   */
  install_uint (klass, first_id + LIMIT_PER_ADDRESS,
      "max-connections-per-address", "Maximum connections per address",
      "Connections from one address (0 = no bound; loopback has none)", 0,
      MAX_CONNECTIONS, defaults->max_per_address);
  /**
   * GstArclyRtmpSrc:setup-timeout:
   *
   * How long a connection may take to publish or play, in nanoseconds, whatever
   * it sends meanwhile. Up to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:setup-timeout:
   *
   * As #GstArclyRtmpSrc:setup-timeout.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, first_id + LIMIT_SETUP_TIMEOUT,
      g_param_spec_uint64 ("setup-timeout", "Setup timeout",
          "Time from connecting to publish or play (ns)", 1, G_MAXINT64,
          defaults->setup_timeout,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
}

static void
install_bytes (
    GObjectClass *klass, guint first_id, const GstArclyRtmpLimits *defaults)
{
  /**
   * GstArclyRtmpSrc:max-message-size:
   *
   * Size of the largest audio or video message, in bytes. What is larger closes
   * its connection, as does whatever passes one of the limits that follow. Up
   * to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:max-message-size:
   *
   * As #GstArclyRtmpSrc:max-message-size.
   *
   * Since: 0.1
   */
  install_uint (klass, first_id + LIMIT_MESSAGE_SIZE, "max-message-size",
      "Maximum message size", "Largest audio or video message (bytes)", 1,
      0xffffff, defaults->max_message_size);
  /**
   * GstArclyRtmpSrc:max-partial-bytes:
   *
   * What a connection may have sent of messages that are not complete, in
   * bytes. Up to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:max-partial-bytes:
   *
   * As #GstArclyRtmpSrc:max-partial-bytes.
   *
   * Since: 0.1
   */
  install_uint (klass, first_id + LIMIT_PARTIAL_BYTES, "max-partial-bytes",
      "Maximum partial bytes", "Of incomplete messages, a connection (bytes)",
      1, G_MAXINT32, (guint) defaults->max_partial_bytes);
  /**
   * GstArclyRtmpSrc:max-chunk-streams:
   *
   * Chunk streams that a connection may use (RTMP 1.0, 5.3). Up to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:max-chunk-streams:
   *
   * As #GstArclyRtmpSrc:max-chunk-streams.
   *
   * Since: 0.1
   */
  install_uint (klass, first_id + LIMIT_CHUNK_STREAMS, "max-chunk-streams",
      "Maximum chunk streams", "Chunk streams of a connection", 1, 65598,
      defaults->max_chunk_streams);
}

static void
install_amf (
    GObjectClass *klass, guint first_id, const GstArclyAmfLimits *defaults)
{
  /**
   * GstArclyRtmpSrc:max-amf-depth:
   *
   * How deep objects and arrays may be nested in a command or in metadata. Up
   * to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:max-amf-depth:
   *
   * As #GstArclyRtmpSrc:max-amf-depth.
   *
   * Since: 0.1
   */
  install_uint (klass, first_id + LIMIT_AMF_DEPTH, "max-amf-depth",
      "Maximum AMF depth", "Nesting of objects in a message", 1, 256,
      defaults->max_depth);
  /**
   * GstArclyRtmpSrc:max-amf-values:
   *
   * How many values a command or metadata may have, members included. Up to
   * READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:max-amf-values:
   *
   * As #GstArclyRtmpSrc:max-amf-values.
   *
   * Since: 0.1
   */
  install_uint (klass, first_id + LIMIT_AMF_VALUES, "max-amf-values",
      "Maximum AMF values", "Values in a message", 16, G_MAXINT32,
      defaults->max_values);
}

void
gst_arcly_rtmp_limits_install (GObjectClass *klass, guint first_id)
{
  GstArclyRtmpServerLimits defaults;

  gst_arcly_rtmp_server_limits_init (&defaults);
  install_connections (klass, first_id, &defaults);
  install_bytes (klass, first_id, &defaults.session);
  install_amf (klass, first_id, &defaults.session.amf);
}

void
gst_arcly_rtmp_limits_set (
    GstArclyRtmpServerLimits *limits, guint index, const GValue *value)
{
  switch (index) {
    case LIMIT_CONNECTIONS:
      limits->max_connections = g_value_get_uint (value);
      break;
    case LIMIT_PER_ADDRESS:
      limits->max_per_address = g_value_get_uint (value);
      break;
    case LIMIT_SETUP_TIMEOUT:
      limits->setup_timeout = g_value_get_uint64 (value);
      break;
    case LIMIT_MESSAGE_SIZE:
      limits->session.max_message_size = g_value_get_uint (value);
      break;
    case LIMIT_PARTIAL_BYTES:
      limits->session.max_partial_bytes = g_value_get_uint (value);
      break;
    case LIMIT_CHUNK_STREAMS:
      limits->session.max_chunk_streams = g_value_get_uint (value);
      break;
    case LIMIT_AMF_DEPTH:
      limits->session.amf.max_depth = g_value_get_uint (value);
      break;
    case LIMIT_AMF_VALUES:
      limits->session.amf.max_values = g_value_get_uint (value);
      break;
  }
}

void
gst_arcly_rtmp_limits_get (
    const GstArclyRtmpServerLimits *limits, guint index, GValue *value)
{
  switch (index) {
    case LIMIT_CONNECTIONS:
      g_value_set_uint (value, limits->max_connections);
      break;
    case LIMIT_PER_ADDRESS:
      g_value_set_uint (value, limits->max_per_address);
      break;
    case LIMIT_SETUP_TIMEOUT:
      g_value_set_uint64 (value, limits->setup_timeout);
      break;
    case LIMIT_MESSAGE_SIZE:
      g_value_set_uint (value, limits->session.max_message_size);
      break;
    case LIMIT_PARTIAL_BYTES:
      g_value_set_uint (value, (guint) limits->session.max_partial_bytes);
      break;
    case LIMIT_CHUNK_STREAMS:
      g_value_set_uint (value, limits->session.max_chunk_streams);
      break;
    case LIMIT_AMF_DEPTH:
      g_value_set_uint (value, limits->session.amf.max_depth);
      break;
    case LIMIT_AMF_VALUES:
      g_value_set_uint (value, limits->session.amf.max_values);
      break;
  }
}
