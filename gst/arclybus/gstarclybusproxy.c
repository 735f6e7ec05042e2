/* SPDX-License-Identifier: MIT
 *
 * Properties of the pads from where there is only the element:
 * "arclybus src_1_0::max-lag-time=2000000000" in gst-launch. */
#include "config.h"

#include "gstarclybuspriv.h"

static GObject *
get_child_by_index (GstChildProxy *proxy, guint index)
{
  GstPad *pad = NULL;

  GST_OBJECT_LOCK (proxy);
  pad = g_list_nth_data (GST_ELEMENT (proxy)->pads, index);
  if (pad)
    gst_object_ref (pad);
  GST_OBJECT_UNLOCK (proxy);
  return G_OBJECT (pad);
}

static guint
get_children_count (GstChildProxy *proxy)
{
  guint n = 0;

  GST_OBJECT_LOCK (proxy);
  n = GST_ELEMENT (proxy)->numpads;
  GST_OBJECT_UNLOCK (proxy);
  return n;
}

void
gst_arcly_bus_child_proxy_init (gpointer iface, gpointer data)
{
  GstChildProxyInterface *proxy = iface;

  proxy->get_child_by_index = get_child_by_index;
  proxy->get_children_count = get_children_count;
}
