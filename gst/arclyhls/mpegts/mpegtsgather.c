/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "mpegtsgather.h"

void
gst_arcly_ts_gather_init (GstArclyTsGather *gather)
{
  gather->pieces = g_array_new (FALSE, FALSE, sizeof (GstArclyTsPiece));
  gather->size = 0;
}

void
gst_arcly_ts_gather_clear (GstArclyTsGather *gather)
{
  g_clear_pointer (&gather->pieces, g_array_unref);
  gather->size = 0;
}

void
gst_arcly_ts_gather_reset (GstArclyTsGather *gather)
{
  g_array_set_size (gather->pieces, 0);
  gather->size = 0;
}

void
gst_arcly_ts_gather_add (
    GstArclyTsGather *gather, const guint8 *data, gsize size)
{
  GstArclyTsPiece piece = { data, size };

  if (size == 0)
    return;
  g_array_append_val (gather->pieces, piece);
  gather->size += size;
}
