/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyfmp4mux.h"
#include "gstarclyhlssink.h"
#include "gstarclyrecordsink.h"
#include "gstarclytsmux.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (arclyfmp4mux, plugin) &&
         GST_ELEMENT_REGISTER (arclytsmux, plugin) &&
         GST_ELEMENT_REGISTER (arclyhlssink, plugin) &&
         GST_ELEMENT_REGISTER (arclyrecordsink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, arclyhls,
    "MPEG-TS, MP4, HLS and recordings of live streams", plugin_init,
    PACKAGE_VERSION, "MIT/X11", GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
