/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyrecordsinkprivate.h"

#define DEFAULT_LOCATION "recordings/%Y%m%dT%H%M%SZ-{number}"
#define DEFAULT_CONTAINER GST_ARCLY_RECORD_FMP4
#define DEFAULT_FRAGMENT_DURATION (2 * GST_SECOND)
#define DEFAULT_MAX_SIZE_TIME (10 * 60 * GST_SECOND)
#define DEFAULT_MAX_SIZE_BYTES 0
#define DEFAULT_RETENTION_TIME 0
#define DEFAULT_RETENTION_BYTES 0
#define DEFAULT_DELETE_WHEN_FULL TRUE
#define DEFAULT_FINALIZE FALSE
#define DEFAULT_FSYNC GST_ARCLY_RECORD_FSYNC_FILE
#define DEFAULT_MAX_QUEUE_BYTES (64 * 1024 * 1024)

enum {
  PROP_0,
  PROP_LOCATION,
  PROP_INDEX_LOCATION,
  PROP_STREAM,
  PROP_CONTAINER,
  PROP_FRAGMENT_DURATION,
  PROP_MAX_SIZE_TIME,
  PROP_MAX_SIZE_BYTES,
  PROP_RETENTION_TIME,
  PROP_RETENTION_BYTES,
  PROP_DELETE_WHEN_FULL,
  PROP_FINALIZE,
  PROP_FSYNC,
  PROP_MAX_QUEUE_BYTES,
  PROP_STATS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

GType
gst_arcly_record_container_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RECORD_FMP4, "Fragmented MP4 (CMAF)", "fmp4" },
    { GST_ARCLY_RECORD_TS, "MPEG-TS", "ts" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRecordContainer", values));
  return type;
}

GType
gst_arcly_record_fsync_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RECORD_FSYNC_NONE, "Never: the system decides", "none" },
    { GST_ARCLY_RECORD_FSYNC_FILE, "When a file ends", "file" },
    { GST_ARCLY_RECORD_FSYNC_FRAGMENT, "After each fragment", "fragment" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRecordFsync", values));
  return type;
}

static void
set_string (gchar **setting, const GValue *value, const gchar *or_else)
{
  const gchar *string = g_value_get_string (value);

  g_free (*setting);
  *setting = g_strdup (string ? string : or_else);
}

static void
gst_arcly_record_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyRecordSink *self = GST_ARCLY_RECORD_SINK (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      set_string (&self->location, value, DEFAULT_LOCATION);
      break;
    case PROP_INDEX_LOCATION:
      set_string (&self->index_location, value, NULL);
      break;
    case PROP_STREAM:
      set_string (&self->stream, value, NULL);
      break;
    case PROP_CONTAINER:
      self->container = g_value_get_enum (value);
      break;
    case PROP_FRAGMENT_DURATION:
      self->fragment_duration = g_value_get_uint64 (value);
      break;
    case PROP_MAX_SIZE_TIME:
      self->max_size_time = g_value_get_uint64 (value);
      break;
    case PROP_MAX_SIZE_BYTES:
      self->max_size_bytes = g_value_get_uint64 (value);
      break;
    case PROP_RETENTION_TIME:
      self->retention_time = g_value_get_uint64 (value);
      break;
    case PROP_RETENTION_BYTES:
      self->retention_bytes = g_value_get_uint64 (value);
      break;
    case PROP_DELETE_WHEN_FULL:
      self->delete_when_full = g_value_get_boolean (value);
      break;
    case PROP_FINALIZE:
      self->finalize = g_value_get_boolean (value);
      break;
    case PROP_FSYNC:
      self->fsync = g_value_get_enum (value);
      break;
    case PROP_MAX_QUEUE_BYTES:
      self->max_queue_bytes = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
  if (id == PROP_CONTAINER)
    gst_arcly_record_sink_use_container (self);
}

