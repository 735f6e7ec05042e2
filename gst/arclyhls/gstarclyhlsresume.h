/* SPDX-License-Identifier: MIT
 *
 * Goes on with what another process left in a folder. */
#pragma once

#include "gstarclyhlsstore.h"
#include "hls/hlsplaylist.h"

G_BEGIN_DECLS

#define GST_ARCLY_HLS_PLAYLIST_NAME "index.m3u8"
/* What is noted of the segment that is open; no server hands it out. */
#define GST_ARCLY_HLS_OPEN_NAME ".arcly-open"

/* @playlist is new; @now is as in gst_arcly_hls_playlist_append(). FALSE with
 * @error set if the playlist that is there cannot be gone on with; numbers go
 * on all the same. */
gboolean gst_arcly_hls_resume (GstArclyHlsPlaylist *playlist,
    GstArclyHlsStore *store, guint64 now, GError **error);

G_END_DECLS
