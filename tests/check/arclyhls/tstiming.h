/* SPDX-License-Identifier: MIT
 *
 * The system target decoder (ISO/IEC 13818-1, 2.4.2), as far as a file shows
 * it: when bytes arrive by the PCRs around them, how long they stay, and how
 * many are there. Packets between two PCRs arrive evenly; access units leave at
 * their DTS, sound evenly up to the next PES. The transport buffer in front of
 * each, through which packets leak at a rate of its own, has its own number. */
#pragma once

#include "tschecker.h"

G_BEGIN_DECLS

typedef struct {
  guint16 pid;
  guint8 stream_type;
  gsize max_bytes;       /* that were there at once */
  gint64 max_delay;      /* from the first byte's arrival to the DTS, 27 MHz */
  gint64 min_slack;      /* from the last byte's arrival to the DTS, 27 MHz */
  gsize transport_bytes; /* at once in the transport buffer, with all headers */
} TsBuffer;

typedef struct {
  gsize audio_bytes; /* largest allowed, 0 = any; 2.4.2.3 has 3584 for two
                        channels */
  gsize video_bytes;
  gsize transport_bytes; /* largest allowed, 0 = any; 2.4.2.3 has 512 */
  guint delay_ms;        /* longest allowed; 2.4.2.7 has 1000 */
} TsBufferLimits;

/* "report" is what ts_check() made of the same data. Returns buffers
 * (element-type TsBuffer), and adds to the report's problems what is not within
 * the limits. */
GArray *ts_check_buffers (const guint8 *data, gsize size, TsReport *report,
    const TsBufferLimits *limits);

G_END_DECLS
