/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/http/gstarclyhttpmessage.h>

static void
clear_header (gpointer data)
{
  g_free (((GstArclyHttpHeader *) data)->value);
}

void
gst_arcly_http_message_init (
    GstArclyHttpMessage *self, const GstArclyHttpCarrier *carrier)
{
  self->refs = 1;
  self->carrier = carrier;
  self->headers = g_array_new (FALSE, FALSE, sizeof (GstArclyHttpHeader));
  g_array_set_clear_func (self->headers, clear_header);
  self->body = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

GstArclyHttpMessage *
gst_arcly_http_message_ref (GstArclyHttpMessage *self)
{
  self->refs++;
  return self;
}

void
gst_arcly_http_message_unref (GstArclyHttpMessage *self)
{
  if (--self->refs > 0)
    return;
  g_array_unref (self->headers);
  g_ptr_array_unref (self->body);
  self->carrier->free (self);
}

void
gst_arcly_http_message_finish (GstArclyHttpMessage *self)
{
  GstArclyHttpFinishedFunc finished = self->finished;

  gst_arcly_http_message_release (self);
  if (finished)
    finished (self->data);
}

gsize
gst_arcly_http_message_get_size (GstArclyHttpMessage *self)
{
  gsize size = 0;
  guint i;

  for (i = 0; i < self->body->len; i++)
    size += g_bytes_get_size (g_ptr_array_index (self->body, i));
  return size;
}

void
gst_arcly_http_message_hold (
    GstArclyHttpMessage *self, GstArclyHttpFinishedFunc finished, gpointer data)
{
  self->finished = finished;
  self->data = data;
  if (self->n_held)
    (*self->n_held)++;
  self->carrier->hold (self);
}

void
gst_arcly_http_message_release (GstArclyHttpMessage *self)
{
  if (self->finished && self->n_held)
    (*self->n_held)--;
  self->finished = NULL;
}

void
gst_arcly_http_message_resume (GstArclyHttpMessage *self)
{
  self->carrier->resume (self);
}

void
gst_arcly_http_message_abort (GstArclyHttpMessage *self)
{
  self->carrier->abort (self);
}

gboolean
gst_arcly_http_message_is_get (GstArclyHttpMessage *self)
{
  return g_str_equal (self->method, "GET");
}

void
gst_arcly_http_set_header (
    GstArclyHttpMessage *self, const gchar *name, const gchar *value)
{
  GstArclyHttpHeader header = { name, g_strdup (value) };
  guint i;

  for (i = 0; i < self->headers->len; i++) {
    GstArclyHttpHeader *other =
        &g_array_index (self->headers, GstArclyHttpHeader, i);

    if (!g_str_equal (other->name, name))
      continue;
    g_free (other->value);
    *other = header;
    return;
  }
  g_array_append_val (self->headers, header);
}

void
gst_arcly_http_message_append (GstArclyHttpMessage *self, GBytes *bytes)
{
  g_ptr_array_add (self->body, g_bytes_ref (bytes));
}
