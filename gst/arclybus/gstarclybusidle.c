/* SPDX-License-Identifier: MIT
 *
 * The stream's name in the engine, and who loses it by giving nothing. */
#include "config.h"

#include "gstarclybuspriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

/* So often in a timeout the timer looks. The publisher pays nothing for it, and
 * the message comes at most a quarter late. */
#define LOOKS 4

gboolean
gst_arcly_bus_register (GstArclyBus *bus, GError **error)
{
  g_autofree gchar *name = NULL;
  g_autoptr (GstArclyEngine) engine = NULL;

  GST_OBJECT_LOCK (bus);
  if (bus->registered == NULL)
    name = g_strdup (bus->stream_name);
  if (bus->engine)
    engine = g_object_ref (bus->engine);
  GST_OBJECT_UNLOCK (bus);

  if (engine == NULL || name == NULL || *name == '\0')
    return TRUE;
  if (!gst_arcly_engine_register (
          engine, GST_ARCLY_ROLE_STREAM, name, G_OBJECT (bus->stream), error))
    return FALSE;
  GST_OBJECT_LOCK (bus);
  g_free (bus->registered);
  bus->registered = g_steal_pointer (&name);
  GST_OBJECT_UNLOCK (bus);
  return TRUE;
}

void
gst_arcly_bus_unregister (GstArclyBus *bus)
{
  g_autofree gchar *name = NULL;
  g_autoptr (GstArclyEngine) engine = NULL;

  GST_OBJECT_LOCK (bus);
  name = g_steal_pointer (&bus->registered);
  if (bus->engine)
    engine = g_object_ref (bus->engine);
  GST_OBJECT_UNLOCK (bus);
  if (engine && name)
    gst_arcly_engine_unregister (
        engine, GST_ARCLY_ROLE_STREAM, name, G_OBJECT (bus->stream));
}

static void
post (GstArclyBus *bus, const gchar *message, GstClockTime timeout)
{
  GstArclyPosition head;
  g_autofree gchar *name = NULL;

  gst_arcly_stream_get_head (bus->stream, &head);
  GST_OBJECT_LOCK (bus);
  name = g_strdup (bus->stream_name);
  GST_OBJECT_UNLOCK (bus);
  gst_element_post_message (GST_ELEMENT (bus),
      gst_message_new_element (GST_OBJECT (bus),
          gst_structure_new (message, "stream", G_TYPE_STRING, name,
              "idle-timeout", G_TYPE_UINT64, (guint64) timeout, "buffers",
              G_TYPE_UINT64, head.buffers, NULL)));
}

/* A look. TRUE: it was the last one that found nothing. */
static gboolean
look_locked (GstArclyBus *bus)
{
  GstArclyPosition head;

  gst_arcly_stream_get_head (bus->stream, &head);
  if (head.seq != bus->idle_seq) {
    bus->idle_seq = head.seq;
    bus->idle_ticks = 0;
    return FALSE;
  }
  return bus->idle_timeout && ++bus->idle_ticks == LOOKS;
}

static void
on_look (GstElement *element, gpointer timer)
{
  GstArclyBus *bus = GST_ARCLY_BUS (element);
  GstClockTime timeout = 0;
  gboolean idle = FALSE;

  GST_OBJECT_LOCK (bus);
  timeout = bus->idle_timeout;
  /* One that has not begun, or has ended, is not late. */
  idle = bus->idle_timer == timer &&
         gst_arcly_stream_is_running (bus->stream) && look_locked (bus);
  GST_OBJECT_UNLOCK (bus);
  if (!idle)
    return;

  GST_WARNING_OBJECT (bus, "the publisher gave nothing for %" GST_TIME_FORMAT,
      GST_TIME_ARGS (timeout));
  gst_arcly_bus_unregister (bus);
  atomic_store (&bus->idle, TRUE);
  post (bus, "arcly-stream-idle", timeout);
}

void
gst_arcly_bus_update_idle (GstArclyBus *bus)
{
  GstClockID old = NULL, timer = NULL;
  GstClockTime timeout = 0;

  GST_OBJECT_LOCK (bus);
  if (bus->playing)
    timeout = bus->idle_timeout;
  GST_OBJECT_UNLOCK (bus);
  if (timeout)
    timer = gst_arcly_bus_timer_start (
        bus, MAX (timeout / LOOKS, 1), TRUE, on_look);

  GST_OBJECT_LOCK (bus);
  old = bus->idle_timer;
  bus->idle_timer = timer;
  bus->idle_ticks = 0;
  GST_OBJECT_UNLOCK (bus);
  gst_arcly_bus_timer_stop (old);
}

void
gst_arcly_bus_end_idle (GstArclyBus *bus)
{
  g_autoptr (GError) error = NULL;
  GstClockTime timeout = 0;

  if (!atomic_exchange (&bus->idle, FALSE))
    return;
  GST_OBJECT_LOCK (bus);
  timeout = bus->idle_timeout;
  GST_OBJECT_UNLOCK (bus);
  if (!gst_arcly_bus_register (bus, &error))
    GST_WARNING_OBJECT (bus, "goes on without its name: %s", error->message);
  post (bus, "arcly-stream-active", timeout);
}
