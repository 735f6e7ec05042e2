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

static guint64
join (guint64 a, guint64 b, guint64 standard)
{
  if (a == standard)
    return b;
  if (b == standard)
    return a;
  /* 0 is no bound. */
  return a == 0 || b == 0 ? MAX (a, b) : MIN (a, b);
}

#define JOIN(field) a->field = join (a->field, b->field, standard->field)

static void
join_session (GstArclyRtmpLimits *a, const GstArclyRtmpLimits *b)
{
  const GstArclyRtmpLimits *standard = &gst_arcly_rtmp_default_limits;

  JOIN (max_message_size);
  JOIN (max_amf_size);
  JOIN (max_partial_bytes);
  JOIN (max_chunk_streams);
  JOIN (max_streams);
  JOIN (max_held_bytes);
  JOIN (amf.max_depth);
  JOIN (amf.max_values);
}

void
gst_arcly_rtmp_server_limits_join (
    GstArclyRtmpServerLimits *a, const GstArclyRtmpServerLimits *b)
{
  GstArclyRtmpServerLimits defaults;
  const GstArclyRtmpServerLimits *standard = &defaults;

  gst_arcly_rtmp_server_limits_init (&defaults);
  JOIN (max_connections);
  JOIN (max_per_address);
  JOIN (setup_timeout);
  join_session (&a->session, &b->session);
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
