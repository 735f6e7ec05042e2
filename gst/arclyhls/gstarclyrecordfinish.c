/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst/arcly/gstarclyerror.h>

#include "fmp4progressive.h"
#include "gstarclyrecordfinish.h"

#define TYPE GST_ARCLY_FMP4_TYPE
/* No box that has to be read is larger. */
#define MAX_BOX (64 * 1024 * 1024)
#define BOX_HEADER 8

typedef struct {
  int fd;
  guint64 size;
  guint64 position;
} Reader;

static gboolean
read_at (const Reader *reader, guint8 *data, gsize size, guint64 position)
{
  while (size > 0) {
    gssize done = pread (reader->fd, data, size, (off_t) position);

    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return FALSE;
    data += done;
    size -= (gsize) done;
    position += (guint64) done;
  }
  return TRUE;
}

/* The header of the next box. FALSE where there is no whole box: at the end, or
 * in front of what a process that died was writing. */
static gboolean
next_box (Reader *reader, guint32 *type, guint64 *size)
{
  guint8 header[8];
  GstArclyCursor cursor;

  if (reader->size - reader->position < sizeof header ||
      !read_at (reader, header, sizeof header, reader->position))
    return FALSE;
  gst_arcly_cursor_init (&cursor, header, sizeof header);
  *size = gst_arcly_cursor_u32be (&cursor);
  *type = gst_arcly_cursor_u32be (&cursor);
  return *size >= sizeof header && *size <= reader->size - reader->position;
}

static GByteArray *
read_box (const Reader *reader, guint64 position, guint64 size)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  if (size > MAX_BOX)
    return NULL;
  g_byte_array_set_size (bytes, (guint) size);
  if (!read_at (reader, bytes->data, bytes->len, position))
    return NULL;
  return g_steal_pointer (&bytes);
}

static GstArclyFmp4Progressive *
read_init (Reader *reader, GError **error)
{
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GBytes) init = NULL;
  guint32 type = 0;
  guint64 size;

  while (type != TYPE ('m', 'o', 'o', 'v') && next_box (reader, &type, &size))
    reader->position += size;
  if (type == TYPE ('m', 'o', 'o', 'v'))
    bytes = read_box (reader, 0, reader->position);
  if (!bytes) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "there is no movie in front");
    return NULL;
  }
  init = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  return gst_arcly_fmp4_progressive_new (init, error);
}

/* A fragment counts if its mdat is whole, too. */
static gboolean
read_fragments (
    Reader *reader, GstArclyFmp4Progressive *progressive, GError **error)
{
  guint32 type;
  guint64 size, next_size;

  while (next_box (reader, &type, &size)) {
    Reader next = *reader;
    g_autoptr (GByteArray) moof = NULL;

    next.position += size;
    if (type != TYPE ('m', 'o', 'o', 'f')) {
      *reader = next;
      continue;
    }
    if (!next_box (&next, &type, &next_size))
      break;
    moof = read_box (reader, reader->position, size);
    if (!moof)
      break;
    if (!gst_arcly_fmp4_progressive_add (progressive, moof->data, moof->len,
            reader->position, next.position + next_size, error))
      return FALSE;
    reader->position = next.position + next_size;
  }
  return TRUE;
}

/* The free box behind the init segment, if there is: its @size is 0 else. */
static guint64
find_space (const Reader *reader, guint64 *size)
{
  Reader next = *reader;
  guint32 type;

  if (!next_box (&next, &type, size) || type != TYPE ('f', 'r', 'e', 'e'))
    *size = 0;
  return reader->position;
}

static gboolean
write_bytes (const GstArclyRecordFs *fs, int fd, guint64 position,
    GBytes *bytes, const gchar *path, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  struct iovec piece = { (gpointer) data, size };

  if (lseek (fd, (off_t) position, SEEK_SET) < 0 ||
      !gst_arcly_record_fs_write_all (fs, fd, &piece, 1))
    return gst_arcly_record_fs_fail (error, errno, "write", path);
  return TRUE;
}

static gboolean
sync_file (
    const GstArclyRecordFs *fs, int fd, const gchar *path, GError **error)
{
  return fs->sync (fs->user_data, fd) == 0 ||
         gst_arcly_record_fs_fail (error, errno, "write", path);
}

static gboolean
finish (const GstArclyRecordFs *fs, int fd, const gchar *path, gboolean sync,
    guint64 *size, GError **error)
{
  struct stat info;
  Reader reader = { .fd = fd };
  g_autoptr (GstArclyFmp4Progressive) progressive = NULL;
  g_autoptr (GBytes) moov = NULL;
  g_autoptr (GBytes) front = NULL;
  g_autoptr (GBytes) head = NULL;
  g_autoptr (GError) wrong = NULL;
  guint64 position = 0, space = 0;

  if (fstat (fd, &info) < 0 || !S_ISREG (info.st_mode))
    return gst_arcly_record_fs_fail (error, EINVAL, "finalize", path);
  reader.size = *size = (guint64) info.st_size;
  progressive = read_init (&reader, &wrong);
  if (progressive)
    position = find_space (&reader, &space);
  if (progressive && read_fragments (&reader, progressive, &wrong))
    moov = gst_arcly_fmp4_progressive_finish (progressive, &wrong);
  if (!moov) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "Cannot finalize %s: %s", path, wrong->message);
    return FALSE;
  }
  front = gst_arcly_fmp4_progressive_fill (moov, position, space, reader.size);
  position = front ? position + BOX_HEADER : reader.size;
  if (!write_bytes (fs, fd, position, front ? front : moov, path, error)) {
    if (ftruncate (fd, (off_t) reader.size) < 0)
      g_prefix_error (error, "(and not undone) ");
    return FALSE;
  }
  *size += front ? 0 : g_bytes_get_size (moov);
  head = gst_arcly_fmp4_progressive_head (
      progressive, front ? "free" : "mdat", position);
  return (!sync || sync_file (fs, fd, path, error)) &&
         write_bytes (fs, fd, 0, head, path, error) &&
         (!sync || sync_file (fs, fd, path, error));
}

gboolean
gst_arcly_record_finish (const GstArclyRecordFs *fs, const gchar *path,
    gboolean sync, guint64 *size, GError **error)
{
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  gboolean ok;

  if (fd < 0)
    return gst_arcly_record_fs_fail (error, errno, "finalize", path);
  ok = finish (fs, fd, path, sync, size, error);
  if (close (fd) < 0 && ok)
    return gst_arcly_record_fs_fail (error, errno, "finalize", path);
  return ok;
}
