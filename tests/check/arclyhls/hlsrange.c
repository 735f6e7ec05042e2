/* SPDX-License-Identifier: MIT
 *
 * EXT-X-DATERANGE in playlists, checked as arclyhlssink checks them, and by the
 * checker of the tests. */
#include <math.h>
#include <string.h>

#include <gst/arcly/gstarclyerror.h>
#include <gst/arclyhls/hls/hlslint.h>

#include "hlslint.h"
#include "hlsplaylist.h"
#include "hlsranges.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
/* 2023-11-14T22:13:20Z */
#define EPOCH (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)
#define TAG "#EXT-X-DATERANGE:"
#define START "START-DATE=\"2023-11-14T22:13:20.000Z\""

typedef struct {
  GstArclyHlsPlaylist *list;
  GstArclyHlsLint *lints[2];
  gchar *before[2];
  gint64 end; /* of media, ns */
  gboolean restarted;
} Test;

static void
init (Test *t, GstArclyHlsType type, gint64 part_duration)
{
  *t = (Test){ .list = gst_arcly_hls_playlist_new (type, 2, 3, "t"),
    .lints = { gst_arcly_hls_lint_new (), gst_arcly_hls_lint_new () } };
  gst_arcly_hls_playlist_set_parts (t->list, part_duration);
}

static void
clear (Test *t)
{
  guint i;

  gst_arcly_hls_playlist_free (t->list);
  for (i = 0; i < 2; i++) {
    gst_arcly_hls_lint_free (t->lints[i]);
    g_free (t->before[i]);
  }
}

/* Of readers of the folder, or of viewers of parts. */
static void
look (Test *t, gboolean live)
{
  gchar *text = live ? gst_arcly_hls_playlist_render_live (t->list, FALSE)
                     : gst_arcly_hls_playlist_render (t->list);
  g_autofree gchar *wrong = NULL;
  g_autofree gchar *broken = NULL;

  if (!text)
    return;
  wrong = hls_lint (text, t->before[live], t->restarted);
  t->restarted = FALSE;
  broken = gst_arcly_hls_lint_check (t->lints[live], text);
  if (wrong[0] != '\0' || broken)
    g_error ("%s, %s in:\n%s\nbefore:\n%s", wrong, broken, text,
        t->before[live] ? t->before[live] : "-");
  g_free (t->before[live]);
  t->before[live] = text;
}

static void
look_at_both (Test *t)
{
  look (t, FALSE);
  look (t, TRUE);
}

static GstArclyHlsSegment
next_segment (Test *t)
{
  return (GstArclyHlsSegment){ .duration = 2 * SECOND,
    .date_time = EPOCH + t->end / 1000 };
}

static void
append (Test *t)
{
  GstArclyHlsSegment segment = next_segment (t);

  t->end += segment.duration;
  gst_arcly_hls_playlist_append (t->list, &segment, (guint64) t->end);
  look_at_both (t);
}

static gboolean
try_add (Test *t, const gchar *attributes, gchar **line, GError **error)
{
  g_autoptr (GstArclyHlsRange) range =
      gst_arcly_hls_range_parse (attributes, error);

  *line = NULL;
  return range && gst_arcly_hls_playlist_add_range (
                      t->list, range, EPOCH + t->end / 1000, line, error);
}

/* What is listed of it is @expected; NULL if nothing is. */
static void
add (Test *t, const gchar *attributes, const gchar *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;

  try_add (t, attributes, &line, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, expected);
  look_at_both (t);
}

