/* SPDX-License-Identifier: MIT
 *
 * Reads a transport stream with none of the writer's code and says what is
 * wrong with it: ISO/IEC 13818-1, and of ETSI TR 101 290 what a file shows. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint16 pid;
  guint8 stream_type;
  guint32 registration; /* format_identifier in the PMT, 0 without */
  gint64 pts;           /* 90 kHz, unwrapped; of a section -1 */
  gint64 dts;           /* 90 kHz, unwrapped; the same as pts if not written */
  gint64 pcr; /* 27 MHz, unwrapped: the last one before its end, or -1 */
  gboolean random_access;
  gboolean discontinuity;
  guint packet;   /* index of its first packet */
  GByteArray *es; /* the payload */
} TsUnit;

typedef struct {
  guint pcr_interval_ms; /* longest allowed */
  guint psi_interval_ms; /* longest allowed, 0 = any */
} TsLimits;

typedef struct {
  GPtrArray *problems; /* (element-type utf8) */
  GPtrArray *units;    /* (element-type TsUnit), in order of their start */
  guint n_packets;
  guint n_pat;
  guint n_pmt;
  guint n_pcr;
  guint n_streams;              /* in the last PMT */
  guint32 program_registration; /* there, 0 without */
  guint pmt_version;
  guint n_pmt_versions;
  gint64 max_pcr_gap; /* 27 MHz */
} TsReport;

TsReport *ts_check (const guint8 *data, gsize size, const TsLimits *limits);

void ts_report_free (TsReport *report);

/* Is there a problem that contains this text? */
gboolean ts_report_has (const TsReport *report, const gchar *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TsReport, ts_report_free)

G_END_DECLS
