/* SPDX-License-Identifier: MIT
 *
 * What the files of the checker share: boxes and numbers read, problems kept,
 * and the init segment (fmp4checkerinit.c) for the fragments (fmp4checker.c).
 */
#pragma once

#include <string.h>

#include "fmp4checker.h"

G_BEGIN_DECLS

#define FMP4_MAX_PROBLEMS 50

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  gboolean overrun;
} Reader;

typedef struct {
  gchar type[5];
  const guint8 *data; /* content */
  gsize size;
  gsize header;
} Box;

typedef struct {
  Fmp4Report *report;
  const Fmp4Limits *limits;
  const guint8 *moof; /* where the last one starts */
  guint32 sequence;
  /* Parts of mdat that the last moof's runs claim. */
  const guint8 *run_start, *run_end;
  gboolean runs_joined;
  guint64 run_bytes;
} Checker;

static inline void G_GNUC_PRINTF (2, 3)
    problem (Checker *checker, const gchar *format, ...)
{
  va_list args;

  if (checker->report->problems->len >= FMP4_MAX_PROBLEMS)
    return;
  va_start (args, format);
  g_ptr_array_add (checker->report->problems, g_strdup_vprintf (format, args));
  va_end (args);
}

static inline guint64
number (Reader *reader, guint bytes)
{
  guint64 value = 0;

  if (reader->overrun || bytes > reader->size - reader->pos) {
    reader->overrun = TRUE;
    return 0;
  }
  while (bytes-- > 0)
    value = value << 8 | reader->data[reader->pos++];
  return value;
}

static inline void
skip (Reader *reader, gsize n)
{
  if (reader->overrun || n > reader->size - reader->pos)
    reader->overrun = TRUE;
  else
    reader->pos += n;
}

static inline Reader
read_box (const Box *box)
{
  return (Reader){ box->data, box->size, 0, FALSE };
}

static inline gboolean
next_box (Checker *checker, Reader *reader, Box *box)
{
  const guint8 *start = reader->data + reader->pos;
  gsize left = reader->size - reader->pos;
  guint64 size;
  guint i;

  if (left == 0)
    return FALSE;
  size = number (reader, 4);
  for (i = 0; i < 4; i++) {
    guint8 c = number (reader, 1);

    box->type[i] = g_ascii_isprint (c) ? c : '?';
  }
  box->type[4] = '\0';
  box->header = 8;
  if (size == 1) {
    size = number (reader, 8);
    box->header = 16;
  }
  if (reader->overrun || size < box->header || size > left) {
    problem (
        checker, "a box at %" G_GSIZE_FORMAT " from the end is cut off", left);
    return FALSE;
  }
  box->data = start + box->header;
  box->size = size - box->header;
  reader->pos += size - box->header;
  return TRUE;
}

/* The first box of a type in another one. */
static inline gboolean
find_box (Checker *checker, const Box *parent, const gchar *type, Box *found)
{
  Reader reader = read_box (parent);

  while (next_box (checker, &reader, found)) {
    if (strcmp (found->type, type) == 0)
      return TRUE;
  }
  return FALSE;
}

static inline gboolean
need_box (Checker *checker, const Box *parent, const gchar *type, Box *found)
{
  if (find_box (checker, parent, type, found))
    return TRUE;
  problem (checker, "%s lacks %s", parent->type, type);
  return FALSE;
}

/* fmp4checkerinit.c */
void fmp4_checker_check_brands (Checker *checker, const Box *box);

void fmp4_checker_read_moov (Checker *checker, const Box *moov);

/* NULL, and a problem, if there is none. */
Fmp4Track *fmp4_checker_find_track (Checker *checker, guint32 id);

G_END_DECLS