static void
assert_refused (Test *t, const gchar *attributes, const gchar *reason)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;

  g_assert_false (try_add (t, attributes, &line, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  if (!strstr (error->message, reason))
    g_error ("%s: %s", attributes, error->message);
  g_assert_null (line);
}

static gboolean
lists (Test *t, const gchar *id)
{
  g_autofree gchar *attribute = g_strdup_printf ("ID=\"%s\"", id);

  return strstr (t->before[FALSE], attribute) != NULL;
}

/* The bytes, once: where it came, and stays. */
static void
test_text (void)
{
  Test t;

  init (&t, GST_ARCLY_HLS_EVENT, 0);
  append (&t);
  add (&t, "ID=\"a\",X-NAME=\"b, c\"",
      "ID=\"a\",START-DATE=\"2023-11-14T22:13:22.000Z\",X-NAME=\"b, c\"");
  append (&t);
  gst_arcly_hls_playlist_end (t.list);
  look_at_both (&t);
  g_assert_cmpstr (t.before[FALSE], ==,
      "#EXTM3U\n"
      "#EXT-X-VERSION:3\n"
      "#EXT-X-TARGETDURATION:2\n"
      "#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-PLAYLIST-TYPE:EVENT\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
      "#EXTINF:2.000000,\n"
      "segment-t-00000.ts\n"
      "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2023-11-14T22:13:22.000Z\","
      "X-NAME=\"b, c\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z\n"
      "#EXTINF:2.000000,\n"
      "segment-t-00001.ts\n"
      "#EXT-X-ENDLIST\n");
  assert_refused (&t, "ID=\"b\"", "behind the end");
  clear (&t);
}

/* Text that is read back is checked as what is set. */
static void
test_refused (void)
{
  static const struct {
    const gchar *attributes;
    const gchar *reason;
  } cases[] = {
    { "", "has no value" },
    { "ID", "has no value" },
    { "ID=\"a\",", "has no value" },
    { "ID=\"a\"x", "no comma" },
    { "ID=a", "ID is not in quotes" },
    { "ID=\"a", "ID is not in quotes" },
    { "ID=\"\"", "ID is missing or empty" },
    { "CLASS=\"a\"", "ID is missing or empty" },
    { "ID=\"a\",ID=\"a\"", "ID is set twice" },
    { "ID=\"a\nb\"", "ID has a line break" },
    { "ID=\"a\xc2\x85\"", "ID has a line break" },
    { "ID=\"\xff\"", "ID is not UTF-8" },
    { "ID=\"a\",id=\"b\"", "id is no attribute" },
    { "ID=\"a\",X-=\"b\"", "X- is no attribute" },
    { "ID=\"a\",X-a=\"b\"", "X-a is no attribute" },
    { "ID=\"a\",START-DATE=\"2023\"", "START-DATE is no date" },
    { "ID=\"a\",START-DATE=\"1969-11-14T22:13:20Z\"", "START-DATE is no date" },
    { "ID=\"a\",START-DATE=\"2023-11-14T22:13:20\"", "START-DATE is no date" },
    { "ID=\"a\",DURATION=-1", "DURATION is no number" },
    { "ID=\"a\",DURATION=1e3", "DURATION is no number" },
    { "ID=\"a\",DURATION=1.2.3", "DURATION is no number" },
    { "ID=\"a\",DURATION=999999999", "DURATION is too large" },
    { "ID=\"a\",PLANNED-DURATION=\"1\"", "PLANNED-DURATION is no number" },
    { "ID=\"a\",SCTE35-OUT=\"1\"", "SCTE35-OUT is not hexadecimal" },
    { "ID=\"a\",SCTE35-OUT=0x1", "SCTE35-OUT is empty" },
    { "ID=\"a\",SCTE35-OUT=0x", "SCTE35-OUT is empty" },
    { "ID=\"a\",SCTE35-IN=0x1G", "SCTE35-IN is empty" },
    { "ID=\"a\",CUE=\"PRE,POST\"", "CUE is not" },
    { "ID=\"a\",CUE=\"ONCE,ONCE\"", "CUE is not" },
    { "ID=\"a\",CUE=\"\"", "CUE is not" },
    { "ID=\"a\",X-A=b", "X-A is no number" },
    { "ID=\"a\",END-ON-NEXT=NO", "END-ON-NEXT is not YES" },
    { "ID=\"a\",END-ON-NEXT=YES", "END-ON-NEXT needs CLASS" },
    { "ID=\"a\",CLASS=\"c\",END-ON-NEXT=YES,DURATION=1",
        "END-ON-NEXT excludes" },
    { "ID=\"a\"," START ",END-DATE=\"2023-11-14T22:13:19Z\"",
        "END-DATE is in front" },
    { "ID=\"a\"," START ",END-DATE=\"2023-11-14T22:13:22Z\",DURATION=1.999",
        "END-DATE does not agree" },
    { "ID=\"a\",START-DATE=\"2023-11-14T22:13:10Z\",DURATION=9.9",
        "is over before" },
  };
  Test t;
  guint i;

  init (&t, GST_ARCLY_HLS_LIVE, 0);
  append (&t);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (&t, cases[i].attributes, cases[i].reason);
  look_at_both (&t);
  g_assert_null (strstr (t.before[FALSE], TAG));
  clear (&t);
}

static void
test_setters (void)
{
  static const guint8 bytes[] = { 0xfc, 0x0a };
  g_autoptr (GstArclyHlsRange) range = gst_arcly_hls_range_new ();
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gst_arcly_hls_range_set_text (range, "ID", "e\xcc\x81", NULL));
  g_assert_true (
      gst_arcly_hls_range_set_date (range, "START-DATE", EPOCH + 1999, NULL));
  g_assert_true (
      gst_arcly_hls_range_set_duration (range, "DURATION", 1500999999, NULL));
  g_assert_true (gst_arcly_hls_range_set_bytes (
      range, "SCTE35-OUT", bytes, sizeof bytes, NULL));
  g_assert_true (gst_arcly_hls_range_set_number (range, "X-N", 0.25, NULL));
  text = gst_arcly_hls_range_write (range, NULL);
  g_assert_cmpstr (text, ==,
      "ID=\"\xc3\xa9\",START-DATE=\"2023-11-14T22:13:20.001Z\","
      "DURATION=1.500,SCTE35-OUT=0xFC0A,X-N=0.250000");
  g_assert_false (
      gst_arcly_hls_range_set_text (range, "X-Q", "say \"a\"", &error));
  g_assert_cmpstr (error->message, ==, "X-Q has a quote inside");
  g_assert_false (gst_arcly_hls_range_set_number (range, "X-M", -1, NULL));
  g_assert_false (gst_arcly_hls_range_set_number (range, "X-M", NAN, NULL));
  g_assert_false (gst_arcly_hls_range_set_date (range, "END-DATE", -1, NULL));
  g_assert_false (
      gst_arcly_hls_range_set_duration (range, "PLANNED-DURATION", -1, NULL));
  g_assert_false (gst_arcly_hls_range_set_flag (range, "ID", NULL));
}

