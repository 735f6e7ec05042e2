/* SPDX-License-Identifier: MIT
 *
 * What an application is told of a recording, as docs/record.md has it. */
#pragma once

#include <gst/gst.h>

#include "gstarclyrecorddisk.h"

G_BEGIN_DECLS

/* (transfer full): of an element message. */
GstStructure *gst_arcly_record_news_structure (const GstArclyRecordNews *news);

G_END_DECLS
