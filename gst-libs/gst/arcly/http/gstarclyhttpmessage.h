/* SPDX-License-Identifier: MIT
 *
 * A request and its answer, whatever carries them: libsoup, or a stream of
 * HTTP/2. The server's thread. Private: not installed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GstArclyHttpMessage GstArclyHttpMessage;
typedef void (*GstArclyHttpFinishedFunc) (gpointer data);

/* What one does that carries messages. */
typedef struct {
  /* The answer comes later. */
  void (*hold) (GstArclyHttpMessage *message);
  /* What there is of it may go. Called outside of any call of the carrier's. */
  void (*resume) (GstArclyHttpMessage *message);
  /* No more of it comes: the client shall not take it for whole. */
  void (*abort) (GstArclyHttpMessage *message);
  void (*free) (GstArclyHttpMessage *message);
} GstArclyHttpCarrier;

typedef struct {
  const gchar *name; /* static */
  gchar *value;      /* owned */
} GstArclyHttpHeader;

/* Carriers put it first into structs of their own. */
struct _GstArclyHttpMessage {
  guint refs;
  const GstArclyHttpCarrier *carrier;

  /* The request: constant, the carrier's. NULL for what it has not. */
  const gchar *method;
  const gchar *path; /* with its escapes */
  const gchar *query;
  const gchar *accept_encoding, *if_none_match, *if_range, *range;
  gboolean can_stream; /* an answer whose length is not known */
  guint *n_held;       /* of its connection; NULL if that has one at most */

  /* The answer. */
  guint status;
  GArray *headers; /* (element-type GstArclyHttpHeader) */
  GPtrArray *body; /* (element-type GBytes): what the carrier did not take */
  gboolean open;   /* more of it comes */

  /* Of who holds it. */
  GstArclyHttpFinishedFunc finished;
  gpointer data;
};

/* For carriers: @message is zero, but for the request. */
void gst_arcly_http_message_init (
    GstArclyHttpMessage *message, const GstArclyHttpCarrier *carrier);
/* The client went, or has all. */
void gst_arcly_http_message_finish (GstArclyHttpMessage *message);
gsize gst_arcly_http_message_get_size (GstArclyHttpMessage *message);

GstArclyHttpMessage *gst_arcly_http_message_ref (GstArclyHttpMessage *message);
void gst_arcly_http_message_unref (GstArclyHttpMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyHttpMessage, gst_arcly_http_message_unref)

/* @finished is called at most once, unless it is released before. */
void gst_arcly_http_message_hold (GstArclyHttpMessage *message,
    GstArclyHttpFinishedFunc finished, gpointer data);
void gst_arcly_http_message_release (GstArclyHttpMessage *message);
void gst_arcly_http_message_resume (GstArclyHttpMessage *message);
void gst_arcly_http_message_abort (GstArclyHttpMessage *message);
gboolean gst_arcly_http_message_is_get (GstArclyHttpMessage *message);

/* @name is static; there is one of each. */
void gst_arcly_http_set_header (
    GstArclyHttpMessage *message, const gchar *name, const gchar *value);
void gst_arcly_http_message_append (
    GstArclyHttpMessage *message, GBytes *bytes);

G_END_DECLS
