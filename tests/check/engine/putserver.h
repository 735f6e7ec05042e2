/* SPDX-License-Identifier: MIT
 *
 * A server that takes PUT, in a thread of its own: files under /up/. */
#pragma once

#include "testsoup.h"

typedef struct {
  /* Constant. */
  gchar *uri;
  guint port;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;

  /* lock */
  GMutex lock;
  GHashTable *files; /* (element-type utf8 GBytes) */
  guint status;      /* of what is sent; 0 takes it */
  gchar *last;       /* what was sent, and how */

  /* The thread. */
  SoupServer *soup;
  GSocketService *service;
} PutServer;

static inline const gchar *
put_server_header (SoupServerMessage *message, const gchar *name)
{
  const gchar *value = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), name);

  return value ? value : "-";
}

static inline guint
put_server_do (PutServer *self, SoupServerMessage *message, const gchar *path)
{
  const gchar *method = soup_server_message_get_method (message);
  g_autoptr (GBytes) sent = soup_message_body_flatten (
      soup_server_message_get_request_body (message));
  GBytes *kept = g_hash_table_lookup (self->files, path);

  if (g_str_equal (method, "PUT"))
    g_hash_table_replace (self->files, g_strdup (path), g_bytes_ref (sent));
  else if (!kept)
    return SOUP_STATUS_NOT_FOUND;
  else if (g_str_equal (method, "DELETE"))
    g_hash_table_remove (self->files, path);
  else if (g_bytes_get_size (kept) > 0)
    soup_message_body_append_bytes (
        soup_server_message_get_response_body (message), kept);
  return SOUP_STATUS_OK;
}

static inline void
put_server_on_request (SoupServer *soup, SoupServerMessage *message,
    const char *path, GHashTable *query, gpointer data)
{
  PutServer *self = data;
  GUri *uri = soup_server_message_get_uri (message);

  g_mutex_lock (&self->lock);
  g_free (self->last);
  self->last = g_strdup_printf ("%s %s%s%s %s %s %s",
      soup_server_message_get_method (message), g_uri_get_path (uri),
      g_uri_get_query (uri) ? "?" : "",
      g_uri_get_query (uri) ? g_uri_get_query (uri) : "",
      put_server_header (message, "Content-Type"),
      put_server_header (message, "Cache-Control"),
      put_server_header (message, "Authorization"));
  soup_server_message_set_status (message,
      self->status ? self->status : put_server_do (self, message, path), NULL);
  g_mutex_unlock (&self->lock);
}

static inline gpointer
put_server_run (gpointer data)
{
  PutServer *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_clear_pointer (&self->service, test_soup_close);
  soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* https if there is a certificate. */
static inline PutServer *
put_server_new_tls (GTlsCertificate *certificate)
{
  PutServer *self = g_new0 (PutServer, 1);

  g_mutex_init (&self->lock);
  self->files = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_main_context_push_thread_default (self->context);
  self->soup = soup_server_new (NULL, NULL);
  soup_server_add_handler (
      self->soup, "/up", put_server_on_request, self, NULL);
  self->service = test_soup_listen_tls (self->soup, certificate, &self->port);
  g_main_context_pop_thread_default (self->context);
  self->uri = g_strdup_printf (
      "http%s://127.0.0.1:%u/up/", certificate ? "s" : "", self->port);
  self->thread = g_thread_new ("put-server", put_server_run, self);
  return self;
}

static inline PutServer *
put_server_new (void)
{
  return put_server_new_tls (NULL);
}

static inline gboolean
put_server_quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static inline void
put_server_free (PutServer *self)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, put_server_quit, self->loop, NULL);
  g_source_attach (source, self->context);
  g_source_unref (source);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_hash_table_unref (self->files);
  g_mutex_clear (&self->lock);
  g_free (self->last);
  g_free (self->uri);
  g_free (self);
}

static inline void
put_server_set_status (PutServer *self, guint status)
{
  g_mutex_lock (&self->lock);
  self->status = status;
  g_mutex_unlock (&self->lock);
}

static inline gchar *
put_server_dup_last (PutServer *self)
{
  gchar *last;

  g_mutex_lock (&self->lock);
  last = g_strdup (self->last);
  g_mutex_unlock (&self->lock);
  return last;
}
