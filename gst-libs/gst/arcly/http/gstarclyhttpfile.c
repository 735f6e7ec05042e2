/* SPDX-License-Identifier: MIT
 *
 * From the path of a request to the bytes of a file, and never past the folder
 * that is served. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

/* Larger files are mapped, not kept. */
#define MAX_CACHED_FILE (16 * 1024 * 1024)
#define MAX_PATH_LENGTH 1024

typedef struct {
  gchar *name; /* resolved; key of the table */
  gchar *etag;
  GBytes *bytes;
  GList link; /* in the order of use, newest first */
} Entry;

struct _GstArclyHttpCache {
  gsize max_bytes;
  gsize n_bytes;
  GHashTable *entries; /* name to Entry */
  GQueue order;
};

static void
entry_free (Entry *entry)
{
  g_free (entry->name);
  g_free (entry->etag);
  g_bytes_unref (entry->bytes);
  g_free (entry);
}

GstArclyHttpCache *
gst_arcly_http_cache_new (gsize max_bytes)
{
  GstArclyHttpCache *cache = g_new0 (GstArclyHttpCache, 1);

  cache->max_bytes = max_bytes;
  cache->entries = g_hash_table_new_full (
      g_str_hash, g_str_equal, NULL, (GDestroyNotify) entry_free);
  g_queue_init (&cache->order);
  return cache;
}

void
gst_arcly_http_cache_free (GstArclyHttpCache *cache)
{
  g_hash_table_unref (cache->entries);
  g_free (cache);
}

void
gst_arcly_http_file_clear (GstArclyHttpFile *file)
{
  g_clear_pointer (&file->bytes, g_bytes_unref);
  g_clear_pointer (&file->etag, g_free);
}

gchar *
gst_arcly_http_decode_path (const gchar *raw_path)
{
  g_autofree gchar *path = NULL;
  g_auto (GStrv) parts = NULL;
  guint i;

  if (!raw_path || raw_path[0] != '/' || strlen (raw_path) > MAX_PATH_LENGTH)
    return NULL;
  /* NULL for bad escapes, and for an escaped NUL. */
  path = g_uri_unescape_string (raw_path, NULL);
  if (!path || !g_utf8_validate (path, -1, NULL) || strchr (path, '\\'))
    return NULL;

  /* "..", "." and hidden names, which temporary files have. */
  parts = g_strsplit (path, "/", -1);
  for (i = 1; parts[i]; i++) {
    gboolean last = parts[i + 1] == NULL;

    if (parts[i][0] == '.' || (parts[i][0] == '\0' && !last))
      return NULL;
  }
  return g_steal_pointer (&path);
}

/* The real name of a file inside the folder: links followed, then compared. */
static gchar *
real_name_inside (const gchar *folder, const gchar *relative)
{
  g_autofree gchar *name = g_build_filename (folder, relative, NULL);
  char *real_folder = realpath (folder, NULL);
  char *real_name = realpath (name, NULL);
  gchar *result = NULL;
  gsize length = real_folder ? strlen (real_folder) : 0;

  if (real_folder && real_name &&
      strncmp (real_name, real_folder, length) == 0 &&
      (real_name[length] == '/' || length == 1))
    result = g_strdup (real_name);
  free (real_folder);
  free (real_name);
  return result;
}

static void
drop_entry (GstArclyHttpCache *cache, Entry *entry)
{
  cache->n_bytes -= g_bytes_get_size (entry->bytes);
  g_queue_unlink (&cache->order, &entry->link);
  g_hash_table_remove (cache->entries, entry->name);
}

static void
keep (GstArclyHttpCache *cache, const gchar *name, const GstArclyHttpFile *file)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->name = g_strdup (name);
  entry->etag = g_strdup (file->etag);
  entry->bytes = g_bytes_ref (file->bytes);
  entry->link.data = entry;
  g_hash_table_insert (cache->entries, entry->name, entry);
  g_queue_push_head_link (&cache->order, &entry->link);
  cache->n_bytes += g_bytes_get_size (entry->bytes);
  while (cache->n_bytes > cache->max_bytes && cache->order.length > 1)
    drop_entry (cache, g_queue_peek_tail (&cache->order));
}

static GBytes *
read_all (int fd, gsize size)
{
  g_autofree guint8 *data = g_try_malloc (MAX (size, 1));
  gsize have = 0;

  if (!data)
    return NULL;
  while (have < size) {
    gssize n = read (fd, data + have, size - have);

    if (n <= 0)
      return NULL; /* shorter than it said: it was not replaced but rewritten */
    have += n;
  }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

static GBytes *
map_all (int fd)
{
  g_autoptr (GMappedFile) mapped = g_mapped_file_new_from_fd (fd, FALSE, NULL);

  return mapped ? g_mapped_file_get_bytes (mapped) : NULL;
}

static gchar *
make_etag (const struct stat *info)
{
  return g_strdup_printf ("\"%lx-%lx-%lx\"", (gulong) info->st_ino,
      (gulong) info->st_mtim.tv_sec * 1000000000UL + info->st_mtim.tv_nsec,
      (gulong) info->st_size);
}

gchar *
gst_arcly_http_file_etag (const gchar *folder, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  struct stat info;

  return stat (path, &info) == 0 ? make_etag (&info) : NULL;
}

/* The version of the file that fd is open on; from the cache if it is there. */
static gboolean
read_version (GstArclyHttpCache *cache, const gchar *name, int fd,
    const struct stat *info, GstArclyHttpFile *file)
{
  Entry *entry = g_hash_table_lookup (cache->entries, name);

  file->etag = make_etag (info);
  file->modified = info->st_mtim.tv_sec * G_GINT64_CONSTANT (1000000) +
                   info->st_mtim.tv_nsec / 1000;
  if (entry && g_str_equal (entry->etag, file->etag)) {
    g_queue_unlink (&cache->order, &entry->link);
    g_queue_push_head_link (&cache->order, &entry->link);
    file->bytes = g_bytes_ref (entry->bytes);
    return TRUE;
  }
  if (entry)
    drop_entry (cache, entry);

  if (info->st_size > MAX_CACHED_FILE) {
    file->bytes = map_all (fd);
    return file->bytes != NULL;
  }
  file->bytes = read_all (fd, info->st_size);
  if (!file->bytes)
    return FALSE;
  keep (cache, name, file);
  return TRUE;
}

gboolean
gst_arcly_http_cache_read (GstArclyHttpCache *cache, const gchar *folder,
    const gchar *relative, GstArclyHttpFile *file)
{
  g_autofree gchar *name = real_name_inside (folder, relative);
  struct stat info;
  gboolean ok = FALSE;
  int fd;

  if (!name)
    return FALSE;
  /* O_NONBLOCK: a FIFO must not hold the server up. */
  fd = open (name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0)
    return FALSE;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    ok = read_version (cache, name, fd, &info, file);
  close (fd);
  if (!ok)
    gst_arcly_http_file_clear (file);
  return ok;
}
