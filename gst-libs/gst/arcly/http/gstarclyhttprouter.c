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
  GstArclyHttpMounts *mounts; /* the server's */
  gchar *prefix;              /* of all paths: "" or "/tv" */
  GstArclyHttpCache *cache;
  GstArclyHttpLive *live;
};

GstArclyHttpRouter *
gst_arcly_http_router_new (GstArclyHttpMounts *mounts, const gchar *prefix)
{
  GstArclyHttpRouter *router = g_new0 (GstArclyHttpRouter, 1);

  router->mounts = mounts;
  router->prefix = g_strdup (prefix);
  router->cache = gst_arcly_http_cache_new (CACHE_BYTES);
  router->live = gst_arcly_http_live_new ();
  return router;
}

void
gst_arcly_http_router_close (GstArclyHttpRouter *router)
{
  gst_arcly_http_live_close (router->live);
}

void
gst_arcly_http_router_free (GstArclyHttpRouter *router)
{
  gst_arcly_http_live_free (router->live);
  gst_arcly_http_cache_free (router->cache);
  g_free (router->prefix);
  g_free (router);
}

static gboolean
answer_file (GstArclyHttpRouter *router, GstArclyHttpMessage *message,
    const gchar *folder, const gchar *relative, const gchar *range)
{
  g_auto (GstArclyHttpFile) file = { 0 };
  g_autoptr (GPtrArray) chunks = NULL;
  const GstArclyHttpType *type = gst_arcly_http_find_type (relative);
  GstArclyHttpContent content = { 0 };

  if (!folder || !type ||
      !gst_arcly_http_cache_read (router->cache, folder, relative, &file))
    return FALSE;

  chunks = g_ptr_array_new ();
  g_ptr_array_add (chunks, file.bytes);
  content.type = type->type;
  content.cache_control = type->cache_control;
  content.etag = file.etag;
  content.chunks = chunks;
  content.size = g_bytes_get_size (file.bytes);
  gst_arcly_http_answer_content (message, &content, range);
  return TRUE;
}

static gboolean
answer_page (GstArclyHttpMessage *message, const gchar *path)
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
    gst_arcly_http_set_header (message, "Content-Security-Policy",
        "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:");
    gst_arcly_http_answer_bytes (
        message, bytes, page_files[i].type, GST_ARCLY_HTTP_CACHE_NEVER);
    return TRUE;
  }
  return FALSE;
}

/* hls.js comes from its own package and need not be there. */
static gboolean
answer_hls_js (
    GstArclyHttpRouter *router, GstArclyHttpMessage *message, const gchar *path)
{
  const gchar *folder = g_getenv ("GST_ARCLY_DATA_DIR");
  g_auto (GstArclyHttpFile) file = { 0 };

  if (!g_str_equal (path, "/hls.min.js"))
    return FALSE;
  if (!gst_arcly_http_cache_read (
          router->cache, folder ? folder : ARCLY_DATA_DIR, "hls.min.js", &file))
    return FALSE;
  gst_arcly_http_answer_bytes (message, file.bytes,
      "text/javascript; charset=utf-8", "public, max-age=3600");
  return TRUE;
}

static gboolean
contains (GBytes *bytes, const gchar *text)
{
  gsize size = 0;
  const gchar *data = g_bytes_get_data (bytes, &size);

  return data && g_strstr_len (data, size, text) != NULL;
}

/* RFC 8216, 6.2.1: a live playlist changes within 1.5 target durations. Twice
 * that is no hiccup. */
static gboolean
is_overdue (const GstArclyHttpFile *file)
{
  static const gchar tag[] = "#EXT-X-TARGETDURATION:";
  gsize size = 0;
  const gchar *data = g_bytes_get_data (file->bytes, &size);
  const gchar *found = data ? g_strstr_len (data, size, tag) : NULL;
  g_autofree gchar *digits = NULL;
  gint64 target;

  if (!found)
    return FALSE;
  found += strlen (tag);
  digits = g_strndup (found, MIN ((gsize) (data + size - found), 8));
  target = CLAMP (g_ascii_strtoll (digits, NULL, 10), 1, 86400);
  return g_get_real_time () - file->modified > 3 * target * G_USEC_PER_SEC;
}

/* "waiting" for a publisher, "live", "stalled" (live, but nothing new comes),
 * or "ended". What was there when the folder was mounted is what another
 * process left; it is live when it goes on. */
static const gchar *
stream_state (GstArclyHttpRouter *router, const GstArclyHttpMount *mount)
{
  g_auto (GstArclyHttpFile) file = { 0 };
  const gchar *state = gst_arcly_http_live_state (mount->origin);

  if (state)
    return state;
  if (!mount->folder || !gst_arcly_http_cache_read (
                            router->cache, mount->folder, PLAYLIST, &file))
    return "waiting";
  if (contains (file.bytes, "#EXT-X-ENDLIST"))
    return "ended";
  if (g_strcmp0 (file.etag, mount->left_etag) == 0)
    return "waiting";
  return is_overdue (&file) ? "stalled" : "live";
}

static gboolean
is_below (const GstArclyHttpMount *mount, const GstArclyHttpMount *other)
{
  gsize length = strlen (other->path);

  return strncmp (mount->path, other->path, length) == 0 &&
         mount->path[length] == '/';
}

