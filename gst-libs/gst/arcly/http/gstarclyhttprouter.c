/* SPDX-License-Identifier: MIT
 *
 * What each path of the server answers. */
#include "config.h"

#include <string.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

#define PLAYLIST "index.m3u8"
#define CACHE_BYTES (64 * 1024 * 1024)
#define RESOURCES "/org/arcly/page"

#define CACHE_NEVER "no-cache"
#define CACHE_HOUR "public, max-age=3600"
/* RFC 8246: the name of a segment never gets other content. */
#define CACHE_FOREVER "public, max-age=31536000, immutable"

static const struct {
  const gchar *suffix;
  const gchar *type;
  const gchar *cache_control;
} file_types[] = {
  { ".m3u8", "application/vnd.apple.mpegurl", CACHE_NEVER }, /* RFC 8216, 4 */
  { ".ts", "video/mp2t", CACHE_FOREVER },                    /* RFC 3555 */
  { "", "application/octet-stream", CACHE_NEVER },
};

static const struct {
  const gchar *path;
  const gchar *resource;
  const gchar *type;
} page_files[] = {
  { "/", "index.html", "text/html; charset=utf-8" },
  { "/index.html", "index.html", "text/html; charset=utf-8" },
  { "/player.js", "player.js", "text/javascript; charset=utf-8" },
  { "/style.css", "style.css", "text/css; charset=utf-8" },
};

struct _GstArclyHttpRouter {
  GstArclyHttpMountsFunc mounts;
  gpointer mounts_data;
  GstArclyHttpCache *cache;
};

GstArclyHttpMount *
gst_arcly_http_mount_new (
    const gchar *path, const gchar *folder, const gchar *title)
{
  GstArclyHttpMount *mount = NULL;
  g_autofree gchar *clean = g_strdup (path);
  g_autofree gchar *decoded = NULL;
  gsize length = strlen (clean);

  while (length > 1 && clean[length - 1] == '/')
    clean[--length] = '\0';
  decoded = gst_arcly_http_decode_path (clean);
  if (length < 2 || !decoded || !g_str_equal (decoded, clean))
    return NULL;

  mount = g_new0 (GstArclyHttpMount, 1);
  g_atomic_ref_count_init (&mount->refs);
  mount->path = g_steal_pointer (&clean);
  mount->folder = g_canonicalize_filename (folder, NULL);
  mount->title = g_strdup (title);
  return mount;
}

GstArclyHttpMount *
gst_arcly_http_mount_ref (GstArclyHttpMount *mount)
{
  g_atomic_ref_count_inc (&mount->refs);
  return mount;
}

void
gst_arcly_http_mount_unref (GstArclyHttpMount *mount)
{
  if (!g_atomic_ref_count_dec (&mount->refs))
    return;
  g_free (mount->path);
  g_free (mount->folder);
  g_free (mount->title);
  g_free (mount);
}

GstArclyHttpRouter *
gst_arcly_http_router_new (GstArclyHttpMountsFunc mounts, gpointer data)
{
  GstArclyHttpRouter *router = g_new0 (GstArclyHttpRouter, 1);

  router->mounts = mounts;
  router->mounts_data = data;
  router->cache = gst_arcly_http_cache_new (CACHE_BYTES);
  return router;
}

void
gst_arcly_http_router_free (GstArclyHttpRouter *router)
{
  gst_arcly_http_cache_free (router->cache);
  g_free (router);
}

static void
set_header (SoupServerMessage *message, const gchar *name, const gchar *value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), name, value);
}

static void
answer_text (SoupServerMessage *message, guint status, const gchar *text)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/plain; charset=utf-8",
      SOUP_MEMORY_COPY, text, strlen (text));
}

static void
answer_bytes (SoupServerMessage *message, GBytes *bytes, const gchar *type,
    const gchar *cache_control)
{
  set_header (message, "Cache-Control", cache_control);
  set_header (message, "Content-Type", type);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_body_append_bytes (
      soup_server_message_get_response_body (message), bytes);
}

/* RFC 9110, 13.1.2: a list of tags, or "*". Ours hold no comma. */
static gboolean
client_has (SoupServerMessage *message, const gchar *etag)
{
  const gchar *have = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "If-None-Match");

  return have && (strstr (have, etag) || g_str_equal (have, "*"));
}

static gboolean
answer_file (GstArclyHttpRouter *router, SoupServerMessage *message,
    const gchar *folder, const gchar *relative)
{
  g_auto (GstArclyHttpFile) file = { 0 };
  guint i = 0;

  if (!gst_arcly_http_cache_read (router->cache, folder, relative, &file))
    return FALSE;

  while (!g_str_has_suffix (relative, file_types[i].suffix))
    i++;
  set_header (message, "ETag", file.etag);
  if (client_has (message, file.etag)) {
    set_header (message, "Cache-Control", file_types[i].cache_control);
    soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
    return TRUE;
  }
  answer_bytes (
      message, file.bytes, file_types[i].type, file_types[i].cache_control);
  return TRUE;
}

