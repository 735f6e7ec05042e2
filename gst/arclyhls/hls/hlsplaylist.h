/* SPDX-License-Identifier: MIT
 *
 * A media playlist (RFC 8216; draft-pantos-hls-rfc8216bis for low latency) that
 * only grows at its end and shrinks at its front. No files, clocks or threads:
 * times are given, text comes out. */
#pragma once

#include "hlsname.h"
#include "hlsrange.h"

G_BEGIN_DECLS

/* Longer playlists are not read back; a day of 1 s segments has 9 MB. */
#define GST_ARCLY_HLS_MAX_PLAYLIST_BYTES (64 * 1024 * 1024)

/**
 * GstArclyHlsType:
 * @GST_ARCLY_HLS_LIVE: a window that moves
 * @GST_ARCLY_HLS_EVENT: keeps every segment, grows until it ends
 * @GST_ARCLY_HLS_VOD: written once, when all is there
 *
 * What EXT-X-PLAYLIST-TYPE says (RFC 8216, 4.3.3.5); a live playlist has none.
 */
typedef enum {
  GST_ARCLY_HLS_LIVE,
  GST_ARCLY_HLS_EVENT,
  GST_ARCLY_HLS_VOD,
} GstArclyHlsType;

/**
 * GstArclyHlsSegment:
 * @duration: in nanoseconds
 * @date_time: of its first sample, microseconds since 1970 UTC
 * @discontinuity: it does not continue the one before
 * @dependent: it begins inside a GOP; not read back
 * @gap: there is no file (EXT-X-GAP)
 * @map: of fMP4, the number of its init segment (EXT-X-MAP), which is that of
 *     the first segment that needed it; never less than that of the one before
 *
 * One entry. Its name follows from its number in the sequence.
 */
typedef struct {
  gint64 duration;
  gint64 date_time;
  gboolean discontinuity;
  gboolean dependent;
  gboolean gap;
  guint64 map;
} GstArclyHlsSegment;

/* The segment that was open when the name was made, and which part of it. */
typedef struct {
  guint64 sequence;
  guint index;
} GstArclyHlsPartName;

/**
 * GstArclyHlsPart:
 * @duration: in nanoseconds
 * @independent: it has a frame that a decoder can start at
 * @name: given by gst_arcly_hls_playlist_append_part()
 *
 * A partial segment (rfc8216bis, 4.4.4.9).
 */
typedef struct {
  gint64 duration;
  gboolean independent;
  GstArclyHlsPartName name;
} GstArclyHlsPart;

typedef struct _GstArclyHlsPlaylist GstArclyHlsPlaylist;

/* @target_duration in seconds; @length is how many segments a live playlist
 * lists, 0 for all. @stamp (1 to GST_ARCLY_HLS_MAX_STAMP letters and digits)
 * is in the names of a presentation that begins with this playlist, and tells
 * its files from those of all others: caches keep a name for ever. */
GstArclyHlsPlaylist *gst_arcly_hls_playlist_new (GstArclyHlsType type,
    guint target_duration, guint length, const gchar *stamp);

void gst_arcly_hls_playlist_free (GstArclyHlsPlaylist *self);

/* Segments are fMP4, with init segments; else MPEG-TS. Before all else. */
void gst_arcly_hls_playlist_set_fmp4 (GstArclyHlsPlaylist *self);

/* A live playlist lists at least so much media, in nanoseconds, however many
 * segments that are; 0 for what the length says. */
void gst_arcly_hls_playlist_set_window (
    GstArclyHlsPlaylist *self, gint64 window);

/* Segments have parts of about @part_duration nanoseconds. Before all else. */
void gst_arcly_hls_playlist_set_parts (
    GstArclyHlsPlaylist *self, gint64 part_duration);

