/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyrtmpsink.h"
#include "gstarclyrtmpsrc.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (arclyrtmpsrc, plugin) &&
         GST_ELEMENT_REGISTER (arclyrtmpsink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, arclyrtmp,
    "RTMP server", plugin_init, PACKAGE_VERSION, "MIT/X11", GST_PACKAGE_NAME,
    GST_PACKAGE_ORIGIN)
