/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The library is built with hidden visibility: only what bears this is
 * exported. */
#ifndef GST_ARCLY_API
#define GST_ARCLY_API __attribute__ ((visibility ("default"))) extern
#endif

G_END_DECLS
