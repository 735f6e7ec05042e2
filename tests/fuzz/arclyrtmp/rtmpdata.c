/* SPDX-License-Identifier: MIT
 *
 * What publishers send beside media, and what becomes of it: a data message is
 * the same after it went through the pipeline as an event, and fields of
 * metadata are the same after they were tags. */
#include <stdint.h>
#include <string.h>

#include "rtmp/rtmpamf.h"
#include "rtmpdata.h"
#include "rtmptags.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const GstArclyAmfLimits limits = { .max_depth = 16, .max_values = 1024 };

static GVariant *
get_arguments (GstEvent *event)
{
  return g_value_get_variant (
      gst_structure_get_value (gst_event_get_structure (event), "arguments"));
}

static void
check_data (GBytes *payload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstEvent) event = gst_arcly_rtmp_data_event (0, payload, &error);
  g_autoptr (GstEvent) again = NULL;
  g_autoptr (GBytes) body = NULL;

  g_assert ((event == NULL) == (error != NULL));
  if (event == NULL)
    return;
  body = gst_arcly_rtmp_data_body (event);
  g_assert (body != NULL);
  again = gst_arcly_rtmp_data_event (0, body, NULL);
  g_assert (again != NULL);
  g_assert (g_variant_equal (get_arguments (event), get_arguments (again)));
  g_assert (strcmp (gst_structure_get_string (
                        gst_event_get_structure (event), "name"),
                gst_structure_get_string (
                    gst_event_get_structure (again), "name")) == 0);
}

/* From the second time on nothing changes any more. */
static GstArclyAmfValue *
through_tags (const GstArclyAmfValue *metadata, GstTagList **tags)
{
  GstArclyAmfValue *described =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_ECMA_ARRAY);

  *tags = gst_arcly_rtmp_tags_read (metadata, "videodatarate");
  gst_arcly_rtmp_tags_describe (*tags, "videodatarate", described);
  return described;
}

static void
check_metadata (const GstArclyAmfValue *metadata)
{
  g_autoptr (GstTagList) tags = NULL, same = NULL;
  g_autoptr (GstArclyAmfValue) once = through_tags (metadata, &tags);
  g_autoptr (GstArclyAmfValue) twice = through_tags (once, &same);

  g_assert (
      gst_arcly_amf_value_n_members (once) <= GST_ARCLY_RTMP_MAX_COMMENTS + 16);
  g_assert (gst_arcly_amf_value_equal (once, twice));
  g_assert (!gst_arcly_rtmp_tags_are_news (tags, tags));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) payload = g_bytes_new (data, size);
  g_autoptr (GPtrArray) values = NULL;
  guint i;

  gst_init (NULL, NULL);
  values = gst_arcly_amf_read (data, size, &limits, NULL);
  /* The session lets no other in. */
  if (values == NULL)
    return 0;
  check_data (payload);
  for (i = 0; i < values->len; i++)
    check_metadata (g_ptr_array_index (values, i));
  return 0;
}
