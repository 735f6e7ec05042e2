/* SPDX-License-Identifier: MIT
 *
 * What the files of the checker share: what a playlist says (hlslint.c), how it
 * differs from the one before (hlslintchange.c), and its date ranges
 * (hlslintranges.c). */
#pragma once

#include "hlslint.h"

typedef struct {
  gchar *name;
  gdouble duration;
  gboolean independent;
} Part;

typedef struct {
  gchar *name; /* NULL: a segment of which only parts are there */
  gchar *map;  /* URI of its init segment, or NULL */
  gdouble duration;
  gint64 date_time; /* ms */
  gboolean discontinuity;
  gboolean gap;
  GArray *parts; /* (element-type Part) */
} Entry;

typedef struct {
  GString *wrong;
  GArray *entries; /* (element-type Entry) */
  gint64 version;
  gint64 target;
  gint64 sequence;
  gint64 discontinuity_sequence;
  gchar *type;
  gboolean independent;
  gboolean ended;
  /* rfc8216bis. */
  Entry open;
  gchar *control;
  gchar *part_inf;
  gchar *hint;
  gint64 skipped;
  gdouble part_target;
  GPtrArray *ranges; /* (element-type utf8): EXT-X-DATERANGE, as they stand */
} List;

G_GNUC_PRINTF (2, 3)
void hls_list_complain (List *list, const gchar *format, ...);

/* And complains of what is wrong with @text alone. */
void hls_list_parse (List *list, const gchar *text);
void hls_list_clear (List *list);

/* Milliseconds since 1970; -1 if it is no date. */
gint64 hls_list_parse_date (List *list, const gchar *value);

/* Of the one, and of what became of those of the one before. */
void hls_list_check_ranges (List *list);
void hls_list_compare_ranges (List *list, List *before);
