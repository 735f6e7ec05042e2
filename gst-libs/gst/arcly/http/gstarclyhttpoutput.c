/* SPDX-License-Identifier: MIT
 *
 * Bytes that others own, to a socket that takes some at a time. */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

#define MAX_PIECES 32

static void
advance (GstArclyHttpOutput *self, gsize written)
{
  for (self->offset += written; self->piece < self->pieces->len;
       self->piece++) {
    gsize size =
        g_bytes_get_size (g_ptr_array_index (self->pieces, self->piece));

    if (self->offset < size)
      return;
    self->offset -= size;
  }
}

gboolean
gst_arcly_http_output_write (GstArclyHttpOutput *self, int fd)
{
  while (self->piece < self->pieces->len) {
    struct iovec pieces[MAX_PIECES];
    struct msghdr message = { .msg_iov = pieces };
    gsize skip = self->offset;
    guint i;
    gssize n;

    for (i = self->piece;
         i < self->pieces->len && message.msg_iovlen < MAX_PIECES; i++) {
      gsize size;
      gconstpointer data =
          g_bytes_get_data (g_ptr_array_index (self->pieces, i), &size);

      pieces[message.msg_iovlen].iov_base = (guint8 *) data + skip;
      pieces[message.msg_iovlen++].iov_len = size - skip;
      skip = 0;
    }
    n = sendmsg (fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno == EAGAIN;
    advance (self, (gsize) n);
  }
  return TRUE;
}