/* More may be told of one, nothing else. */
static void
test_update (void)
{
  Test t;

  init (&t, GST_ARCLY_HLS_LIVE, 0);
  append (&t);
  add (&t, "ID=\"ad\"," START ",CLASS=\"c\",SCTE35-OUT=0xFC",
      "ID=\"ad\"," START ",CLASS=\"c\",SCTE35-OUT=0xFC");
  add (&t, "ID=\"ad\",CLASS=\"c\"", NULL);
  append (&t);
  assert_refused (&t, "ID=\"ad\",CLASS=\"d\"", "CLASS is not what it was");
  assert_refused (&t, "ID=\"ad\",START-DATE=\"2023-11-14T22:13:21.000Z\"",
      "START-DATE is not what it was");
  assert_refused (&t, "ID=\"ad\",END-DATE=\"2023-11-14T22:13:19Z\"",
      "END-DATE is in front");
  add (&t, "ID=\"ad\",DURATION=3.000,SCTE35-IN=0xFD",
      "ID=\"ad\"," START ",DURATION=3.000,SCTE35-IN=0xFD");
  assert_refused (&t, "ID=\"ad\",END-DATE=\"2023-11-14T22:13:22Z\"",
      "END-DATE does not agree");
  g_assert_nonnull (strstr (t.before[FALSE], "00.ts\n" TAG "ID=\"ad\""));
  g_assert_nonnull (strstr (t.before[FALSE], "01.ts\n" TAG "ID=\"ad\""));
  clear (&t);
}

