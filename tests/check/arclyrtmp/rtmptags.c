/* SPDX-License-Identifier: MIT
 *
 * onMetaData as tags, and back. */
#include <math.h>
#include <string.h>

#include "rtmptags.h"

static GstArclyAmfValue *
make_metadata (void)
{
  GstArclyAmfValue *metadata =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_ECMA_ARRAY);

  gst_arcly_amf_value_add_number (metadata, "width", 320);
  gst_arcly_amf_value_add_number (metadata, "videodatarate", 2500.5);
  gst_arcly_amf_value_add_string (metadata, "encoder", "obs");
  gst_arcly_amf_value_add_string (metadata, "title", "");
  gst_arcly_amf_value_add_number (metadata, "artist", 5); /* no text */
  gst_arcly_amf_value_add_number (metadata, "latency", 0.1);
  gst_arcly_amf_value_add (
      metadata, "2.1", gst_arcly_amf_value_new_boolean (FALSE));
  gst_arcly_amf_value_add_string (metadata, "serial", "007");
  gst_arcly_amf_value_add_string (metadata, "pair", "a=b");
  gst_arcly_amf_value_add_string (metadata, "a=b", "no name");
  gst_arcly_amf_value_add_string (metadata, "", "no name");
  gst_arcly_amf_value_add (
      metadata, "object", gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT));
  return metadata;
}

/* What fits comes back with its type; what is about tracks does not. */
static void
test_round_trip (void)
{
  g_autoptr (GstArclyAmfValue) metadata = make_metadata ();
  g_autoptr (GstArclyAmfValue) back =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstTagList) tags =
      gst_arcly_rtmp_tags_read (metadata, "videodatarate");
  guint bitrate = 0;

  g_assert_true (gst_tag_list_get_uint (tags, GST_TAG_BITRATE, &bitrate));
  g_assert_cmpuint (bitrate, ==, 2500500);
  gst_arcly_amf_value_add_string (back, "serial", "as it was");
  gst_arcly_rtmp_tags_describe (tags, "audiodatarate", back);
  g_assert_cmpstr (gst_arcly_amf_value_get_string (back, "encoder"), ==, "obs");
  g_assert_cmpstr (
      gst_arcly_amf_value_get_string (back, "serial"), ==, "as it was");
  g_assert_cmpstr (gst_arcly_amf_value_get_string (back, "pair"), ==, "a=b");
  g_assert_cmpfloat (
      gst_arcly_amf_value_get_number (back, "latency", 0), ==, 0.1);
  g_assert_cmpfloat (
      gst_arcly_amf_value_get_number (back, "audiodatarate", 0), ==, 2500.5);
  g_assert_cmpint (
      gst_arcly_amf_value_type (gst_arcly_amf_value_get (back, "2.1")), ==,
      GST_ARCLY_AMF_BOOLEAN);
  g_assert_cmpuint (gst_arcly_amf_value_n_members (back), ==, 7);
}

static GstArclyAmfValue *
make_scene (void)
{
  GstArclyAmfValue *scene = gst_arcly_amf_value_new (GST_ARCLY_AMF_ECMA_ARRAY);
  GstArclyAmfValue *list = gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  GstArclyAmfValue *inner = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_string (inner, "name", "G\u00f6teborg \"=\" []{}");
  gst_arcly_amf_value_add (list, NULL, gst_arcly_amf_value_new_number (0.1));
  gst_arcly_amf_value_add (list, NULL, gst_arcly_amf_value_new_number (-7));
  gst_arcly_amf_value_add (list, NULL, gst_arcly_amf_value_new_boolean (TRUE));
  gst_arcly_amf_value_add (
      list, NULL, gst_arcly_amf_value_new (GST_ARCLY_AMF_NULL));
  gst_arcly_amf_value_add (list, NULL, inner);
  gst_arcly_amf_value_add (scene, "list", list);
  gst_arcly_amf_value_add (
      scene, "empty", gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY));
  return scene;
}

static void
check_scene (const GstArclyAmfValue *scene)
{
  const GstArclyAmfValue *list = gst_arcly_amf_value_get (scene, "list");
  const GstArclyAmfValue *empty = gst_arcly_amf_value_get (scene, "empty");

  g_assert_cmpint (gst_arcly_amf_value_type (scene), ==, GST_ARCLY_AMF_OBJECT);
  g_assert_cmpint (
      gst_arcly_amf_value_type (list), ==, GST_ARCLY_AMF_STRICT_ARRAY);
  g_assert_cmpuint (gst_arcly_amf_value_n_members (list), ==, 5);
#define MEMBER(i) gst_arcly_amf_value_member (list, i, NULL)
  g_assert_cmpfloat (gst_arcly_amf_value_number (MEMBER (0), 0), ==, 0.1);
  g_assert_cmpfloat (gst_arcly_amf_value_number (MEMBER (1), 0), ==, -7);
  g_assert_true (gst_arcly_amf_value_boolean (MEMBER (2), FALSE));
  g_assert_cmpint (
      gst_arcly_amf_value_type (MEMBER (3)), ==, GST_ARCLY_AMF_NULL);
  g_assert_cmpstr (gst_arcly_amf_value_get_string (MEMBER (4), "name"), ==,
      "G\u00f6teborg \"=\" []{}");
  g_assert_cmpint (
      gst_arcly_amf_value_type (empty), ==, GST_ARCLY_AMF_STRICT_ARRAY);
  g_assert_cmpuint (gst_arcly_amf_value_n_members (empty), ==, 0);
}

