/* SPDX-License-Identifier: MIT
 *
 * Streams and subscriptions without elements, against a model: a random
 * schedule of publishes, joins and departures; each reader must get exactly
 * what the model says from its start point on. */
#include <gst/check/gstcheck.h>
#include <gst/arcly/kernel/gstarclydispatcher.h>
#include <gst/arcly/kernel/gstarclysubscription.h>

#define VIDEO 0
#define AUDIO 1
#define N_READERS 16

typedef struct {
  GstArclySubscription *sub;
  GstArclyGroup *group;
  guint64 from; /* the model's start point, an index into what was published */
  GMutex lock;
  GCond cond;
  GArray *got; /* (element-type guint64) */
} Reader;

static void
deliver (GstArclySubscription *sub, GstArclyItem *items, guint n_items,
    gpointer user_data)
{
  Reader *reader = user_data;

  g_mutex_lock (&reader->lock);
  for (guint i = 0; i < n_items; i++) {
    if (items[i].flags & GST_ARCLY_ITEM_BUFFER)
      g_array_append_val (reader->got, GST_BUFFER_OFFSET (items[i].object));
    if (items[i].object)
      gst_mini_object_unref (items[i].object);
  }
  g_cond_signal (&reader->cond);
  g_mutex_unlock (&reader->lock);
}

static void
need_key (GstArclySubscription *sub, guint track, gpointer user_data)
{
}

static void
lagged (GstArclySubscription *sub, const GstArclyLag *lag, gboolean evict,
    gpointer user_data)
{
}

static const GstArclySubscriptionFuncs funcs = { deliver, need_key, lagged };

static void
reader_free (gpointer data)
{
  Reader *reader = data;

  g_array_unref (reader->got);
  g_mutex_clear (&reader->lock);
  g_cond_clear (&reader->cond);
  g_free (reader);
}

/* One reader of both tracks, with one cursor. */
static Reader *
reader_new (
    GstArclyStream *stream, GstArclyDispatcher *dispatcher, guint64 from)
{
  Reader *reader = g_new0 (Reader, 1);
  GObject *target = g_object_new (G_TYPE_OBJECT, NULL);

  g_mutex_init (&reader->lock);
  g_cond_init (&reader->cond);
  reader->from = from;
  reader->got = g_array_new (FALSE, FALSE, sizeof (guint64));
  reader->group = gst_arcly_group_new ();
  reader->sub = gst_arcly_subscription_new (
      stream, reader->group, &funcs, reader, reader_free);
  gst_arcly_subscription_add_track (reader->sub, VIDEO, target);
  gst_arcly_subscription_add_track (reader->sub, AUDIO, target);
  gst_arcly_dispatcher_attach (dispatcher, reader->sub);
  g_object_unref (target);
  return reader;
}

/* Waits for all up to the model's end, and compares. */
static void
reader_check (Reader *reader, guint64 end)
{
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  g_mutex_lock (&reader->lock);
  while (reader->got->len < end - reader->from)
    fail_unless (g_cond_wait_until (&reader->cond, &reader->lock, until),
        "%u of %" G_GUINT64_FORMAT " came", reader->got->len,
        end - reader->from);
  fail_unless_equals_uint64 (reader->got->len, end - reader->from);
  for (guint i = 0; i < reader->got->len; i++)
    fail_unless_equals_uint64 (
        g_array_index (reader->got, guint64, i), reader->from + i);
  g_mutex_unlock (&reader->lock);
}

static void
reader_leave (Reader *reader, GstArclyDispatcher *dispatcher)
{
  GstArclyGroup *group = reader->group;

  gst_arcly_subscription_remove_track (reader->sub, VIDEO);
  gst_arcly_subscription_remove_track (reader->sub, AUDIO);
  gst_arcly_dispatcher_detach (dispatcher, reader->sub);
  fail_unless (gst_arcly_dispatcher_wait (dispatcher, reader->sub, FALSE));
  g_object_unref (reader->sub);
  g_object_unref (group);
}

