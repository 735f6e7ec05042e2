/* SPDX-License-Identifier: MIT
 *
 * Timers without a thread of our own: GStreamer's clock has one for all, and
 * its pool runs what is due, so that a message handler that takes its time
 * delays no other clock. */
#include "config.h"

#include "gstarclybuspriv.h"

typedef struct {
  GWeakRef bus;
  GstElementCallAsyncFunc func; /* constant */
} Timer;

static void
timer_free (gpointer data)
{
  Timer *timer = data;

  g_weak_ref_clear (&timer->bus);
  g_free (timer);
}

static gboolean
on_due (GstClock *clock, GstClockTime time, GstClockID id, gpointer user_data)
{
  Timer *timer = user_data;
  g_autoptr (GstElement) bus = NULL;

  /* Unscheduled. */
  if (!GST_CLOCK_TIME_IS_VALID (time))
    return TRUE;
  bus = g_weak_ref_get (&timer->bus);
  if (bus)
    gst_element_call_async (bus, timer->func, gst_clock_id_ref (id),
        (GDestroyNotify) gst_clock_id_unref);
  return TRUE;
}

GstClockID
gst_arcly_bus_timer_start (GstArclyBus *bus, GstClockTime delay,
    gboolean periodic, GstElementCallAsyncFunc func)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  GstClockTime due = gst_clock_get_time (clock) + delay;
  GstClockID id = periodic ? gst_clock_new_periodic_id (clock, due, delay)
                           : gst_clock_new_single_shot_id (clock, due);
  Timer *timer = g_new0 (Timer, 1);

  g_weak_ref_init (&timer->bus, bus);
  timer->func = func;
  gst_clock_id_wait_async (id, on_due, timer, timer_free);
  return id;
}

void
gst_arcly_bus_timer_stop (GstClockID timer)
{
  if (timer == NULL)
    return;
  gst_clock_id_unschedule (timer);
  gst_clock_id_unref (timer);
}
