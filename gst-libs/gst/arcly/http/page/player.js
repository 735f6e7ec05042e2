// Plays what this server has mounted: with hls.js where it is installed, else
// with the browser's own HLS. The server tells what is on air; the page waits
// for a stream that is not, and comes back after an error.
'use strict';

const RETRY_MS = 2000;
const LIST_MS = 2000;
// Sound, or time, but no picture for so long: the browser cannot decode it.
const BLIND_MS = 5000;
// After an error hls.js may have given up without saying so.
const STUCK_MS = 5000;
// The bitrate is that of the last so many seconds of media.
const RATE_SECONDS = 10;
// How far behind live to be: what the playlist wants, parts that are under way,
// more for each stall; no browser decodes well with less than the least.
const LEAST_LATENCY = 0.7;
const PARTS_MORE = 2;
const STALL_MORE = 0.2;
const MOST_MORE = 2;
// So much in the buffer, at least, before it is played faster, without parts.
const RESERVE = 1;
// Behind by more, one is not taken back to live without having asked for it.
const FAR = 5;

const video = document.getElementById('video');
const notice = document.getElementById('notice');
const link = document.getElementById('link');
const nav = document.getElementById('streams');
const unmute = document.getElementById('unmute');
const live = document.getElementById('live');
const quality = document.getElementById('quality');
const root = document.documentElement;

const STATES = { live: 'live', waiting: 'waiting', stalled: 'stalled', ended: 'ended' };

let hls = null;
let current = null; // of the list, as it was last
let retry = 0;
let started = false;
let fatal = false; // nothing to hope for from another try
let codec = ''; // of the video, if hls.js tells
let hasSound = true;
let blindSince = 0;
let moved = { at: 0, time: 0 }; // when the picture last did
let errors = 0; // of the media, one after the other
let stalls = 0; // of this stream, since it first played
let played = false;
let arrived = false; // at live, once
let loads = []; // what came last: bytes, and seconds of media

const engine = window.Hls && Hls.isSupported() ? 'hls.js'
  : video.canPlayType('application/vnd.apple.mpegurl') ? 'native' : 'none';
root.dataset.player = engine;

// One of: waiting, loading, playing, stalled, ended, error.
function say(state, text) {
  root.dataset.state = state;
  notice.textContent = text;
}

function stop() {
  clearTimeout(retry);
  started = false;
  codec = '';
  hasSound = true;
  blindSince = 0;
  loads = [];
  played = false;
  arrived = false;
  quality.hidden = true;
  if (hls) hls.destroy();
  hls = null;
  if (engine === 'native') video.removeAttribute('src');
  video.load();
}

function again(text) {
  stop();
  say('loading', text);
  retry = setTimeout(start, RETRY_MS);
}

function cannotDecode() {
  // RFC 6381 and ISO/IEC 14496-10, A.2: the first byte is the profile.
  const profiles = { '6e': 'High 10', '7a': 'High 4:2:2', 'f4': 'High 4:4:4' };
  const match = /avc[13]\.([0-9a-f]{2})/i.exec(codec);
  const name = match && profiles[match[1].toLowerCase()];
  stop();
  fatal = true;
  say('error', 'This browser cannot show the video'
    + (name ? `: it is H.264 ${name}. Let the encoder use 4:2:0 with 8 bits`
      + ' (in GStreamer: video/x-raw,format=I420 in front of it).'
      : codec ? ` (${codec}).` : '.'));
}

function mediaError(details) {
  if (/codec/i.test(details) || ++errors > 3) {
    cannotDecode();
    return;
  }
  hls.recoverMediaError();
  video.play().catch(() => {});
}

// What a viewer may choose from, if there is a choice.
function offer(levels) {
  const option = (value, text) => new Option(text, value);
  quality.replaceChildren(option(-1, 'Automatic'), ...levels.map((level, i) =>
    option(i, `${level.height ? `${level.height} lines, ` : ''}${rate(level.bitrate)}`)));
  quality.hidden = levels.length < 2;
}

