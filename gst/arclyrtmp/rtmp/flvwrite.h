/* SPDX-License-Identifier: MIT
 *
 * Writes the headers with which the bodies of audio and video messages begin
 * ("Adobe Flash Video File Format Specification", 10.1, annex E.4): what
 * flvtag.h reads. Only those of the codecs that have a number of their own. */
#pragma once

#include "flvtag.h"

G_BEGIN_DECLS

/* The longest header, in bytes. */
#define GST_ARCLY_FLV_MAX_HEADER 5

/* Composition times have 24 bits with a sign (E.4.3.1). */
#define GST_ARCLY_FLV_MIN_COMPOSITION_TIME (-0x800000)
#define GST_ARCLY_FLV_MAX_COMPOSITION_TIME 0x7fffff

/* Both write from @video (@audio) all that the parsers give of the codec, and
 * return the size of the header at @header, which has room for
 * GST_ARCLY_FLV_MAX_HEADER. The payload is ignored. A composition time is
 * clamped. */
gsize gst_arcly_flv_video_write (const GstArclyFlvVideo *video, guint8 *header);
gsize gst_arcly_flv_audio_write (const GstArclyFlvAudio *audio, guint8 *header);

G_END_DECLS
