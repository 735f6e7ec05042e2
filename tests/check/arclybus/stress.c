/* SPDX-License-Identifier: MIT
 *
 * arclybus under load: subscribers come, go, block and are flushed at random,
 * from several threads, while a publisher floods. What each of them gets is
 * compared with what the model allows: it starts at a keyframe; each frame
 * follows the one before it, but at a DISCONT, which is a keyframe.
 * ARCLY_STRESS_SECONDS makes it longer. Threads assert with GLib: Check's own
 * assertions belong to the main thread. */
#include "testbus.h"

#define GOP 12
#define THREADS 3
#define SLOTS 8

typedef struct {
  GstElement *bus;
  gint stop;
  guint index;
  gboolean flush; /* the publisher does, now and then */
} Load;

/* Touched by the peer's stream lock's owner only. */
typedef struct {
  guint64 next;
  gboolean started;
  gint broken;
  gint received;
  guint dawdle;
} Model;

static GstFlowReturn
model_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Model *model = pad->chaindata;
  guint64 number = GST_BUFFER_OFFSET (buffer);
  gboolean key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gboolean jump = !model->started ||
                  GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);

  if (jump ? !key : number != model->next)
    g_atomic_int_inc (&model->broken);
  /* Never back. */
  if (model->started && number < model->next)
    g_atomic_int_inc (&model->broken);
  model->started = TRUE;
  model->next = number + 1;
  g_atomic_int_inc (&model->received);
  for (guint i = 0; i < model->dawdle; i++)
    g_thread_yield ();
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

/* After a flush everything begins anew. */
static gboolean
model_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Model *model = pad->eventdata;

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    model->started = FALSE;
  gst_event_unref (event);
  return TRUE;
}

static void
flush (GstPad *src, const GstSegment *segment)
{
  gst_pad_push_event (src, gst_event_new_flush_start ());
  gst_pad_push_event (src, gst_event_new_flush_stop (TRUE));
  gst_pad_push_event (src, gst_event_new_segment (segment));
}

static gpointer
publish (gpointer data)
{
  Load *load = data;
  GstPad *src = gst_pad_new ("publisher", GST_PAD_SRC);
  GstPad *sink = gst_element_get_static_pad (load->bus, "sink_0");
  GstSegment segment;
  GstCaps *caps = gst_caps_from_string (VIDEO_CAPS);

  gst_pad_link (src, sink);
  gst_pad_set_active (src, TRUE);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src, gst_event_new_stream_start ("stress"));
  gst_pad_push_event (src, gst_event_new_caps (caps));
  gst_pad_push_event (src, gst_event_new_segment (&segment));
  for (guint n = 0; !g_atomic_int_get (&load->stop); n++) {
    g_assert_cmpint (
        gst_pad_push (src, make_frame (n, n % GOP == 0)), ==, GST_FLOW_OK);
    if (n % 50 == 0)
      g_thread_yield ();
    /* The next one is a keyframe. */
    if (load->flush && n % (100 * GOP) == GOP - 1)
      flush (src, &segment);
  }
  gst_pad_push_event (src, gst_event_new_eos ());
  gst_pad_set_active (src, FALSE);
  gst_pad_unlink (src, sink);
  gst_caps_unref (caps);
  gst_object_unref (sink);
  gst_object_unref (src);
  return NULL;
}

static void
leave (Load *load, GstPad **src, GstPad **peer, Model *model)
{
  gst_element_release_request_pad (load->bus, *src);
  gst_pad_set_active (*peer, FALSE);
  g_assert_cmpint (g_atomic_int_get (&model->broken), ==, 0);
  gst_clear_object (src);
  gst_clear_object (peer);
}

