/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gstarclyrecordfs.h"

#define FILE_MODE 0644
/* POSIX has 16 at least, Linux 1024. */
#define MAX_PIECES 1024

static int
create (gpointer user_data, const gchar *path)
{
  return open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
}

static gssize
write_pieces (gpointer user_data, int fd, const struct iovec *pieces, int n)
{
  return writev (fd, pieces, n);
}

static int
sync_file (gpointer user_data, int fd)
{
  return fdatasync (fd);
}

static int
remove_file (gpointer user_data, const gchar *path)
{
  return unlink (path);
}

const GstArclyRecordFs *
gst_arcly_record_fs_default (void)
{
  static const GstArclyRecordFs fs = { create, write_pieces, sync_file,
    remove_file, NULL };

  return &fs;
}

gboolean
gst_arcly_record_fs_write_all (
    const GstArclyRecordFs *fs, int fd, struct iovec *pieces, guint n)
{
  while (n > 0) {
    gssize done =
        fs->write (fs->user_data, fd, pieces, (int) MIN (n, MAX_PIECES));

    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return FALSE;
    while (n > 0 && (gsize) done >= pieces->iov_len) {
      done -= pieces->iov_len;
      pieces++;
      n--;
    }
    if (n > 0) {
      pieces->iov_base = (guint8 *) pieces->iov_base + done;
      pieces->iov_len -= done;
    }
  }
  return TRUE;
}

gboolean
gst_arcly_record_fs_is_at (int fd, const gchar *path)
{
  struct stat there, here;

  return stat (path, &there) == 0 && fstat (fd, &here) == 0 &&
         there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

gboolean
gst_arcly_record_fs_fail (
    GError **error, int code, const gchar *what, const gchar *path)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "Cannot %s %s: %s", what, path, g_strerror (code));
  return FALSE;
}
