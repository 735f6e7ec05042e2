/* SPDX-License-Identifier: MIT
 *
 * What is wrong with the payload of a PES, by its kind. */
#pragma once

#include "tschecker.h"

G_BEGIN_DECLS

/* (transfer full) (element-type utf8): empty if nothing is */
GPtrArray *ts_payload_check (const TsUnit *unit);

G_END_DECLS
