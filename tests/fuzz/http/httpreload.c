/* SPDX-License-Identifier: MIT
 *
 * The query of a request for a playlist (rfc8216bis, 6.2.5). What is understood
 * has numbers within bounds, and can be judged. */
#include <stdint.h>

#include <gst/arcly/http/gstarclyhttporiginprivate.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  GstArclyHttpPlaylist playlist = { .full = "#EXTM3U\n",
    .next = 10,
    .open_parts = 4,
    .last_parts = 10,
    .advance_limit = 15,
    .target_duration = 2 };
  g_autofree gchar *query = g_strndup ((const gchar *) data, size);
  g_autoptr (GstArclyHttpSnapshot) snapshot =
      gst_arcly_http_snapshot_new (&playlist, 1, 1);
  GstArclyHttpReload reload;

  if (!gst_arcly_http_reload_parse (&reload, query))
    return 0;
  g_assert (reload.msn <= G_GUINT64_CONSTANT (1) << 53);
  g_assert (reload.blocks || (reload.msn == 0 && reload.part == 0));
  switch (gst_arcly_http_snapshot_judge (snapshot, &reload)) {
    case GST_ARCLY_HTTP_RELOAD_NOW:
      break;
    case GST_ARCLY_HTTP_RELOAD_WAIT:
      g_assert (reload.msn <= 11);
      break;
    case GST_ARCLY_HTTP_RELOAD_TOO_FAR:
      g_assert (reload.msn >= 9);
      break;
  }
  return 0;
}
