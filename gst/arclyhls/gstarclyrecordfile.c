/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "gstarclyrecordfile.h"

#define FOLDER_MODE 0755
/* Whoever has so many of one name has another problem. */
#define MAX_COUNT 10000

void
gst_arcly_record_out_init (GstArclyRecordOut *self)
{
  *self = (GstArclyRecordOut){ .fd = -1 };
}

gboolean
gst_arcly_record_out_open (GstArclyRecordOut *self, const GstArclyRecordFs *fs,
    const gchar *name, const GstArclyRecordNameParts *parts, int *code,
    GError **error)
{
  g_autofree gchar *wanted = gst_arcly_record_name_expand (name, parts);
  g_autofree gchar *folder = g_path_get_dirname (wanted);
  g_autofree gchar *path = g_strdup (wanted);
  guint count = 0;

  if (g_mkdir_with_parents (folder, FOLDER_MODE) < 0) {
    *code = errno;
    return gst_arcly_record_fs_fail (error, *code, "create the folder", folder);
  }
  while ((self->fd = fs->create (fs->user_data, path)) < 0) {
    *code = errno;
    if (*code != EEXIST || ++count >= MAX_COUNT)
      return gst_arcly_record_fs_fail (error, *code, "create", path);
    g_free (path);
    path = gst_arcly_record_name_count (wanted, count);
  }
  self->path = g_steal_pointer (&path);
  self->size = 0;
  return TRUE;
}

static void
add_piece (GArray *pieces, const void *data, gsize size)
{
  struct iovec piece = { .iov_base = (void *) data, .iov_len = size };

  if (size > 0)
    g_array_append_val (pieces, piece);
}

static void
add_bytes (GArray *pieces, GBytes *bytes)
{
  gsize size;
  const void *data;

  if (!bytes)
    return;
  data = g_bytes_get_data (bytes, &size);
  add_piece (pieces, data, size);
}

/* FALSE if a memory cannot be read. */
static gboolean
map_buffer (GstBuffer *buffer, gsize *skip, GArray *pieces, GArray *maps)
{
  guint n = gst_buffer_n_memory (buffer), i;

  for (i = 0; i < n; i++) {
    GstMapInfo map;
    gsize skipped;

    if (!gst_memory_map (
            gst_buffer_peek_memory (buffer, i), &map, GST_MAP_READ))
      return FALSE;
    g_array_append_val (maps, map);
    skipped = MIN (*skip, map.size);
    *skip -= skipped;
    add_piece (pieces, map.data + skipped, map.size - skipped);
  }
  return TRUE;
}

static gboolean
write_pieces (GstArclyRecordOut *self, const GstArclyRecordFs *fs, GBytes *init,
    GBytes *head, const GstArclyRecordFragment *fragment, GArray *maps)
{
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (struct iovec));
  gsize skip = head ? g_bytes_get_size (head) : 0;
  guint i;

  add_bytes (pieces, init);
  add_bytes (pieces, head);
  for (i = 0; i < fragment->buffers->len; i++) {
    if (!map_buffer (
            g_ptr_array_index (fragment->buffers, i), &skip, pieces, maps)) {
      errno = EIO;
      return FALSE;
    }
  }
  return gst_arcly_record_fs_write_all (
      fs, self->fd, (struct iovec *) pieces->data, pieces->len);
}

gboolean
gst_arcly_record_out_write (GstArclyRecordOut *self, const GstArclyRecordFs *fs,
    GBytes *init, GBytes *head, const GstArclyRecordFragment *fragment)
{
  g_autoptr (GArray) maps = g_array_new (FALSE, FALSE, sizeof (GstMapInfo));
  gboolean ok = write_pieces (self, fs, init, head, fragment, maps);
  int code = errno;
  guint i;

  for (i = 0; i < maps->len; i++) {
    GstMapInfo *map = &g_array_index (maps, GstMapInfo, i);

    gst_memory_unmap (map->memory, map);
  }
  if (ok) {
    self->size += fragment->bytes + (init ? g_bytes_get_size (init) : 0);
    return TRUE;
  }
  /* To make a file shorter needs no space. */
  if (ftruncate (self->fd, (off_t) self->size) == 0)
    lseek (self->fd, (off_t) self->size, SEEK_SET);
  errno = code;
  return FALSE;
}

gboolean
gst_arcly_record_out_close (
    GstArclyRecordOut *self, const GstArclyRecordFs *fs, gboolean sync)
{
  gboolean ok = TRUE;
  int code = 0;

  if (sync && self->size > 0 && fs->sync (fs->user_data, self->fd) < 0) {
    code = errno;
    ok = FALSE;
  }
  if (self->size == 0 && gst_arcly_record_fs_is_at (self->fd, self->path))
    fs->remove (fs->user_data, self->path);
  /* Some file systems tell only now that there is no space. */
  if (close (self->fd) < 0 && ok && errno != EINTR) {
    code = errno;
    ok = FALSE;
  }
  self->fd = -1;
  g_clear_pointer (&self->path, g_free);
  self->size = 0;
  errno = code;
  return ok;
}
