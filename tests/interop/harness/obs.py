# SPDX-License-Identifier: MIT
"""OBS Studio on a virtual screen, with settings and a scene of its own.

It loops a clip, and a script inside of it does what its buttons do.
"""

import json
import os
import select

from .process import Process, wait_until

PATIENCE = 40
WIDTH, HEIGHT = 320, 180
# 29.0.2 as libobs writes it. A first start, or one after an update, asks and
# tells things, and waits for a click.
VERSION = 29 << 24 | 0 << 16 | 2

SCRIPT = '''
local obs = obslua
local buttons = {
  stream = obs.obs_frontend_streaming_start,
  unstream = obs.obs_frontend_streaming_stop,
  record = obs.obs_frontend_recording_start,
  unrecord = obs.obs_frontend_recording_stop,
}

local function poll()
  local path = script_path() .. "button"
  local file = io.open(path)
  if file then
    buttons[file:read("*l")]()
    file:close()
    os.remove(path)
  end
end

local function on_event(event)
  if event == obs.OBS_FRONTEND_EVENT_FINISHED_LOADING then
    obs.timer_add(poll, 50)
  end
end

function script_load()
  obs.obs_frontend_add_event_callback(on_event)
end
'''


def write(path, text):
    """At once: who polls for the file finds all of it."""
    with open(path + '.part', 'w', encoding='utf-8') as file:
        file.write(text)
    os.rename(path + '.part', path)


def ini(**sections):
    lines = []
    for name, keys in sections.items():
        lines += [f'[{name}]', *(f'{key}={value}' for key, value in keys.items())]
    return '\n'.join(lines) + '\n'


class Screen:
    """An X server without a screen, on a display that nobody else has."""

    def __init__(self):
        read_end, write_end = os.pipe()
        os.set_inheritable(write_end, True)
        self.process = Process(
            ['Xvfb', '-displayfd', write_end, '-nolisten', 'tcp', '-screen',
             '0', '1024x768x24'], pass_fds=(write_end,))
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            told = select.select([answer], [], [], PATIENCE)[0]
            number = answer.readline().strip() if told else ''
        if not number:
            self.process.close()
            raise RuntimeError(f'no display:\n{self.process}')
        self.display = ':' + number

    def close(self):
        """In order, so that it removes its socket and its lock in /tmp."""
        self.process.interrupt()
        self.process.wait(PATIENCE)
        self.process.close()


class Obs:
    """OBS with @clip as its scene; @server and @key as in its dialog."""

    def __init__(self, folder, screen, clip, server, key):
        self.folder = folder
        self.recordings = os.path.join(folder, 'recordings')
        config = os.path.join(folder, 'config')
        os.makedirs(folder, mode=0o700)
        os.makedirs(self.recordings)
        write(os.path.join(folder, 'buttons.lua'), SCRIPT)
        self.configure(os.path.join(config, 'obs-studio'), clip, server, key)
        self.process = Process(
            ['obs', '--multi', '--disable-missing-files-check'],
            env={'DISPLAY': screen.display, 'HOME': folder,
                 'XDG_CONFIG_HOME': config, 'XDG_RUNTIME_DIR': folder,
                 'QT_QPA_PLATFORM': 'xcb', 'LIBGL_ALWAYS_SOFTWARE': '1',
                 # It asks for news of streaming services, and need not.
                 'https_proxy': 'http://127.0.0.1:9'})

    def configure(self, config, clip, server, key):
        profile = os.path.join(config, 'basic', 'profiles', 'Test')
        scenes = os.path.join(config, 'basic', 'scenes')
        os.makedirs(profile)
        os.makedirs(scenes)
        write(os.path.join(config, 'global.ini'), ini(
            General={'FirstRun': 'true', 'LastVersion': VERSION},
            Basic={'Profile': 'Test', 'ProfileDir': 'Test',
                   'SceneCollection': 'Test', 'SceneCollectionFile': 'Test'}))
        write(os.path.join(profile, 'basic.ini'), ini(
            General={'Name': 'Test'},
            Video={'BaseCX': WIDTH, 'BaseCY': HEIGHT, 'OutputCX': WIDTH,
                   'OutputCY': HEIGHT, 'FPSCommon': 30},
            Audio={'SampleRate': 48000},
            Output={'Mode': 'Simple', 'RetryDelay': 1},
            # The recording has the stream's own packets.
            SimpleOutput={'StreamEncoder': 'x264', 'VBitrate': 400,
                          'ABitrate': 96, 'UseAdvanced': 'true',
                          'Preset': 'ultrafast',
                          'x264Settings': 'keyint=30 bframes=2',
                          'RecQuality': 'Stream', 'RecFormat': 'mkv',
                          'FilePath': self.recordings}))
        write(os.path.join(profile, 'service.json'), json.dumps({
            'type': 'rtmp_custom',
            'settings': {'server': server, 'key': key}}))
        write(os.path.join(scenes, 'Test.json'), json.dumps({
            'name': 'Test', 'current_scene': 'Scene',
            'current_program_scene': 'Scene',
            'scene_order': [{'name': 'Scene'}],
            'modules': {'scripts-tool': [
                {'path': os.path.join(self.folder, 'buttons.lua'),
                 'settings': {}}]},
            'sources': [
                {'id': 'ffmpeg_source', 'name': 'Clip', 'mixers': 1,
                 'settings': {'local_file': clip, 'looping': True}},
                {'id': 'scene', 'name': 'Scene', 'settings': {
                    'id_counter': 1, 'items': [
                        {'id': 1, 'name': 'Clip', 'visible': True}]}}]}))

    def press(self, button):
        """stream, unstream, record or unrecord."""
        path = os.path.join(self.folder, 'button')
        write(path, button + '\n')
        self.wait(lambda: not os.path.exists(path), f'OBS to {button}')

    def wait_log(self, text, times=1):
        """Until @text was logged that often since the start."""
        self.wait(lambda: self.process.text.count(text) >= times,
                  f'"{text}" in the log of OBS')

    def wait(self, predicate, what):
        try:
            wait_until(predicate, PATIENCE, what)
        except TimeoutError as error:
            raise TimeoutError(f'{error}\n{self.process}') from None

    def close(self):
        self.process.close()