/**
 * gst_arcly_hls_playlist_resume:
 * @self: a playlist without segments
 * @text: (array length=size): what an earlier process wrote
 * @size: length of @text
 * @error: return location for a #GError
 *
 * Goes on where another process stopped: numbers continue, and the next segment
 * is a discontinuity. The entries and the stamp of the names stay, too, unless
 * that playlist ended, or is of another type or format, or has a target
 * duration that is too short for this one, or other parts; then this is a new
 * presentation and only the numbers continue. Only what
 * gst_arcly_hls_playlist_render() writes is understood.
 *
 * Returns: %FALSE with %GST_ARCLY_ERROR_INVALID if it is not, and nothing was
 *     changed
 */
gboolean gst_arcly_hls_playlist_resume (
    GstArclyHlsPlaylist *self, const gchar *text, gsize size, GError **error);

/* After that: one more segment of the former process, which is not listed
 * because that process died. */
void gst_arcly_hls_playlist_recover (
    GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment);

/* Of several renditions: the next segment is number @sequence, in front of
 * which were @discontinuities. What this one lacks up to there is listed as
 * gaps, each a target duration long, as long as they are few; else all entries
 * go. */
void gst_arcly_hls_playlist_align (GstArclyHlsPlaylist *self, guint64 sequence,
    guint64 discontinuities, guint64 now);

/* All that were, listed or not. */
guint64 gst_arcly_hls_playlist_count_discontinuities (
    GstArclyHlsPlaylist *self);

/* Advertises that; no effect once a target duration is decided. In seconds. */
void gst_arcly_hls_playlist_set_target_duration (
    GstArclyHlsPlaylist *self, guint seconds);

/* Low latency: lines at the end (rfc8216bis, 4.4.5.4), or NULL. */
void gst_arcly_hls_playlist_set_reports (
    GstArclyHlsPlaylist *self, const gchar *reports);

/* Entries before @sequence leave without grace: their files are gone. */
void gst_arcly_hls_playlist_drop_before (
    GstArclyHlsPlaylist *self, guint64 sequence);

/* Numbers go on at @sequence or later. No effect on a playlist with entries:
 * theirs are consecutive (RFC 8216, 4.3.3.2). */
void gst_arcly_hls_playlist_skip_to (
    GstArclyHlsPlaylist *self, guint64 sequence);

/* The number that the next segment gets, and of the first that is listed. */
guint64 gst_arcly_hls_playlist_get_next (GstArclyHlsPlaylist *self);

guint64 gst_arcly_hls_playlist_get_first (GstArclyHlsPlaylist *self);

/* The number of the init segment of @sequence, which is listed. */
guint64 gst_arcly_hls_playlist_get_map (
    GstArclyHlsPlaylist *self, guint64 sequence);

/* When the last segment that ever was listed ends, in microseconds since 1970
 * UTC; 0 if there was none. */
gint64 gst_arcly_hls_playlist_get_end (GstArclyHlsPlaylist *self);

guint gst_arcly_hls_playlist_get_length (GstArclyHlsPlaylist *self);

/* EXT-X-TARGETDURATION in seconds; 0 until it is decided, which is for live
 * and event playlists when the first segment is there. */
guint gst_arcly_hls_playlist_get_target_duration (GstArclyHlsPlaylist *self);

/**
 * gst_arcly_hls_playlist_append:
 * @self: a playlist
 * @segment: what to list at the end
 * @now: time, in nanoseconds of any clock
 *
 * Lists a segment, and lets the front of a live playlist go. What goes is
 * handed out by gst_arcly_hls_playlist_pop_expired() when its grace is over.
 * After gst_arcly_hls_playlist_end() this starts a new presentation.
 *
 * A duration that rounds to more than the target duration is cut down to it:
 * callers end segments in time.
 */
void gst_arcly_hls_playlist_append (
    GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment, guint64 now);

/**
 * gst_arcly_hls_playlist_open:
 * @self: a playlist with parts
 * @segment: what is known of the segment that begins: not its duration
 * @now: as in gst_arcly_hls_playlist_append()
 *
 * The parts that follow are of this segment, until
 * gst_arcly_hls_playlist_append() lists it as a whole.
 */
