/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>

/**
 * gst_arcly_error_quark:
 *
 * The quark behind %GST_ARCLY_ERROR. Any thread.
 *
 * Returns: the quark
 *
 * Since: 0.1
 */
/* It would put spaces into the name. */
/* clang-format off */
G_DEFINE_QUARK (gst-arcly-error-quark, gst_arcly_error)
/* clang-format on */
