/* SPDX-License-Identifier: MIT
 *
 * What a publisher's and a players' element have in common: where they listen,
 * as properties, and that they do, with a name of the engine to themselves. */
#pragma once

#include <stdatomic.h>

#include "gstarclyrtmplimits.h"
#include "gstarclyrtmpserver.h"

G_BEGIN_DECLS

#define GST_ARCLY_RTMP_N_PORT_PROPERTIES (4 + GST_ARCLY_RTMP_N_LIMITS)

typedef struct {
  /* Settings. The element's object lock. Copy out, unlock, then act. */
  gchar *location;
  gchar *certificate;
  gchar *private_key;
  GstArclyRtmpServerLimits limits;

  /* Set by open(), constant until close(). */
  GstElement *element; /* borrowed */
  GstArclyRole role;
  GstArclyEngine *engine;
  GstArclyRtmpServer *server;
  gchar *path; /* "app/stream" */

  /* Atomic. Who changes the state writes; "port" reads. 0: not listening. */
  _Atomic guint number;
} GstArclyRtmpPort;

void gst_arcly_rtmp_port_init (GstArclyRtmpPort *port);
void gst_arcly_rtmp_port_clear (GstArclyRtmpPort *port);

/* Installs the properties on a class, with the ids from @first_id on. */
void gst_arcly_rtmp_port_install (GObjectClass *klass, guint first_id);
/* Of @index from 0; FALSE if there is none. Object lock. */
gboolean gst_arcly_rtmp_port_set (
    GstArclyRtmpPort *port, guint index, const GValue *value);
gboolean gst_arcly_rtmp_port_get (
    const GstArclyRtmpPort *port, guint index, GValue *value);

/* On the way to PAUSED. FALSE: an error was posted, and nothing is held. */
gboolean gst_arcly_rtmp_port_open (
    GstArclyRtmpPort *port, GstElement *element, GstArclyRole role);
/* The way back; may be called without open(). The element's route is gone. */
void gst_arcly_rtmp_port_close (GstArclyRtmpPort *port);
/* The element has no route: posts that, with its @error. */
void gst_arcly_rtmp_port_refuse (GstArclyRtmpPort *port, const GError *error);

/* As set now. Any thread. */
void gst_arcly_rtmp_port_get_limits (
    GstArclyRtmpPort *port, GstArclyRtmpServerLimits *limits);

G_END_DECLS
