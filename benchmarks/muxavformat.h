/* SPDX-License-Identifier: MIT
 *
 * libavformat's muxers without GStreamer around them: one thread, no pads. What
 * they cost is what the format costs there. */
#pragma once

#include "muxload.h"

G_BEGIN_DECLS

typedef struct {
  guint64 bytes;
  guint64 buffers; /* writes */
} MuxAvOut;

/* "name" is libavformat's: "mpegts", or "mp4" for fragments that begin with key
 * frames. Exits if it cannot. */
void mux_avformat_run (const gchar *name, const MuxLoad *load, MuxAvOut *out);

G_END_DECLS
