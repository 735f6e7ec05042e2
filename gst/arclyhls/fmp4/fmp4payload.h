/* SPDX-License-Identifier: MIT
 *
 * The content of an mdat as a list of memories: those that came in, shared,
 * and small ones of ours between. Payload is never copied. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GPtrArray *memories; /* (element-type GstMemory), owned */
  GByteArray *small;   /* not in memories yet */
} GstArclyFmp4Payload;

void gst_arcly_fmp4_payload_init (GstArclyFmp4Payload *payload);

void gst_arcly_fmp4_payload_clear (GstArclyFmp4Payload *payload);

/* A copy of some bytes. */
void gst_arcly_fmp4_payload_add_bytes (
    GstArclyFmp4Payload *payload, const guint8 *data, gsize size);

/* Part of a buffer, shared. */
void gst_arcly_fmp4_payload_add (
    GstArclyFmp4Payload *payload, GstBuffer *buffer, gsize offset, gsize size);

/* Moves all of it to a list of buffers, the last of which may take some. */
void gst_arcly_fmp4_payload_take (
    GstArclyFmp4Payload *payload, GstBufferList *list);

G_END_DECLS
