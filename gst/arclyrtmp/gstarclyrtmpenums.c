/* SPDX-License-Identifier: MIT
 *
 * The enumerations of properties. */
#include "config.h"

#include "gstarclyrtmpserver.h"
#include "gstarclyrtmpsrc.h"

GType
gst_arcly_rtmp_take_over_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RTMP_TAKE_OVER_NEVER, "Others are refused", "never" },
    { GST_ARCLY_RTMP_TAKE_OVER_AUTHORIZED,
        "The newest takes over if an authenticator permits it", "authorized" },
    { GST_ARCLY_RTMP_TAKE_OVER_ALWAYS, "The newest takes over", "always" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRtmpTakeOver", values));
  return type;
}

GType
gst_arcly_rtmp_on_unpublish_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RTMP_ON_UNPUBLISH_WAIT, "Wait for the next publisher", "wait" },
    { GST_ARCLY_RTMP_ON_UNPUBLISH_EOS, "End the stream", "eos" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRtmpOnUnpublish", values));
  return type;
}
