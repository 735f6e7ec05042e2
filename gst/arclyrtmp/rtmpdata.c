/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpdata.h"

/* The session let no message in that has more. */
static const GstArclyAmfLimits limits = { .max_depth = 256,
  .max_values = G_MAXINT32 };

static GVariant *
convert_object (const GstArclyAmfValue *object)
{
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (i = 0; i < gst_arcly_amf_value_n_members (object); i++) {
    const gchar *name = NULL;
    const GstArclyAmfValue *member =
        gst_arcly_amf_value_member (object, i, &name);

    g_variant_builder_add (
        &builder, "{sv}", name, gst_arcly_rtmp_data_to_variant (member));
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
convert_array (const GstArclyAmfValue *array)
{
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (i = 0; i < gst_arcly_amf_value_n_members (array); i++)
    g_variant_builder_add (&builder, "v",
        gst_arcly_rtmp_data_to_variant (
            gst_arcly_amf_value_member (array, i, NULL)));
  return g_variant_builder_end (&builder);
}

GVariant *
gst_arcly_rtmp_data_to_variant (const GstArclyAmfValue *value)
{
  switch (gst_arcly_amf_value_type (value)) {
    case GST_ARCLY_AMF_NUMBER:
    case GST_ARCLY_AMF_DATE:
      return g_variant_new_double (gst_arcly_amf_value_number (value, 0));
    case GST_ARCLY_AMF_BOOLEAN:
      return g_variant_new_boolean (gst_arcly_amf_value_boolean (value, FALSE));
    case GST_ARCLY_AMF_STRING:
      return g_variant_new_string (gst_arcly_amf_value_string (value));
    case GST_ARCLY_AMF_OBJECT:
    case GST_ARCLY_AMF_ECMA_ARRAY:
      return convert_object (value);
    case GST_ARCLY_AMF_STRICT_ARRAY:
      return convert_array (value);
    case GST_ARCLY_AMF_NULL:
    case GST_ARCLY_AMF_UNDEFINED:
    case GST_ARCLY_AMF_REFERENCE:
      break;
  }
  return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
}

GstEvent *
gst_arcly_rtmp_data_event (gint64 timestamp, GBytes *payload, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  g_autoptr (GPtrArray) values =
      gst_arcly_amf_read (data, size, &limits, error);
  g_autoptr (GVariant) arguments = NULL;
  GVariantBuilder builder;
  const gchar *name = NULL;
  guint i;

  if (values == NULL)
    return NULL;
  if (values->len > 0)
    name = gst_arcly_amf_value_string (g_ptr_array_index (values, 0));
  if (name == NULL) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "data message without a name");
    return NULL;
  }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (i = 1; i < values->len; i++)
    g_variant_builder_add (&builder, "v",
        gst_arcly_rtmp_data_to_variant (g_ptr_array_index (values, i)));
  arguments = g_variant_ref_sink (g_variant_builder_end (&builder));
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new ("arcly-rtmp-data", "name", G_TYPE_STRING, name,
          "timestamp", G_TYPE_INT64, timestamp, "arguments", G_TYPE_VARIANT,
          arguments, NULL));
}

/* Back */

static GstArclyAmfValue *
revert_object (GVariant *dict)
{
  GstArclyAmfValue *object = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GVariantIter iter;
  const gchar *name;
  GVariant *value;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    gst_arcly_amf_value_add (
        object, name, gst_arcly_rtmp_data_from_variant (value));
  return object;
}

static GstArclyAmfValue *
revert_array (GVariant *list)
{
  GstArclyAmfValue *array =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  GVariantIter iter;
  GVariant *value;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "v", &value))
    gst_arcly_amf_value_add (
        array, NULL, gst_arcly_rtmp_data_from_variant (value));
  return array;
}

GstArclyAmfValue *
gst_arcly_rtmp_data_from_variant (GVariant *variant)
{
  switch (g_variant_classify (variant)) {
    case G_VARIANT_CLASS_BOOLEAN:
      return gst_arcly_amf_value_new_boolean (g_variant_get_boolean (variant));
    case G_VARIANT_CLASS_DOUBLE:
      return gst_arcly_amf_value_new_number (g_variant_get_double (variant));
    case G_VARIANT_CLASS_INT32:
      return gst_arcly_amf_value_new_number (g_variant_get_int32 (variant));
    case G_VARIANT_CLASS_UINT32:
      return gst_arcly_amf_value_new_number (g_variant_get_uint32 (variant));
    case G_VARIANT_CLASS_INT64:
      return gst_arcly_amf_value_new_number (
          (gdouble) g_variant_get_int64 (variant));
    case G_VARIANT_CLASS_UINT64:
      return gst_arcly_amf_value_new_number (
          (gdouble) g_variant_get_uint64 (variant));
    case G_VARIANT_CLASS_STRING:
      return gst_arcly_amf_value_new_string (
          g_variant_get_string (variant, NULL));
    default:
      break;
  }
  if (g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT))
    return revert_object (variant);
  if (g_variant_is_of_type (variant, G_VARIANT_TYPE ("av")))
    return revert_array (variant);
  return gst_arcly_amf_value_new (GST_ARCLY_AMF_NULL);
}

GBytes *
gst_arcly_rtmp_data_body (GstEvent *event)
{
  const GstStructure *structure = gst_event_get_structure (event);
  const gchar *name = NULL;
  const GValue *value;
  GVariant *arguments = NULL;
  GByteArray *body;
  gsize i;

  if (!structure || !gst_structure_has_name (structure, "arcly-rtmp-data"))
    return NULL;
  name = gst_structure_get_string (structure, "name");
  if (name == NULL)
    return NULL;
  value = gst_structure_get_value (structure, "arguments");
  if (value && G_VALUE_HOLDS_VARIANT (value))
    arguments = g_value_get_variant (value);
  body = g_byte_array_new ();
  gst_arcly_amf_write_string (name, body);
  if (arguments && g_variant_is_of_type (arguments, G_VARIANT_TYPE ("av"))) {
    for (i = 0; i < g_variant_n_children (arguments); i++) {
      g_autoptr (GVariant) child = g_variant_get_child_value (arguments, i);
      g_autoptr (GVariant) inner = g_variant_get_variant (child);
      g_autoptr (GstArclyAmfValue) argument =
          gst_arcly_rtmp_data_from_variant (inner);

      gst_arcly_amf_value_write (argument, body);
    }
  }
  return g_byte_array_free_to_bytes (body);
}