void gst_arcly_hls_playlist_open (
    GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment, guint64 now);

/* Lists a part of the open segment. A duration over the part target is cut down
 * to it: callers end parts in time. */
void gst_arcly_hls_playlist_append_part (
    GstArclyHlsPlaylist *self, const GstArclyHlsPart *part);

/* How many parts the open segment has, and the last whole one. */
guint gst_arcly_hls_playlist_get_open_parts (GstArclyHlsPlaylist *self);

guint gst_arcly_hls_playlist_get_last_parts (GstArclyHlsPlaylist *self);

/* PART-TARGET in nanoseconds; 0 until it is decided, which is when the first
 * segment is whole: the longest of its parts. */
gint64 gst_arcly_hls_playlist_get_part_target (GstArclyHlsPlaylist *self);

/* (transfer full): the name of the part that comes next. From now on it is for
 * the next one that is appended, also where that is the first of the segment
 * behind the open one: who was told of it shall get it. */
gchar *gst_arcly_hls_playlist_get_hint (GstArclyHlsPlaylist *self);

/**
 * gst_arcly_hls_playlist_add_range:
 * @self: a playlist
 * @range: a date range, or more about one that is listed
 * @start: when it begins if it does not say so, in microseconds since 1970 UTC
 * @line: (out) (transfer full) (nullable): what is listed of it; NULL if that
 *     was all known
 * @error: return location for a #GError
 *
 * Lists it at the end. It goes when it is over before what is listed.
 *
 * Returns: %FALSE with %GST_ARCLY_ERROR_INVALID if it cannot be
 */
gboolean gst_arcly_hls_playlist_add_range (GstArclyHlsPlaylist *self,
    const GstArclyHlsRange *range, gint64 start, gchar **line, GError **error);

/* Nothing more will follow: EXT-X-ENDLIST. */
void gst_arcly_hls_playlist_end (GstArclyHlsPlaylist *self);

gboolean gst_arcly_hls_playlist_is_ended (GstArclyHlsPlaylist *self);

/* @name is of the presentation that this one continues. */
gboolean gst_arcly_hls_playlist_is_own (
    GstArclyHlsPlaylist *self, const GstArclyHlsName *name);

/* A file is there, but not listed. It expires, too, if both this playlist and
 * the one that was resumed are live, that one did not end, and the file is of
 * it and in front of what is listed now, or of what that needs. What is
 * finished, or somebody else's, stays for ever. */
void gst_arcly_hls_playlist_bury (
    GstArclyHlsPlaylist *self, const GstArclyHlsName *name, guint64 now);

/* (transfer full): RFC 8216, 6.2.2: a segment stays for its own duration and
 * that of the longest playlist that listed it, and its init segment as long.
 * The name of one whose time is over, or NULL. */
gchar *gst_arcly_hls_playlist_pop_expired (
    GstArclyHlsPlaylist *self, guint64 now);

/* (transfer full): the text, or NULL if there is nothing to show yet. Whole
 * segments only. */
gchar *gst_arcly_hls_playlist_render (GstArclyHlsPlaylist *self);

/* (transfer full): with parts, for a server that does what rfc8216bis, 6.2.5
 * says. With @delta only what is new (6.2.5.1), and NULL if that is all. */
gchar *gst_arcly_hls_playlist_render_live (
    GstArclyHlsPlaylist *self, gboolean delta);

/* (transfer full): the name that the next segment gets. */
gchar *gst_arcly_hls_playlist_get_next_name (GstArclyHlsPlaylist *self);

/* (transfer full): the name of init segment @map. */
gchar *gst_arcly_hls_playlist_get_map_name (
    GstArclyHlsPlaylist *self, guint64 map);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsPlaylist, gst_arcly_hls_playlist_free)

G_END_DECLS
