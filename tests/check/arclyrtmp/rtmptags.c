/* SPDX-License-Identifier: MIT
 *
 * onMetaData as tags, and back. */
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
  g_assert_cmpuint (gst_arcly_amf_value_n_members (back), ==, 6);
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
  g_test_add_func ("/rtmptags/nothing", test_nothing);
  g_test_add_func ("/rtmptags/news", test_news);
  return g_test_run ();
}