/* Each stays for as long as anything is listed that it overlaps. */
static void
test_goes_with_the_media (void)
{
  Test t;
  guint n;

  init (&t, GST_ARCLY_HLS_LIVE, 0);
  append (&t);
  add (&t, "ID=\"short\"," START ",DURATION=1",
      "ID=\"short\"," START ",DURATION=1");
  add (&t, "ID=\"long\"," START ",DURATION=4.001",
      "ID=\"long\"," START ",DURATION=4.001");
  add (&t, "ID=\"open\"," START ",PLANNED-DURATION=1",
      "ID=\"open\"," START ",PLANNED-DURATION=1");
  for (n = 1; n < 8; n++) {
    guint64 first;

    g_assert_true (lists (&t, "short") == (n <= 3));
    append (&t);
    first = gst_arcly_hls_playlist_get_first (t.list);
    g_assert_true (lists (&t, "short") == (first < 1));
    g_assert_true (lists (&t, "long") == (first < 3));
    g_assert_true (lists (&t, "open"));
  }
  g_assert_cmpuint (gst_arcly_hls_playlist_get_first (t.list), ==, 5);
  /* In front of all, for nothing of its time is left; told of once more, it is
   * over. */
  g_assert_nonnull (
      strstr (t.before[FALSE], TAG "ID=\"open\"," START ",PLANNED-DURATION=1\n"
                                   "#EXT-X-PROGRAM-DATE-TIME"));
  add (&t, "ID=\"open\",DURATION=9", "ID=\"open\"," START ",DURATION=9");
  append (&t);
  g_assert_false (lists (&t, "open"));
  clear (&t);
}

static void
test_end_on_next (void)
{
  Test t;
  guint n;

  init (&t, GST_ARCLY_HLS_LIVE, 0);
  append (&t);
  add (&t, "ID=\"a\"," START ",CLASS=\"song\",END-ON-NEXT=YES",
      "ID=\"a\"," START ",CLASS=\"song\",END-ON-NEXT=YES");
  for (n = 0; n < 4; n++)
    append (&t);
  g_assert_true (lists (&t, "a"));
  /* Now it has an end: ten seconds. */
  add (&t, "ID=\"b\",CLASS=\"song\",END-ON-NEXT=YES",
      "ID=\"b\",START-DATE=\"2023-11-14T22:13:30.000Z\",CLASS=\"song\","
      "END-ON-NEXT=YES");
  add (&t, "ID=\"c\",CLASS=\"other\"",
      "ID=\"c\",START-DATE=\"2023-11-14T22:13:30.000Z\",CLASS=\"other\"");
  for (n = 0; n < 2; n++) {
    append (&t);
    g_assert_true (lists (&t, "a"));
  }
  append (&t);
  g_assert_false (lists (&t, "a"));
  g_assert_true (lists (&t, "b"));
  clear (&t);
}

/* What a process wrote is there for the next one, which may add to it. */
static void
test_resume (void)
{
  g_autofree gchar *lines = NULL;
  g_autoptr (GError) error = NULL;
  Test t;

  init (&t, GST_ARCLY_HLS_LIVE, 0);
  append (&t);
  add (&t, "ID=\"a\",DURATION=60",
      "ID=\"a\",START-DATE=\"2023-11-14T22:13:22.000Z\",DURATION=60");
  append (&t);
  append (&t);
  append (&t);
  add (&t, "ID=\"b\"", "ID=\"b\",START-DATE=\"2023-11-14T22:13:28.000Z\"");
  gst_arcly_hls_playlist_free (t.list);

  t.list = gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 3, "u");
  gst_arcly_hls_playlist_resume (
      t.list, t.before[FALSE], strlen (t.before[FALSE]), &error);
  g_assert_no_error (error);
  lines = gst_arcly_hls_playlist_render (t.list);
  g_assert_cmpstr (lines, ==, t.before[FALSE]);
  /* Known, with all that it had. */
  add (&t, "ID=\"a\",DURATION=60", NULL);
  assert_refused (&t, "ID=\"a\",DURATION=61", "DURATION is not what it was");
  append (&t);
  g_assert_true (lists (&t, "a") && lists (&t, "b"));
  clear (&t);
}

