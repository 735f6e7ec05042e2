/* SPDX-License-Identifier: MIT
 *
 * Private. Where the decisions of an engine's authenticator are made: one
 * thread with a main context for those that do not block, a pool for those that
 * do. */
#pragma once

#include <gst/arcly/engine/gstarclyengine.h>

G_BEGIN_DECLS

typedef struct _GstArclyAuthService GstArclyAuthService;

/* Any thread. Has no thread of its own before the first request. */
GstArclyAuthService *gst_arcly_auth_service_new (void);
/* Any thread, the service's own among them. Nothing may be under way. */
void gst_arcly_auth_service_free (GstArclyAuthService *service);

/* Any thread. NULL permits everything. */
void gst_arcly_auth_service_set_authenticator (
    GstArclyAuthService *service, GstArclyAuthenticator *authenticator);
GstArclyAuthenticator *gst_arcly_auth_service_dup_authenticator (
    GstArclyAuthService *service);

/* Any thread. @callback runs in the service's thread, with a GTask of @source,
 * which must keep the service. */
void gst_arcly_auth_service_authorize (GstArclyAuthService *service,
    gpointer source, GstArclyAuthRequest *request, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);

/* gstarclyengine.c. Lives as long as the engine. */
GstArclyAuthService *gst_arcly_engine_peek_auth_service (
    GstArclyEngine *engine);

G_END_DECLS
