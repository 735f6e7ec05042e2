/* SPDX-License-Identifier: MIT
 *
 * What publishers send: H.264, AAC, MP3 and metadata. */
#pragma once

#include <gst/gst.h>

#include "rtmppeer.h"

/* What a publisher sends. An AVCDecoderConfigurationRecord of 320x240 at 25
 * fps, or 1920x1080 at 30000/1001; an AudioSpecificConfig of 44.1 kHz stereo;
 * a layer 3 frame of 44.1 kHz stereo. */
extern const guint8 test_avc_240[];
extern const gsize test_avc_240_size;
extern const guint8 test_avc_1080[];
extern const gsize test_avc_1080_size;
extern const guint8 test_asc[2];
extern const guint8 test_mp3[417];

void test_peer_avc_header (RtmpPeer *peer, guint32 timestamp);
void test_peer_avc_header_1080 (RtmpPeer *peer, guint32 timestamp);
/* One whose payload is "frame @timestamp". */
void test_peer_avc (
    RtmpPeer *peer, guint32 timestamp, gint composition_time, gboolean key);
void test_peer_aac_header (RtmpPeer *peer, guint32 timestamp);
void test_peer_aac (RtmpPeer *peer, guint32 timestamp);
void test_peer_mp3 (RtmpPeer *peer, guint32 timestamp);
/* onMetaData with these codec ids, and "encoder". */
void test_peer_metadata (RtmpPeer *peer, gdouble video, gdouble audio);
/* Both headers and the first keyframe, of time 0. */
void test_peer_start (RtmpPeer *peer);
