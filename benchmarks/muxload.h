/* SPDX-License-Identifier: MIT
 *
 * What the muxers of mux.c are fed with: H.264 at 30 fps with a key frame each
 * two seconds, and AAC at 48 kHz, each unit in memory of its own, so that a
 * cache holds no more of it than it does of real input. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  MUX_FORM_STREAM, /* H.264 byte-stream, AAC in ADTS */
  MUX_FORM_PACKED, /* H.264 with lengths, AAC raw */
  MUX_FORM_RTMP,   /* the same, with times in whole milliseconds */
} MuxForm;

#define MUX_N_FORMS 3

typedef struct {
  GPtrArray *video; /* (element-type GstBuffer), owned */
  GPtrArray *audio; /* (element-type GstBuffer), owned */
  const gchar *video_caps;
  const gchar *audio_caps;
  guint64 bytes; /* without what frames AAC and H.264: the same in each form */
} MuxLoad;

void mux_load_init (MuxLoad *load, MuxForm form, guint seconds, guint kbps);

void mux_load_clear (MuxLoad *load);

G_END_DECLS