/* Another presentation has others. */
static void
test_resume_anew (void)
{
  Test t;

  init (&t, GST_ARCLY_HLS_EVENT, 0);
  append (&t);
  add (&t, "ID=\"a\"", "ID=\"a\",START-DATE=\"2023-11-14T22:13:22.000Z\"");
  gst_arcly_hls_playlist_end (t.list);
  look (&t, FALSE);
  gst_arcly_hls_playlist_free (t.list);
  t.list = gst_arcly_hls_playlist_new (GST_ARCLY_HLS_EVENT, 2, 3, "u");
  g_assert_true (gst_arcly_hls_playlist_resume (
      t.list, t.before[FALSE], strlen (t.before[FALSE]), NULL));
  t.restarted = TRUE;
  append (&t);
  g_assert_false (lists (&t, "a"));

  /* The same in one process. */
  add (&t, "ID=\"b\"", "ID=\"b\",START-DATE=\"2023-11-14T22:13:24.000Z\"");
  gst_arcly_hls_playlist_end (t.list);
  look (&t, FALSE);
  t.restarted = TRUE;
  append (&t);
  g_assert_false (lists (&t, "b"));
  clear (&t);
}

static void
append_part (Test *t)
{
  GstArclyHlsPart part = { .duration = SECOND / 2 };

  gst_arcly_hls_playlist_append_part (t->list, &part);
  look_at_both (t);
}

/* Viewers of parts see a line where it came, between parts, and a delta update
 * has all of them. */
static void
test_parts (void)
{
  g_autofree gchar *delta = NULL;
  gchar *name = NULL;
  Test t;
  guint n, i;

  init (&t, GST_ARCLY_HLS_EVENT, SECOND / 2);
  for (n = 0; n < 10; n++) {
    GstArclyHlsSegment segment = next_segment (&t);

    gst_arcly_hls_playlist_open (t.list, &segment, 0);
    for (i = 0; i < 4; i++) {
      g_autofree gchar *attributes =
          g_strdup_printf ("ID=\"%u-%u\"," START ",DURATION=%u.5", n, i, 2 * n);

      add (&t, attributes, attributes);
      append_part (&t);
    }
    append (&t);
  }
  name = strstr (t.before[TRUE], "part-t-00009-01");
  g_assert_nonnull (name);
  g_assert_true (strstr (t.before[TRUE], "ID=\"9-1\"") < name);
  g_assert_true (strstr (t.before[TRUE], "ID=\"9-2\"") > name);
  delta = gst_arcly_hls_playlist_render_live (t.list, TRUE);
  g_assert_nonnull (strstr (delta, "#EXT-X-SKIP"));
  g_assert_nonnull (strstr (delta, "ID=\"0-0\""));
  g_assert_nonnull (strstr (delta, "ID=\"9-3\""));
  clear (&t);
}

/* A playlist that has no date yet keeps it to itself. */
static void
test_before_media (void)
{
  Test t;
  GstArclyHlsSegment segment;
  guint i;

  init (&t, GST_ARCLY_HLS_LIVE, SECOND / 2);
  segment = next_segment (&t);
  gst_arcly_hls_playlist_set_target_duration (t.list, 2);
  gst_arcly_hls_playlist_open (t.list, &segment, SECOND / 2);
  add (&t, "ID=\"a\"," START, "ID=\"a\"," START);
  g_assert_nonnull (t.before[FALSE]);
  g_assert_null (strstr (t.before[FALSE], TAG));
  for (i = 0; i < 4; i++)
    append_part (&t);
  append (&t);
  g_assert_true (lists (&t, "a"));
  g_assert_nonnull (strstr (t.before[TRUE], TAG "ID=\"a\""));
  clear (&t);
}

static void
test_bounds (void)
{
  g_autofree gchar *long_text = g_strnfill (GST_ARCLY_HLS_MAX_RANGE_BYTES, 'a');
  g_autofree gchar *long_range =
      g_strdup_printf ("ID=\"a\",X-LONG=\"%s\"", long_text);
  Test t;
  guint n;

  init (&t, GST_ARCLY_HLS_LIVE, 0);
  append (&t);
  assert_refused (&t, long_range, "X-LONG makes it too long");
  for (n = 0; n < GST_ARCLY_HLS_MAX_RANGES; n++) {
    g_autofree gchar *attributes = g_strdup_printf ("ID=\"%u\"," START, n);
    g_autofree gchar *line = NULL;

    g_assert_true (try_add (&t, attributes, &line, NULL));
  }
  look_at_both (&t);
  assert_refused (&t, "ID=\"more\"", "1024 are listed already");
  clear (&t);
}

