/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclybus.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (arclybus, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, arclybus,
    "Fans one stream out to many subscribers", plugin_init, PACKAGE_VERSION,
    "MIT/X11", GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
