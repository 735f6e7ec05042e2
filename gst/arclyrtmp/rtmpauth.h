/* SPDX-License-Identifier: MIT
 *
 * Between the server's loop and the engine's authenticator: asks it outside of
 * the loop, and brings the decision back. All: loop thread only. */
#pragma once

#include <gst/arcly/engine/gstarclyengine.h>
#include "rtmp/rtmpevent.h"
#include "rtmploop.h"

G_BEGIN_DECLS

/* No decision after so long is a refusal. */
#define GST_ARCLY_RTMP_AUTH_TIMEOUT (30 * G_TIME_SPAN_SECOND)

/* What a client said of itself when it connected. */
typedef struct _GstArclyRtmpCredentials GstArclyRtmpCredentials;

/* NULL: more text than anybody's credentials have. */
GstArclyRtmpCredentials *gst_arcly_rtmp_credentials_new (
    const GstArclyRtmpConnect *connect);
void gst_arcly_rtmp_credentials_free (GstArclyRtmpCredentials *credentials);

/* @protocol: "rtmp" or "rtmps". (transfer full) */
GstArclyAuthRequest *gst_arcly_rtmp_auth_request (GstArclyAction action,
    const gchar *protocol, const gchar *peer,
    const GstArclyRtmpCredentials *credentials,
    const GstArclyRtmpStream *stream);

/* @reason: of a refusal, for the client's user; else NULL. */
typedef void (*GstArclyRtmpAuthFunc) (
    gpointer data, gboolean permitted, const gchar *reason);

typedef struct _GstArclyRtmpAuth GstArclyRtmpAuth;

/* Asks. Returns NULL if nobody has to be asked: permitted. Otherwise @func is
 * called once, later, unless it is cancelled before; it ends the auth, which
 * is then gone. */
GstArclyRtmpAuth *gst_arcly_rtmp_auth_start (GstArclyEngine *engine,
    GstArclyRtmpLoop *loop, GstArclyAuthRequest *request,
    GstArclyRtmpAuthFunc func, gpointer data);
void gst_arcly_rtmp_auth_cancel (GstArclyRtmpAuth *auth);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyRtmpCredentials, gst_arcly_rtmp_credentials_free)

G_END_DECLS