static void
join (Load *load, guint slot, GRand *rand, GstPad **src, GstPad **peer,
    Model *model)
{
  g_autofree gchar *name =
      g_strdup_printf ("src_%u_0", load->index * SLOTS + slot);

  memset (model, 0, sizeof (*model));
  model->dawdle = g_rand_int_range (rand, 0, 4) == 0 ? 200 : 0;
  *src = gst_element_request_pad_simple (load->bus, name);
  *peer = gst_pad_new ("peer", GST_PAD_SINK);
  gst_pad_set_chain_function_full (*peer, model_chain, model, NULL);
  gst_pad_set_event_function_full (*peer, model_event, model, NULL);
  g_object_set (*src, "max-lag-buffers",
      (guint64) g_rand_int_range (rand, 20, 200), NULL);
  if (g_rand_boolean (rand))
    gst_pad_set_active (*peer, TRUE);
  g_assert_cmpint (gst_pad_link (*src, *peer), ==, GST_PAD_LINK_OK);
  gst_pad_set_active (*peer, TRUE);
}

static void
read_stats (GstPad *src)
{
  GstStructure *stats = NULL;

  g_object_get (src, "stats", &stats, NULL);
  g_assert_true (gst_structure_has_field (stats, "lag-buffers"));
  gst_structure_free (stats);
}

static gpointer
come_and_go (gpointer data)
{
  Load *load = data;
  GRand *rand = g_rand_new_with_seed (load->index + 1);
  GstPad *src[SLOTS] = { NULL }, *peer[SLOTS] = { NULL };
  Model model[SLOTS];

  while (!g_atomic_int_get (&load->stop)) {
    guint slot = g_rand_int_range (rand, 0, SLOTS);

    if (src[slot] == NULL)
      join (load, slot, rand, &src[slot], &peer[slot], &model[slot]);
    else if (g_rand_int_range (rand, 0, 3) == 0)
      leave (load, &src[slot], &peer[slot], &model[slot]);
    else if (g_rand_int_range (rand, 0, 3) == 0)
      read_stats (src[slot]);
    g_thread_yield ();
  }
  for (guint slot = 0; slot < SLOTS; slot++) {
    if (src[slot])
      leave (load, &src[slot], &peer[slot], &model[slot]);
  }
  g_rand_free (rand);
  return NULL;
}

GST_START_TEST (test_come_and_go_under_load)
{
  const gchar *seconds = g_getenv ("ARCLY_STRESS_SECONDS");
  gint64 until =
      g_get_monotonic_time () + (seconds ? atoi (seconds) : 5) * G_USEC_PER_SEC;
  GstElement *bus = gst_element_factory_make ("arclybus", NULL);
  GstPad *sink = gst_element_request_pad_simple (bus, "sink_0");
  GThread *threads[THREADS];
  Load load[THREADS + 1];
  GThread *publisher = NULL;
  GMutex lock;
  GCond cond;

  gst_object_ref_sink (bus);
  fail_unless_equals_int (
      gst_element_set_state (bus, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i <= THREADS; i++)
    load[i] = (Load){ bus, FALSE, i, __i__ == 1 };
  publisher = g_thread_new ("publisher", publish, &load[THREADS]);
  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("subscribers", come_and_go, &load[i]);

  g_mutex_init (&lock);
  g_cond_init (&cond);
  g_mutex_lock (&lock);
  while (g_cond_wait_until (&cond, &lock, until)) {
  }
  g_mutex_unlock (&lock);
  g_mutex_clear (&lock);
  g_cond_clear (&cond);

  for (guint i = 0; i < THREADS; i++)
    g_atomic_int_set (&load[i].stop, TRUE);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  g_atomic_int_set (&load[THREADS].stop, TRUE);
  g_thread_join (publisher);

  fail_unless_equals_uint64 (get_stat (bus, "subscribers"), 0);
  gst_element_set_state (bus, GST_STATE_NULL);
  gst_element_release_request_pad (bus, sink);
  gst_object_unref (sink);
  fail_unless_equals_int (GST_OBJECT_REFCOUNT_VALUE (bus), 1);
  gst_object_unref (bus);
}
GST_END_TEST;

static Suite *
stress_suite (void)
{
  Suite *s = suite_create ("arclybus-stress");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 0);
  tcase_add_loop_test (tc, test_come_and_go_under_load, 0, 2);
  return s;
}

GST_CHECK_MAIN (stress);
