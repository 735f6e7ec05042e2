/* SPDX-License-Identifier: MIT
 *
 * Whether pads are active, while they come and the state changes. */
#include "config.h"

#include "gstarclybuspad.h"
#include "gstarclybuspriv.h"

void
gst_arcly_bus_begin_activation (GstArclyBus *bus, gboolean active)
{
  GST_OBJECT_LOCK (bus);
  bus->active = active;
  bus->activating = TRUE;
  /* They call nobody and wait for nobody: this is short. */
  while (bus->n_settling > 0)
    g_cond_wait (&bus->settled, GST_OBJECT_GET_LOCK (bus));
  GST_OBJECT_UNLOCK (bus);
}

/* gst_element_add_pad() expects active pads of an element that runs, and the
 * element may begin to run at any moment: so new pads are added active, but
 * serve nobody yet. */
static void
settle (GstPad *pad, gboolean active)
{
  gboolean begins = active && GST_PAD_IS_SRC (pad) &&
                    !gst_arcly_bus_pad_is_serving (GST_ARCLY_BUS_PAD (pad));

  if (begins)
    gst_pad_set_active (pad, FALSE);
  gst_pad_set_active (pad, active);
}

void
gst_arcly_bus_end_activation (GstArclyBus *bus)
{
  GST_OBJECT_LOCK (bus);
  while (!g_queue_is_empty (&bus->unsettled)) {
    g_autoptr (GstPad) pad = g_queue_pop_head (&bus->unsettled);
    gboolean active = bus->active;

    GST_OBJECT_UNLOCK (bus);
    settle (pad, active);
    GST_OBJECT_LOCK (bus);
  }
  bus->activating = FALSE;
  GST_OBJECT_UNLOCK (bus);
}

void
gst_arcly_bus_settle_pad (GstArclyBus *bus, GstPad *pad)
{
  gboolean active = FALSE;

  GST_OBJECT_LOCK (bus);
  if (bus->activating) {
    /* Waiting for it might be for ever: the change may wait for a delivery, and
     * the delivery (a probe, a signal handler) for us. */
    g_queue_push_tail (&bus->unsettled, gst_object_ref (pad));
    GST_OBJECT_UNLOCK (bus);
    return;
  }
  active = bus->active;
  bus->n_settling++;
  GST_OBJECT_UNLOCK (bus);

  settle (pad, active);

  GST_OBJECT_LOCK (bus);
  if (--bus->n_settling == 0)
    g_cond_broadcast (&bus->settled);
  GST_OBJECT_UNLOCK (bus);
}
