/* SPDX-License-Identifier: MIT
 *
 * What is in the files of an arclyrecordsink, which are without a fault. */
#pragma once

#include "testrecord.h"
#include "tschecker.h"

static inline Fmp4Report *
test_record_check_fmp4 (TestRecord *t, const gchar *name)
{
  static const Fmp4Limits strict = { 0 };
  g_autofree gchar *path = test_record_path (t, name);
  gchar *data = NULL;
  Fmp4Report *report;
  gsize size;
  guint i;

  fail_unless (g_file_get_contents (path, &data, &size, NULL), "no %s", name);
  report = fmp4_check ((const guint8 *) data, size, &strict);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s: %s", name,
        (const gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  /* Samples point into it. */
  g_object_set_data_full (G_OBJECT (t->sink), name, data, g_free);
  return report;
}

static inline TsReport *
test_record_check_ts (TestRecord *t, const gchar *name)
{
  static const TsLimits limits = { .pcr_interval_ms = 40 };
  g_autofree gchar *path = test_record_path (t, name);
  g_autofree gchar *data = NULL;
  TsReport *report;
  gsize size;
  guint i;

  fail_unless (g_file_get_contents (path, &data, &size, NULL), "no %s", name);
  report = ts_check ((const guint8 *) data, size, &limits);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s: %s", name,
        (const gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}