static gboolean
answer_page (SoupServerMessage *message, const gchar *path)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (page_files); i++) {
    g_autofree gchar *name =
        g_strconcat (RESOURCES "/", page_files[i].resource, NULL);
    g_autoptr (GBytes) bytes = NULL;

    if (!g_str_equal (path, page_files[i].path))
      continue;
    bytes = g_resources_lookup_data (name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    if (!bytes)
      return FALSE;
    /* The page loads what this server has and nothing else. hls.js plays from
     * blob: URLs and runs its own worker from one. */
    set_header (message, "Content-Security-Policy",
        "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:");
    answer_bytes (message, bytes, page_files[i].type, CACHE_NEVER);
    return TRUE;
  }
  return FALSE;
}

/* hls.js comes from its own package and need not be there. */
static gboolean
answer_hls_js (
    GstArclyHttpRouter *router, SoupServerMessage *message, const gchar *path)
{
  const gchar *folder = g_getenv ("GST_ARCLY_DATA_DIR");
  g_auto (GstArclyHttpFile) file = { 0 };

  if (!g_str_equal (path, "/hls.min.js"))
    return FALSE;
  if (!gst_arcly_http_cache_read (
          router->cache, folder ? folder : ARCLY_DATA_DIR, "hls.min.js", &file))
    return FALSE;
  answer_bytes (
      message, file.bytes, "text/javascript; charset=utf-8", CACHE_HOUR);
  return TRUE;
}

static gboolean
contains (GBytes *bytes, const gchar *text)
{
  gsize size = 0;
  const gchar *data = g_bytes_get_data (bytes, &size);

  return data && g_strstr_len (data, size, text) != NULL;
}

/* "waiting" for a publisher, "live", or "ended". */
static const gchar *
stream_state (GstArclyHttpRouter *router, const GstArclyHttpMount *mount)
{
  g_auto (GstArclyHttpFile) file = { 0 };

  if (!gst_arcly_http_cache_read (
          router->cache, mount->folder, PLAYLIST, &file))
    return "waiting";
  return contains (file.bytes, "#EXT-X-ENDLIST") ? "ended" : "live";
}

static gboolean
answer_streams (
    GstArclyHttpRouter *router, SoupServerMessage *message, const gchar *path)
{
  g_autoptr (GPtrArray) mounts = NULL;
  g_autoptr (JsonBuilder) builder = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gchar *text = NULL;
  guint i;

  if (!g_str_equal (path, "/api/streams"))
    return FALSE;

  mounts = router->mounts (router->mounts_data);
  builder = json_builder_new ();
  json_builder_begin_array (builder);
  for (i = 0; i < mounts->len; i++) {
    GstArclyHttpMount *mount = g_ptr_array_index (mounts, i);
    g_autofree gchar *url = g_strconcat (mount->path, "/" PLAYLIST, NULL);

    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "path");
    json_builder_add_string_value (builder, mount->path);
    json_builder_set_member_name (builder, "title");
    json_builder_add_string_value (builder, mount->title);
    json_builder_set_member_name (builder, "url");
    json_builder_add_string_value (builder, url);
    json_builder_set_member_name (builder, "state");
    json_builder_add_string_value (builder, stream_state (router, mount));
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  bytes = g_bytes_new_take (text, strlen (text));
  answer_bytes (message, bytes, "application/json", "no-store");
  return TRUE;
}

/* The longest mount whose path holds this one. */
static gboolean
answer_mounted (
    GstArclyHttpRouter *router, SoupServerMessage *message, const gchar *path)
{
  g_autoptr (GPtrArray) mounts = router->mounts (router->mounts_data);
  const GstArclyHttpMount *best = NULL;
  gsize best_length = 0;
  guint i;

  for (i = 0; i < mounts->len; i++) {
    const GstArclyHttpMount *mount = g_ptr_array_index (mounts, i);
    gsize length = strlen (mount->path);

    if (length > best_length && g_str_has_prefix (path, mount->path) &&
        path[length] == '/') {
      best = mount;
      best_length = length;
    }
  }
  if (!best || path[best_length + 1] == '\0')
    return FALSE;
  return answer_file (router, message, best->folder, path + best_length + 1);
}

/* TRUE if the method asks for content; else it is answered. */
static gboolean
check_method (SoupServerMessage *message)
{
  const gchar *method = soup_server_message_get_method (message);

  if (g_str_equal (method, "GET") || g_str_equal (method, "HEAD"))
    return TRUE;
  if (g_str_equal (method, "OPTIONS")) {
    set_header (message, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    set_header (message, "Access-Control-Allow-Headers", "Range");
    set_header (message, "Access-Control-Max-Age", "86400");
    soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
    return FALSE;
  }
  set_header (message, "Allow", "GET, HEAD, OPTIONS");
  answer_text (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "method not allowed\n");
  return FALSE;
}

void
gst_arcly_http_router_handle (
    GstArclyHttpRouter *router, SoupServerMessage *message)
{
  GUri *uri = soup_server_message_get_uri (message);
  g_autofree gchar *path = gst_arcly_http_decode_path (g_uri_get_path (uri));

  /* Players on other pages may read it (Fetch standard, CORS). */
  set_header (message, "Access-Control-Allow-Origin", "*");
  set_header (message, "X-Content-Type-Options", "nosniff");
  if (!check_method (message))
    return;
  if (path &&
      (answer_page (message, path) || answer_hls_js (router, message, path) ||
          answer_streams (router, message, path) ||
          answer_mounted (router, message, path)))
    return;
  set_header (message, "Cache-Control", CACHE_NEVER);
  answer_text (message, SOUP_STATUS_NOT_FOUND, "not found\n");
}