static void
gst_arcly_record_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyRecordSink *self = GST_ARCLY_RECORD_SINK (object);

  if (id == PROP_STATS) {
    g_value_take_boxed (
        value, gst_arcly_record_writer_get_stats (self->writer));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_INDEX_LOCATION:
      g_value_set_string (value, self->index_location);
      break;
    case PROP_STREAM:
      g_value_set_string (value, self->stream);
      break;
    case PROP_CONTAINER:
      g_value_set_enum (value, self->container);
      break;
    case PROP_FRAGMENT_DURATION:
      g_value_set_uint64 (value, self->fragment_duration);
      break;
    case PROP_MAX_SIZE_TIME:
      g_value_set_uint64 (value, self->max_size_time);
      break;
    case PROP_MAX_SIZE_BYTES:
      g_value_set_uint64 (value, self->max_size_bytes);
      break;
    case PROP_RETENTION_TIME:
      g_value_set_uint64 (value, self->retention_time);
      break;
    case PROP_RETENTION_BYTES:
      g_value_set_uint64 (value, self->retention_bytes);
      break;
    case PROP_DELETE_WHEN_FULL:
      g_value_set_boolean (value, self->delete_when_full);
      break;
    case PROP_FINALIZE:
      g_value_set_boolean (value, self->finalize);
      break;
    case PROP_FSYNC:
      g_value_set_enum (value, self->fsync);
      break;
    case PROP_MAX_QUEUE_BYTES:
      g_value_set_uint64 (value, self->max_queue_bytes);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

void
gst_arcly_record_sink_init_settings (GstArclyRecordSink *self)
{
  self->location = g_strdup (DEFAULT_LOCATION);
  self->container = DEFAULT_CONTAINER;
  self->fragment_duration = DEFAULT_FRAGMENT_DURATION;
  self->max_size_time = DEFAULT_MAX_SIZE_TIME;
  self->max_size_bytes = DEFAULT_MAX_SIZE_BYTES;
  self->retention_time = DEFAULT_RETENTION_TIME;
  self->retention_bytes = DEFAULT_RETENTION_BYTES;
  self->delete_when_full = DEFAULT_DELETE_WHEN_FULL;
  self->finalize = DEFAULT_FINALIZE;
  self->fsync = DEFAULT_FSYNC;
  self->max_queue_bytes = DEFAULT_MAX_QUEUE_BYTES;
}

void
gst_arcly_record_sink_clear_settings (GstArclyRecordSink *self)
{
  g_free (self->location);
  g_free (self->index_location);
  g_free (self->stream);
}

#define FLAGS                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

static void
install_names (void)
{
  /**
   * GstArclyRecordSink:location:
   *
   * The path of the files, as a template: conversions of g_date_time_format()
   * for the wall clock in UTC where the file begins, `{stream}` for
   * #GstArclyRecordSink:stream, `{number}` for the file's number, which grows
   * also over restarts. Without an extension it gets .mp4 or .ts. Folders are
   * made; no file is ever overwritten: where the name is taken, a counter is
   * put behind it. Taken on the way to PAUSED, which fails if it is no
   * template.
   *
   * Since: 0.1
   */
  properties[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Path of the files: a template of date, {stream} and {number}",
      DEFAULT_LOCATION, FLAGS);

  /**
   * GstArclyRecordSink:index-location:
   *
   * The path of the index, a line of JSON for each file, fragment and gap;
   * %NULL: recordings.jsonl in the folder in front of what changes in
   * #GstArclyRecordSink:location. Two elements cannot write to one. What it
   * lists is what retention knows and deletes.
   *
   * Since: 0.1
   */
  properties[PROP_INDEX_LOCATION] =
      g_param_spec_string ("index-location", "Index location",
          "Path of the index (NULL = beside the files)", NULL, FLAGS);

  /**
   * GstArclyRecordSink:stream:
   *
   * What stands for `{stream}` in #GstArclyRecordSink:location. It may have
   * slashes, which make folders, but leads to none above or hidden ones.
   *
   * Since: 0.1
   */
  properties[PROP_STREAM] = g_param_spec_string ("stream", "Stream",
      "What stands for {stream} in the location", NULL, FLAGS);

  /**
   * GstArclyRecordSink:container:
   *
   * What the files are. Has to be set in NULL, before pads are requested;
   * otherwise it stays what it is, with a warning.
   *
   * Since: 0.1
   */
  properties[PROP_CONTAINER] = g_param_spec_enum ("container", "Container",
      "What the files are", GST_TYPE_ARCLY_RECORD_CONTAINER, DEFAULT_CONTAINER,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
}

static void
install_rotation (void)
{
  /**
   * GstArclyRecordSink:fragment-duration:
   *
   * Shortest duration of a fragment, in nanoseconds: it ends at the first key
   * frame that comes so late; without video, after 0.5 s at least. 0: at each.
   * A process that dies loses the one that it was recording. It is no longer
   * than #GstArclyRecordSink:max-size-time. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_FRAGMENT_DURATION] =
      g_param_spec_uint64 ("fragment-duration", "Fragment duration",
          "Shortest duration of a fragment (ns, 0 = one for each key frame)", 0,
          3600 * GST_SECOND, DEFAULT_FRAGMENT_DURATION, FLAGS);

  /**
   * GstArclyRecordSink:max-size-time:
   *
   * Longest duration of a file, in nanoseconds; 0 is no limit. It ends before
   * the fragment that would pass it; a single fragment may be longer. Taken on
   * the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_SIZE_TIME] = g_param_spec_uint64 ("max-size-time",
      "Max size time", "Longest duration of a file (ns, 0 = no limit)", 0,
      G_MAXINT64 / 2, DEFAULT_MAX_SIZE_TIME, FLAGS);

  /**
   * GstArclyRecordSink:max-size-bytes:
   *
   * Largest size of a file, in bytes; 0 is no limit. It ends before the
   * fragment that would pass it; a single fragment may be larger, and a final
   * moov comes on top. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_SIZE_BYTES] = g_param_spec_uint64 ("max-size-bytes",
      "Max size bytes", "Largest size of a file (bytes, 0 = no limit)", 0,
      G_MAXINT64, DEFAULT_MAX_SIZE_BYTES, FLAGS);
}

static void
install_retention (void)
{
  /**
   * GstArclyRecordSink:retention-time:
   *
   * How long files are kept after they ended, in nanoseconds of the wall clock;
   * 0 is for ever. Older ones of the index are deleted, also while nothing
   * comes, from PAUSED on; nothing is deleted that the index does not list or
   * that has changed since. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_RETENTION_TIME] = g_param_spec_uint64 ("retention-time",
      "Retention time", "How long files are kept (ns, 0 = for ever)", 0,
      G_MAXINT64, DEFAULT_RETENTION_TIME, FLAGS);

  /**
   * GstArclyRecordSink:retention-bytes:
   *
   * How many bytes all files of the index may have; 0 is no limit. The oldest
   * are deleted, but not the one that is open. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_RETENTION_BYTES] = g_param_spec_uint64 ("retention-bytes",
      "Retention bytes", "Bytes of all files (0 = no limit)", 0, G_MAXINT64,
      DEFAULT_RETENTION_BYTES, FLAGS);

  /**
   * GstArclyRecordSink:delete-when-full:
   *
   * Whether the oldest file of the index is deleted where the disk is full.
   * Otherwise, and if that does not help, fragments are left out until there is
   * space. Both are told by messages. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_DELETE_WHEN_FULL] = g_param_spec_boolean ("delete-when-full",
      "Delete when full", "Delete the oldest recording when the disk is full",
      DEFAULT_DELETE_WHEN_FULL, FLAGS);
}

void
gst_arcly_record_sink_install_properties (GObjectClass *object_class)
{
  object_class->set_property = gst_arcly_record_sink_set_property;
  object_class->get_property = gst_arcly_record_sink_get_property;

  install_names ();
  install_rotation ();
  install_retention ();

  /**
   * GstArclyRecordSink:finalize:
   *
   * Whether a file of fragmented MP4 becomes a progressive one when it ends:
   * its payload stays where it is, and its sample tables go into space that was
   * left free in front, 1 KiB a second of #GstArclyRecordSink:max-size-time and
   * track, or behind it where that is not enough. Files that a process left
   * that died become one, too, when the next one starts. MPEG-TS stays as it
   * is, with a warning. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_FINALIZE] = g_param_spec_boolean ("finalize", "Finalize",
      "Make progressive MP4 of files that end", DEFAULT_FINALIZE, FLAGS);

  /**
   * GstArclyRecordSink:fsync:
   *
   * When the system is made to write to the disk what it has, which a loss of
   * power would take; a process that dies loses nothing of it. The stream does
   * not wait for it. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_FSYNC] = g_param_spec_enum ("fsync", "Fsync",
      "When files are made to reach the disk", GST_TYPE_ARCLY_RECORD_FSYNC,
      DEFAULT_FSYNC, FLAGS);

  /**
   * GstArclyRecordSink:max-queue-bytes:
   *
   * How many bytes may wait for the disk; a single fragment may have more. Past
   * it, fragments of a live stream are left out, with a warning and an entry in
   * the index, and one that is not live waits. Taken on the way to PAUSED.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_QUEUE_BYTES] = g_param_spec_uint64 ("max-queue-bytes",
      "Max queue bytes", "How many bytes may wait for the disk", 1,
      G_MAXSIZE / 2, DEFAULT_MAX_QUEUE_BYTES, FLAGS);

  /**
   * GstArclyRecordSink:stats:
   *
   * Counters since the element was made, all #guint64: "files", "fragments" and
   * "bytes" that were written; "lost-fragments", "lost-bytes" and "gaps";
   * "deleted-files"; and "queued-bytes" that wait for the disk now.
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters of files, fragments and bytes", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}
