/* SPDX-License-Identifier: MIT
 *
 * arclybus under load: subscribers come, go, are linked anew, block, are
 * flushed and ask for things at random, from several threads, while a publisher
 * floods two tracks and the element changes its state. What each pad gets is
 * compared with what the model allows: a track starts at a keyframe; each frame
 * follows the one before it, but at a DISCONT, which is a keyframe; nothing
 * comes twice, and nothing after EOS. ARCLY_STRESS_SECONDS (each of two rounds;
 * 10) makes it longer. Threads assert with GLib: Check's own assertions belong
 * to the main thread. */
#include "testbus.h"

#define GOP 12
#define THREADS 3
#define SLOTS 8
#define N_TRACKS 2
/* In each of two rounds, however long that takes. */
#define MIN_OPERATIONS 5000

typedef struct {
  GstElement *bus;
  gint stop;
  guint index;
  gboolean flush;  /* the publisher does, now and then */
  gint operations; /* atomic */
  struct _Upstream *upstream;
} Load;

/* As in a pipeline, what is upstream begins anew after the element was down. It
 * may go down while something is pushed, but comes up only in between. */
typedef struct _Upstream {
  GMutex lock;
  gboolean anew; /* lock */
} Upstream;

typedef struct {
  /* Touched by the owner of the peer's stream lock only. */
  guint64 next;
  gboolean started;
  gboolean ended;
  const gchar *why; /* it begins anew */
  guint dawdle;

  /* Atomic. */
  gint broken;

  /* lock */
  GMutex lock;
  GCond cond;
  gboolean closed;
} Model;

typedef struct {
  GstPad *src, *peer;
  Model *model;
} Slot;

static void
pass_gate (Model *model)
{
  g_mutex_lock (&model->lock);
  while (model->closed)
    g_cond_wait (&model->cond, &model->lock);
  g_mutex_unlock (&model->lock);
}

static void
set_gate (Model *model, gboolean closed)
{
  g_mutex_lock (&model->lock);
  model->closed = closed;
  g_cond_broadcast (&model->cond);
  g_mutex_unlock (&model->lock);
}

static GstFlowReturn
model_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Model *model = pad->chaindata;
  guint64 number = GST_BUFFER_OFFSET (buffer);
  gboolean key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gboolean jump = !model->started ||
                  GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);

  /* The publisher may begin anew in the middle of a GOP, and goes on there. */
  if ((jump ? !key && number != model->next : number != model->next) ||
      number < model->next || model->ended) {
    g_printerr ("frame %" G_GUINT64_FORMAT ", key %d, jump %d, started %d, "
                "ended %d; expected %" G_GUINT64_FORMAT "; anew by %s\n",
        number, key, jump, model->started, model->ended, model->next,
        model->why);
    g_atomic_int_inc (&model->broken);
  }
  model->started = TRUE;
  model->next = number + 1;
  for (guint i = 0; i < model->dawdle; i++)
    g_thread_yield ();
  gst_buffer_unref (buffer);
  pass_gate (model);
  return GST_FLOW_OK;
}

static gboolean
model_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Model *model = pad->eventdata;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_STOP:
    case GST_EVENT_STREAM_START:
      /* Of the publisher, or because the element was down meanwhile. */
      model->started = model->ended = FALSE;
      model->why = GST_EVENT_TYPE_NAME (event);
      break;
    case GST_EVENT_EOS:
      model->ended = TRUE;
      break;
    default:
      break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* The publisher */

/* The caps are the same objects each time: gst_pad_query_caps_default() looks
 * at those of a pad without keeping them. */
static void
begin (GstPad **src, GstCaps **caps)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  for (guint i = 0; i < N_TRACKS; i++) {
    g_autofree gchar *id = g_strdup_printf ("stress/%u", i);

    gst_pad_push_event (src[i], gst_event_new_stream_start (id));
    gst_pad_push_event (src[i], gst_event_new_caps (caps[i]));
    gst_pad_push_event (src[i], gst_event_new_segment (&segment));
  }
}

static void
flush (GstPad *src)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src, gst_event_new_flush_start ());
  gst_pad_push_event (src, gst_event_new_flush_stop (TRUE));
  gst_pad_push_event (src, gst_event_new_segment (&segment));
}

static void
publish_frame (Load *load, guint n, GstPad **src, GstCaps **caps)
{
  g_mutex_lock (&load->upstream->lock);
  if (load->upstream->anew)
    begin (src, caps);
  load->upstream->anew = FALSE;
  for (guint i = 0; i < N_TRACKS; i++) {
    GstFlowReturn flow =
        gst_pad_push (src[i], make_frame (n, i > 0 || n % GOP == 0));

    if (flow != GST_FLOW_FLUSHING)
      g_assert_cmpint (flow, ==, GST_FLOW_OK);
  }
  /* The next one is a keyframe. */
  if (load->flush && n % (100 * GOP) == GOP - 1)
    flush (src[0]);
  g_mutex_unlock (&load->upstream->lock);
}