// hls.js loads a playlist of segments twice, finds that nothing is new, and looks
// again when a segment has gone by: until then it lacks the parts. Through a
// multivariant playlist it loads it once, and waits for the next part at once.
function playlistLoader() {
  return class extends Hls.DefaultConfig.loader {
    load(context, config, callbacks) {
      const onSuccess = (response, ...others) => {
        if (/#EXT-X-TARGETDURATION:/.test(response.data))
          response.data = `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\n${response.url}\n`;
        callbacks.onSuccess(response, ...others);
      };
      super.load(context, config,
        context.type === 'manifest' ? { ...callbacks, onSuccess } : callbacks);
    }
  };
}

function startHlsJs() {
  hls = new Hls({
    lowLatencyMode: true,
    pLoader: playlistLoader(),
    maxLiveSyncPlaybackRate: 1, // see keepUp()
    backBufferLength: 30,
  });
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    root.dataset.error = data.details;
    codec = codec || data.mimeType || '';
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) mediaError(data.details);
    else again('Connection lost, trying again…');
  });
  hls.on(Hls.Events.BUFFER_CODECS, (_, tracks) => {
    hasSound = !!tracks.audio;
    if (!tracks.video) return;
    codec = tracks.video.codec || '';
    const type = `${tracks.video.container || 'video/mp4'};codecs="${codec}"`;
    // Not from within hls.js's own event: it goes on behind it.
    if (codec && !MediaSource.isTypeSupported(type)) setTimeout(cannotDecode);
  });
  hls.on(Hls.Events.FRAG_LOADED, (_, data) => {
    const what = data.part || data.frag;
    if (what.duration > 0) loads.push({ bytes: what.stats.loaded, seconds: what.duration });
    while (sum('seconds') - loads[0].seconds > RATE_SECONDS) loads.shift();
  });
  hls.on(Hls.Events.MANIFEST_PARSED, (_, data) => {
    offer(data.levels);
    video.play().catch(() => {});
  });
  hls.loadSource(current.url);
  hls.attachMedia(video);
}

function sum(field) {
  return loads.reduce((total, load) => total + load[field], 0);
}

function wantedLatency(details) {
  const more = Math.min(stalls * STALL_MORE, MOST_MORE);
  // rfc8216bis, 4.4.3.8: three of them, where the playlist does not say.
  const wanted = details.partTarget
    ? details.partHoldBack + PARTS_MORE * details.partTarget
    : details.holdBack || 3 * details.targetduration;
  return Math.max(wanted, LEAST_LATENCY) + more;
}

// Null while nothing tells. What hls.js says of it is old, before it plays.
function lookAtLatency() {
  const level = hls && hls.levels[hls.currentLevel];
  const details = level && level.details;
  if (!details || !details.live || !played) return null;
  const buffered = video.buffered;
  const ahead = buffered.length
    ? buffered.end(buffered.length - 1) - video.currentTime : 0;
  const reserve = details.partTarget ? PARTS_MORE * details.partTarget : RESERVE;
  const latency = details.edge + details.age - video.currentTime;
  return { behind: latency - wantedLatency(details), spare: ahead - reserve };
}

// A little faster or slower; the sound keeps its pitch. hls.js would do it, but
// only with a second in the buffer, which is more than short parts ever have
// there. What took long to start began where live was then, and jumps once. Who
// is far back later wants to be there.
function keepUp() {
  const found = lookAtLatency();
  if (!found) return;
  arrived = arrived || found.behind < 1;
  if (!arrived && found.spare > 1) video.currentTime += Math.min(found.behind, found.spare);
  let speed = 1;
  if (found.behind > 0.05 && found.behind < FAR && found.spare > 0)
    speed = Math.min(1.2, 1.05 + found.behind / 4);
  else if (found.behind < -0.1) speed = 0.95;
  speed = Math.round(speed * 20) / 20;
  if (video.playbackRate !== speed) video.playbackRate = speed;
}

function startNative() {
  video.src = current.url;
  video.play().catch(() => {});
}

function start() {
  stop();
  if (engine === 'none') {
    fatal = true;
    say('error', 'This browser has no HLS of its own, and hls.js is not installed on the server.');
    return;
  }
  started = true;
  root.dataset.asked = root.dataset.asked || Math.round(performance.now());
  say('loading', 'Loading…');
  if (engine === 'hls.js') startHlsJs();
  else startNative();
}

// What the stream's state means for what is on the screen.
function follow() {
  if (fatal) return;
  if (current.state === STATES.waiting) {
    if (started) stop();
    say('waiting', 'Waiting for a publisher…');
  } else if (!started) {
    if (current.state === STATES.stalled) say('stalled', 'The publisher sends nothing. Waiting…');
    else if (root.dataset.state !== 'loading') start();
  } else if (root.dataset.state === 'loading' && starved()) {
    starving();
  }
}

function starved() {
  return video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
}

function starving() {
  if (current && current.state === STATES.stalled)
    say('stalled', 'The publisher sends nothing. Waiting…');
  else say('loading', 'Loading…');
}

