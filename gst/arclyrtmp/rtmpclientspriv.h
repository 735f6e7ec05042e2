/* SPDX-License-Identifier: MIT
 *
 * Shared by rtmpclients.c (who is there and who publishes), rtmpclientsauth.c
 * (who may) and rtmpclientsplay.c (who goes to play). Loop thread only. */
#pragma once

#include "rtmpauth.h"
#include "rtmpclients.h"
#include "rtmpconnection.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_rtmp_server_debug);

/* Of what a client asked last. */
typedef enum {
  GST_ARCLY_RTMP_UNASKED,
  GST_ARCLY_RTMP_PERMITTED,
  GST_ARCLY_RTMP_REFUSED,
} GstArclyRtmpDecision;

/* A connection and what it is to us. Loop thread only. */
struct _GstArclyRtmpClient {
  GstArclyRtmpClients *clients;
  GstArclyRtmpConnection *connection; /* owned */
  gchar *peer;
  GstArclyRtmpRoute *route;    /* that it publishes to, or NULL */
  GstArclyRtmpPlayRoute *play; /* that it is on its way to, or NULL */
  guint32 stream_id;           /* of that publication or play */
  gboolean warned;             /* something of it was ignored, and logged */
  gboolean left;               /* it unpublished: however it closes is fine */

  GstArclyRtmpCredentials *credentials; /* owned; NULL before connect */
  GstArclyRtmpAuth *auth;               /* under way, or NULL */
  GstArclyRtmpEvent *asked;             /* owned; what "auth" is about */
  GstArclyRtmpDecision decision;        /* on "asked", when it comes again */
  gboolean authorized; /* an authenticator permitted what it does */
  gchar *refusal;      /* of a refusal, for its user */
};

/* What may happen many times a second, and fill a log. */
typedef struct {
  gint64 when; /* it was told last; 0: never */
  guint untold;
} GstArclyRtmpClientsTold;

/* Loop thread only, once that has it. */
struct _GstArclyRtmpClients {
  GstArclyRtmpServer *server; /* for logs; outlives us */
  GstArclyEngine *engine;     /* outlives us */
  GstArclyRtmpLoop *loop;
  GstArclyRtmpTls *tls;     /* owned; NULL: none */
  GstArclyRtmpLoop *shakes; /* where it shakes hands; NULL: there is no TLS */
  GHashTable *routes;       /* path to GstArclyRtmpRoute, both borrowed */
  GHashTable *play_routes;  /* path to GstArclyRtmpPlayRoute, both borrowed */
  GHashTable *all;          /* set of Client, owned */
  GRand *random;
  GstArclyRtmpServerLimits limits; /* of all routes together */
  GstArclyRtmpGuard *guard;        /* counts all */
  GstArclyRtmpClientsTold refused; /* for whom there was no room */
  GstArclyRtmpClientsTold exhausted;
};

/* A peer's text for humans: bounded, and without control characters that would
 * forge lines of a log. (transfer full) */
gchar *gst_arcly_rtmp_clients_show (const gchar *text);
/* Tells the client's user, then closes: most clients would hang otherwise. */
void gst_arcly_rtmp_client_refuse (GstArclyRtmpClient *client,
    guint32 stream_id, const gchar *code, const gchar *description);
/* It is gone, or handed over. Frees it. */
void gst_arcly_rtmp_client_forget (GstArclyRtmpClient *client);

/* Whether a PUBLISH or PLAY may go on. If not, it was refused, or is put by
 * until the engine's authenticator has decided; then it comes again. */
gboolean gst_arcly_rtmp_client_authorize (
    GstArclyRtmpClient *client, GstArclyRtmpEvent **event);

/* A PLAY that may go on: refused, or it leaves. */
void gst_arcly_rtmp_client_play (
    GstArclyRtmpClient *client, const GstArclyRtmpEvent *event);
/* GstArclyRtmpConnectionFuncs.left: hands it over. */
void gst_arcly_rtmp_client_left (gpointer data);

G_END_DECLS