static void
push_caps (GstArclyStream *stream, guint track, const gchar *name)
{
  GstCaps *caps = gst_caps_new_empty_simple (name);

  gst_arcly_stream_add_track (stream, track);
  gst_arcly_stream_push_event (
      stream, track, gst_event_new_stream_start (name));
  gst_arcly_stream_push_event (stream, track, gst_event_new_caps (caps));
  gst_caps_unref (caps);
}

static void
publish (GstArclyStream *stream, guint track, guint64 number, gboolean key)
{
  GstBuffer *buffer = gst_buffer_new ();

  GST_BUFFER_OFFSET (buffer) = number;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gst_arcly_stream_push_buffer (stream, track, buffer);
}

GST_START_TEST (test_model)
{
  GstArclyCacheLimits limits = { 0, 0, 1000 * GST_SECOND };
  GstArclyStream *stream = gst_arcly_stream_new ();
  GstArclyDispatcher *dispatcher = gst_arcly_dispatcher_new (2);
  Reader *readers[N_READERS] = { NULL };
  GRand *rand = g_rand_new_with_seed (__i__ + 1);
  guint64 published = 0, key = 0;

  gst_arcly_stream_set_cache (stream, &limits);
  push_caps (stream, VIDEO, "video/x-h264");
  push_caps (stream, AUDIO, "audio/mpeg");
  publish (stream, VIDEO, published++, TRUE);

  for (guint step = 0; step < 3000; step++) {
    guint i = g_rand_int_range (rand, 0, N_READERS);

    switch (g_rand_int_range (rand, 0, 8)) {
      case 0:
        if (readers[i] == NULL) {
          readers[i] = reader_new (stream, dispatcher, key);
          /* It begins at once, and only then the model is right. */
          reader_check (readers[i], published);
        }
        break;
      case 1:
        if (readers[i])
          reader_leave (readers[i], dispatcher);
        readers[i] = NULL;
        break;
      case 2:
        if (g_rand_int_range (rand, 0, 10) == 0) {
          key = published;
          publish (stream, VIDEO, published++, TRUE);
        }
        break;
      case 3:
        publish (stream, AUDIO, published++, TRUE);
        break;
      default:
        publish (stream, VIDEO, published++, FALSE);
        break;
    }
  }
  for (guint i = 0; i < N_READERS; i++) {
    if (readers[i] == NULL)
      continue;
    reader_check (readers[i], published);
    reader_leave (readers[i], dispatcher);
  }
  g_rand_free (rand);
  gst_arcly_dispatcher_stop (dispatcher);
  g_object_unref (dispatcher);
  fail_unless_equals_int (G_OBJECT (stream)->ref_count, 1);
  g_object_unref (stream);
}
GST_END_TEST;

/* The publisher starts anew while a reader waits at the end of the old log: it
 * goes on with the first keyframe of the new one. */
GST_START_TEST (test_readers_outlive_a_reset)
{
  GstArclyStream *stream = gst_arcly_stream_new ();
  GstArclyDispatcher *dispatcher = gst_arcly_dispatcher_new (2);
  Reader *reader = NULL;

  push_caps (stream, VIDEO, "video/x-h264");
  publish (stream, VIDEO, 0, TRUE);
  publish (stream, VIDEO, 1, FALSE);
  reader = reader_new (stream, dispatcher, 0);
  reader_check (reader, 2);

  gst_arcly_stream_reset (stream);
  push_caps (stream, VIDEO, "video/x-h264");
  publish (stream, VIDEO, 99, FALSE);
  publish (stream, VIDEO, 2, TRUE);
  publish (stream, VIDEO, 3, FALSE);
  reader_check (reader, 4);

  reader_leave (reader, dispatcher);
  gst_arcly_dispatcher_stop (dispatcher);
  g_object_unref (dispatcher);
  g_object_unref (stream);
}
GST_END_TEST;

static Suite *
stream_suite (void)
{
  Suite *s = suite_create ("kernel-stream");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_model, 0, 4);
  tcase_add_test (tc, test_readers_outlive_a_reset);
  return s;
}

GST_CHECK_MAIN (stream);
