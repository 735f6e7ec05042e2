# SPDX-License-Identifier: MIT
"""The publishers that people use."""

from .process import Process

FFMPEG = ['ffmpeg', '-hide_banner', '-nostdin', '-nostats']


def ffmpeg(clip, url, realtime=True, forever=False):
    pace = ['-re'] if realtime else []
    pace += ['-stream_loop', '-1'] if forever else []
    return Process(FFMPEG + pace + ['-i', clip, '-c', 'copy', '-f', 'flv', url])


VIDEO = ['d.video', '!', 'queue', '!', 'h264parse', '!', 'm.video']
AUDIO = ['d.audio', '!', 'queue', '!', 'aacparse', '!', 'm.audio']


def gst_publisher(clip, copy, sink, kinds=('video', 'audio')):
    """gst-launch that publishes an FLV @clip in real time through @sink.

    flvmux changes the first timestamps of a stream with B-frames, so what it
    really sent is kept in the file @copy.
    """
    links = [VIDEO] if 'video' in kinds else []
    links += [AUDIO] if 'audio' in kinds else []
    return Process(
        ['gst-launch-1.0', 'filesrc', f'location={clip}', '!', 'flvdemux',
         'name=d', 'flvmux', 'name=m', 'streamable=true', '!', 'tee', 'name=t',
         't.', '!', 'queue', '!', 'filesink', f'location={copy}', 'async=false',
         't.', '!', 'queue', '!', *sink, *sum(links, [])])


def rtmp2sink(clip, copy, url, **options):
    return gst_publisher(clip, copy, ['rtmp2sink', f'location={url}'],
                         **options)


def librtmp(clip, copy, url, **options):
    return gst_publisher(clip, copy, ['rtmpsink', f'location={url} live=1'],
                         **options)
