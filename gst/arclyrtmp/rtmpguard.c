/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpguard.h"

#include <gio/gio.h>

#include <string.h>

/* A connection costs about 10 KiB and a file descriptor until it publishes. */
#define MAX_CONNECTIONS 1000
#define MAX_PER_ADDRESS 250
#define SETUP_TIMEOUT (10 * GST_SECOND)

struct _GstArclyRtmpGuard {
  guint n;
  GHashTable *addresses; /* (element-type GBytes guint), each above 0 */
};

void
gst_arcly_rtmp_server_limits_init (GstArclyRtmpServerLimits *limits)
{
  limits->max_connections = MAX_CONNECTIONS;
  limits->max_per_address = MAX_PER_ADDRESS;
  limits->setup_timeout = SETUP_TIMEOUT;
  limits->session = gst_arcly_rtmp_default_limits;
}

static void
tighten_session (GstArclyRtmpLimits *limits, const GstArclyRtmpLimits *other)
{
  limits->max_message_size =
      MIN (limits->max_message_size, other->max_message_size);
  limits->max_amf_size = MIN (limits->max_amf_size, other->max_amf_size);
  limits->max_partial_bytes =
      MIN (limits->max_partial_bytes, other->max_partial_bytes);
  limits->max_chunk_streams =
      MIN (limits->max_chunk_streams, other->max_chunk_streams);
  limits->max_streams = MIN (limits->max_streams, other->max_streams);
  limits->max_held_bytes = MIN (limits->max_held_bytes, other->max_held_bytes);
  limits->amf.max_depth = MIN (limits->amf.max_depth, other->amf.max_depth);
  limits->amf.max_values = MIN (limits->amf.max_values, other->amf.max_values);
}

void
gst_arcly_rtmp_server_limits_tighten (
    GstArclyRtmpServerLimits *limits, const GstArclyRtmpServerLimits *other)
{
  limits->max_connections =
      MIN (limits->max_connections, other->max_connections);
  limits->setup_timeout = MIN (limits->setup_timeout, other->setup_timeout);
  /* 0 is no bound. */
  if (limits->max_per_address == 0)
    limits->max_per_address = other->max_per_address;
  else if (other->max_per_address > 0)
    limits->max_per_address =
        MIN (limits->max_per_address, other->max_per_address);
  tighten_session (&limits->session, &other->session);
}

GstArclyRtmpGuard *
gst_arcly_rtmp_guard_new (void)
{
  GstArclyRtmpGuard *guard = g_new0 (GstArclyRtmpGuard, 1);

  guard->addresses = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  return guard;
}

void
gst_arcly_rtmp_guard_free (GstArclyRtmpGuard *guard)
{
  g_hash_table_unref (guard->addresses);
  g_free (guard);
}

/* The address in "ip:port" or "[ip]:port". A listener on [::] sees those of
 * IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
static GInetAddress *
read_address (const gchar *peer)
{
  static const gchar mapped[] = "::ffff:";
  const gchar *colon = strrchr (peer, ':');
  gsize size = colon ? (gsize) (colon - peer) : strlen (peer);
  g_autofree gchar *text = peer[0] == '[' && size >= 2
                               ? g_strndup (peer + 1, size - 2)
                               : g_strndup (peer, size);

  if (g_str_has_prefix (text, mapped) && strchr (text, '.'))
    return g_inet_address_new_from_string (text + strlen (mapped));
  return g_inet_address_new_from_string (text);
}

/* What counts of a peer's address; NULL for this machine's own. Whoever has one
 * address of IPv6 has the /64 around it. */
static GBytes *
get_address (const gchar *peer)
{
  g_autoptr (GInetAddress) address = read_address (peer);

  if (address == NULL || g_inet_address_get_is_loopback (address))
    return NULL;
  return g_bytes_new (g_inet_address_to_bytes (address),
      MIN (g_inet_address_get_native_size (address), 8));
}

gchar *
gst_arcly_rtmp_guard_enter (GstArclyRtmpGuard *guard,
    const GstArclyRtmpServerLimits *limits, const gchar *peer)
{
  g_autoptr (GBytes) address = get_address (peer);
  guint n;

  if (guard->n >= limits->max_connections)
    return g_strdup_printf ("there are %u connections already", guard->n);
  if (address) {
    n = GPOINTER_TO_UINT (g_hash_table_lookup (guard->addresses, address));
    if (limits->max_per_address > 0 && n >= limits->max_per_address)
      return g_strdup_printf (
          "there are %u connections from its address already", n);
    g_hash_table_insert (
        guard->addresses, g_steal_pointer (&address), GUINT_TO_POINTER (n + 1));
  }
  guard->n++;
  return NULL;
}

void
gst_arcly_rtmp_guard_leave (GstArclyRtmpGuard *guard, const gchar *peer)
{
  g_autoptr (GBytes) address = get_address (peer);
  guint n;

  guard->n--;
  if (address == NULL)
    return;
  n = GPOINTER_TO_UINT (g_hash_table_lookup (guard->addresses, address));
  if (n > 1)
    g_hash_table_insert (
        guard->addresses, g_steal_pointer (&address), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (guard->addresses, address);
}
