/* SPDX-License-Identifier: MIT
 *
 * What the files of bench-players share: players.c reads the options and
 * reports, playersclients.c are the players, playerspublish.c is the publisher,
 * playerssay.c is what both say to begin. */
#pragma once

#include <glib.h>

#define PLAYERS_HANDSHAKE 1536
/* Tag header, NAL length, NAL header, and the time when it was sent. */
#define PLAYERS_VIDEO_HEAD (5 + 4 + 1 + 8)

typedef struct {
  gint port;
  gint pid;
  gint players;
  gint slow;
  gint fps;
  gint gop;
  gint kbits;
  gint join_ms;
  gint seconds;
} PlayersOptions;

/* Constant once main() has read them. */
extern PlayersOptions players_options;

typedef struct {
  guint32 *values; /* us */
  guint n, room;
} PlayersSamples;

/* Of those that are not slow, but for "n_closed". */
typedef struct {
  guint n_keys; /* who have a keyframe */
  guint n_closed;
  gboolean measuring; /* what follows is counted only then */
  guint64 bytes;
  guint64 frames;
  guint64 stalls;
  PlayersSamples delays; /* of frames */
  PlayersSamples joins;  /* from connect to the first keyframe */
} PlayersResult;

/* What is said. */
void players_say (GByteArray *out, guint32 stream_id, const gchar *name,
    gdouble transaction, const gchar *argument, const gchar *more);
void players_say_connect (GByteArray *out);
/* Connected, or about to be; the program ends if it cannot. */
gint players_open_socket (gboolean blocking);

/* The publisher, in a thread of its own. */
void players_publisher_start (void);
void players_publisher_stop (void);

/* The players, in the thread that runs them. */
void players_prepare (gint64 start);
/* Until @end, or until all have a keyframe if that is sooner and wanted. */
void players_run (gint64 end, gboolean joining);
/* From now on frames are counted. */
void players_measure (gboolean on);
PlayersResult *players_get_result (void);
