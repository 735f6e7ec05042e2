/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclysrc.h"
#include "gstarclystreamsrc.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (arclysrc, plugin) &&
         GST_ELEMENT_REGISTER (arclystreamsrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, arclysrc,
    "One URI in, elementary streams out", plugin_init, PACKAGE_VERSION,
    "MIT/X11", GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