function choose(stream) {
  current = stream;
  fatal = false;
  errors = 0;
  stalls = 0;
  delete root.dataset.error;
  stop();
  say('', '');
  link.href = stream.url;
  link.textContent = new URL(stream.url, location.href).href;
  follow();
}

function show(streams) {
  const focused = document.activeElement && document.activeElement.dataset.path;
  nav.replaceChildren(...streams.map((stream) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.path = stream.path;
    button.dataset.state = stream.state;
    button.textContent = stream.title;
    button.title = stream.state;
    button.setAttribute('aria-label', `${stream.title}, ${stream.state}`);
    button.setAttribute('aria-pressed', String(!!current && current.path === stream.path));
    button.addEventListener('click', () => { choose(stream); show(streams); });
    return button;
  }));
  for (const button of nav.children)
    if (button.dataset.path === focused) button.focus();
}

// What is on air first, then what was.
function best(streams) {
  for (const state of [STATES.live, STATES.stalled, STATES.ended]) {
    const found = streams.find((stream) => stream.state === state);
    if (found) return found;
  }
  return streams[0];
}

async function list() {
  try {
    const answer = await fetch('api/streams', { cache: 'no-store' });
    const streams = (await answer.json())
      .sort((a, b) => a.path.localeCompare(b.path));
    const same = current && streams.find((stream) => stream.path === current.path);
    if (!streams.length) {
      if (started) stop();
      current = null;
      say('waiting', 'No stream is mounted on this server.');
    } else if (same) {
      // After its end another may begin under the same name.
      const anew = current.state !== same.state && same.state === STATES.live;
      if (anew && (fatal || root.dataset.state === 'ended')) choose(same);
      current = same;
      follow();
    } else {
      choose(best(streams));
    }
    show(streams);
  } catch (error) {
    if (!started) say('loading', 'The server does not answer, trying again…');
  }
  setTimeout(list, LIST_MS);
}

function lookForPicture() {
  const running = video.currentTime > 0 && !video.paused && !video.ended;
  const blind = running && codec && !video.videoWidth;
  if (!blind) blindSince = 0;
  else if (!blindSince) blindSince = Date.now();
  else if (Date.now() - blindSince > BLIND_MS) cannotDecode();
}

function lookForLife(isLive) {
  const now = Date.now();
  if (!isLive || !root.dataset.error || video.currentTime !== moved.time)
    moved = { at: now, time: video.currentTime };
  else if (now - moved.at > STUCK_MS) again('Trying again…');
}

function rate(bits) {
  const kilobits = bits / 1000;
  return kilobits < 1000 ? `${kilobits.toFixed(0)} kbit/s` : `${(kilobits / 1000).toFixed(1)} Mbit/s`;
}

function bitrate() {
  const seconds = sum('seconds');
  return seconds ? rate(sum('bytes') * 8 / seconds) : '–';
}

function put(id, text) {
  document.getElementById(id).textContent = text;
}

function tell() {
  const edge = hls && hls.liveSyncPosition;
  const behind = edge ? edge - video.currentTime : 0;
  const isLive = started && current && current.state === STATES.live;
  unmute.hidden = !(video.muted && !video.paused && started && hasSound);
  live.hidden = !(behind > FAR);
  put('latency', isLive && hls && hls.latency > 0 ? `${hls.latency.toFixed(1)} s` : '–');
  put('bitrate', started ? bitrate() : '–');
  put('picture', started && video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : '–');
  put('dropped', started ? video.getVideoPlaybackQuality().droppedVideoFrames : '–');
  put('stalls', started ? stalls : '–');
  lookForPicture();
  lookForLife(isLive);
}

video.addEventListener('playing', () => {
  if (!started) return;
  errors = 0;
  played = true;
  say('playing', '');
});
video.addEventListener('timeupdate', keepUp);
video.addEventListener('waiting', () => {
  if (!started) return;
  if (played && !video.seeking) stalls++;
  starving();
});
video.addEventListener('ended', () => { if (started) say('ended', 'The stream has ended.'); });
video.addEventListener('error', () => {
  if (engine === 'native' && started) again('Playback failed, trying again…');
});
unmute.addEventListener('click', () => { video.muted = false; });
quality.addEventListener('change', () => { hls.nextLevel = Number(quality.value); });
live.addEventListener('click', () => { video.currentTime = hls.liveSyncPosition; });

if (video.requestVideoFrameCallback)
  video.requestVideoFrameCallback((now) => { root.dataset.firstFrame = Math.round(now); });

list();
setInterval(tell, 500);
