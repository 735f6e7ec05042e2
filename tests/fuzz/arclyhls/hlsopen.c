/* SPDX-License-Identifier: MIT
 *
 * What a process that died noted. What is understood is written again the same,
 * and no number of it overflows. */
#include <stdint.h>
#include <string.h>

#include "hlsopen.h"
#include "hlsread.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  GstArclyHlsOpen open, again;
  g_autofree gchar *text = NULL;

  if (!gst_arcly_hls_open_read (&open, (const gchar *) data, size))
    return 0;
  g_assert (open.sequence <= GST_ARCLY_HLS_MAX_SEQUENCE);
  g_assert (open.segment.duration > 0);
  g_assert (open.segment.date_time >= 0);
  g_assert (open.segment.map <= open.sequence);
  text = gst_arcly_hls_open_write (&open);
  g_assert (gst_arcly_hls_open_read (&again, text, strlen (text)));
  g_assert (memcmp (&open, &again, sizeof open) == 0);
  return 0;
}