/* What is mounted below a stream is a rendition of it. */
static gboolean
is_rendition (GPtrArray *mounts, const GstArclyHttpMount *mount)
{
  guint i;

  for (i = 0; i < mounts->len; i++) {
    if (is_below (mount, g_ptr_array_index (mounts, i)))
      return TRUE;
  }
  return FALSE;
}

/* A multivariant playlist does not tell: of a rendition, then. */
static const gchar *
whole_state (GstArclyHttpRouter *router, GPtrArray *mounts,
    const GstArclyHttpMount *mount)
{
  guint i;

  for (i = 0; i < mounts->len; i++) {
    if (is_below (g_ptr_array_index (mounts, i), mount))
      return stream_state (router, g_ptr_array_index (mounts, i));
  }
  return stream_state (router, mount);
}

static gboolean
answer_streams (
    GstArclyHttpRouter *router, GstArclyHttpMessage *message, const gchar *path)
{
  g_autoptr (GPtrArray) mounts = NULL;
  g_autoptr (JsonBuilder) builder = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gchar *text = NULL;
  guint i;

  if (!g_str_equal (path, "/api/streams"))
    return FALSE;

  mounts = gst_arcly_http_mounts_copy (router->mounts);
  builder = json_builder_new ();
  json_builder_begin_array (builder);
  for (i = 0; i < mounts->len; i++) {
    GstArclyHttpMount *mount = g_ptr_array_index (mounts, i);
    g_autofree gchar *url =
        g_strconcat (router->prefix, mount->path, "/" PLAYLIST, NULL);

    if (is_rendition (mounts, mount))
      continue;
    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "path");
    json_builder_add_string_value (builder, mount->path);
    json_builder_set_member_name (builder, "title");
    json_builder_add_string_value (builder, mount->title);
    json_builder_set_member_name (builder, "url");
    json_builder_add_string_value (builder, url);
    json_builder_set_member_name (builder, "state");
    json_builder_add_string_value (
        builder, whole_state (router, mounts, mount));
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  bytes = g_bytes_new_take (text, strlen (text));
  gst_arcly_http_answer_bytes (message, bytes, "application/json", "no-store");
  return TRUE;
}

static gboolean
answer_mounted (GstArclyHttpRouter *router, GstArclyHttpMessage *message,
    const gchar *path, const gchar *range)
{
  const gchar *relative;
  g_autoptr (GstArclyHttpMount) mount =
      gst_arcly_http_mounts_find (router->mounts, path, &relative);

  if (!mount)
    return FALSE;
  return gst_arcly_http_live_answer (
             router->live, message, mount->origin, relative, range) ||
         answer_file (router, message, mount->folder, relative, range);
}

/* TRUE if the method asks for content; else it is answered. */
static gboolean
check_method (GstArclyHttpMessage *message)
{
  const gchar *method = message->method;

  if (g_str_equal (method, "GET") || g_str_equal (method, "HEAD"))
    return TRUE;
  if (g_str_equal (method, "OPTIONS")) {
    gst_arcly_http_set_header (
        message, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    gst_arcly_http_set_header (message, "Access-Control-Allow-Headers",
        "Cache-Control, If-None-Match, If-Range, Range");
    gst_arcly_http_set_header (message, "Access-Control-Max-Age", "86400");
    message->status = SOUP_STATUS_NO_CONTENT;
    return FALSE;
  }
  gst_arcly_http_set_header (message, "Allow", "GET, HEAD, OPTIONS");
  gst_arcly_http_answer_text (
      message, SOUP_STATUS_METHOD_NOT_ALLOWED, "method not allowed\n");
  return FALSE;
}

/* The page's own links are relative: they need the slash. */
static gboolean
answer_prefix (
    GstArclyHttpRouter *router, GstArclyHttpMessage *message, const gchar *path)
{
  g_autofree gchar *slash = NULL;

  if (*path != '\0')
    return FALSE;
  slash = g_strconcat (router->prefix, "/", NULL);
  gst_arcly_http_set_header (message, "Location", slash);
  message->status = SOUP_STATUS_MOVED_PERMANENTLY;
  return TRUE;
}

void
gst_arcly_http_router_handle (
    GstArclyHttpRouter *router, GstArclyHttpMessage *message)
{
  g_autofree gchar *path = gst_arcly_http_decode_path (message->path);
  /* For GET only: RFC 9110, 14.2. */
  const gchar *range =
      gst_arcly_http_message_is_get (message) ? message->range : NULL;
  const gchar *rest = path && g_str_has_prefix (path, router->prefix)
                          ? path + strlen (router->prefix)
                          : NULL;

  /* Players on other pages may read it (Fetch standard, CORS). */
  gst_arcly_http_set_header (message, "Access-Control-Allow-Origin", "*");
  gst_arcly_http_set_header (
      message, "Access-Control-Expose-Headers", GST_ARCLY_HTTP_EXPOSED);
  gst_arcly_http_set_header (message, "X-Content-Type-Options", "nosniff");
  if (!check_method (message))
    return;
  if (rest &&
      (answer_prefix (router, message, rest) || answer_page (message, rest) ||
          answer_hls_js (router, message, rest) ||
          answer_streams (router, message, rest) ||
          answer_mounted (router, message, rest, range)))
    return;
  gst_arcly_http_set_header (
      message, "Cache-Control", GST_ARCLY_HTTP_CACHE_NEVER);
  gst_arcly_http_answer_text (message, SOUP_STATUS_NOT_FOUND, "not found\n");
}
