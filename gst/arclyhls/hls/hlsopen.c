/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "hlsopen.h"
#include "hlsread.h"

#define MAGIC "arcly-open-2"
#define MAX_SIZE 256
#define MAX_BYTES (G_GUINT64_CONSTANT (1) << 40)
/* The year 9999, in microseconds. */
#define MAX_DATE (G_GUINT64_CONSTANT (253370764800) * G_USEC_PER_SEC)
#define MAX_DURATION                                                           \
  (GST_ARCLY_HLS_MAX_TARGET_DURATION * G_GUINT64_CONSTANT (1000000000))

gchar *
gst_arcly_hls_open_write (const GstArclyHlsOpen *open)
{
  return g_strdup_printf (MAGIC " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                                " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                                " %u %u %" G_GUINT64_FORMAT "\n",
      open->sequence, open->bytes, open->segment.duration,
      open->segment.date_time, !!open->segment.discontinuity,
      !!open->segment.dependent, open->segment.map);
}

gboolean
gst_arcly_hls_open_read (GstArclyHlsOpen *open, const gchar *text, gsize size)
{
  static const guint64 most[] = { GST_ARCLY_HLS_MAX_SEQUENCE, MAX_BYTES,
    MAX_DURATION, MAX_DATE, 1, 1, GST_ARCLY_HLS_MAX_SEQUENCE };
  g_autofree gchar *line = NULL;
  g_auto (GStrv) words = NULL;
  guint64 numbers[G_N_ELEMENTS (most)];
  guint i;

  if (size < 2 || size > MAX_SIZE || text[size - 1] != '\n')
    return FALSE;
  line = g_strndup (text, size - 1);
  words = g_strsplit (line, " ", -1);
  if (strlen (line) != size - 1 ||
      g_strv_length (words) != G_N_ELEMENTS (most) + 1 ||
      !g_str_equal (words[0], MAGIC))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (most); i++) {
    if (!g_ascii_string_to_unsigned (
            words[i + 1], 10, 0, most[i], &numbers[i], NULL))
      return FALSE;
  }
  memset (open, 0, sizeof *open);
  open->sequence = numbers[0];
  open->bytes = numbers[1];
  open->segment.duration = (gint64) numbers[2];
  open->segment.date_time = (gint64) numbers[3];
  open->segment.discontinuity = numbers[4] != 0;
  open->segment.dependent = numbers[5] != 0;
  open->segment.map = numbers[6];
  return open->segment.duration > 0 && open->segment.map <= open->sequence;
}