static gpointer
publish (gpointer data)
{
  Load *load = data;
  GstPad *src[N_TRACKS];
  GstCaps *caps[] = { gst_caps_from_string (VIDEO_CAPS),
    gst_caps_from_string (AUDIO_CAPS) };

  for (guint i = 0; i < N_TRACKS; i++) {
    g_autofree gchar *name = g_strdup_printf ("sink_%u", i);
    g_autoptr (GstPad) sink = gst_element_get_static_pad (load->bus, name);

    src[i] = gst_pad_new ("publisher", GST_PAD_SRC);
    gst_pad_link (src[i], sink);
    gst_pad_set_active (src[i], TRUE);
  }
  for (guint n = 0; !g_atomic_int_get (&load->stop); n++) {
    publish_frame (load, n, src, caps);
    if (n % 50 == 0)
      g_thread_yield ();
  }
  for (guint i = 0; i < N_TRACKS; i++) {
    GstPad *sink = gst_pad_get_peer (src[i]);

    gst_pad_push_event (src[i], gst_event_new_eos ());
    gst_pad_set_active (src[i], FALSE);
    gst_pad_unlink (src[i], sink);
    gst_object_unref (sink);
    gst_object_unref (src[i]);
    gst_caps_unref (caps[i]);
  }
  return NULL;
}

/* The element's state */

static gpointer
change_states (gpointer data)
{
  static const GstState states[] = { GST_STATE_PAUSED, GST_STATE_PLAYING,
    GST_STATE_READY, GST_STATE_NULL };
  Load *load = data;
  GRand *rand = g_rand_new_with_seed (99);

  while (!g_atomic_int_get (&load->stop)) {
    guint pause = g_rand_int_range (rand, 100, 2000);

    g_assert_cmpint (gst_element_set_state (
                         load->bus, states[g_rand_int_range (rand, 0, 4)]),
        !=, GST_STATE_CHANGE_FAILURE);
    g_atomic_int_inc (&load->operations);
    g_mutex_lock (&load->upstream->lock);
    load->upstream->anew = TRUE;
    g_assert_cmpint (gst_element_set_state (load->bus, GST_STATE_PLAYING), !=,
        GST_STATE_CHANGE_FAILURE);
    g_mutex_unlock (&load->upstream->lock);
    while (pause-- && !g_atomic_int_get (&load->stop))
      g_thread_yield ();
  }
  g_rand_free (rand);
  return NULL;
}

/* The subscribers */

static void
link_peer (Slot *slot, GRand *rand)
{
  slot->model = g_new0 (Model, 1);
  g_mutex_init (&slot->model->lock);
  g_cond_init (&slot->model->cond);
  slot->model->dawdle = g_rand_int_range (rand, 0, 4) == 0 ? 200 : 0;
  slot->peer = gst_pad_new ("peer", GST_PAD_SINK);
  gst_pad_set_chain_function_full (slot->peer, model_chain, slot->model, NULL);
  gst_pad_set_event_function_full (slot->peer, model_event, slot->model, NULL);
  if (g_rand_boolean (rand))
    gst_pad_set_active (slot->peer, TRUE);
  g_assert_cmpint (gst_pad_link (slot->src, slot->peer), ==, GST_PAD_LINK_OK);
  gst_pad_set_active (slot->peer, TRUE);
}

/* The pad is not linked any more. */
static void
drop_peer (Slot *slot)
{
  set_gate (slot->model, FALSE);
  gst_pad_set_active (slot->peer, FALSE);
  g_assert_cmpint (g_atomic_int_get (&slot->model->broken), ==, 0);
  gst_clear_object (&slot->peer);
  g_mutex_clear (&slot->model->lock);
  g_cond_clear (&slot->model->cond);
  g_clear_pointer (&slot->model, g_free);
}

static void
leave (Load *load, Slot *slot)
{
  gst_element_release_request_pad (load->bus, slot->src);
  drop_peer (slot);
  gst_clear_object (&slot->src);
}

/* Slots in pairs are the tracks of one subscriber. */
static void
join (Load *load, guint n, Slot *slot, GRand *rand)
{
  g_autofree gchar *name = g_strdup_printf (
      "src_%u_%u", (load->index * SLOTS + n) / N_TRACKS, n % N_TRACKS);

  slot->src = gst_element_request_pad_simple (load->bus, name);
  g_assert_nonnull (slot->src);
  g_object_set (slot->src, "max-lag-buffers",
      (guint64) g_rand_int_range (rand, 20, 200), "replay-mode",
      g_rand_int_range (rand, 0, 3), "lag-policy",
      g_rand_int_range (rand, 0, 8) == 0, NULL);
  link_peer (slot, rand);
}

static void
relink (Slot *slot, GRand *rand)
{
  gst_pad_unlink (slot->src, slot->peer);
  drop_peer (slot);
  link_peer (slot, rand);
}

static void
ask (Slot *slot, GRand *rand)
{
  GstStructure *stats = NULL;
  GstQuery *query = NULL;

  switch (g_rand_int_range (rand, 0, 3)) {
    case 0:
      g_object_get (slot->src, "stats", &stats, NULL);
      g_assert_true (gst_structure_has_field (stats, "lag-buffers"));
      gst_structure_free (stats);
      break;
    case 1:
      gst_pad_push_event (
          slot->peer, gst_video_event_new_upstream_force_key_unit (
                          GST_CLOCK_TIME_NONE, TRUE, 0));
      break;
    default:
      query = gst_query_new_latency ();
      gst_pad_peer_query (slot->peer, query);
      gst_query_unref (query);
      break;
  }
}

