/* SPDX-License-Identifier: MIT
 *
 * The least that a muxer on GstAggregator does: take the pad with the least
 * timestamp, copy its buffer, push. What it costs is collecting. */
#pragma once

#include <gst/base/base.h>

G_BEGIN_DECLS

#define MUX_TYPE_AGGREGATOR (mux_aggregator_get_type ())
G_DECLARE_FINAL_TYPE (
    MuxAggregator, mux_aggregator, MUX, AGGREGATOR, GstAggregator)

G_END_DECLS
