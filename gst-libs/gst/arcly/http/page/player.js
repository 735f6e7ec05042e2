// Plays what this server has mounted: with hls.js where it is installed, else
// with the browser's own HLS. Waits for a stream that is not there yet, and
// comes back after an error.
'use strict';

const RETRY_MS = 2000;
const LIST_MS = 5000;

const video = document.getElementById('video');
const notice = document.getElementById('notice');
const facts = document.getElementById('facts');
const link = document.getElementById('link');
const nav = document.getElementById('streams');
const unmute = document.getElementById('unmute');
const live = document.getElementById('live');

let hls = null;
let current = null;
let retry = 0;

const engine = window.Hls && Hls.isSupported() ? 'hls.js'
  : video.canPlayType('application/vnd.apple.mpegurl') ? 'native' : 'none';
document.documentElement.dataset.player = engine;

function say(text) {
  notice.textContent = text;
}

function again(text) {
  say(text);
  clearTimeout(retry);
  retry = setTimeout(start, RETRY_MS);
}

function stop() {
  clearTimeout(retry);
  if (hls) hls.destroy();
  hls = null;
}

function startHlsJs() {
  hls = new Hls({ lowLatencyMode: true, backBufferLength: 30 });
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    document.documentElement.dataset.error = data.details;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) {
      hls.recoverMediaError();
      return;
    }
    again(`Connection lost (${data.details}), trying again…`);
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
  hls.loadSource(current.url);
  hls.attachMedia(video);
}

function startNative() {
  video.src = current.url;
  video.play().catch(() => {});
}

async function start() {
  stop();
  if (!current) return;
  if (engine === 'none') {
    say('This browser has no HLS of its own, and hls.js is not installed on the server.');
    return;
  }
  // A plain look first: "not there yet" is no error.
  try {
    const answer = await fetch(current.url, { cache: 'no-store' });
    if (!answer.ok) {
      again('Waiting for the publisher…');
      return;
    }
  } catch (error) {
    again('The server does not answer, trying again…');
    return;
  }
  say('Loading…');
  if (engine === 'hls.js') startHlsJs();
  else startNative();
}

function choose(stream) {
  current = stream;
  link.href = stream.url;
  link.textContent = new URL(stream.url, location.href).href;
  for (const button of nav.children)
    button.setAttribute('aria-pressed', String(button.dataset.path === stream.path));
  start();
}

function show(streams) {
  nav.replaceChildren(...streams.map((stream) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.path = stream.path;
    button.textContent = stream.state === 'live' ? `● ${stream.title}` : stream.title;
    button.setAttribute('aria-pressed', String(!!current && current.path === stream.path));
    button.addEventListener('click', () => choose(stream));
    return button;
  }));
}

async function list() {
  try {
    const streams = await (await fetch('api/streams', { cache: 'no-store' })).json();
    show(streams);
    if (!current && streams.length) choose(streams[0]);
    else if (!current) say('No stream is mounted on this server.');
  } catch (error) {
    if (!current) say('The server does not answer, trying again…');
  }
}

function tell() {
  unmute.hidden = !(video.muted && !video.paused);
  const edge = hls && hls.liveSyncPosition;
  const behind = edge ? edge - video.currentTime : 0;
  live.hidden = !(behind > 5);
  const parts = [];
  if (video.videoWidth) parts.push(`${video.videoWidth} × ${video.videoHeight}`);
  if (hls && hls.latency > 0) parts.push(`${hls.latency.toFixed(1)} s behind live`);
  facts.textContent = parts.join(' · ');
}

video.addEventListener('playing', () => say(''));
video.addEventListener('waiting', () => say('Loading…'));
video.addEventListener('ended', () => say('The stream has ended.'));
video.addEventListener('error', () => {
  if (engine === 'native') again('Playback failed, trying again…');
});
unmute.addEventListener('click', () => { video.muted = false; });
live.addEventListener('click', () => { video.currentTime = hls.liveSyncPosition; });

list();
setInterval(list, LIST_MS);
setInterval(tell, 500);