/* Objects and arrays, nested; not those that are about tracks or a file. */
static void
test_structures (void)
{
  g_autoptr (GstArclyAmfValue) metadata =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstArclyAmfValue) back =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstTagList) tags = NULL;
  const gchar *own[] = { "keyframes", "videoTrackIdInfoMap",
    "audioTrackIdInfoMap" };
  guint i;

  gst_arcly_amf_value_add (metadata, "scene", make_scene ());
  gst_arcly_amf_value_add_string (metadata, "open", "[1, 2");
  for (i = 0; i < G_N_ELEMENTS (own); i++)
    gst_arcly_amf_value_add (metadata, own[i], make_scene ());
  tags = gst_arcly_rtmp_tags_read (metadata, "videodatarate");
  gst_arcly_rtmp_tags_describe (tags, "videodatarate", back);
  g_assert_cmpuint (gst_arcly_amf_value_n_members (back), ==, 2);
  check_scene (gst_arcly_amf_value_get (back, "scene"));
  g_assert_cmpstr (gst_arcly_amf_value_get_string (back, "open"), ==, "[1, 2");
}

/* @depth arrays, the innermost with @n numbers. */
static GstArclyAmfValue *
make_nested (guint depth, guint n, gdouble number)
{
  GstArclyAmfValue *array =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  guint i;

  for (i = 0; depth == 1 && i < n; i++)
    gst_arcly_amf_value_add (
        array, NULL, gst_arcly_amf_value_new_number (number));
  if (depth > 1)
    gst_arcly_amf_value_add (array, NULL, make_nested (depth - 1, n, number));
  return array;
}

/* With "value=", and its own brackets and quotes, nine bytes more. */
static GstArclyAmfValue *
make_text (gsize size)
{
  GstArclyAmfValue *array =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  g_autofree gchar *text = g_strnfill (size, 'x');

  gst_arcly_amf_value_add (array, NULL, gst_arcly_amf_value_new_string (text));
  return array;
}

/* TRUE: it comes through. */
static gboolean
comes_through (GstArclyAmfValue *value)
{
  g_autoptr (GstArclyAmfValue) metadata =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstArclyAmfValue) back =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstTagList) tags = NULL;

  gst_arcly_amf_value_add (metadata, "value", value);
  tags = gst_arcly_rtmp_tags_read (metadata, "videodatarate");
  gst_arcly_rtmp_tags_describe (tags, "videodatarate", back);
  if (gst_arcly_amf_value_n_members (back) == 0)
    return FALSE;
  g_assert_true (gst_arcly_amf_value_equal (
      value, gst_arcly_amf_value_get (back, "value")));
  return TRUE;
}

static void
test_structure_limits (void)
{
  const guint depth = GST_ARCLY_RTMP_MAX_JSON_DEPTH;
  const guint n = GST_ARCLY_RTMP_MAX_JSON_VALUES;

  g_assert_true (comes_through (make_nested (depth, 1, 1)));
  g_assert_false (comes_through (make_nested (depth + 1, 1, 1)));
  g_assert_false (comes_through (make_nested (200, 1, 1)));
  g_assert_true (comes_through (make_nested (1, n - 1, 1)));
  g_assert_false (comes_through (make_nested (1, n, 1)));
  g_assert_true (comes_through (make_text (GST_ARCLY_RTMP_MAX_JSON_SIZE - 10)));
  g_assert_false (comes_through (make_text (GST_ARCLY_RTMP_MAX_JSON_SIZE - 9)));
  g_assert_false (comes_through (make_nested (1, 1, NAN)));
  g_assert_false (comes_through (make_nested (1, 1, INFINITY)));
}

/* Of tags that come from elsewhere. */
static void
test_hostile_comments (void)
{
  g_autoptr (GString) deep = g_string_new ("deep=");
  g_autoptr (GString) large = g_string_new ("large=[");
  g_autoptr (GstArclyAmfValue) back =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstTagList) tags = gst_tag_list_new_empty ();
  guint i;

  for (i = 0; i < 4000; i++)
    g_string_append_c (deep, '[');
  for (i = 0; i < 4000; i++)
    g_string_append_c (deep, ']');
  for (i = 0; i < GST_ARCLY_RTMP_MAX_JSON_SIZE; i++)
    g_string_append (large, "1,");
  g_string_append (large, "1]");
  gst_tag_list_add (tags, GST_TAG_MERGE_APPEND, GST_TAG_EXTENDED_COMMENT,
      deep->str, GST_TAG_EXTENDED_COMMENT, large->str, NULL);
  gst_arcly_rtmp_tags_describe (tags, "videodatarate", back);
  g_assert_cmpuint (gst_arcly_amf_value_n_members (back), ==, 1);
  g_assert_cmpint (
      gst_arcly_amf_value_type (gst_arcly_amf_value_get (back, "deep")), ==,
      GST_ARCLY_AMF_STRING);
}

