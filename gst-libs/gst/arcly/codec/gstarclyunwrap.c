/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyunwrap.h>

void
gst_arcly_unwrap_init (GstArclyUnwrap *unwrap, guint bits)
{
  g_return_if_fail (unwrap != NULL);
  g_return_if_fail (bits >= 2 && bits <= 63);

  unwrap->bits = bits;
  unwrap->started = FALSE;
  unwrap->last = 0;
}

gint64
gst_arcly_unwrap_next (GstArclyUnwrap *unwrap, guint64 value)
{
  guint64 range, step, last;

  g_return_val_if_fail (unwrap != NULL && unwrap->bits >= 2, 0);

  range = G_GUINT64_CONSTANT (1) << unwrap->bits;
  if (!unwrap->started) {
    unwrap->started = TRUE;
    unwrap->last = (gint64) (value & (range - 1));
    return unwrap->last;
  }

  /* Unsigned, for a peer that jumps on for long enough must find wrapping and
   * not undefined behaviour. */
  last = (guint64) unwrap->last;
  step = (value - last) & (range - 1);
  if (step >= range / 2)
    step -= range;
  unwrap->last = (gint64) (last + step);
  return unwrap->last;
}
