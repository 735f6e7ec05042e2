/* SPDX-License-Identifier: MIT
 *
 * Turns a closed recording into a progressive MP4 where it is: the sample
 * tables are written into the space that was left for them, or appended; then
 * what was in front of them, or of the payload, is covered by one box. Until
 * that last write of some bytes it plays as it did before, then it plays as the
 * other; there is no moment between. */
#pragma once

#include "gstarclyrecordfs.h"

G_BEGIN_DECLS

/* FALSE with @error set: it plays as before, though it may be longer. @size:
 * what it has now. */
gboolean gst_arcly_record_finish (const GstArclyRecordFs *fs, const gchar *path,
    gboolean sync, guint64 *size, GError **error);

G_END_DECLS