static GstArclyAmfType
type_of_comment (const gchar *comment)
{
  g_autoptr (GstArclyAmfValue) back =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autoptr (GstTagList) tags =
      gst_tag_list_new (GST_TAG_EXTENDED_COMMENT, comment, NULL);

  gst_arcly_rtmp_tags_describe (tags, "videodatarate", back);
  return gst_arcly_amf_value_type (gst_arcly_amf_value_get (back, "value"));
}

/* A publisher may write as text what it may not write as arrays: players get
 * none that we would refuse. */
static void
test_limits_back (void)
{
  g_autoptr (GString) wide = g_string_new ("value=[0");
  guint i;

  g_assert_cmpint (type_of_comment ("value=[[[[[[[[]]]]]]]]"), ==,
      GST_ARCLY_AMF_STRICT_ARRAY);
  g_assert_cmpint (type_of_comment ("value=[[[[[[[[1]]]]]]]]"), ==,
      GST_ARCLY_AMF_STRICT_ARRAY);
  g_assert_cmpint (
      type_of_comment ("value=[[[[[[[[[1]]]]]]]]]"), ==, GST_ARCLY_AMF_STRING);
  for (i = 2; i < GST_ARCLY_RTMP_MAX_JSON_VALUES; i++)
    g_string_append (wide, ",0");
  g_string_append_c (wide, ']');
  g_assert_cmpint (type_of_comment (wide->str), ==, GST_ARCLY_AMF_STRICT_ARRAY);
  g_string_insert (wide, wide->len - 1, ",0");
  g_assert_cmpint (type_of_comment (wide->str), ==, GST_ARCLY_AMF_STRING);
}

/* A stranger cannot make a tag list as long as a message may be. */
static void
test_limits (void)
{
  g_autoptr (GstArclyAmfValue) metadata =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autofree gchar *text = g_strnfill (GST_ARCLY_RTMP_MAX_COMMENT_SIZE, 'x');
  g_autoptr (GstTagList) tags = NULL;
  guint i;

  gst_arcly_amf_value_add_string (metadata, "long", text);
  for (i = 0; i < 2 * GST_ARCLY_RTMP_MAX_COMMENTS; i++) {
    g_autofree gchar *name = g_strdup_printf ("field%u", i);

    gst_arcly_amf_value_add_number (metadata, name, i);
  }
  tags = gst_arcly_rtmp_tags_read (metadata, "videodatarate");
  g_assert_cmpuint (gst_tag_list_get_tag_size (tags, GST_TAG_EXTENDED_COMMENT),
      ==, GST_ARCLY_RTMP_MAX_COMMENTS);
}

static void
test_nothing (void)
{
  g_autoptr (GstArclyAmfValue) metadata =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  g_assert_null (gst_arcly_rtmp_tags_read (NULL, "videodatarate"));
  g_assert_null (gst_arcly_rtmp_tags_read (metadata, "videodatarate"));
  gst_arcly_amf_value_add_number (metadata, "videodatarate", 1e300);
  g_assert_null (gst_arcly_rtmp_tags_read (metadata, "videodatarate"));
  gst_arcly_rtmp_tags_describe (NULL, "videodatarate", metadata);
  g_assert_cmpuint (gst_arcly_amf_value_n_members (metadata), ==, 1);
}

static void
test_news (void)
{
  g_autoptr (GstTagList) tags = gst_tag_list_new (GST_TAG_TITLE, "One", NULL);
  g_autoptr (GstTagList) measured = gst_tag_list_copy (tags);
  g_autoptr (GstTagList) other = gst_tag_list_new (GST_TAG_TITLE, "Two", NULL);

  gst_tag_list_add (
      measured, GST_TAG_MERGE_REPLACE, GST_TAG_BITRATE, 1000, NULL);
  g_assert_true (gst_arcly_rtmp_tags_are_news (NULL, tags));
  g_assert_false (gst_arcly_rtmp_tags_are_news (tags, measured));
  g_assert_true (gst_arcly_rtmp_tags_are_news (tags, other));
  g_assert_false (gst_arcly_rtmp_tags_are_news (NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/rtmptags/round-trip", test_round_trip);
  g_test_add_func ("/rtmptags/limits", test_limits);
  g_test_add_func ("/rtmptags/structures", test_structures);
  g_test_add_func ("/rtmptags/structures/limits", test_structure_limits);
  g_test_add_func ("/rtmptags/structures/hostile", test_hostile_comments);
  g_test_add_func ("/rtmptags/structures/limits-back", test_limits_back);
  g_test_add_func ("/rtmptags/nothing", test_nothing);
  g_test_add_func ("/rtmptags/news", test_news);
  return g_test_run ();
}