/* Both that check see what is wrong, alone and against the one before. */
static void
test_checkers (void)
{
  static const gchar head[] = "#EXTM3U\n#EXT-X-VERSION:3\n"
                              "#EXT-X-TARGETDURATION:2\n"
                              "#EXT-X-MEDIA-SEQUENCE:0\n";
  static const gchar tail[] = "#EXTINF:2.000000,\nsegment-t-00000.ts\n";
  static const gchar date[] =
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n";
  static const struct {
    const gchar *before;
    const gchar *now;
    gboolean dated;
    gboolean right;
  } cases[] = {
    { NULL, TAG "ID=\"a\"," START "\n", TRUE, TRUE },
    { NULL, TAG "ID=\"a\"," START "\n", FALSE, FALSE },
    { NULL, TAG "ID=\"a\"\n", TRUE, FALSE },
    { NULL, TAG "ID=\"a\"," START ",DURATION=x\n", TRUE, FALSE },
    { NULL, TAG "ID=\"a\"," START ",FOO=1\n", TRUE, FALSE },
    { NULL, TAG "ID=\"a\"," START ",END-ON-NEXT=YES\n", TRUE, FALSE },
    { NULL,
        TAG "ID=\"a\"," START ",CLASS=\"b\"\n" TAG "ID=\"a\"," START
            ",CLASS=\"c\"\n",
        TRUE, FALSE },
    { TAG "ID=\"a\"," START "\n", "", TRUE, FALSE },
    { TAG "ID=\"a\"," START ",DURATION=0\n", "", TRUE, TRUE },
    { TAG "ID=\"a\"," START "\n",
        TAG "ID=\"b\"," START "\n" TAG "ID=\"a\"," START "\n", TRUE, FALSE },
    { TAG "ID=\"a\"," START "\n",
        TAG "ID=\"a\"," START "\n" TAG "ID=\"b\"," START "\n", TRUE, TRUE },
    { TAG "ID=\"a\"," START ",DURATION=1\n",
        TAG "ID=\"a\"," START ",DURATION=2\n", TRUE, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
    const gchar *with = cases[i].dated ? date : "";
    g_autofree gchar *before =
        cases[i].before ? g_strconcat (head, cases[i].before, date, tail, NULL)
                        : NULL;
    g_autofree gchar *now = g_strconcat (head, cases[i].now, with, tail, NULL);
    g_autofree gchar *first =
        before ? gst_arcly_hls_lint_check (lint, before) : NULL;
    g_autofree gchar *broken = gst_arcly_hls_lint_check (lint, now);
    g_autofree gchar *wrong = hls_lint (now, before, FALSE);

    if (first)
      g_error ("case %u: %s", i, first);
    if ((broken == NULL) != cases[i].right ||
        (wrong[0] == '\0') != cases[i].right)
      g_error ("case %u: %s; %s", i, broken, wrong);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlsrange/text", test_text);
  g_test_add_func ("/hlsrange/refused", test_refused);
  g_test_add_func ("/hlsrange/setters", test_setters);
  g_test_add_func ("/hlsrange/update", test_update);
  g_test_add_func ("/hlsrange/goes-with-the-media", test_goes_with_the_media);
  g_test_add_func ("/hlsrange/end-on-next", test_end_on_next);
  g_test_add_func ("/hlsrange/resume", test_resume);
  g_test_add_func ("/hlsrange/resume-anew", test_resume_anew);
  g_test_add_func ("/hlsrange/parts", test_parts);
  g_test_add_func ("/hlsrange/before-media", test_before_media);
  g_test_add_func ("/hlsrange/bounds", test_bounds);
  g_test_add_func ("/hlsrange/checkers", test_checkers);
  return g_test_run ();
}
