/* SPDX-License-Identifier: MIT
 *
 * Segments of a playlist that never got to where it is read. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * gst_arcly_hls_gaps_mark:
 * @text: (array length=size): a media playlist as
 * gst_arcly_hls_playlist_render() makes it; any other text is as well
 * @size: length of @text
 * @lost: (element-type utf8 int): names of segments and init segments, with 0;
 *     they get 1 when a text names them, and leave when one does not any more
 *
 * Segments that are lost, or lack their init segment, have EXT-X-GAP then
 * (rfc8216bis, 4.4.4.7): players skip what they could not load.
 *
 * Returns: (transfer full) (nullable): the text, or %NULL if it is @text
 */
gchar *gst_arcly_hls_gaps_mark (
    const gchar *text, gsize size, GHashTable *lost);

G_END_DECLS