/* To leave while one is blocked takes a while, so it is the exception. */
static void
open_mostly (Slot *slot, GRand *rand)
{
  if (g_rand_int_range (rand, 0, 8) != 0)
    set_gate (slot->model, FALSE);
}

static void
operate (Load *load, guint n, Slot *slot, GRand *rand)
{
  if (slot->src == NULL) {
    join (load, n, slot, rand);
    return;
  }
  switch (g_rand_int_range (rand, 0, 8)) {
    case 0:
    case 1:
      open_mostly (slot, rand);
      leave (load, slot);
      break;
    case 2:
      open_mostly (slot, rand);
      relink (slot, rand);
      break;
    case 3:
      set_gate (slot->model, TRUE);
      break;
    case 4:
    case 5:
      set_gate (slot->model, FALSE);
      break;
    default:
      ask (slot, rand);
      break;
  }
}

static gpointer
come_and_go (gpointer data)
{
  Load *load = data;
  GRand *rand = g_rand_new_with_seed (load->index + 1);
  Slot slots[SLOTS] = { { NULL, NULL, NULL } };

  while (!g_atomic_int_get (&load->stop)) {
    guint n = g_rand_int_range (rand, 0, SLOTS);

    operate (load, n, &slots[n], rand);
    g_atomic_int_inc (&load->operations);
    g_thread_yield ();
  }
  for (guint n = 0; n < SLOTS; n++) {
    if (slots[n].src)
      leave (load, &slots[n]);
  }
  g_rand_free (rand);
  return NULL;
}

static gint
count_operations (Load *load)
{
  gint operations = 0;

  for (guint i = 0; i < THREADS + 2; i++)
    operations += g_atomic_int_get (&load[i].operations);
  return operations;
}

/* So long, and until there was enough. */
static void
wait_for (Load *load, gint64 until)
{
  GMutex lock;
  GCond cond;

  g_mutex_init (&lock);
  g_cond_init (&cond);
  g_mutex_lock (&lock);
  while (g_get_monotonic_time () < until ||
         count_operations (load) < MIN_OPERATIONS) {
    gint64 look = g_get_monotonic_time () + 100 * 1000;

    g_cond_wait_until (&cond, &lock, look);
  }
  g_mutex_unlock (&lock);
  g_mutex_clear (&lock);
  g_cond_clear (&cond);
}

static gint64
duration_us (void)
{
  const gchar *seconds = g_getenv ("ARCLY_STRESS_SECONDS");

  return (seconds ? atoi (seconds) : 10) * G_USEC_PER_SEC;
}

GST_START_TEST (test_come_and_go_under_load)
{
  GstElement *bus = gst_element_factory_make ("arclybus", NULL);
  GstPad *sinks[N_TRACKS];
  GThread *threads[THREADS + 2];
  Load load[THREADS + 2];
  Upstream upstream = { .anew = TRUE };

  g_mutex_init (&upstream.lock);
  gst_object_ref_sink (bus);
  for (guint i = 0; i < N_TRACKS; i++)
    sinks[i] = gst_element_request_pad_simple (bus, "sink_%u");
  fail_unless_equals_int (
      gst_element_set_state (bus, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < THREADS + 2; i++)
    load[i] = (Load){ bus, FALSE, i, __i__ == 1, 0, &upstream };
  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("subscribers", come_and_go, &load[i]);
  threads[THREADS] = g_thread_new ("states", change_states, &load[THREADS]);
  threads[THREADS + 1] =
      g_thread_new ("publisher", publish, &load[THREADS + 1]);

  wait_for (load, g_get_monotonic_time () + duration_us ());

  /* The states first: who blocks a change is one of the subscribers. */
  g_atomic_int_set (&load[THREADS].stop, TRUE);
  g_thread_join (threads[THREADS]);
  for (guint i = 0; i < THREADS; i++)
    g_atomic_int_set (&load[i].stop, TRUE);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  g_atomic_int_set (&load[THREADS + 1].stop, TRUE);
  g_thread_join (threads[THREADS + 1]);
  g_print ("%d operations, %d of them changes of state\n",
      count_operations (load), load[THREADS].operations);

  fail_unless_equals_uint64 (get_stat (bus, "subscribers"), 0);
  gst_element_set_state (bus, GST_STATE_NULL);
  for (guint i = 0; i < N_TRACKS; i++) {
    gst_element_release_request_pad (bus, sinks[i]);
    fail_unless_equals_int (GST_OBJECT_REFCOUNT_VALUE (sinks[i]), 1);
    gst_object_unref (sinks[i]);
  }
  fail_unless_equals_int (GST_OBJECT_REFCOUNT_VALUE (bus), 1);
  gst_object_unref (bus);
  g_mutex_clear (&upstream.lock);
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
